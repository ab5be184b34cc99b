# -*- coding: utf-8 -*-
"""calicoctl_node_info against a small calicoctl (calicoctl_double.py)."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._host import _deadline
from ansible_collections.dcos.calico.plugins.modules import calicoctl_node_info


def node(name, address=None):
    return {'apiVersion': 'v1', 'kind': 'node', 'metadata': {'name': name}, 'spec': {'bgp': {'ipv4Address': address}} if address else {}}


ONE, TWO, MASTER, GHOST = node('10.0.0.1', '10.0.0.1/24'), node('agent2', '10.0.0.2/24'), node('m1', '10.0.0.9'), node('10.0.0.3')
AGENTS = ['10.0.0.1', '10.0.0.2']


class Time:
    """A clock that only sleeping moves; each sleep lets the next of C(events) happen."""

    def __init__(self):
        self.now = 0.0
        self.events = []

    def sleep(self, seconds):
        self.now += seconds
        if self.events:
            self.events.pop(0)()

    def deadline(self, seconds):
        return _deadline.Deadline(seconds, clock=lambda: self.now, sleep=self.sleep)


@pytest.fixture
def time(monkeypatch):
    found = Time()
    monkeypatch.setattr(calicoctl_node_info, 'Deadline', found.deadline)
    return found


@pytest.fixture
def info(run_module, calicoctl, time):
    def run(check=False, **options):
        return run_module(calicoctl_node_info, dict(calicoctl.options, **options), check=check)

    return run


def tunnels(**addresses):
    return dict(('felix IpInIpTunnelAddr %s' % {'one': '10.0.0.1', 'two': 'agent2', 'master': 'm1'}[who], address) for who, address in addresses.items())


def test_lists_nodes_by_name_and_counts_only_those_with_an_address(info, calicoctl):
    calicoctl.as_program = True
    calicoctl.hold(TWO, GHOST, ONE, MASTER)
    result = info()
    assert result['nodes'] == [
        {'name': '10.0.0.1', 'address': '10.0.0.1', 'prefix': 24, 'tunnel': None},
        {'name': 'agent2', 'address': '10.0.0.2', 'prefix': 24, 'tunnel': None},
        {'name': 'm1', 'address': '10.0.0.9', 'prefix': 32, 'tunnel': None},
    ]
    assert result['without_address'] == ['10.0.0.3'] and result['missing'] == result['extra'] == result['without_tunnel'] == []
    assert result['datastore_read'] is True and result['waited'] is True and result['changed'] is False


COMPARISONS = [
    (AGENTS, ['10.0.0.9'], [], []),
    (['10.0.0.1', 'agent2'], ['m1'], [], []),
    (AGENTS, [], [], ['m1']),
    (['10.0.0.1', '10.0.0.3', '10.0.0.4', '10.0.0.4'], ['m1', 'not-there'], ['10.0.0.3', '10.0.0.4'], ['agent2']),
    ([], [], [], ['10.0.0.1', 'agent2', 'm1']),
]


@pytest.mark.parametrize('expected, others, missing, extra', COMPARISONS)
def test_compares_by_name_or_address(info, calicoctl, expected, others, missing, extra):
    calicoctl.hold(ONE, TWO, MASTER, GHOST)
    result = info(expected=expected, others=others)
    assert (result['missing'], result['extra']) == (missing, extra)


def test_waits_until_all_are_there(info, calicoctl, time):
    calicoctl.hold(ONE)
    time.events = [lambda: calicoctl.hold(ONE, node('agent2')), lambda: calicoctl.hold(ONE, TWO)]
    result = info(expected=AGENTS, wait_timeout=60)
    assert result['missing'] == [] and len(result['nodes']) == 2 and time.now == 4


def test_the_error_names_who_is_missing_and_what_to_do(info, calicoctl, time):
    calicoctl.hold(ONE, GHOST)
    result = info(expected=['10.0.0.1', '10.0.0.3', '10.0.0.4'], wait_timeout=7)
    assert result['failed'] and result['missing'] == ['10.0.0.3', '10.0.0.4'] and time.now == 7
    for words in ('2 of 3 agents have no node in Calico after 7 seconds: 10.0.0.3, 10.0.0.4', '10.0.0.3 is in the datastore without an address',
                  'dcos.calico.install', 'docker logs calico-node'):
        assert words in result['msg']


def test_a_long_list_of_the_missing_is_cut(info):
    result = info(expected=['10.0.1.%d' % number for number in range(30)], wait_timeout=1)
    assert 'and 10 more' in result['msg'] and len(result['missing']) == 30


def test_nodes_of_nobody_can_be_an_error(info, calicoctl):
    calicoctl.hold(ONE, TWO)
    assert not info(expected=['10.0.0.1'], extra='report').get('failed')
    result = info(expected=['10.0.0.1'], extra='fail')
    assert result['failed'] and result['extra'] == ['agent2'] and 'calicoctl delete node' in result['msg']


def test_tells_tunnel_addresses_and_who_has_none(info, calicoctl):
    calicoctl.hold(ONE, TWO, MASTER, GHOST)
    calicoctl.change({'settings': tunnels(one='192.168.1.0')})
    result = info(expected=['10.0.0.1'], others=['m1'], tunnels=True)
    assert [found['tunnel'] for found in result['nodes']] == ['192.168.1.0', None, None]
    # agent2 is somebody else's, and the ghost has no calico/node
    assert result['without_tunnel'] == ['m1'] and result['appeared'] == []
    assert sorted(calicoctl.calls()) == ['config get IpInIpTunnelAddr', 'config get IpInIpTunnelAddr', 'get node']


def test_waits_for_tunnels_and_tells_which_appeared(info, calicoctl, time):
    calicoctl.hold(ONE, TWO, MASTER)
    calicoctl.change({'settings': tunnels(one='192.168.1.0')})
    time.events = [lambda: calicoctl.change({'settings': tunnels(one='192.168.1.0', two='192.168.2.0')})]
    result = info(tunnels=True, tunnels_timeout=5)
    assert result['appeared'] == ['agent2'] and result['without_tunnel'] == ['m1'] and time.now == 5 and not result.get('failed')


def test_check_mode_looks_once(info, calicoctl, time):
    calicoctl.hold(ONE)
    result = info(check=True, expected=AGENTS, wait_timeout=60, tunnels=True, tunnels_timeout=60)
    assert result['missing'] == ['10.0.0.2'] and result['without_tunnel'] == ['10.0.0.1'] and time.now == 0


def test_before_calicoctl_is_set_up_only_check_mode_answers(info, calicoctl):
    calicoctl.directory.join('calicoctl').remove()
    result = info(check=True, expected=['b', 'a'], wait_timeout=60)
    assert (result['nodes'], result['missing'], result['waited'], result['datastore_read']) == ([], ['a', 'b'], False, False)
    assert 'there is no executable' in info(expected=['a'])['msg']


def test_an_unreachable_etcd_is_an_error_at_once(info, calicoctl, time):
    calicoctl.change({'down': 'client: etcd cluster is unavailable or misconfigured; error #0: dial tcp 127.0.0.1:2379: connection refused'})
    assert 'etcd cannot be reached' in info(expected=['a'], wait_timeout=60)['msg'] and time.now == 0


@pytest.mark.parametrize('option', ['wait_timeout', 'tunnels_timeout'])
def test_no_negative_time(info, option):
    assert 'cannot be negative' in info(**{option: -1})['msg']


def test_a_node_that_another_job_is_removing_is_not_left_over(info, calicoctl, time):
    calicoctl.hold(ONE, TWO, MASTER)
    time.events = [lambda: calicoctl.hold(ONE, TWO)]
    assert info(expected=AGENTS, extra='fail')['extra'] == []
