# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel settings, in one drop-in file and in the running kernel; dcos.calico.sysctl and dcos.calico.agent_plan run it.

The file and /proc/sys are read and written directly. Format and order of the files: sysctl.d(5).
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import fnmatch
import glob
import itertools
import os
import re

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host import _files, _stream
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

PROC_SYS = '/proc/sys'
HEADER = '# Managed by Ansible (dcos.calico.sysctl); changes made here by hand are overwritten.\n'
# Of files of one name the first directory's counts; all that count are read in the order of their names.
DIRECTORIES = ('/etc/sysctl.d', '/run/sysctl.d', '/usr/local/lib/sysctl.d', '/usr/lib/sysctl.d', '/lib/sysctl.d')
# Read by "sysctl --system" after all of them; systemd reads it where a distribution has a link 99-sysctl.conf.
LAST = '/etc/sysctl.conf'
PART = re.compile(r'^[A-Za-z0-9_@:*.-]+\Z')


class Setting(object):
    """One desired setting: name as the user wrote it, parts of its path, value with single blanks, optional."""
    __slots__ = ('name', 'parts', 'value', 'optional')

    def __init__(self, name, parts, value, optional):
        self.name = name
        self.parts = parts
        self.value = value
        self.optional = optional

    @property
    def wildcard(self):
        return any('*' in part for part in self.parts)


class Desired(object):
    """path of the file, its text (None: no file), settings for the running kernel."""
    __slots__ = ('path', 'text', 'settings')

    def __init__(self, path, text, settings):
        self.path = path
        self.text = text
        self.settings = settings


class Actual(object):
    """text of the file (None: no file), running: [(key, path, value, desired value)], missing: names of optional keys, overridden: [{key, value, file}]
    of desired settings that a file read later sets to something else."""
    __slots__ = ('text', 'running', 'missing', 'overridden')

    def __init__(self, text, running, missing, overridden=()):
        self.overridden = list(overridden)
        self.text = text
        self.running = running
        self.missing = missing


def normalise(value):
    """The kernel separates several numbers by tabs; compare them with single blanks."""
    return ' '.join(value.split())


def parse_key(key):
    """Parts of a key (sysctl.d(5)): separated by slashes if the first separator is one, else by dots, and then a slash stands for a dot of a name."""
    first = next((character for character in key if character in './'), '.')
    parts = key.strip(first).split(first)
    if first == '.':
        parts = [part.replace('/', '.') for part in parts]
    if len(parts) < 2 or not all(PART.match(part) and part not in ('.', '..') for part in parts):
        raise ValidationError('%r is not the name of a kernel setting' % key, remedy='Write it like net.ipv4.ip_forward')
    return parts


def spelled(parts):
    """A key that every reader understands: with slashes where a part has a dot of its own."""
    return ('/' if any('.' in part for part in parts) else '.').join(parts)


def meant(parts):
    """The parts that were probably meant by a key that the kernel does not have: those with a dot were written with dots between; None if none fits."""
    for low, high in itertools.combinations(range(len(parts) + 1), 2):
        joined = parts[:low] + ['.'.join(parts[low:high])] + parts[high:]
        if high - low > 1 and os.path.isfile(os.path.join(PROC_SYS, *joined)):
            return joined
    return None


def assignments(text):
    """[(parts, value)] of the text of a file, what makes no sense left out. Pure."""
    found = []
    for line in text.splitlines():
        key, equals, value = line.strip().partition('=')
        if not equals or line.strip()[:1] in ('#', ';'):
            continue
        try:
            found.append((parse_key(key.strip().lstrip('-')), normalise(value)))
        except ValidationError:
            continue
    return found


def _later_files(path):
    """Files that are read after the one at a path."""
    directory, name = os.path.split(path)
    directories = DIRECTORIES if directory in DIRECTORIES else (directory,)
    found = {}
    for each in directories:
        for path in glob.glob(os.path.join(each, '*.conf')):
            found.setdefault(os.path.basename(path), path)
    later = [found[other] for other in sorted(found) if other > name]
    return later + ([LAST] if directory in DIRECTORIES and os.path.isfile(LAST) else [])


