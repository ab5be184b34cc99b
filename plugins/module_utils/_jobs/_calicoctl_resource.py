# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resources in Calico's datastore; dcos.calico.calicoctl_resource and dcos.calico.agent_plan run it."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from ansible_collections.dcos.calico.plugins.module_utils._calico import _resource_plan, _resources, _runner

ARGUMENT_SPEC = dict(
    _runner.OPTIONS,
    resources=dict(type='list', elements='dict', required=True, options=dict(
        apiVersion=dict(type='str', default='v1'),
        kind=dict(type='str', required=True),
        metadata=dict(type='dict', required=True),
        spec=dict(type='dict', default={}),
        state=dict(type='str', choices=['present', 'absent']),
    )),
    state=dict(type='str', choices=['present', 'absent'], default='present'),
    foreign_fields=dict(type='str', choices=['replace', 'keep'], default='replace'),
    prune=dict(type='bool', default=False),
    prune_kinds=dict(type='list', elements='str', choices=list(_resources.KINDS)),
    owner=dict(type='str', default=''),
    other_pools=dict(type='str', choices=['keep', 'disable'], default='keep'),
    removals=dict(type='str', choices=[_resource_plan.NOW, _resource_plan.LATER, _resource_plan.ONLY], default=_resource_plan.NOW),
    forbidden_cidrs=dict(type='list', elements='dict', default=[], options=dict(
        cidr=dict(type='str', required=True),
        name=dict(type='str'),
    )),
    force=dict(type='bool', default=False),
)
REQUIRED_IF = [('prune', True, ('prune_kinds',))]


def job(module):
    """Bring the resources to the desired state; see RETURN."""
    params = module.params
    desired = _resource_plan.desired(params)
    calicoctl = _runner.from_params(params)
    predicted = module.check_mode and calicoctl.not_set_up() is not None
    actual = _resource_plan.nothing() if predicted else _resource_plan.read(calicoctl, desired)
    plan = _resource_plan.reconcile(desired, actual)
    if not module.check_mode:
        _resource_plan.apply(calicoctl, desired, plan)
    applied = [change for change in plan if change.how == _resource_plan.APPLY]
    settings = [change.after for change in plan if change.how == _resource_plan.SETTING]
    return dict(
        plan.result(module._diff),
        created=[change.name for change in applied if change.before is None],
        updated=[change.name for change in applied if change.before is not None],
        deleted=[change.name for change in plan if change.how == _resource_plan.DELETE],
        left=_resource_plan.left(desired, actual),
        ipip_setting=settings[0] if settings else '',
        felix_restarts=bool(settings),
        datastore_read=not predicted,
    )
