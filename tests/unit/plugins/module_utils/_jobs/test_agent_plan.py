# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host import _started
from ansible_collections.dcos.calico.plugins.module_utils._jobs import _agent_plan


def planner():
    return _agent_plan.Planner(set(), lambda text: None)


class TestResolve:
    FACTS = {'node': {'ip': u'10.0.0.5', 'prefix': 24}, 'os': {'error': 'no such file'}}

    def test_references_become_what_was_found(self):
        value = {'ip': '@calico_agent.node.ip@/@calico_agent.node.prefix@', 'networks': [{'nodename': u'@calico_agent.node.ip@'}], 'number': 3}
        assert _agent_plan.resolve(value, self.FACTS) == {'ip': '10.0.0.5/24', 'networks': [{'nodename': '10.0.0.5'}], 'number': 3}

    @pytest.mark.parametrize('text', ['@calico_agent.node.name@', '@calico_agent.os.id@', '@calico_agent.none.x@'])
    def test_what_was_not_found_is_named(self, text):
        with pytest.raises(CalicoError) as caught:
            _agent_plan.resolve(text, self.FACTS)
        assert 'is not known' in str(caught.value)

    def test_other_text_stays(self):
        assert _agent_plan.resolve('{{ x }} @home@ a@calico_agent', {}) == '{{ x }} @home@ a@calico_agent'


def test_arguments_that_a_job_does_not_take_are_an_error_of_that_step():
    found = planner().step('sysctl', {'name': '60-calico', 'setings': []})
    assert found['changed'] is False and 'setings' in found['error']


def test_secrets_among_arguments_are_told_to_the_module():
    secrets = set()
    _agent_plan.validated('agent_files', {'files': [{'path': '/etc/x', 'secret_content': 'hunter2hunter2'}]}, secrets)
    assert 'hunter2hunter2' in secrets


def test_a_job_that_is_wrong_in_type_says_so():
    with pytest.raises(ValidationError):
        _agent_plan.validated('sysctl', {'name': '60-calico', 'settings': 'text'}, set())


def test_a_step_names_what_it_would_change_and_changes_nothing(tmpdir):
    path = str(tmpdir.join('a.conf'))
    found = planner().step('agent_files', {'files': [{'path': path, 'content': u'x\n'}]})
    assert found['changed'] is True and found['names'] == [path] and not os.path.exists(path)


def test_calico_node_sees_the_configuration_that_calicoctl_would_get(tmpdir, monkeypatch):
    seen = []

    path = str(tmpdir.join('calicoctl.cfg'))
    plan = planner()
    plan.step('agent_files', {'files': [{'path': path, 'content': u'new\n'}]})
    monkeypatch.setattr(_agent_plan._calicoctl_node, 'job', lambda module: seen.append(module.params['predicted_config']) or dict(changed=False))
    found = plan.step('calicoctl_node', {'name': '10.0.0.5', 'ip': '10.0.0.5/24', 'config': path})
    assert seen == ['new\n'] and 'error' not in found


def test_a_configuration_that_stays_is_not_handed_over(tmpdir, monkeypatch):
    path = tmpdir.join('calicoctl.cfg')
    path.write('same\n')
    path.chmod(0o644)
    plan = planner()
    assert plan.step('agent_files', {'files': [{'path': str(path), 'content': u'same\n'}]})['changed'] is False
    seen = []
    monkeypatch.setattr(_agent_plan._calicoctl_node, 'job', lambda module: seen.append('predicted_config' in module.params) or dict(changed=False))
    plan.step('calicoctl_node', {'name': '10.0.0.5', 'ip': '10.0.0.5/24', 'config': str(path)})
    assert seen == [False]


def test_the_agent_is_told_which_networks_would_change(monkeypatch):
    seen = []
    monkeypatch.setattr(_agent_plan._cni_network, 'job', lambda module: dict(changed=True, files_changed=['/x/calico.cni'], diff=[]))
    monkeypatch.setattr(_agent_plan._mesos_agent, 'job', lambda module: seen.append(module.params['changed_files']) or dict(changed=False))
    plan = planner()
    plan.step('cni_network', {'networks': []})
    plan.step('mesos_agent', {'restart': 'always'})
    assert seen == [['/x/calico.cni']]


def test_jobs_see_check_mode_whatever_the_run_is(monkeypatch):
    seen = []
    monkeypatch.setattr(_agent_plan._sysctl, 'job', lambda module: seen.append((module.check_mode, module._diff)) or dict(changed=False))
    planner().step('sysctl', {'name': 'x'})
    assert seen == [(True, True)]


@pytest.mark.parametrize('notes, changes, noted', [(True, False, True), (True, True, False), (False, False, False)])
def test_what_processes_were_started_with_is_noted_where_nothing_is_to_be_done(notes, changes, noted):
    """An agent that was rebooted is as desired, so no module runs there that could note it; check mode notes nothing."""
    look = _agent_plan.Look({}, None, notes)
    assert bool(_started.may_note(look, changes)) is noted
    assert not _started.may_note(object(), False)


@pytest.mark.parametrize('told, kept', [([{'address': '10.0.0.6', 'established': True}], False), ([], True), (None, True)])
def test_sessions_are_told_once(monkeypatch, told, kept):
    """A busy host answers one of two questions only. Then the other one's answer is all there is."""
    class Module(object):
        no_log_values, check_mode = set(), True
        params = {'drift': False, 'steps': [{'job': 'agent_info', 'args': {}},
                                            {'job': 'calicoctl_node', 'args': {'name': '10.0.0.5', 'ip': '10.0.0.5/24', 'config': '/c'}}]}

        def warn(self, text):
            raise AssertionError(text)

    facts = {'calico_node': {'bgp': {'peers': told}} if told is not None else None}
    monkeypatch.setattr(_agent_plan._agent_info, 'job', lambda module: facts)
    monkeypatch.setattr(_agent_plan._calicoctl_node, 'job', lambda module: dict(changed=False, peers=['one'], healthy=True))
    found = _agent_plan.job(Module())
    assert found['facts'] == facts and ('peers' in found['plan']['calicoctl_node']) is kept and found['plan']['calicoctl_node']['healthy']
