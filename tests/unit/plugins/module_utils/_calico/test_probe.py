# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._calico import _probe


def ring(count):
    return [{'app': '/x/%d' % number} for number in range(count)]


@pytest.mark.parametrize('count, most', [(1, 24), (2, 24), (3, 1), (25, 24), (25, 0), (100, 0)])
def test_all_are_called_where_they_are_few(count, most):
    found = _probe.offsets(count, most, 'seed')
    assert found == (list(range(1, count)) if not most or count - 1 <= most else [1, 2])


@pytest.mark.parametrize('count', [26, 27, 100, 501])
@pytest.mark.parametrize('most', [1, 2, 7, 24])
def test_in_a_large_cluster_the_cost_per_agent_stays_the_same(count, most):
    found = _probe.offsets(count, most, 'seed')
    assert most <= len(found) <= most + 1 and len(set(found)) == len(found) and all(0 < one < count for one in found)
    assert found[0] == 1 and set(found) == set(count - one for one in found), 'both directions of each pair'
    containers = ring(count)
    calls = [other['app'] for own in containers for other in _probe.peers(own, containers, most, 'seed')]
    assert set(calls.count(own['app']) for own in containers) == {len(found)}, 'each is called equally often'


def test_other_runs_call_other_pairs_and_all_agents_of_a_run_agree():
    """Which ones is the same on every Python, because agents may have different ones."""
    assert _probe.offsets(100, 4, 'a') == _probe.offsets(100, 4, 'a') == [1, 99, 26, 74]
    assert _probe.offsets(100, 4, 'a') != _probe.offsets(100, 4, 'b')


def test_the_next_one_is_first():
    containers = ring(4)
    assert [one['app'] for one in _probe.peers(containers[3], containers, 24, 'seed')] == ['/x/0', '/x/1', '/x/2']


def test_a_measurement_that_breaks_hides_no_other():
    def broken():
        raise ValueError('no luck')

    assert _probe.together([lambda: {'error': None}, broken, lambda: {'error': 'timeout'}]) == [{'error': None}, {'error': 'no luck'}, {'error': 'timeout'}]
