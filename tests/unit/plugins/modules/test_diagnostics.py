"""diagnostics as a module; its job is in module_utils/_jobs/test_diagnostics.py."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json

from ansible.module_utils import basic

from ansible_collections.dcos.calico.plugins.modules import diagnostics

from ...support.agent_host import args


def test_no_argument_is_told_again_or_logged(run_module, agent_host, monkeypatch):
    logged = []
    monkeypatch.setattr(basic.AnsibleModule, 'log', lambda self, msg, log_args=None: logged.append('%s %s' % (msg, log_args)))
    monkeypatch.setattr('ansible_collections.dcos.calico.plugins.module_utils._jobs._diagnostics.ROOT', str(agent_host.root))
    file = {'path': str(agent_host.root.join('x')), 'secret_content': 'hunter2-hunter2'}
    steps = [{'job': 'agent_info', 'args': args(agent_host)}, {'job': 'agent_files', 'args': {'files': [file]}}]
    result = run_module(diagnostics, {'of': 'host', 'steps': steps, '_ansible_no_log': False})
    assert logged and 'hunter2' not in ''.join(logged) and 'hunter2' not in json.dumps(result) and not agent_host.root.join('x').check()
    assert result['facts']['dcos'] and set(result['plan']) == set(['agent_files']), 'what agent_plan found of the host'
