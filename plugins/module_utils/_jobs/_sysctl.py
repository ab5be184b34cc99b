# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel settings, in one drop-in file and in the running kernel; dcos.calico.sysctl and dcos.calico.agent_plan run it.

The file and /proc/sys are read and written directly. Format and order of the files: sysctl.d(5).

What a value was before this collection changed it is noted first, {file: {key: {before, after}}}, so that it can be set back when the file goes.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import fnmatch
import glob
import itertools
import json
import os
import re

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host import _files, _stream
from ansible_collections.dcos.calico.plugins.module_utils._untrusted import from_json
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

PROC_SYS = '/proc/sys'
HEADER = '# Managed by Ansible (dcos.calico.sysctl); changes made here by hand are overwritten.\n'
# Of files of one name the first directory's counts; all that count are read in the order of their names.
DIRECTORIES = ('/etc/sysctl.d', '/run/sysctl.d', '/usr/local/lib/sysctl.d', '/usr/lib/sysctl.d', '/lib/sysctl.d')
# Read by "sysctl --system" after all of them; systemd reads it where a distribution has a link 99-sysctl.conf.
LAST = '/etc/sysctl.conf'
NOTES = '/var/lib/dcos-calico/sysctl.json'
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
    """path of the file, its text (None: no file), settings for the running kernel, others: {key: value that somebody else is going to set}."""
    __slots__ = ('path', 'text', 'settings', 'others')

    def __init__(self, path, text, settings, others=()):
        self.path = path
        self.text = text
        self.settings = settings
        self.others = dict(others)


class Actual(object):
    """text of the file (None: no file), running: [(key, path, value, desired value)], missing: names of optional keys, overridden: [{key, value, file}]
    of desired settings that a file read later sets to something else, left: keys that are not set back, because nobody noted what they were, or because
    somebody else has set them since, notes: of this file."""
    __slots__ = ('text', 'running', 'missing', 'overridden', 'left', 'notes')

    def __init__(self, text, running, missing, overridden=(), left=(), notes=()):
        self.overridden = list(overridden)
        self.left = list(left)
        self.notes = dict(notes)
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


def _other_files(path, later=False):
    """Files that are read beside the one at a path, in their order; later: only those that are read after it."""
    directory, name = os.path.split(path)
    directories = DIRECTORIES if directory in DIRECTORIES else (directory,)
    found = {}
    for each in directories:
        for path in glob.glob(os.path.join(each, '*.conf')):
            found.setdefault(os.path.basename(path), path)
    names = [other for other in sorted(found) if other > name or other < name and not later]
    return [found[other] for other in names] + ([LAST] if directory in DIRECTORIES and os.path.isfile(LAST) else [])


def _assigned(path):
    """assignments() of a file; none of one that cannot be read."""
    try:
        with open(path, 'rb') as handle:
            return assignments(to_native(_stream.whole(handle, path), errors='surrogate_or_replace'))
    except (IOError, OSError):
        return []


def _matches(pattern, parts):
    return len(pattern) == len(parts) and all(fnmatch.fnmatchcase(one, other) for one, other in zip(parts, pattern))


def overridden(desired):
    """[{key, value, file}] of desired settings to which a later file gives another value, which counts after the next boot."""
    last = {}
    for path in _other_files(desired.path, later=True):
        for parts, value in _assigned(path):
            for setting in (setting for setting in desired.settings if not setting.wildcard):
                if _matches(parts, setting.parts):
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
    others = dict((spelled(parse_key(item['key'])), normalise(item['value'])) for item in params['set_by_others'])
    return Desired(path, render(settings), settings, others)


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
    text, notes, left = None if content is None else to_native(content, errors='surrogate_or_replace'), read_notes().get(desired.path, {}), []
    if desired.text is None:
        running, left = _back(desired.path, text, notes)
    return Actual(text, running, missing, overridden(desired), left, notes)


def read_notes():
    """{path of a file: {key: {before, after}}}; what makes no sense is left out."""
    try:
        found = from_json(to_native(_files.state_of(NOTES).content() or b'{}'))
    except ValueError:
        return {}
    return dict((path, dict((key, note) for key, note in keys.items() if isinstance(note, dict) and set(note) == set(['before', 'after'])))
                for path, keys in found.items() if isinstance(keys, dict)) if isinstance(found, dict) else {}


def _write_notes(path, notes):
    """Replace the notes of a file; with none of any file they are gone."""
    entries = dict(read_notes(), **{path: notes})
    entries = dict((name, keys) for name, keys in entries.items() if keys)
    if entries:
        _files.ensure_directory(os.path.dirname(NOTES))
        _files.write_atomic(NOTES, json.dumps(entries, indent=2, sort_keys=True, separators=(',', ': ')) + '\n')
    else:
        _files.remove(NOTES)


def _path_of(key):
    return os.path.join(PROC_SYS, *parse_key(key))


def _back(file, text, notes):
    """(running, left) of what is to be set back: keys that still have the value that they were given, by us or by those for whom it was noted.

    What another file asks for as well is not set back: it is as it is to be without ours.
    """
    ours = dict((spelled(parts), value) for parts, value in assignments(text or ''))
    others = [each for path in _other_files(file) for each in _assigned(path)]
    running, left = [], []
    for key in sorted(set(ours) | set(notes)):
        path = _path_of(key)
        if not os.path.isfile(path):
            continue
        value, note = _read_key(path), notes.get(key)
        asked = [other for parts, other in others if _matches(parts, parse_key(key))][-1:]
        if asked == [value]:
            continue
        if note and value == ours.get(key, note['after']):
            running.append((key, path, value, note['before']))
        elif not note or value != note['before']:
            left.append(key)
    return running, left


def _to_note(desired, actual):
    """{key: {before, after}} of what was not noted yet. What the file has already was set before there were notes."""
    ours = set(spelled(parts) for parts, dummy in assignments(actual.text or ''))
    found = dict((spelled(setting.parts), (_path_of(spelled(setting.parts)), setting.value)) for setting in desired.settings if not setting.wildcard)
    if actual.text is None:
        found.update((key, (_path_of(key), value)) for key, value in desired.others.items())
    return dict((key, {'before': _read_key(path), 'after': value}) for key, (path, value) in found.items()
                if key not in actual.notes and key not in ours and os.path.isfile(path))


def reconcile(desired, actual):
    """Plan: the file first, then each key of the running kernel."""
    plan = Plan()
    plan.add(desired.path, actual.text, desired.text)
    for name, path, value, target in actual.running:
        plan.add(name, value, target, how=path)
    return plan


def apply(desired, actual, plan):
    """Make the changes of a plan and read back what was written. The kernel is asked first: what it refuses is in no file, and in nothing else."""
    done, notes = [], _to_note(desired, actual) if desired.text is not None and plan else {}
    if notes:
        _write_notes(desired.path, dict(actual.notes, **notes))
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
    if desired.text is None and actual.notes:
        _write_notes(desired.path, {})


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
    set_by_others=dict(type='list', elements='dict', default=[], options=dict(
        key=dict(type='str', required=True, no_log=False),
        value=dict(type='str', required=True),
    )),
    state=dict(type='str', choices=['present', 'absent'], default='present'),
)


def job(module):
    """Bring file and running kernel to the desired state; see RETURN."""
    desired = desired_state(module.params)
    actual = read(desired)
    plan = reconcile(desired, actual)
    if not module.check_mode:
        apply(desired, actual, plan)
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
        keys_left=actual.left,
    )
