# -*- coding: utf-8 -*-
"""agent_info on a host that has nothing, on one that has everything, and on one where everything is broken."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import threading
import time

import re

import pytest
import yaml

from ansible_collections.dcos.calico.plugins.module_utils._calico import _bgp
from ansible_collections.dcos.calico.plugins.module_utils._host import _etcd, _etcd_service, _processes, _systemd
from ansible_collections.dcos.calico.plugins.module_utils._jobs import _agent_info
from ansible_collections.dcos.calico.plugins.modules import agent_info

try:
    from http.server import BaseHTTPRequestHandler, HTTPServer
except ImportError:
    from BaseHTTPServer import BaseHTTPRequestHandler, HTTPServer

from ...support import returns
from ...support.agent_host import args, furnish
from ...support.node_host import Bird

RETURN = yaml.safe_load(agent_info.RETURN)
# Where the keys are names of things, not parts of a shape.
MAPS = ('kernel', 'rp_filter', 'mtus', 'ports', 'dcos.release', 'cni.plugins', 'calico_node.container.env')


@pytest.fixture
def host(agent_host):
    return agent_host


def shape(value, where=''):
    """Every key in a value, as a path; of a list those of its first item."""
    if isinstance(value, list):
        return shape(value[0], where) if value else set()
    if not isinstance(value, dict) or where in MAPS:
        return set([where])
    return set().union(*[shape(item, (where + '.' if where else '') + key) for key, item in value.items()])


def result_of(run_module, host, **more):
    result = run_module(agent_info, args(host, **more))
    assert not result.get('failed') and result['changed'] is False
    assert returns.faults_of_result(RETURN, result, {}) == []
    return result


def test_a_host_that_has_nothing(run_module, host):
    host.root.join('bin', 'systemctl').remove()
    result = result_of(run_module, host, executables=['/nowhere/calicoctl'], etcd_endpoints=['http://127.0.0.1:1', 'nonsense'], felix_health_port=1)
    assert not result['dcos']['installed'] and result['dcos']['role'] is None and result['node']['ip'] is None and 'is not there' in result['node']['error']
    assert result['docker'] == {'present': False, 'running': False, 'version': None, 'iptables': True, 'at_boot': None, 'error': None}
    assert result['ipv6'] == {'supported': False, 'default_disabled': None}
    assert result['cni']['files'] == [] and result['subnets'] == [] and result['containers'] is None and result['ports'] == {}
    assert set(result['kernel'].values()) == {None} and 'ipip' not in result['kernel']
    assert result['executables'][0]['present'] is False and [probe['healthy'] for probe in result['etcd']] == [False, False]
    assert 'systemctl is not installed' in result['proxy']['error'] and result['calico_node']['felix']['ready'] is False
    assert result['calico_node']['bgp']['answers'] is False and not result['calicoctl_cfg']['exists']


def test_files_for_tls_are_told_by_their_end(run_module, host, certificate, tmpdir):
    both = tmpdir.join('both.pem')
    both.write('# a bundle\n' + open(str(certificate[1])).read() * 2)
    nothing = tmpdir.join('nothing.pem')
    nothing.write('nothing')
    result = result_of(run_module, host, etcd_ca_file=str(both), etcd_cert_file=str(certificate[1]), etcd_key_file=str(certificate[1]))
    ends = [item['not_after'] for item in result['certificates']]
    assert len(ends) == 2 and ends[0] == ends[1] and re.match(r'20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z', ends[0])
    result = result_of(run_module, host, etcd_ca_file=str(nothing), etcd_cert_file='/nowhere.crt')
    assert [item['not_after'] for item in result['certificates']] == [None, None] and all(item['error'] for item in result['certificates'])
    assert result_of(run_module, host)['certificates'] == []


def test_a_host_that_has_everything(run_module, host):
    furnish(host)
    calico = str(host.root.join('plugins', 'calico'))
    result = result_of(run_module, host, executables=[calico], probe_ipip=True)
    assert result['dcos'] == {'installed': True, 'version': '1.13.9', 'variant': 'open', 'role': 'private', 'own_calico': False,
                              'release': {'version': '1.13.9', 'dcos-variant': 'open'},
                              'overlays': [{'name': 'vtep', 'subnet': '44.128.0.0/20'}, {'name': 'dcos', 'subnet': '9.0.0.0/8'}]}
    assert [result['node'][key] for key in ('address', 'interface', 'mtu', 'network')] == ['10.0.2.10/24', 'eth0', 1400, '10.0.2.0/24']
    assert result['containers'] == ['192.168.12.5']
    assert result['os']['id'] == 'centos' and [subnet['network'] for subnet in result['subnets']] == ['127.0.0.0/8', '10.0.2.0/24', '172.17.0.0/16']
    assert result['ipv6'] == {'supported': True, 'default_disabled': False}
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


def test_a_docker_that_is_down_is_not_started_by_a_look(run_module, host):
    furnish(host)
    asked = host.root.join('asked')
    host.tool('docker', '#!/bin/sh\necho "$@" >> %s\necho 20.10.24\n' % asked)
    for unit in ('docker.service', 'docker.socket'):
        host.unit(unit)
    _systemd.start(['docker.socket'])
    result = result_of(run_module, host)
    assert not asked.check() and not result['docker']['running'] and 'docker.socket would have started it' in result['docker']['error']
    assert 'docker.service is inactive' in result['calico_node']['container']['error'] and result['docker']['at_boot'] is False
    _systemd.start(['docker.service'])
    assert result_of(run_module, host)['docker']['running'] and asked.check()


def test_samples_show_every_key_of_a_result(run_module, host, monkeypatch):
    furnish(host)
    bird = Bird(lambda: {'nodes': {'agent2': '10.0.2.11/24'}, 'mesh': 'on'})
    bird.start()
    monkeypatch.setattr(_bgp, 'SOCKET', bird.path)
    result = result_of(run_module, host, executables=['/bin/sh'], etcd_endpoints=['http://127.0.0.1:1'], etcd_peers=['http://127.0.0.1:1'],
                       felix_health_port=1, masters='localhost', etcd_ca_file='/nowhere.crt')
    bird.close()
    assert 'unmanaged' not in result  # it is looked at only if asked for; its own test is below
    result['unmanaged'] = RETURN['unmanaged']['sample']
    returned = dict((key, result[key]) for key in RETURN)
    samples = dict((key, field['sample']) for key, field in RETURN.items())
    assert shape(returned) == shape(samples)


def test_all_masters(run_module, host):
    assert result_of(run_module, host, masters='localhost')['masters'] == {'addresses': ['127.0.0.1'], 'error': None}
    unknown = result_of(run_module, host, masters='nowhere.invalid')['masters']
    assert unknown['addresses'] == [] and unknown['error']


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
    monkeypatch.setattr(_agent_info, 'SECONDS', 0.3)
    start = time.time()
    found = _agent_info.together({'slow': lambda: time.sleep(5), 'bad': lambda: 1 // 0, 'good': lambda: {'x': 1}})
    assert time.time() - start < 4
    assert found['good'] == {'x': 1} and 'no answer' in found['slow']['error'] and 'zero' in found['bad']['error']


class Keys(BaseHTTPRequestHandler):
    """etcd's v2 keys of a cluster that was set up by hand."""
    nodes = {
        '/calico/v1/ipam/v4/pool': [('/192.168.0.0-16', '{"cidr":"192.168.0.0/16","ipip":"","masquerade":true}'), ('/broken', '{')],
        '/calico/bgp/v1/host': [('/a/ip_addr_v4', '10.0.2.10'), ('/a/network_v4', '10.0.2.0/24'), ('/a/peer_v4/1', 'x')],
        '/calico/v1/policy/profile': [('/calico/rules', '{}'), ('/calico/tags', '[]')],
    }

    def do_GET(self):
        directory = self.path.partition('?')[0][len('/v2/keys'):]
        found = [{'key': directory + key, 'value': value, 'modifiedIndex': 1} for key, value in self.nodes.get(directory, ())]
        body = json.dumps({'node': {'key': directory, 'dir': True, 'nodes': found}}).encode()
        self.send_response(200)
        for name, value in (('X-Etcd-Index', '5'), ('X-Etcd-Cluster-Id', 'abc'), ('Content-Length', str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def etcd():
    server = HTTPServer(('127.0.0.1', 0), Keys)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield 'http://127.0.0.1:%d' % server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_others_have_set_up(run_module, host, etcd, monkeypatch):
    furnish(host)
    # /proc of this host is a directory of the test
    process = _processes.Process(4711, 'nginx', ['nginx', '-g', 'daemon off;'])
    monkeypatch.setattr(_etcd_service, 'unmanaged', lambda urls, unit: process if urls == [etcd] else None)
    host.root.join('calicoctl.cfg').write('spec:\n  etcdEndpoints: "%s"\n' % etcd)
    ipam = {'type': 'calico-ipam', 'ipv4_pools': ['10.9.0.0/16']}
    network = {'name': 'mine', 'type': 'calico', 'mtu': 1400, 'policy': {'type': 'k8s'}, 'ipam': ipam}
    host.root.join('cni', 'mine.cni').write(json.dumps(network))
    found = result_of(run_module, host, unmanaged=True, etcd_endpoints=[etcd])['unmanaged']
    assert found['proxy'] == {'pid': 4711, 'process': 'nginx', 'command': 'nginx -g daemon off;', 'unit': None, 'keeper': None, 'task': None, 'role': None,
                              'obstacle': _etcd.keeps_port(process), 'wide': False}
    assert found['endpoints'] == [etcd] and found['datastore'] == {
        'endpoint': etcd, 'cluster_id': 'abc', 'pools': [{'cidr': '192.168.0.0/16', 'ipip': '', 'masquerade': True}],
        'nodes': {'a': {'ip_addr_v4': '10.0.2.10', 'network_v4': '10.0.2.0/24'}}, 'profiles': ['calico'], 'error': None}
    mine = next(item for item in found['networks'] if item['name'] == 'mine')
    assert mine == {'file': 'mine.cni', 'name': 'mine', 'mtu': 1400, 'log_level': None, 'nodename': None, 'ipam': 'calico-ipam', 'ipv4_pools': ['10.9.0.0/16'],
                    'other': ['policy']}
    assert found['plugins'] == [str(host.root.join('plugins', 'calico'))]
    assert found['cluster_store'] is None and found['framework'] is False and found['members_cluster_id'] is None


def test_a_host_that_has_nothing_has_nothing_of_others(run_module, host):
    found = result_of(run_module, host, unmanaged=True, etcd_endpoints=['http://127.0.0.1:1'])['unmanaged']
    assert found['proxy'] is None and found['networks'] == [] and found['plugins'] == [] and 'could not be read' in found['datastore']['error']
