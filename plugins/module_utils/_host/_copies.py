# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of what a run put below /opt/mesosphere: networks' files, and links to plugins. The unit calico-agent-files of an agent puts back from them what an
upgrade of DC/OS took away (plugins/plugin_utils/_keep_files.py).

A copy of /a/b is DIRECTORY/a/b. There is one only of what a run has brought about, and while a run changes something there is none of it: so a run that is
killed leaves nothing that the unit would put back too early, or again.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os

from ansible_collections.dcos.calico.plugins.module_utils._cni import _config
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _files, _lock, _text_files
from ansible_collections.dcos.calico.plugins.module_utils._host._text_files import TextFile
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

UNIT = 'calico-agent-files'
SERVICE, WATCH = UNIT + '.service', UNIT + '.path'
DIRECTORY = '/etc/calico/agent-files'
PATIENCE = 60  # seconds for the unit to be done


def path_of(directory, path):
    """Where the copy of a path is."""
    return os.path.join(directory, path.lstrip('/'))


def _others(directory, parents, known):
    """Copies of what is in directories of the host, but for those that are known."""
    found = []
    for parent in sorted(set(path_of(directory, parent) for parent in parents)):
        try:
            names = sorted(os.listdir(parent)) if os.path.isdir(parent) else []
        except OSError as error:
            raise CalicoError('The directory %s cannot be read' % parent, why=error.strerror)
        paths = [os.path.join(parent, name) for name in names]
        found += [path for path in paths if path not in known and not os.path.isdir(path)]
    return found


def plan(directory, keep, networks=(), executables=()):
    """Plan of the copies. C(how) is a TextFile, or the target of a link.

    :arg keep: whether what is to be on the host has copies, and nothing else of its directories has; otherwise what is named here has none.
    :arg networks: [_cni.Desired].
    :arg executables: [_executables.Executable], of which the links are meant.
    """
    links = dict((path_of(directory, link), each.path) for each in executables for link in each.links)
    files = [_network(path_of(directory, each.path), each, keep) for each in networks]
    found = Plan()
    if keep:
        parents = [os.path.dirname(path) for path in [each.path for each in networks] + [link for each in executables for link in each.links]]
        files += [TextFile(path, kind='absent') for path in _others(directory, parents, set(links).union(item.path for item in files))]
        for path, target in sorted(links.items()):
            state = _files.state_of(path)
            before = {'link to': state.target} if state.kind == 'link' else None if state.kind == 'absent' else state.kind
            found.add(path, before, {'link to': target}, how=target)
    else:
        files += [TextFile(path, kind='absent') for path in sorted(links)]
    found.extend(_text_files.reconcile(files, _text_files.read(files)))
    return found


def _network(path, each, keep):
    if each.config is None or not keep:
        return TextFile(path, kind='absent')
    return TextFile(path, _config.render(each.config), mode=each.mode, secret=each.secret)


def forget(directory, copies):
    """Remove the copies that a plan changes, before what they are copies of is touched, and wait until the unit does not work with them any more. Return
    whether there were some: what they are copies of may be there again, and is to be looked at anew."""
    if not copies:
        return False
    for path in copies.names():
        _files.remove(path)
    if os.path.isdir(directory):
        with _lock.held_directory(directory, PATIENCE):
            pass
    return True


def remember(copies):
    """Make the copies of a plan, after what they are copies of was brought about."""
    files = [change.how for change in copies if isinstance(change.how, TextFile) and change.after is not None]
    for change in copies:
        if change.how is not None and not isinstance(change.how, TextFile):
            _files.ensure_directory(os.path.dirname(change.name))
            _files.link_atomic(change.how, change.name)
    _text_files.write(files)
