# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CNI plugins; dcos.calico.cni_plugin and dcos.calico.uninstall run it."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _cni, _copies, _download, _executables

ARGUMENT_SPEC = dict(
    _cni.PLACING_SPEC,
    cni_config_dir=dict(type='path', default=_cni.NETWORK_DIR),
    force=dict(type='bool', default=False),
    state=dict(type='str', choices=['present', 'absent'], default='present'),
    receipts=dict(type='path', default=_executables.RECEIPTS),
    copies_dir=dict(type='path', default=_copies.DIRECTORY),
    **_download.DOWNLOAD_SPEC
)


def check_unused(plugins, plan, directory):
    """Raise if a network still names a plugin that is to go."""
    going = dict((name, each.path) for each in plugins for name in [each.path.rsplit('/', 1)[1]] if set([each.path] + each.links) & set(plan.names()))
    for path, found in sorted(_cni.read(directory).items()):
        used = sorted(name for name in found.network.plugins if name in going)
        if used:
            raise CalicoError('The plugin %s cannot be removed: %s names it' % (', '.join(used), path),
                              remedy='Remove that network first, and stop the containers that are on it; or set force')


def job(module):
    """Bring the plugins to the desired state; see RETURN."""
    params = module.params
    options = _download.Options.of(params)
    plugins, others = _cni.desired_plugins(params, options, params['state'])
    plan = _executables.reconcile(others + plugins, _executables.read(others + plugins, params['receipts']))
    needs = _executables.needs(plan)
    if params['state'] == 'absent' and not params['force']:
        try:
            check_unused(plugins, plan, params['cni_config_dir'])
        except CalicoError as error:
            if not module.check_mode:
                raise
            module.warn('%s' % error)  # Check mode cannot know which networks other tasks would have removed.
    if needs and not module.check_mode:
        return dict(changed=False, needs=needs)
    copies = _copies.plan(params['copies_dir'], False, executables=plugins if params['state'] == 'absent' else ())
    if not module.check_mode:
        if params['state'] == 'present':
            _cni.check_directory(params['plugin_dir'])
        if _copies.forget(params['copies_dir'], copies):  # Until then the unit can have put a link back.
            plan = _executables.reconcile(others + plugins, _executables.read(others + plugins, params['receipts']))
        _executables.apply(plan, options, params['receipts'], _cni.check_with(plugins, lambda name: [params['required_cni_version']]))
    changed = plan.names()
    plan.extend(copies)
    return dict(plan.result(module._diff), plugins=_cni.report_plugins(plugins), paths_changed=changed)
