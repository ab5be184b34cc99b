# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CNI network files and the plugins that they name; dcos.calico.cni_network and dcos.calico.agent_plan run it."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from ansible_collections.dcos.calico.plugins.module_utils._cni import _rules
from ansible_collections.dcos.calico.plugins.module_utils._host import _cni, _copies, _download, _executables

ARGUMENT_SPEC = dict(
    _cni.PLACING_SPEC,
    networks=dict(type='list', elements='dict', required=True, options=_cni.NETWORK_SPEC),
    dir=dict(type='path', default=_cni.NETWORK_DIR),
    plugin_dirs=dict(type='list', elements='path', default=_cni.PLUGIN_DIRS),
    dialect=dict(type='str', choices=list(_rules.DIALECTS), default='mesos'),
    receipts=dict(type='path', default=_executables.RECEIPTS),
    keep_copies=dict(type='bool', default=False),
    copies_dir=dict(type='path', default=_copies.DIRECTORY),
    **_download.DOWNLOAD_SPEC
)


def job(module):
    """Bring plugins, then networks, to the desired state; see RETURN."""
    params = module.params
    options = _download.Options.of(params)
    desired = _cni.desired(params['networks'], params['dir'], params['dialect'])
    plugins, others = _cni.desired_plugins(params, options)
    if not module.check_mode:
        written = [params['dir']] if any(each.config is not None for each in desired) else []
        for directory in written + ([params['plugin_dir']] if plugins else []):
            _cni.check_directory(directory)
    found = _cni.read(params['dir'])
    _cni.check_names(desired, found, params['dialect'])
    result = dict(
        networks=[dict(name=each.network.name, path=each.path) for each in desired if each.network],
        plugins_missing=_cni.check_plugins(desired, params['plugin_dirs'], others + plugins, predict=module.check_mode),
        **_untrusted(module, desired, found)
    )
    placing = _executables.reconcile(others + plugins, _executables.read(others + plugins, params['receipts']))
    needs = _executables.needs(placing)
    if needs and not module.check_mode:
        return dict(changed=False, needs=needs)
    writing = _cni.reconcile(desired, found)
    copies = _copies.plan(params['copies_dir'], params['keep_copies'], desired, plugins)
    if not module.check_mode:
        check = _cni.check_with(plugins, lambda name: _cni.versions(desired, name, params['required_cni_version']))
        if _copies.forget(params['copies_dir'], copies):  # Until then the unit can have put a network back.
            writing = _cni.reconcile(desired, _cni.read(params['dir']))
        _executables.apply(placing, options, params['receipts'], check)
        _cni.apply(writing)
        _copies.remember(copies)
    result.update(paths_changed=placing.names(), files_changed=writing.names())
    placing.extend(writing)
    placing.extend(copies)
    return dict(placing.result(module._diff), **result)


def _untrusted(module, desired, found):
    """Results about files that are not managed here, with a warning for each that is no configuration."""
    unmanaged = _cni.unmanaged(desired, found)
    for path, reason in unmanaged['invalid']:
        module.warn('%s is no CNI configuration (%s); Mesos reads it and logs an error: remove it.' % (path, reason))
    return dict(
        unparsable=[dict(path=path, reason=reason) for path, reason in unmanaged['invalid']],
        conflists=[path for path, unused in unmanaged['conflist']])
