# -*- coding: utf-8 -*-
"""Every unit that is written, as systemd itself reads it: CALICO_SYSTEMD_ANALYZE names the systemd-analyze of another version, such as 219."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re
import subprocess

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._calico import _node
from ansible_collections.dcos.calico.plugins.module_utils._host import _command
from ansible_collections.dcos.calico.plugins.module_utils._jobs import _etcd_member
from ansible_collections.dcos.calico.plugins.module_utils._jobs import _etcd_proxy
from ansible_collections.dcos.calico.plugins.modules import calicoctl_node, etcd_member, etcd_proxy

ANALYZE = os.environ.get('CALICO_SYSTEMD_ANALYZE') or _command.find('systemd-analyze')
ROOT = os.path.abspath(__file__).split(os.sep + 'tests' + os.sep)[0]
# Programs of a host, which the one with the tests may lack.
MISSING = re.compile(r'is not executable: No such file|^$')
TLS = {'ca_file': '/etc/calico/ca.pem', 'cert_file': '/etc/calico/cert.pem', 'key_file': '/etc/calico/key.pem'}
URLS = dict((key, ['https://10.0.0.1:2379']) for key in ('listen_peer_urls', 'listen_client_urls', 'advertise_peer_urls', 'advertise_client_urls'))

AGENT = '[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/bin/true\n'


def defaults(spec, **given):
    values = dict((name, defaults(each['options']) if each.get('apply_defaults') else each.get('default')) for name, each in spec.items())
    return dict(values, **given)


def proxy(**given):
    service = _etcd_proxy.desired(defaults(etcd_proxy.ARGUMENT_SPEC, **given))
    return dict([(service.unit, service.unit_text)] + ([(service.guard.name, service.guard.text)] if service.guard.text else []))


def member():
    members = [{'name': 'm1', 'peer_url': 'https://10.0.0.1:2379'}]
    service = _etcd_member.desired(defaults(etcd_member.ARGUMENT_SPEC, name='m1', members=members, **dict(TLS, **URLS)))
    return {service.unit: service.unit_text}


def node():
    given = {'name': 'a1', 'ip': '10.0.0.1/24', 'after_units': ['calico-etcd-proxy.service'], 'calicoctl': '/opt/bin/calicoctl'}
    rule = '/usr/sbin/iptables -w -t mangle -D INPUT "!" -i lo -j DROP'
    closed = ['ExecStartPre=-' + rule]
    text = _node.unit_text(defaults(calicoctl_node.ARGUMENT_SPEC, **given), '/usr/bin/docker', 'e$0 "%n', closed)
    return {'calico-etcd-proxy.service': AGENT, 'calico-node.service': text}


def drop_in():
    """Read as text, because Python 2.7 cannot import what runs on the controller."""
    with open(os.path.join(ROOT, 'plugins', 'plugin_utils', '_desired.py')) as handle:
        text = re.search(r'^RP_FILTER = """\\\n(.*?)"""', handle.read(), re.MULTILINE | re.DOTALL).group(1)
    return {'agent.service': AGENT + text}


UNITS = [
    proxy, lambda: proxy(allowed_users=[], **TLS), lambda: proxy(listen_client_urls=['http://0.0.0.0:4001'], allowed_users=['root', '4711']), member,
    node, drop_in,
]


@pytest.mark.skipif(not ANALYZE, reason='no systemd here')
@pytest.mark.parametrize('units', UNITS, ids=['proxy', 'open proxy with tls', 'proxy for all addresses', 'member', 'node', 'agent'])
def test_systemd_has_nothing_to_say(tmpdir, monkeypatch, units):
    monkeypatch.setattr(_etcd_proxy, '_path_of', lambda program: '/usr/sbin/' + program)
    for target in ('basic', 'sysinit', 'shutdown', 'network-online', 'multi-user'):
        tmpdir.join(target + '.target').write('[Unit]\nDefaultDependencies=no\n')
    for name in ('-.slice', 'system.slice'):
        tmpdir.join(name).write('[Unit]\nDefaultDependencies=no\n')
    found = units()
    for name, text in found.items():
        tmpdir.join(name).write(text)
    assert [verify(tmpdir, str(tmpdir.join(name))) for name in sorted(found)] == [''] * len(found)
    tmpdir.join('wrong.service').write('[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/bin/true\nBogus=1\n')
    assert 'Bogus' in verify(tmpdir, str(tmpdir.join('wrong.service'))), 'it would say so'


def verify(directory, path):
    """What systemd says of a unit, but for programs that are not there."""
    process = subprocess.Popen([ANALYZE, '--man=no', 'verify', path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True,
                               env=dict(os.environ, SYSTEMD_UNIT_PATH=str(directory)))
    said = process.communicate()[0]
    return '\n'.join(line for line in said.splitlines() if not MISSING.search(line))
