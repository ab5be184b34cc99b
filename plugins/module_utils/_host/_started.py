# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What processes were started with: digests of their files, noted for as long as the process lives, so that no clock and no copying of times decides.

A process that nobody noted yet, because systemd started it at boot, somebody by hand, or an older version of this collection, is compared once by the
times of its files. What is found good then is noted, and compared from then on; so a host is not restarted for the lack of a note. What a file was that was
changed before the first look, and given an old time, cannot be known.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import json
import os
import time

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _files
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import now

PATH = '/run/dcos-calico/started.json'  # lost at boot, as are the processes
# Seconds by which a file must be younger than a process: longer than the clocks' reading error, shorter than any two runs are apart.
SLACK = 1.0


class Process(object):
    """One process that runs: name (of its unit or container), identity (text that no other process of this name has), since (seconds of the epoch at
    which it was started, by the clock as it is now)."""
    __slots__ = ('name', 'identity', 'since')

    def __init__(self, name, identity, since):
        self.name = name
        self.identity = identity
        self.since = since


def of_unit(state):
    """The Process of a _systemd.UnitState; None if there is none."""
    if not state.since or not state.running:
        return None
    return Process(state.name, '%d %.6f' % (state.pid, state.since), state.since + time.time() - now())


def other(process, paths):
    """Those of the paths that a process was not started with as they are now."""
    noted = _noted(process)
    return [path for path in paths if os.path.exists(path) and _is_other(noted.get(path), process, path)]


def note(process, paths):
    """Note that a process was started with these files as they are. What is noted of it already stays: it was looked at closer to the start."""
    noted = _noted(process)
    found = dict((path, noted.get(path) or _entry(path)) for path in paths)
    if any(path not in noted for path in found):
        entries = _read()
        entries[process.name] = {'process': process.identity, 'files': dict(noted, **found)}
        _files.ensure_directory(os.path.dirname(PATH))
        _files.write_atomic(PATH, json.dumps(entries, indent=2, sort_keys=True, separators=(',', ': ')) + '\n', mode=0o600)


def units(desired, states):
    """{unit name: paths of its restart_on that its process was not started with}: what a run that was killed did not get to.

    :arg desired: [_systemd.Unit].
    :arg states: {name: _systemd.UnitState}.
    """
    found = [(unit, of_unit(states[unit.name])) for unit in desired]
    return dict((unit.name, other(process, unit.restart_on)) for unit, process in found if process)


def may_note(module, changes):
    """Whether a job notes although it changes nothing: asked by a plan, outside check mode, where the host is as desired, so that nobody else will.

    :arg changes: whether something would change.
    """
    return getattr(module, 'notes', False) and not changes


def note_units(desired, before, late, after):
    """Note what the units' processes were started with, at the end of a run.

    :arg before, after: {name: _systemd.UnitState}.
    :arg late: what units() gave of those before, which is not what a process that was left alone was started with.
    """
    for unit in desired:
        process, old = of_unit(after[unit.name]), of_unit(before[unit.name])
        if process:
            left_alone = late.get(unit.name, ()) if old and old.identity == process.identity else ()
            note(process, [path for path in unit.restart_on if path not in left_alone])


def _is_other(entry, process, path):
    if entry is None:
        return os.stat(path).st_mtime > process.since + SLACK
    return entry['is'] != _signature(path) and entry['sha256'] != _files.sha256_of(path)


def _entry(path):
    if not os.path.exists(path):
        return {'is': None, 'sha256': None}
    return {'is': _signature(path), 'sha256': _files.sha256_of(path)}


def _signature(path):
    """What is another one whenever a file was written to: if it is the same, its content need not be read. Only ever compared for being the same."""
    found = os.stat(path)
    return [found.st_ino, found.st_size, repr(found.st_mtime), repr(found.st_ctime)]


def _noted(process):
    """{path: entry} of what is noted of this very process."""
    entry = _read().get(process.name)
    if not isinstance(entry, dict) or entry.get('process') != process.identity or not isinstance(entry.get('files'), dict):
        return {}
    return dict((path, each) for path, each in entry['files'].items() if isinstance(each, dict) and 'is' in each and 'sha256' in each)


def _read():
    """The notes; those that make no sense are none."""
    try:
        found = json.loads((_files.state_of(PATH).content() or b'{}').decode('utf-8'))
    except (IOError, OSError, ValueError, CalicoError):
        return {}
    return found if isinstance(found, dict) else {}
