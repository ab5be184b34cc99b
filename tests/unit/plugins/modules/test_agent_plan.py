# -*- coding: utf-8 -*-
"""agent_plan as a module; its job is in module_utils/_jobs/test_agent_plan.py."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os

import pytest

from ansible.module_utils import basic

from ansible_collections.dcos.calico.plugins.module_utils._host import _installed
from ansible_collections.dcos.calico.plugins.modules import agent_files, agent_plan, calicoctl_node

from ...support.agent_host import args

SECRET = 'hunter2-hunter2'


def test_facts_and_plan_of_one_call(run_module, agent_host):
    path = str(agent_host.root.join('etc', 'new.conf'))
    info = {'job': 'agent_info', 'args': args(agent_host)}
    files = {'job': 'agent_files', 'args': {'files': [{'path': path, 'secret_content': SECRET}]}}
    result = run_module(agent_plan, {'steps': [info, files]})
    assert not result.get('failed') and result['changed'] is False and not os.path.exists(path)
    assert result['plan'] == {'agent_files': {'changed': True, 'names': [path], 'files_changed': [path], 'installed': 'unknown'}}
    assert 'docker' in result['facts'] and 'node' in result['facts']


@pytest.mark.parametrize('job', ['agent_files', 'nonsense', 'agent_info'], ids=['good', 'refused', 'failing'])
def test_no_argument_is_told_again_or_logged(run_module, agent_host, monkeypatch, job):
    """Its own specification does not know which of them are secret."""
    logged = []
    monkeypatch.setattr(basic.AnsibleModule, 'log', lambda self, msg, log_args=None: logged.append('%s %s' % (msg, log_args)))
    files = {'job': 'agent_files', 'args': {'files': [{'path': str(agent_host.root.join('x')), 'secret_content': SECRET}]}}
    other = [] if job == 'agent_files' else [{'job': job, 'args': {'nonsense': 1}}]
    # As core does for a task that says nothing of no_log.
    result = run_module(agent_plan, {'steps': [files] + other, '_ansible_no_log': False})
    assert bool(result.get('failed')) is bool(other) and bool(logged) is (job != 'nonsense')
    assert SECRET not in ''.join(logged) and SECRET not in json.dumps(result)


def test_a_configuration_that_is_to_change_restarts_the_node_in_the_plan_already(run_module, node):
    """calicoctl is asked what it would start with the configuration that is to be written; nothing is written for that."""
    node.host.doubles.as_programs = True
    assert run_module(calicoctl_node, node.args())['action'] == 'start'
    before = node.config.read()
    given = node.args()
    file = {'path': str(node.config), 'content': 'spec:\n  etcdEndpoints: "http://10.0.0.1:2379"\n', 'unmanaged': 'replace'}
    files, run = {'job': 'agent_files', 'args': {'files': [file]}}, {'job': 'calicoctl_node', 'args': given}
    planned = run_module(agent_plan, {'steps': [run]})['plan']['calicoctl_node']
    assert planned['action'] == 'none' and planned['healthy'] is True and planned['datastore_read'] is True
    planned = run_module(agent_plan, {'steps': [files, run]})['plan']['calicoctl_node']
    assert planned['action'] == 'restart'
    assert planned['differences'] == ['variable ETCD_ENDPOINTS: is http://127.0.0.1:2379, should be http://10.0.0.1:2379']
    assert node.config.read() == before


def test_what_a_module_brought_about_is_known_by_what_was_required(run_module, agent_host):
    """Drift is what was installed as it is required now; a plan notes what it finds so, and nothing of a host without an installation."""
    path = agent_host.root.join('etc', 'calico.conf')

    def planned(content, check=False):
        steps = [{'job': 'agent_files', 'args': {'files': [{'path': str(path), 'content': content}]}}]
        found = run_module(agent_plan, {'steps': steps}, check=check)['plan']['agent_files']
        return found['changed'], found['installed']

    assert planned('a\n') == (True, 'unknown')
    run_module(agent_files, {'files': [{'path': str(path), 'content': 'a\n'}]}, check=True)
    assert planned('a\n') == (True, 'unknown'), 'check mode brings nothing about'
    run_module(agent_files, {'files': [{'path': str(path), 'content': 'a\n'}]})
    assert planned('a\n') == (False, 'same')
    path.write('by hand')
    assert planned('a\n') == (True, 'same') and planned('b\n') == (True, 'other')
    path.write('b\n')
    path.chmod(0o644)
    assert planned('b\n', check=True) == (False, 'other')
    assert planned('b\n') == (False, 'other') and planned('b\n') == (False, 'same'), 'noted by the look before'
    os.remove(_installed.PATH)
    path.remove()
    assert planned('b\n') == (True, 'unknown')


def test_in_a_look_for_drift_the_node_is_compared_with_the_configuration_that_stays(run_module, node):
    """Its new configuration was never installed: were it predicted, a repair would restart the node for it."""
    node.host.doubles.as_programs = True
    config = {'path': str(node.config), 'content': node.config.read(), 'mode': '%04o' % (node.config.stat().mode & 0o777)}
    run_module(agent_files, {'files': [config]})
    assert run_module(calicoctl_node, node.args())['action'] == 'start'
    new = dict(config, content='spec:\n  etcdEndpoints: "http://10.0.0.1:2379"\n')
    steps = [{'job': 'agent_files', 'args': {'files': [new]}}, {'job': 'calicoctl_node', 'args': node.args()}]
    assert run_module(agent_plan, {'steps': steps})['plan']['calicoctl_node']['action'] == 'restart'
    found = run_module(agent_plan, {'steps': steps, 'drift': True})['plan']
    assert found['agent_files']['installed'] == 'other' and found['calicoctl_node']['installed'] == 'same'
    assert found['calicoctl_node']['action'] == 'none' and not found['calicoctl_node']['changed']


def test_a_node_that_is_held_is_not_noted(run_module, node):
    node.host.doubles.as_programs = True
    run_module(calicoctl_node, node.args())
    other = dict(node.args(), as_number=64513, restart='never')
    assert run_module(calicoctl_node, other)['restart_needed'] is True
    found = run_module(agent_plan, {'steps': [{'job': 'calicoctl_node', 'args': dict(other, restart='auto')}]})['plan']['calicoctl_node']
    assert found['action'] == 'restart' and found['installed'] == 'other'
