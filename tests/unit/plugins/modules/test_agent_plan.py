# -*- coding: utf-8 -*-
"""agent_plan as a module; its job is in module_utils/_jobs/test_agent_plan.py."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os

from ansible_collections.dcos.calico.plugins.modules import agent_plan

from ..agent_host import args

SECRET = 'hunter2-hunter2'


def test_facts_and_plan_of_one_call(run_module, agent_host):
    path = str(agent_host.root.join('etc', 'new.conf'))
    info = {'job': 'agent_info', 'args': args(agent_host)}
    files = {'job': 'agent_files', 'args': {'files': [{'path': path, 'secret_content': SECRET}]}}
    result = run_module(agent_plan, {'steps': [info, files]})
    assert not result.get('failed') and result['changed'] is False and not os.path.exists(path)
    assert result['plan'] == {'agent_files': {'changed': True, 'names': [path], 'files_changed': [path]}}
    assert 'docker' in result['facts'] and 'node' in result['facts']


def test_no_argument_is_told_again(run_module, agent_host):
    """Its own specification does not know which of them are secret."""
    files = {'job': 'agent_files', 'args': {'files': [{'path': str(agent_host.root.join('x')), 'secret_content': SECRET}]}}
    assert SECRET not in json.dumps(run_module(agent_plan, {'steps': [files]}))
