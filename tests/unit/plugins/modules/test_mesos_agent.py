# -*- coding: utf-8 -*-
"""mesos_agent against a unit that is a real process and an API on loopback; the walks are in ../scenarios/mesos_agent.py."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._host import _mesos_agent, _network, _systemd
from ansible_collections.dcos.calico.plugins.modules import mesos_agent as module

from ...support.mesos_agent_host import ID, UNIT, framework


@pytest.fixture
def agent(mesos_agent):
    mesos_agent.change_environment()
    return mesos_agent


def restarted(agent):
    return agent.pid() != agent.first


def test_it_is_restarted_where_its_plugin_path_has_changed(run_module, agent):
    result = run_module(module, agent.args(), diff=True)
    assert restarted(agent) and result['action'] == 'restart' and result['agent_id'] == ID and result['tasks'] == ['web.1'] and result['confirmed']
    assert result['reasons'] == ['MESOS_NETWORK_CNI_PLUGINS_DIR: the agent runs with /opt/mesosphere/active/cni/, and its files now say '
                                 '/opt/mesosphere/active/cni/:/opt/calico/cni']
    assert result['reasons'][0] in result['diff'][0]['after']


def test_never_only_tells(run_module, agent):
    result = run_module(module, agent.args(restart='never'))
    assert not restarted(agent) and not result['changed'] and result['restart_needed'] and len(result['reasons']) == 1


def test_what_it_was_started_with_is_kept_when_files_say_the_same_in_other_words(run_module, mesos_agent):
    mesos_agent.change_environment("'/opt/mesosphere/active/cni/'")
    assert run_module(module, mesos_agent.args())['action'] == 'none'


def test_an_agent_that_does_not_run_is_left_alone(run_module, agent):
    _systemd.stop([UNIT])
    result = run_module(module, agent.args(restart='always', files=[str(agent.files[1])]))
    assert result['action'] == 'none' and UNIT not in agent.host.state()['services']


def test_a_host_that_is_no_agent_is_told(run_module, agent):
    agent.host.root.join('roles', 'slave').remove()
    agent.host.root.ensure('roles', 'master')
    assert 'no agent of DC/OS' in run_module(module, agent.args())['msg']


def test_it_waits_for_recovery_registration_and_tasks(run_module, agent):
    agent.after = [{'status': 503}, {'id': ''}, {'registered': False}, {'frameworks': []}, {}]
    result = run_module(module, agent.args())
    assert result['changed'] and agent.after == [{}]


LOST = {'frameworks': [framework([], ended={'web.1': 'TASK_LOST'})]}
CASES = [
    ({'id': 'other-S1'}, 20, 'it came back as agent other-S1, and was %s' % ID),
    (LOST, 20, 'tasks are not back: web.1 (TASK_LOST)'),
    ({'frameworks': []}, 0.6, 'tasks are not back: web.1 (not seen)'),
    ({'registered': False}, 0.6, 'it is not registered with the master'),
    ({'status': 503}, 0.6, 'its API answers with status 503'),
    ({'status': 401}, 0.6, 'its API requires authentication, and did not before'),
]


@pytest.mark.parametrize('after, timeout, words', CASES)
def test_an_agent_that_does_not_come_back_whole_is_an_error(run_module, agent, monkeypatch, after, timeout, words):
    monkeypatch.setattr(_systemd, 'SETTLE', 0.02)
    agent.after = [after]
    result = run_module(module, agent.args(timeout=timeout))
    assert result['failed'] and words in result['msg'] and 'not touched' in result['msg'], result['msg']


@pytest.mark.parametrize('state', ['TASK_FINISHED', 'TASK_KILLED'])
def test_a_task_may_end_by_itself_meanwhile(run_module, agent, state):
    agent.after = [{'frameworks': [framework([], ended={'web.1': state})]}]
    assert run_module(module, agent.args())['changed']


def test_tasks_of_frameworks_that_do_not_checkpoint_are_named_and_not_waited_for(run_module, agent):
    agent.before = {'frameworks': [framework(['web.1']), framework(['old.1'], checkpoint=False)]}
    result = run_module(module, agent.args())
    assert result['tasks_at_risk'] == ['old.1'] and result['tasks'] == ['old.1', 'web.1']
    assert [words for words in result['warnings'] if 'old.1' in str(words) and 'web.1' not in str(words)]


def test_a_loose_rp_filter_afterwards_is_an_error(run_module, agent, monkeypatch):
    monkeypatch.setattr(_network, 'rp_filter', lambda: {'all': 2, 'default': 2, 'cali1': 1})
    result = run_module(module, agent.args(timeout=2))
    assert result['failed'] and 'rp_filter is 2 of all' in result['msg'] and 'calico_host' in result['msg']


def test_rp_filter_may_be_of_no_concern(run_module, agent, monkeypatch):
    monkeypatch.setattr(_network, 'rp_filter', lambda: {'all': 2})
    assert run_module(module, agent.args(rp_filter=False))['changed']


def test_a_unit_that_does_not_start_is_an_error(run_module, agent):
    text = agent.host.units.join(UNIT).read()
    agent.host.units.join(UNIT).write(text.replace('/bin/sleep 1000', '/bin/false'))
    result = run_module(module, agent.args(timeout=5))
    assert result['failed'] and UNIT in result['msg']


def test_a_closed_api_is_refused_before_anything_is_touched(run_module, agent):
    agent.before = {'status': 401}
    for check in (True, False):
        result = run_module(module, agent.args(), check=check)
        assert result['failed'] and 'requires authentication' in result['msg'] and not restarted(agent)


def test_a_closed_api_can_be_accepted_and_is_told(run_module, agent):
    agent.before, agent.after = {'status': 401}, [{'status': 401}]
    agent.host.root.join('latest').mksymlinkto('/var/lib/mesos/slave/meta/slaves/' + ID)
    result = run_module(module, agent.args(closed_api='accept'))
    assert restarted(agent) and result['confirmed'] is False and result['agent_id'] == ID and result['tasks'] == []


def test_an_agent_whose_api_does_not_answer_before_can_be_put_right(run_module, agent):
    agent.before = {'status': 500}
    assert run_module(module, agent.args())['changed']


def test_check_mode_changes_nothing(run_module, agent):
    result = run_module(module, agent.args(), check=True)
    assert result['changed'] and result['tasks'] == ['web.1'] and not restarted(agent)


def test_a_file_that_is_about_to_change_counts_only_with_always(run_module, mesos_agent):
    for restart, action in (('always', 'restart'), ('auto', 'none')):
        result = run_module(module, mesos_agent.args(restart=restart, changed_files=['/x/calico.cni']), check=True)
        assert result['action'] == action, result


def test_files_that_change_and_an_agent_that_starts_anew_between_the_looks(run_module, mesos_agent, monkeypatch):
    """DC/OS switches its environment and restarts the agent: its old files prove nothing about the new process."""
    old = _mesos_agent.desired_environment(UNIT)
    mesos_agent.change_environment()
    os.system('systemctl restart ' + UNIT)
    mesos_agent.host.calls()
    monkeypatch.setattr(_mesos_agent, 'process_environment', lambda pid: dict(old, MESOS_NETWORK_CNI_PLUGINS_DIR='/opt/mesosphere/active/cni/:/opt/calico/cni'))
    real, answers = _mesos_agent.desired_environment, [old]
    monkeypatch.setattr(_mesos_agent, 'desired_environment', lambda unit: answers.pop() if answers else real(unit))
    result = run_module(module, mesos_agent.args())
    assert result['reasons'] == [] and result['action'] == 'none' and mesos_agent.host.calls() == []
