# -*- coding: utf-8 -*-
"""agent_plan as a module; its job is in module_utils/_jobs/test_agent_plan.py."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os

import pytest

from ansible.module_utils import basic

from ansible_collections.dcos.calico.plugins.modules import agent_plan, calicoctl_node

from ...support.agent_host import args

SECRET = 'hunter2-hunter2'


def test_facts_and_plan_of_one_call(run_module, agent_host):
    path = str(agent_host.root.join('etc', 'new.conf'))
    info = {'job': 'agent_info', 'args': args(agent_host)}
    files = {'job': 'agent_files', 'args': {'files': [{'path': path, 'secret_content': SECRET}]}}
    result = run_module(agent_plan, {'steps': [info, files]})
    assert not result.get('failed') and result['changed'] is False and not os.path.exists(path)
    assert result['plan'] == {'agent_files': {'changed': True, 'names': [path], 'files_changed': [path]}}
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
