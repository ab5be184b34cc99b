"""A host whose every path that agent_info reads is in a directory: with nothing, or with what a DC/OS agent with Calico has."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import socket
import struct

import pytest

ADDRESSES = """1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
2: eth0    inet 10.0.2.10/24 brd 10.0.2.255 scope global eth0\\       valid_lft forever preferred_lft forever
3: docker0    inet 172.17.0.1/16 brd 172.17.255.255 scope global docker0\\       valid_lft forever preferred_lft forever
"""


def furnish(host):
    """What a DC/OS agent with Calico has."""
    root = host.root
    root.join('root', 'etc', 'dcos-version.json').write(json.dumps({'version': '1.13.9', 'dcos-variant': 'open'}), ensure=True)
    overlay = json.dumps({'vtep_subnet': '44.128.0.0/20', 'overlays': [{'name': 'dcos', 'subnet': '9.0.0.0/8', 'prefix': 24}]})
    root.join('root', 'etc', 'expanded.config.json').write(json.dumps({'dcos_overlay_network': overlay}))
    root.join('roles', 'slave').write('', ensure=True)
    root.join('os_release').write('NAME="CentOS Linux"\nID="centos"\nVERSION_ID="7"\n')
    root.join('detect_ip').write('#!/bin/sh\necho 10.0.2.10\n')
    root.join('detect_ip').chmod(0o755)
    host.tool('ip', "#!/bin/sh\n/bin/cat <<'END'\n%sEND\n" % ADDRESSES)
    host.tool('iptables', '#!/bin/sh\necho "iptables v1.8.7 (nf_tables)"\n')
    host.tool('iptables-nft-save', '#!/bin/sh\nprintf "*filter\\n:FORWARD DROP [0:0]\\nCOMMIT\\n"\n')
    for name, mtu in (('eth0', 1400), ('docker0', 1500)):
        root.join('sys_net', name, 'mtu').write('%d\n' % mtu, ensure=True)
    for name, value in (('all', 2), ('default', 0), ('eth0', 0), ('cali1', 1)):
        root.join('proc', 'sys', 'net', 'ipv4', 'conf', name, 'rp_filter').write('%d\n' % value, ensure=True)
    root.join('proc', 'sys', 'net', 'ipv6', 'conf', 'default', 'disable_ipv6').write('0\n', ensure=True)
    # 192.168.12.5, in the order of the machine's bytes, and its mask
    address = '%08X' % struct.unpack('=I', socket.inet_aton('192.168.12.5'))
    route = '\t'.join(['cali4a5e9f0c-me', address, '00000000', '0005', '0', '0', '0', 'FFFFFFFF', '0', '0', '0'])
    root.join('proc', 'self', 'net', 'route').write('Iface\tDestination\tGateway\n%s\n' % route, ensure=True)
    root.join('proc', 'net', 'ip_tables_matches').write('tcp\nset\n', ensure=True)
    kernel = root.join('modules', os.uname()[2])
    kernel.join('modules.builtin').write('kernel/net/netfilter/nf_conntrack.ko\n', ensure=True)
    kernel.join('modules.dep').write('kernel/net/ipv6/netfilter/ip6_tables.ko.xz: kernel/x.ko\nkernel/net/ipv4/ipip.ko.xz:\n')
    for name, text in (('calico.cni', '{"name":"calico","type":"calico","ipam":{"type":"calico-ipam"}}'), ('again.bak', '{"name":"calico","type":"calico"}'),
                       ('k8s.conflist', '{"name":"k8s","plugins":[{"type":"calico"}]}'), ('broken', '{')):
        root.join('cni', name).write(text, ensure=True)
    host.root.join('plugins').mkdir()
    host.tool('../plugins/calico', '#!/bin/sh\necho v1.11.2\n')
    root.join('calicoctl.cfg').write('# Managed by Ansible (dcos.calico.x)\nspec:\n  etcdEndpoints: "http://a:2379,http://b:2379"\n')
    host.unit('calico-node.service')
    host.double('docker', 'node.py')
    container = {'id': 'c1', 'image': 'calico/node:v2.6.6', 'image_id': 'sha256:1', 'image_env': [], 'binds': [], 'restart': 'no', 'pid': os.getpid(),
                 'started': '2026-11-22T00:00:46.2Z', 'env': ['NODENAME=a', 'IP=10.0.2.10/24', 'ETCD_PASSWORD=hunter2']}
    root.join('node.json').write(json.dumps({'images': {}, 'container': container, 'nodes': {}, 'down': ''}))


def args(host, **more):
    root = host.root
    return dict({'cni_dir': str(root.join('cni')), 'plugin_dirs': [str(root.join('plugins'))], 'calicoctl_cfg': str(root.join('calicoctl.cfg')),
                 'detect_ip': str(root.join('detect_ip'))}, **more)


@pytest.fixture
def agent_host(systemd_host, monkeypatch):
    """A host whose every path that agent_info reads is in a directory."""
    from ansible_collections.dcos.calico.plugins.module_utils._calico import _bgp, _felix
    from ansible_collections.dcos.calico.plugins.module_utils._host import _docker, _facts_dcos, _network
    from ansible_collections.dcos.calico.plugins.module_utils._jobs import _agent_info

    root = systemd_host.root
    for module, names in ((_facts_dcos, ('ROOT', 'ROLES', 'OS_RELEASE')), (_agent_info, ('PROC', 'SYS', 'MODULES')), (_network, ('PROC', 'SYS_NET')),
                          (_felix, ('PROC',)), (_docker, ('DAEMON_CONFIG',)), (_bgp, ('SOCKET',))):
        for name in names:
            monkeypatch.setattr(module, name, str(root.join(name.lower())))
    root.mkdir('proc').join('uptime').mksymlinkto('/proc/uptime')
    monkeypatch.setenv('PATH', str(root.join('bin')))
    monkeypatch.setattr('ansible_collections.dcos.calico.plugins.module_utils._host._command.SEARCH_PATH', ())
    return systemd_host
