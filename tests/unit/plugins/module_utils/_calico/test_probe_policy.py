# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import socket

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._calico import _probe_policy, _resources

APP = '/dcos-calico-verify/r1/a10-0-0-1-0'


def test_a_policy_closes_one_port_between_two_containers():
    found = _probe_policy.document('r1', APP, '/dcos-calico-verify/r1/a10-0-0-2-0', 17008)
    assert found['metadata']['name'] == 'dcos-calico-verify.r1.a10-0-0-1-0'
    assert found['spec']['selector'] == "dcos-calico-verify == 'r1' && dcos-calico-verify-app == 'a10-0-0-2-0'"
    deny, rest = found['spec']['ingress']
    assert deny['source']['selector'] == "dcos-calico-verify == 'r1' && dcos-calico-verify-app == 'a10-0-0-1-0'" and deny['destination'] == {'ports': [17008]}
    assert rest == {'action': 'pass'} and found['spec']['types'] == ['ingress']
    assert _resources.explicit(dict(found)), 'the same checks as those of documents of operators'


def policy(name):
    return {'apiVersion': 'v1', 'kind': 'policy', 'metadata': {'name': name}, 'spec': {}}


def test_what_earlier_runs_have_left_of_the_same_agent():
    policies = [policy(name) for name in ('dcos-calico-verify.r0.a10-0-0-1-0', 'dcos-calico-verify.r1.a10-0-0-1-0', 'dcos-calico-verify.r0.a10-0-0-2-0',
                                          'web', 'dcos-calico-verify')]
    assert _probe_policy.leftovers(policies, [APP], ['r1']) == policies[:1]


@pytest.mark.parametrize('config, name', [
    ({'name': 'calico', 'type': 'calico', 'nodename': '10.0.0.1'}, '10.0.0.1'),
    ({'name': 'calico', 'type': 'mesos-cni-port-mapper', 'delegate': {'type': 'calico', 'nodename': '10.0.0.2'}}, '10.0.0.2'),
    ({'name': 'calico', 'type': 'calico'}, None),
    ({'name': 'other', 'type': 'calico', 'nodename': '10.0.0.3'}, None),
])
def test_the_node_is_the_one_that_the_plugin_uses(tmpdir, config, name):
    tmpdir.join('a.bak').write('{')
    tmpdir.join('calico.cni').write(json.dumps(config))
    assert _probe_policy.node_name(str(tmpdir), 'calico') == (name or socket.gethostname())


def test_an_endpoint_by_its_address():
    document = {'kind': 'workloadEndpoint', 'metadata': {'node': 'n1', 'workload': 'w', 'labels': {'a': 'b'}},
                'spec': {'ipNetworks': ['192.168.0.5/32'], 'interfaceName': 'cali1', 'profiles': ['calico']}}
    found = {'node': 'n1', 'workload': 'w', 'interface': 'cali1', 'profiles': ['calico'], 'labels': {'a': 'b'}}
    assert _probe_policy.endpoint([document], '192.168.0.5') == found
    assert _probe_policy.endpoint([document, {'kind': 'workloadEndpoint', 'metadata': {}}], '192.168.0.6') is None


def test_pools():
    documents = [{'metadata': {'cidr': '192.168.0.0/16'}, 'spec': {'ipip': {'enabled': True}, 'nat-outgoing': True}},
                 {'metadata': {'cidr': '172.30.0.0/16'}, 'spec': {'ipip': {'enabled': True, 'mode': 'cross-subnet'}, 'disabled': True}},
                 {'metadata': {'cidr': 'x'}}]
    assert [(one['cidr'], one['ipip'], one['nat_outgoing'], one['disabled']) for one in _probe_policy.pools(documents)] == [
        ('192.168.0.0/16', 'always', True, False), ('172.30.0.0/16', 'cross-subnet', False, True), ('x', 'off', False, False)]
