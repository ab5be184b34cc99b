# -*- coding: utf-8 -*-
"""agent_info on a host that has nothing, on one that has everything, and on one where everything is broken."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import re
import sys
import time

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._calico import _bgp, _felix
from ansible_collections.dcos.calico.plugins.module_utils._host import _docker, _facts, _facts_dcos, _kernel, _network
from ansible_collections.dcos.calico.plugins.modules import agent_info

DOUBLE = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), 'doubles', 'node.py')
ADDRESSES = """1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
2: eth0    inet 10.0.2.10/24 brd 10.0.2.255 scope global eth0\\       valid_lft forever preferred_lft forever
3: docker0    inet 172.17.0.1/16 brd 172.17.255.255 scope global docker0\\       valid_lft forever preferred_lft forever
"""
RETURN_KEYS = set(re.findall(r'^(\w+):', agent_info.RETURN, re.MULTILINE))


@pytest.fixture
def host(systemd_host, monkeypatch):
    """A host whose every path that agent_info reads is in a folder."""
    root = systemd_host.root
    for module, names in ((_facts_dcos, ('ROOT', 'ROLES', 'OS_RELEASE')), (_kernel, ('PROC', 'SYS', 'MODULES')), (_network, ('PROC', 'SYS_NET')),
                          (_felix, ('PROC',)), (_docker, ('DAEMON_CONFIG',)), (_bgp, ('SOCKET',))):
        for name in names:
            monkeypatch.setattr(module, name, str(root.join(name.lower())))
    root.mkdir('proc').join('uptime').mksymlinkto('/proc/uptime')
    monkeypatch.setenv('PATH', str(root.join('bin')))
    monkeypatch.setattr('ansible_collections.dcos.calico.plugins.module_utils._host._command.SEARCH_PATH', ())
    return systemd_host


def args(host, **more):
    root = host.root
    return dict({'cni_dir': str(root.join('cni')), 'plugin_dirs': [str(root.join('plugins'))], 'calicoctl_cfg': str(root.join('calicoctl.cfg')),
                 'detect_ip': str(root.join('detect_ip'))}, **more)


def result_of(run_module, host, **more):
    result = run_module(agent_info, args(host, **more))
    assert not result.get('failed') and result['changed'] is False
    assert set(result) - {'changed', 'invocation'} == RETURN_KEYS
    return result


def test_a_host_that_has_nothing(run_module, host):
    host.root.join('bin', 'systemctl').remove()
    result = result_of(run_module, host, executables=['/nowhere/calicoctl'], etcd_endpoints=['http://127.0.0.1:1', 'nonsense'], felix_health_port=1)
    assert not result['dcos']['installed'] and result['dcos']['role'] is None and result['node']['ip'] is None and 'is not there' in result['node']['error']
    assert result['docker'] == {'present': False, 'running': False, 'version': None, 'iptables': True, 'error': None}
    assert result['cni']['files'] == [] and result['subnets'] == [] and result['ports'] == {}
    assert set(result['kernel'].values()) == {None} and 'ipip' not in result['kernel']
    assert result['executables'][0]['present'] is False and [probe['healthy'] for probe in result['etcd']] == [False, False]
    assert 'systemctl is not installed' in result['proxy']['error'] and result['calico_node']['felix']['ready'] is False
    assert result['calico_node']['bgp']['answers'] is False and not result['calicoctl_cfg']['exists']


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
    with open(DOUBLE) as handle:
        host.tool('docker', '#!%s\n%s' % (sys.executable, handle.read()))
    container = {'id': 'c1', 'image': 'calico/node:v2.6.6', 'image_id': 'sha256:1', 'image_env': [], 'binds': [], 'restart': 'no', 'pid': os.getpid(),
                 'started': '2026-11-22T00:00:46.2Z', 'env': ['NODENAME=a', 'IP=10.0.2.10/24', 'ETCD_PASSWORD=hunter2']}
    root.join('node.json').write(json.dumps({'images': {}, 'container': container, 'nodes': {}, 'down': ''}))


def test_a_host_that_has_everything(run_module, host):
    furnish(host)
    calico = str(host.root.join('plugins', 'calico'))
    result = result_of(run_module, host, executables=[calico], probe_ipip=True)
    assert result['dcos'] == {'installed': True, 'version': '1.13.9', 'variant': 'open', 'role': 'private', 'own_calico': False,
                              'release': {'version': '1.13.9', 'dcos-variant': 'open'},
                              'overlays': [{'name': 'vtep', 'subnet': '44.128.0.0/20'}, {'name': 'dcos', 'subnet': '9.0.0.0/8'}]}
    assert [result['node'][key] for key in ('address', 'interface', 'mtu', 'network')] == ['10.0.2.10/24', 'eth0', 1400, '10.0.2.0/24']
    assert result['os']['id'] == 'centos' and [subnet['network'] for subnet in result['subnets']] == ['127.0.0.0/8', '10.0.2.0/24', '172.17.0.0/16']
    assert result['rp_filter'] == {'all': 2, 'default': 0, 'cali1': 1}
    assert result['kernel'] == {'xt_set': 'active', 'ip_set': None, 'nf_conntrack': 'builtin', 'ip6_tables': 'loadable', 'ipip': 'loadable'}
    assert result['iptables'] == {'backend': 'nft', 'forward': {'legacy': None, 'nft': 'DROP'}}
    files = dict((item['file'], (item['kind'], item['name'], item['duplicate_of'])) for item in result['cni']['files'])
    assert files == {'again.bak': ('network', 'calico', None), 'calico.cni': ('network', 'calico', 'again.bak'), 'k8s.conflist': ('conflist', 'k8s', None),
                     'broken': ('invalid', None, None)}
    assert result['cni']['plugins'] == {'calico': str(host.root.join('plugins'))}
    assert (result['executables'][0]['version'], len(result['executables'][0]['sha256'])) == ('1.11.2', 64)
    assert result['calicoctl_cfg']['managed'] and result['calicoctl_cfg']['endpoints'] == ['http://a:2379', 'http://b:2379']
    assert result['calico_node']['container']['env'] == {'NODENAME': 'a', 'IP': '10.0.2.10/24'} and result['calico_node']['container']['running']
    assert result['calico_node']['unit'] == {'name': 'calico-node.service', 'exists': True, 'active': 'inactive', 'sub': 'dead', 'enabled': False}
    assert result['network_managers'] == {'networkmanager': False, 'networkd': False} and 'hunter2' not in str(result)


@pytest.mark.parametrize('answer', ['echo banana', 'echo 10.0.2.10 10.0.2.11', 'exit 3', 'echo'])
def test_a_detect_ip_that_answers_nonsense(run_module, host, answer):
    furnish(host)
    host.root.join('detect_ip').write('#!/bin/sh\n%s\n' % answer)
    result = result_of(run_module, host)
    assert result['node']['ip'] is None and 'answered' in result['node']['error']


def test_an_address_that_no_interface_has(run_module, host):
    furnish(host)
    host.root.join('detect_ip').write('#!/bin/sh\necho 10.9.9.9\n')
    node = result_of(run_module, host)['node']
    assert node['ip'] == '10.9.9.9' and node['address'] is None and node['interface'] is None


def test_tools_that_are_broken_do_not_hide_the_rest(run_module, host):
    furnish(host)
    for name in ('ip', 'iptables', 'docker', 'systemctl'):
        host.tool(name, '#!/bin/sh\necho broken >&2\nexit 3\n')
    host.root.join('root', 'etc', 'dcos-version.json').write('{')
    result = result_of(run_module, host)
    assert result['docker']['error'] == 'broken' and result['calico_node']['container']['error'] and result['proxy']['error']
    assert result['subnets'] == [] and result['dcos']['version'] is None and result['cni']['plugins']


def test_a_probe_that_hangs_does_not_hold_the_others(monkeypatch):
    monkeypatch.setattr(_facts, 'SECONDS', 0.3)
    start = time.time()
    found = _facts.together({'slow': lambda: time.sleep(5), 'bad': lambda: 1 // 0, 'good': lambda: {'x': 1}})
    assert time.time() - start < 4
    assert found['good'] == {'x': 1} and 'no answer' in found['slow']['error'] and 'zero' in found['bad']['error']
