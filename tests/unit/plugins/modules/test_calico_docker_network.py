# -*- coding: utf-8 -*-
"""calico_docker_network against a docker double; the walks are in ../scenarios/calico_docker_network.py."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._calico._docker_rules import Desired
from ansible_collections.dcos.calico.plugins.module_utils._errors import CommandError
from ansible_collections.dcos.calico.plugins.module_utils._host import _command, _docker_networks, _systemd
from ansible_collections.dcos.calico.plugins.modules import calico_docker_network as module


@pytest.fixture
def shared(docker):
    """Docker with a store."""
    docker.config.write('{"cluster-store": "etcd://127.0.0.1:2379"}')
    docker.start()
    return docker


def run(run_module, *networks, **more):
    return run_module(module, {'networks': list(networks)}, **more)


def test_networks_are_made_and_found_again(run_module, shared):
    result = run(run_module, {'name': 'calico'}, {'name': 'dmz', 'pool': '10.60.0.0/16'}, diff=True)
    assert sorted(shared.networks()) == ['calico', 'dmz'] and [len(item['id']) for item in result['networks']] == [64, 64]
    assert json.loads(result['diff'][1]['after']) == {'driver': 'calico', 'ipam_driver': 'calico-ipam', 'pool': '10.60.0.0/16'}
    assert not run(run_module, {'name': 'calico'}, {'name': 'dmz', 'pool': '10.60.0.0/16'})['changed']


@pytest.mark.parametrize('other', [{'pool': '10.60.0.0/16'}, {'pool': None}])
def test_a_network_cannot_become_another(run_module, shared, other):
    first = {'name': 'n', 'pool': None if other['pool'] else '10.60.0.0/16'}
    run(run_module, first)
    result = run(run_module, dict(other, name='n'))
    assert 'pool: is %s, should be %s' % (first['pool'] or 'none', other['pool'] or 'none') in result['msg'] and 'docker network rm n' in result['msg']


BAD = [{'name': 'bridge'}, {'name': 'a b'}, {'name': '-x'}, {'name': 'n', 'pool': '10.60.1.0/16'}, {'name': 'n', 'pool': 'here'}]


@pytest.mark.parametrize('network', BAD, ids=[str(number) for number in range(len(BAD))])
def test_what_cannot_be_right_is_refused(run_module, shared, network):
    assert run(run_module, {'name': 'good'}, network)['failed'] and shared.networks() == {}


def test_a_name_given_twice(run_module, shared):
    assert 'twice' in run(run_module, {'name': 'a'}, {'name': 'a'})['msg']


def test_a_pool_that_calico_does_not_have(run_module, shared):
    result = run(run_module, {'name': 'n', 'pool': '10.61.0.0/16'})
    assert 'calicoctl get ipPool' in result['msg']


def test_a_docker_without_a_store(run_module, docker):
    assert 'docker_cluster_store' in run(run_module, {'name': 'n'})['msg']


def test_a_network_with_containers_stays(run_module, shared):
    run(run_module, {'name': 'n'})
    shared.attach('n', 'web', 'db')
    result = run(run_module, {'name': 'n', 'state': 'absent'})
    assert result['containers'] == ['db', 'web'] and 'n' in shared.networks()


def test_what_is_none_of_calicos_is_not_removed(run_module, shared):
    desired = [Desired('mine', present=False)]
    with pytest.raises(Exception) as caught:
        _docker_networks.reconcile(desired, {'mine': {'Name': 'mine', 'Driver': 'overlay'}})
    assert "none of Calico's" in str(caught.value)


def test_a_host_that_only_looks(run_module, shared):
    result = run_module(module, {'networks': [{'name': 'n'}, {'name': 'never', 'state': 'absent'}], 'create': False})
    assert 'does not know the networks n' in result['msg'] and shared.networks() == {}
    run(run_module, {'name': 'n'})
    result = run_module(module, {'networks': [{'name': 'n'}], 'create': False})
    assert not result['changed'] and result['networks'][0]['id']


def test_docker_that_does_not_run(run_module, docker):
    _systemd.stop(['docker.service'])
    assert run(run_module, {'name': 'n'})['failed']
    assert run(run_module, {'name': 'n'}, check=True)['changed']


def test_two_runs_at_the_same_moment_agree_on_one(monkeypatch):
    """Docker refuses a name of which it has two; each run takes its own away, and whoever looks again first makes it."""
    said, calls = [{}, CommandError('Docker has more than one network of a name'), {}, {'n': {}}], []

    def inspected(result, names):
        answer = said.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def command(argv, *unused, **more):
        calls.append(argv[2])
        return _command.Result(0, 'id\n', '')

    said.pop(0)
    monkeypatch.setattr(_docker_networks, '_inspected', inspected)
    monkeypatch.setattr(_command, 'run', command)
    _docker_networks.create(Desired('n'), sleep=lambda seconds: None)
    assert [call for call in calls if call != 'inspect'] == ['create', 'rm', 'create']


def acting_after(monkeypatch, words, act):
    """Another host acts once, right after Docker has answered a command with these words."""
    run, acts = _command.run, [act]

    def acted(argv, *args, **more):
        result = run(argv, *args, **more)
        if acts and words in ' '.join(argv):
            acts.pop()()
        return result

    monkeypatch.setattr(_command, 'run', acted)


def by_another_host(*words):
    return lambda: _command.run(['docker', 'network'] + list(words), 20)


CREATE = ('create', '--driver', 'calico', '--ipam-driver', 'calico-ipam', 'n')


def test_a_network_that_comes_by_the_store_a_moment_later(run_module, shared, monkeypatch):
    acting_after(monkeypatch, 'network inspect', by_another_host(*CREATE))
    result = run_module(module, {'networks': [{'name': 'n'}], 'create': False})
    assert not result['changed'] and len(result['networks'][0]['id']) == 64


def test_another_host_removes_it_between_the_look_and_the_removal(run_module, shared, monkeypatch):
    run(run_module, {'name': 'n'})
    acting_after(monkeypatch, 'network inspect', by_another_host('rm', 'n'))
    result = run(run_module, {'name': 'n', 'state': 'absent'})
    assert not result.get('failed') and shared.networks() == {}


def twice_for(monkeypatch, looks):
    """Docker knows two networks of a name for so many looks: those of two hosts that made one at the same moment."""
    run, left = _command.run, [None] * looks

    def answered(argv, *args, **more):
        if argv[:3] == ['docker', 'network', 'inspect'] and left:
            left.pop()
            return _command.Result(1, '[]', 'Error response from daemon: network n is ambiguous (2 matches found based on name)')
        return run(argv, *args, **more)

    monkeypatch.setattr(_command, 'run', answered)


@pytest.mark.parametrize('create', [True, False])
def test_two_of_a_name_while_other_hosts_agree_on_one(run_module, shared, monkeypatch, create):
    run(run_module, {'name': 'n'})
    twice_for(monkeypatch, 2)
    assert not run_module(module, {'networks': [{'name': 'n'}], 'create': create})['changed']


def test_two_that_were_made_by_others_at_the_same_moment(run_module, shared, monkeypatch):
    by_another_host(*CREATE)()
    twice_for(monkeypatch, 1)
    monkeypatch.setattr(_docker_networks.random, 'random', lambda: 0)
    _docker_networks.create(Desired('n'))
    assert sorted(shared.networks()) == ['n']
