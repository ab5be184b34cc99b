# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel settings, in one drop-in file and in the running kernel; dcos.calico.sysctl and dcos.calico.agent_plan run it."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from ansible_collections.dcos.calico.plugins.module_utils._host import _sysctl

ARGUMENT_SPEC = dict(
    name=dict(type='str', required=True),
    directory=dict(type='path', default='/etc/sysctl.d'),
    settings=dict(type='list', elements='dict', default=[], options=dict(
        key=dict(type='str', required=True, no_log=False),
        value=dict(type='str', required=True),
        optional=dict(type='bool', default=False),
    )),
    state=dict(type='str', choices=['present', 'absent'], default='present'),
)


def job(module):
    """Bring file and running kernel to the desired state; see RETURN."""
    desired = _sysctl.desired(module.params)
    actual = _sysctl.read(desired)
    plan = _sysctl.reconcile(desired, actual)
    if not module.check_mode:
        _sysctl.apply(desired, plan)
    for item in actual.overridden:
        module.warn('%(key)s will be %(value)s after the next boot: %(file)s is read later. Take it out there.' % item)
    names = plan.names()
    return dict(
        plan.result(module._diff),
        file=desired.path,
        file_changed=desired.path in names,
        keys_changed=[name for name in names if name != desired.path],
        keys_missing=actual.missing,
        keys_overridden=actual.overridden,
    )
