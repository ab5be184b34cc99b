# -*- coding: utf-8 -*-
"""A restart of a running calico/node: whom it waits for, what it closes and opens, and what a killed one leaves. Doubles as in test_calicoctl_node.py."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._calico import _bgp, _health, _node_host, _restart
from ansible_collections.dcos.calico.plugins.module_utils._host import _docker
from ansible_collections.dcos.calico.plugins.modules import agent_plan, calicoctl_node

RULE = '! -i lo -p tcp --dport 179 --syn -m comment --comment dcos.calico -j DROP'
ONE, OTHER = '10.0.0.12', '10.0.0.13'


@pytest.fixture
def running(run_module, node, monkeypatch):
    """A node that runs, with a session to each of two others."""
    monkeypatch.setattr(_restart, 'PAUSE', 0.01)
    monkeypatch.setattr(_health, 'PAUSE', 0.01)
    monkeypatch.setattr(_health, 'GRACE', 0)
    monkeypatch.setattr(_bgp, 'port_open', lambda address: False)
    node.update(nodes={'agent2': ONE + '/24', 'agent3': OTHER + '/24'})
    assert run_module(calicoctl_node, node.args())['action'] == 'start' and not node.rules()
    node.host.calls()
    return node


@pytest.fixture
def restarting(run_module, running, monkeypatch):
    """restarting(change, **options): the result of a restart, during which change(bird) was called; its rules are those after change()."""
    apply, look = _node_host.apply, _health.look

    def restart(change=lambda bird: None, **more):
        seen = []

        def applied(*args):
            done = apply(*args)
            change(running.bird)
            seen.append(running.rules())
            return done

        def looked(*args):
            found = look(*args)
            seen.append(running.rules())
            return found

        monkeypatch.setattr(_node_host, 'apply', applied)
        monkeypatch.setattr(_health, 'look', looked)
        result = run_module(calicoctl_node, running.args(restart='always', **more))
        return result, seen

    return restart


def test_peers_cannot_connect_until_the_sessions_are_back(restarting, running):
    lines, while_away = running.bird.lines, []

    def told():
        while_away.append(running.rules())
        if len(while_away) == 4:
            running.bird.down.clear()
        return lines()

    def away(bird):
        bird.down.add(ONE)
        bird.lines = told

    result, _seen = restarting(away, health={'tolerated_peers': [ONE]})
    assert result['action'] == 'restart' and [peer['established'] for peer in result['peers']] == [True, True]
    assert while_away[:4] == [[RULE]] * 4 and running.rules() == []


@pytest.mark.parametrize('limit', ['BACK', 'ANSWERED'])
def test_a_peer_that_does_not_come_back_is_not_waited_for_without_end(restarting, running, monkeypatch, limit):
    monkeypatch.setattr(_restart, limit, 0.3)
    result, seen = restarting(lambda bird: bird.down.add(ONE), health={'tolerated_peers': [ONE]})
    assert result['action'] == 'restart' and seen[0] == [RULE] and running.rules() == [] and running.bird.begun == []


def test_what_fails_leaves_the_port_open(restarting, running):
    result, seen = restarting(lambda bird: bird.down.add(ONE), health={'timeout': 0.2})
    assert result['failed'] and seen[0] == [RULE] and running.rules() == []


def test_sessions_of_the_container_that_ends_open_nothing(restarting, running, monkeypatch):
    """calicoctl removes a container that was started by hand when its own starts, and until then its BIRD answers."""
    containers = iter([None, None, None])
    found = _health.running_container
    monkeypatch.setattr(_health, 'running_container', lambda replaced=None: next(containers, found(replaced)))
    _result, seen = restarting()
    assert seen[:4] == [[RULE]] * 4 and running.rules() == []


def test_what_others_have_in_the_chain_stays(restarting, running):
    running.host.root.join('iptables-rules').write('-s 10.0.0.99 -j DROP\n')
    _result, seen = restarting()
    assert seen[0] == [RULE, '-s 10.0.0.99 -j DROP'] and running.rules() == ['-s 10.0.0.99 -j DROP']


def test_a_host_whose_iptables_cannot_is_told_of(restarting, running):
    running.host.tool('iptables', '#!/bin/sh\necho "No chain/target/match by that name." >&2\nexit 1\n')
    result, _seen = restarting()
    assert result['action'] == 'restart' and 'may connect to each other at once' in str(result['warnings']) and 'No chain' in str(result['warnings'])


def test_a_port_that_cannot_be_opened_again_is_told(restarting, running):
    text = running.host.root.join('bin', 'iptables').read()
    result, _seen = restarting(lambda bird: running.host.tool('iptables', text.replace('-D)', '-D) echo "Another app holds it" >&2; exit 4 ;;\n  x)')))
    assert result['failed'] and 'Port 179 cannot be opened' in result['msg'] and 'delete the rule there' in result['msg'] and running.rules() == [RULE]


@pytest.mark.parametrize('last', ['done', 'failed'])
def test_a_rule_that_somebody_took_away_meanwhile_is_no_failure(restarting, running, last):
    rules = running.host.root.join('iptables-rules')

    def flushed(bird):
        rules.write('')
        if last == 'failed':
            bird.down.add(ONE)

    result, _seen = restarting(flushed, health={'timeout': 0.2 if last == 'failed' else 20})
    assert (result['missing_peers'] == [ONE] if last == 'failed' else result['action'] == 'restart') and running.rules() == []


def test_what_a_killed_restart_left_is_planned_and_goes(run_module, running):
    running.host.root.join('iptables-rules').write(RULE + '\n')
    step = {'job': 'calicoctl_node', 'args': running.args()}
    assert run_module(agent_plan, dict(steps=[step]))['plan']['calicoctl_node']['names'] == ['port 179'] and running.rules() == [RULE]
    result = run_module(calicoctl_node, running.args(), diff=True)
    assert result['action'] == 'none' and running.rules() == []
    assert [(json.loads(change['before']), json.loads(change['after'])) for change in result['diff']] == [
        ({'reached from': 'this host'}, {'reached from': 'everywhere'})]
    assert not run_module(calicoctl_node, running.args())['changed']


def test_what_a_killed_restart_left_does_not_open_the_port_of_the_next_one(restarting, running):
    running.host.root.join('iptables-rules').write(RULE + '\n')
    result, seen = restarting()
    assert result['action'] == 'restart' and seen[0] == [RULE] and running.rules() == []


@pytest.mark.parametrize('docker', [True, False])
def test_what_a_killed_restart_left_goes_with_the_node(run_module, running, docker, monkeypatch):
    running.host.root.join('iptables-rules').write(RULE + '\n')
    if not docker:
        run_module(calicoctl_node, {'state': 'absent'})
        running.host.root.join('iptables-rules').write(RULE + '\n')
        monkeypatch.setattr(_docker, 'present', lambda: None)
    predicted = run_module(calicoctl_node, {'state': 'absent'}, check=True, diff=True)
    assert 'port 179' in [change['before_header'] for change in predicted['diff']] and running.rules() == [RULE]
    done = run_module(calicoctl_node, {'state': 'absent'}, diff=True)
    assert done['diff'] == predicted['diff'] and running.rules() == []
    assert not run_module(calicoctl_node, {'state': 'absent'})['changed']


# ---- whom it waits for


@pytest.mark.parametrize('who, said', [
    (lambda bird: bird.restarting.update({ONE: 1000}), 'the BIRD of 10.0.0.12 has not sent all of its routes'),
    (lambda bird: setattr(bird, 'recovering', 1000), 'BIRD here still recovers from its last restart (Waiting for 2 protocols to recover)'),
], ids=['a peer', 'the node itself'])
def test_earlier_restarts_have_to_be_over(run_module, restarting, running, who, said):
    before = running.state()
    who(running.bird)
    assert run_module(calicoctl_node, running.args(restart='always'), check=True)['changed']
    result, seen = restarting(restart_wait=0.05)
    assert result.get('waits_for') and said in result['waits_for'] and said in result['msg'] and 'systemctl stop calico-node' in result['msg']
    assert seen == [] and running.state() == before and running.rules() == [] and running.host.calls() == []


def test_earlier_restarts_are_waited_for(restarting, running):
    running.bird.restarting[ONE], running.bird.recovering = 3, 2
    result, _seen = restarting()
    assert result['action'] == 'restart' and running.bird.restarting[ONE] == -1


def test_a_node_that_has_no_session_waits_for_nobody(restarting, running):
    running.bird.down.update([ONE, OTHER])
    running.bird.restarting[ONE], running.bird.recovering = 1000, 1000
    result, seen = restarting(lambda bird: bird.down.clear() or setattr(bird, 'recovering', 0))
    assert result['action'] == 'restart' and seen[0] == [] and running.bird.begun == []


def test_a_node_whose_bird_does_not_answer_waits_for_nobody(restarting, running, monkeypatch):
    path = _bgp.SOCKET
    monkeypatch.setattr(_bgp, 'SOCKET', path + '.not-there')
    result, _seen = restarting(lambda bird: monkeypatch.setattr(_bgp, 'SOCKET', path))
    assert result['action'] == 'restart'


def test_a_start_waits_for_nobody_and_closes_nothing(run_module, running, restarting):
    os.system('systemctl stop calico-node.service')
    running.bird.restarting[ONE] = 1000
    result, seen = restarting()
    assert result['action'] == 'start' and set(map(tuple, seen)) == {()}


# ---- peers that are gone


def test_bird_does_not_wait_for_a_peer_that_was_gone_before(restarting, running):
    running.bird.down.add(OTHER)
    result, _seen = restarting(lambda bird: setattr(bird, 'recovering', 1000), health={'down_peers': 'report'})
    assert result['peers_down'] == [OTHER] and running.bird.begun == ['Mesh_10_0_0_13'] and running.bird.recovering == -1


def test_a_peer_that_went_meanwhile_keeps_its_routes(restarting, running, monkeypatch):
    monkeypatch.setattr(_restart, 'BACK', 0.2)

    def away(bird):
        bird.down.add(OTHER)
        bird.recovering = 1000

    result, _seen = restarting(away, health={'down_peers': 'report'})
    assert result['peers_down'] == [OTHER] and running.bird.begun == []