def overridden(desired):
    """[{key, value, file}] of desired settings to which a later file gives another value, which counts after the next boot."""
    last = {}
    for path in _later_files(desired.path):
        try:
            with open(path, 'rb') as handle:
                text = to_native(_stream.whole(handle, path), errors='surrogate_or_replace')
        except (IOError, OSError):
            continue
        for parts, value in assignments(text):
            for setting in (setting for setting in desired.settings if not setting.wildcard):
                if len(parts) == len(setting.parts) and all(fnmatch.fnmatchcase(one, other) for one, other in zip(setting.parts, parts)):
                    last[setting.name] = (value, setting.value, path)
    return [{'key': key, 'value': value, 'file': path} for key, (value, ours, path) in sorted(last.items()) if value != ours]


def render(settings):
    """Text of the file: wildcards are left out, as systemd before 244 does not know them."""
    lines = ['%s = %s\n' % (setting.name, setting.value) for setting in settings if not setting.wildcard]
    return HEADER + ''.join(lines)


def desired_state(params):
    """Desired from the module's params; refuses names that are no file names and keys given twice."""
    name = params['name']
    if not re.match(r'^[A-Za-z0-9_][A-Za-z0-9_.-]*\Z', name):
        raise ValidationError('%r cannot be the name of a file in %s' % (name, params['directory']), remedy='Use letters, digits, dots and dashes')
    path = os.path.join(params['directory'], name + '.conf')
    if params['state'] == 'absent':
        return Desired(path, None, [])
    settings = []
    for item in params['settings']:
        parts = parse_key(item['key'])
        if any(setting.parts == parts for setting in settings):
            raise ValidationError('The key %s is given twice' % item['key'], remedy='Keep one of the two')
        settings.append(Setting(item['key'], parts, normalise(item['value']), item['optional']))
    return Desired(path, render(settings), settings)


def _read_key(path):
    with open(path, 'rb') as handle:
        return normalise(to_native(_stream.whole(handle, path)))


def _live(setting):
    """(name, path) of each existing entry that a setting stands for."""
    paths = sorted(glob.glob(os.path.join(PROC_SYS, *setting.parts))) if setting.wildcard else [os.path.join(PROC_SYS, *setting.parts)]
    for path in paths:
        if os.path.isfile(path):
            yield (spelled(os.path.relpath(path, PROC_SYS).split(os.sep)) if setting.wildcard else setting.name), path


def read(desired):
    """Actual state of what is required. A wildcard that matches nothing is fine; a plain key that the kernel lacks is not, unless optional."""
    running, missing = [], []
    for setting in desired.settings:
        live = list(_live(setting))
        if not live and not setting.wildcard:
            if not setting.optional:
                other = meant(setting.parts)
                raise CalicoError('The running kernel has no setting %s' % setting.name, remedy='Write %s' % spelled(other) if other else
                                  'Load the kernel module it belongs to, correct its name, or mark it optional')
            missing.append(setting.name)
        for name, path in live:
            running.append((name, path, _read_key(path), setting.value))
    state = _files.state_of(desired.path)
    content = state.content()
    return Actual(None if content is None else to_native(content, errors='surrogate_or_replace'), running, missing, overridden(desired))


def reconcile(desired, actual):
    """Plan: the file first, then each key of the running kernel."""
    plan = Plan()
    plan.add(desired.path, actual.text, desired.text)
    for name, path, value, target in actual.running:
        plan.add(name, value, target, how=path)
    return plan


def apply(desired, plan):
    """Make the changes of a plan and read back what was written. The kernel is asked first: what it refuses is in no file, and in nothing else."""
    done = []
    for change in (change for change in plan if change.name != desired.path):
        try:
            _write_key(change, change.after)
        except CalicoError:
            for other in reversed(done + [change]):
                _put_back(other)
            raise
        done.append(change)
    for change in (change for change in plan if change.name == desired.path):
        if change.after is None:
            _files.remove(desired.path)
        else:
            _files.ensure_directory(os.path.dirname(desired.path))
            _files.write_atomic(desired.path, change.after)


def _put_back(change):
    try:
        _write_key(change, change.before)
    except CalicoError:
        pass  # The error that is told is the one that began it.


def _write_key(change, value):
    try:
        _files.overwrite(change.how, value + '\n')
    except (IOError, OSError) as error:
        raise CalicoError('The kernel setting %s cannot be set to %s' % (change.name, value), why=to_native(error),
                          remedy='Check the value, and that %s is writable (it is not in an unprivileged container)' % PROC_SYS)
    now = _read_key(change.how)
    if now != value:
        raise CalicoError('The kernel took %s for %s, not %s' % (now, change.name, value), remedy='Give a value that the kernel accepts')


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
    desired = desired_state(module.params)
    actual = read(desired)
    plan = reconcile(desired, actual)
    if not module.check_mode:
        apply(desired, plan)
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
