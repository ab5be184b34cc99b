# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings in Calico's datastore; dcos.calico.calicoctl_config and dcos.calico.agent_plan run it."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from ansible_collections.dcos.calico.plugins.module_utils._calico import _runner, _settings

ARGUMENT_SPEC = dict(
    _runner.OPTIONS,
    settings=dict(type='list', elements='dict', required=True, required_if=[('state', 'present', ('value',))], options=dict(
        name=dict(type='str', required=True),
        raw=dict(type='str', choices=['felix', 'bgp']),
        value=dict(type='str'),
        node=dict(type='str'),
        state=dict(type='str', choices=['present', 'absent'], default='present'),
    )),
)


def job(module):
    """Bring the settings to the desired state; see RETURN."""
    params = module.params
    settings = _settings.desired(params['settings'])
    calicoctl = _runner.from_params(params)
    predicted = module.check_mode and calicoctl.not_set_up() is not None
    actual = _settings.nothing(settings) if predicted else _settings.read(calicoctl, settings)
    plan = _settings.reconcile(settings, actual)
    if not module.check_mode:
        _settings.apply(calicoctl, plan)
    return dict(
        plan.result(module._diff),
        settings_changed=plan.names(),
        felix_restarts=any(change.how.felix() for change in plan),
        datastore_read=not predicted,
    )
