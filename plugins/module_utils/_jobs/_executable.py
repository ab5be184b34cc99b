# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Executables, and small files that belong to them; dcos.calico.executable and dcos.calico.agent_plan run it."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from ansible_collections.dcos.calico.plugins.module_utils._host import _download, _executables, _text_files
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

ARGUMENT_SPEC = dict(
    executables=dict(type='list', elements='dict', required=True, options=_executables.EXECUTABLE_SPEC),
    files=dict(type='list', elements='dict', default=[], options=_text_files.FILES_SPEC),
    state=dict(type='str', choices=['present', 'absent'], default='present'),
    receipts=dict(type='path', default=_executables.RECEIPTS),
    **_download.DOWNLOAD_SPEC
)


def job(module):
    """Bring executables, then files, to the desired state; see RETURN."""
    options = _download.Options.of(module.params)
    receipts = module.params['receipts']
    desired = _executables.desired(module.params['executables'], options, state=module.params['state'])
    files = _text_files.desired(module.params['files'])
    placing = _executables.reconcile(desired, _executables.read(desired, receipts))
    writing = _text_files.reconcile(files, _text_files.read(files))
    needs = _executables.needs(placing)
    if needs and not module.check_mode:
        return dict(changed=False, needs=needs)
    if not module.check_mode:
        _executables.apply(placing, options, receipts)
        _text_files.apply(writing)
    plan = Plan(list(placing) + list(writing))
    return dict(plan.result(module._diff), paths_changed=plan.names())
