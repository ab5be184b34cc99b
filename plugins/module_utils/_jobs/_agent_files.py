# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small files of a host, and the units they belong to; dcos.calico.agent_files and dcos.calico.agent_plan run it."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from ansible_collections.dcos.calico.plugins.module_utils._host import _started, _systemd, _text_files
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

ARGUMENT_SPEC = dict(
    files=dict(type='list', elements='dict', default=[], options=_text_files.FILES_SPEC),
    units=dict(type='list', elements='dict', default=[], options=_systemd.UNITS_SPEC),
    timeout=dict(type='float', default=_systemd.START_TIMEOUT),
)


def job(module):
    """Bring files, then units, to the desired state; see RETURN."""
    files = _text_files.desired(module.params['files'])
    units = _systemd.desired(module.params['units'])
    found = _text_files.read(files)
    file_plan = _text_files.reconcile(files, found)
    changed_paths = file_plan.names()
    states = _systemd.read(units)
    late = _started.units(units, states)
    unit_plan = _systemd.reconcile(units, states, changed_paths, late)
    if not module.check_mode:
        _systemd.check_known(units, states, changed_paths)
        _systemd.apply(unit_plan, states, file_plan, module.params['timeout'])
        _started.note_units(units, states, late, _systemd.read(units) if unit_plan else states)
    elif _started.may_note(module, file_plan or unit_plan):
        _started.note_units(units, states, late, states)
    whole = Plan(file_plan)
    whole.extend(unit_plan)
    return dict(
        whole.result(module._diff),
        files_changed=changed_paths,
        files_kept=_text_files.kept(files, found),
        units_changed=[unit.name for unit in units if unit.name in unit_plan.names()],
        units_missing=[unit.name for unit in units if unit.optional and not states[unit.name].exists and unit.name not in unit_plan.names()],
        daemon_reloaded=_systemd.reload_needed(changed_paths, states),
    )
