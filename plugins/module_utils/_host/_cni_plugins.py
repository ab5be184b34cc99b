# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CNI plugins on an agent: executables that live outside /opt/mesosphere, linked into a folder that Mesos searches.

A DC/OS upgrade swaps everything below /opt/mesosphere, so only links are made there and a later run makes them again (facts dcos.md 6.5).
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
import re

from ansible_collections.dcos.calico.plugins.module_utils._cni import _versions
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, CommandError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host import _command, _executables, _files

BIN_DIR = '/opt/calico/bin'
PLUGIN_DIR = '/opt/mesosphere/active/cni'
DCOS = '/opt/mesosphere'
HANDSHAKE_SECONDS = 20

PLUGIN_SPEC = dict(_executables.SOURCE_SPEC, name=dict(type='str', required=True))
PLACING_SPEC = dict(
    plugins=dict(type='list', elements='dict', default=[], options=PLUGIN_SPEC),
    executables=dict(type='list', elements='dict', default=[], options=_executables.EXECUTABLE_SPEC),
    bin_dir=dict(type='path', default=BIN_DIR),
    plugin_dir=dict(type='path', default=PLUGIN_DIR),
    required_cni_version=dict(type='str', default='0.1.0'),
)


def desired(params, options, state='present'):
    """(executables of the plugins, other executables) from the params of a module whose spec has PLACING_SPEC."""
    plugins = []
    for number, item in enumerate(params['plugins']):
        name, where = item['name'], 'plugins[%d]' % number
        if not re.match(r'^[A-Za-z0-9_][A-Za-z0-9_.-]*\Z', name):
            raise ValidationError('%s: %r cannot be the name of a plugin' % (where, name), remedy='Use letters, digits, dots and dashes')
        path, link = os.path.join(params['bin_dir'], name), os.path.join(params['plugin_dir'], name)
        plugins.append(_executables.executable(dict(item, path=path, links=[] if link == path else [link]), options, where, state))
    others = _executables.desired(params['executables'], options, state=state)
    _executables.check_unique(plugins + others)
    return plugins, others


def check_folder(folder):
    """DC/OS makes its folders; where they are missing, it is not installed (or not running yet), and links into them would be lost."""
    if (folder + '/').startswith(DCOS + '/') and not os.path.isdir(folder):
        raise CalicoError('The folder %s is not there' % folder, why='DC/OS is not installed on this host, or its installation is not complete',
                          remedy='Install DC/OS first, or name another folder')


def handshake(name, path, versions):
    """Ask an executable for the CNI versions it supports; raise CalicoError unless it is a CNI plugin that has all of these.

    :arg name: what the plugin is called when it is in place; it is run under this name, as some plugins look at theirs.
    :arg path: by which the staged executable can be run.
    """
    with _files.private_folder() as folder:
        alias = os.path.join(folder, name)
        _files.link(path, alias)
        try:
            answer = _command.run([alias], HANDSHAKE_SECONDS, stdin=_versions.question(versions[0]), environ=_versions.ENVIRONMENT)
        except CommandError as error:
            raise _no_plugin(name, str(error).rstrip('.'))
    supported = _versions.supported(answer.out)
    if answer.rc != 0 or supported is None:
        raise _no_plugin(name, answer.said()[:300])
    lacking = [version for version in versions if version not in supported]
    if lacking:
        raise CalicoError('The CNI plugin %s does not support CNI %s' % (name, ', '.join(lacking)), why='it supports %s' % ', '.join(supported),
                          remedy='Install a release of it that does, or ask for another version')
    return supported


def _no_plugin(name, why):
    return CalicoError('The file for %s is not a CNI plugin for this host' % name, why='asked for its CNI versions, the answer is: %s' % why,
                       remedy='Check the address and the architecture of the file; nothing was put in place')


def check_with(plugins, versions):
    """A check for _executables.apply: the handshake for those that are plugins.

    :arg versions: callable(name) -> list of CNI versions that the plugin must support.
    """
    paths = set(each.path for each in plugins)

    def check(each, staged):
        if each.path in paths:
            name = os.path.basename(each.path)
            handshake(name, staged, versions(name))

    return check


def report(plugins):
    """What a module returns about plugins: name, path and link of each."""
    return [dict(name=os.path.basename(each.path), path=each.path, link=each.links[0] if each.links else None) for each in plugins]
