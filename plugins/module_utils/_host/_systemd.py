# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""systemd units by systemctl(1), from systemd 219 on: read, reconcile, apply.

How a module with unit files of its own uses it::

    units = [Unit('x.service', enabled=True, state='started', restart_on=['/etc/systemd/system/x.service'])]
    states = read(units)
    late = _started.units(units, states)
    plan = reconcile(units, states, file_plan.names(), late)
    apply(plan, states, file_plan)
    _started.note_units(units, states, late, read(units))
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
import re

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, CommandError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host import _command, _files, _text_files
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline, now
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

UNIT_NAME = re.compile(r'^[A-Za-z0-9:_.\\-]+(@[A-Za-z0-9:_.\\-]+)?\.(service|socket|target|timer|path|mount|slice)\Z')
PROPERTIES = ('Id', 'LoadState', 'ActiveState', 'SubState', 'UnitFileState', 'NeedDaemonReload', 'FragmentPath', 'MainPID', 'Result', 'Job',
              'ActiveEnterTimestampMonotonic', 'ExecMainStartTimestampMonotonic')
# Of [Install], and the directories of links beside the units by which "systemctl enable" obeys them.
INSTALLS = (('WantedBy', 'wants'), ('RequiredBy', 'requires'))
CALL_TIMEOUT = 30
START_TIMEOUT = 90
SETTLE = 1.0
PAUSE = 0.1  # before the second look at a unit; later ones are longer
SECRETS = ((re.compile(r'(://[^/\s:@]*:)[^@\s/]+@'), r'\1***@'),
           (re.compile(r'(?i)((?:password|passwd|secret|token)["\']?\s*[:=]\s*)\S+'), r'\1***'))

# options=UNITS_SPEC of a list of dicts
UNITS_SPEC = dict(
    name=dict(type='str', required=True),
    enabled=dict(type='bool'),
    state=dict(type='str', choices=['started', 'stopped']),
    restart_on=dict(type='list', elements='path', default=[]),
    reload_on=dict(type='list', elements='path', default=[]),
    optional=dict(type='bool', default=False),
)


class Unit(object):
    """One desired unit.

    :arg enabled: bool, None leaves it as it is.
    :arg state: C(started), C(stopped), None leaves it as it is.
    :arg restart_on: paths; a running unit is restarted if one of them changes in this run, or is not what the unit's process was started with
        (a run that was killed between writing and restarting).
    :arg reload_on: the same for C(systemctl reload), but only for changes in this run.
    :arg optional: a host without the unit is fine.
    """
    __slots__ = ('name', 'enabled', 'state', 'restart_on', 'reload_on', 'optional')

    def __init__(self, name, enabled=None, state=None, restart_on=(), reload_on=(), optional=False):
        self.name = check_name(name)
        self.enabled = enabled
        self.state = state
        self.restart_on = [os.path.normpath(path) for path in restart_on]
        self.reload_on = [os.path.normpath(path) for path in reload_on]
        self.optional = optional


class UnitState(object):
    """What systemd knows of a unit; all text as systemctl prints it.

    load: loaded, not-found, masked, error. active: active, activating, inactive, failed, ... unit_file: enabled, disabled, static, masked or ''.
    need_reload, pending (a job is queued): bool. pid: int, 0 if none. since: CLOCK_MONOTONIC seconds of its process' start, 0.0 if never.
    """
    __slots__ = ('name', 'load', 'active', 'sub', 'unit_file', 'need_reload', 'fragment', 'pid', 'result', 'pending', 'since')

    def __init__(self, name, values):
        self.name = name
        self.load = values.get('LoadState', 'not-found')
        self.active = values.get('ActiveState', 'inactive')
        self.sub = values.get('SubState', 'dead')
        self.unit_file = values.get('UnitFileState', '')
        self.need_reload = values.get('NeedDaemonReload') == 'yes'
        self.fragment = values.get('FragmentPath', '')
        self.pid = _integer(values.get('MainPID'))
        self.result = values.get('Result', '')
        self.pending = values.get('Job', '') not in ('', '0')
        since = _integer(values.get('ExecMainStartTimestampMonotonic')) or _integer(values.get('ActiveEnterTimestampMonotonic'))
        self.since = since / 1e6

    @property
    def exists(self):
        return self.load != 'not-found'

    @property
    def enabled(self):
        return self.unit_file in ('enabled', 'enabled-runtime')

    @property
    def running(self):
        """Up, or on its way up: what a restart concerns."""
        return self.active in ('active', 'reloading', 'activating')


class Step(object):
    """What apply_*() does for a unit: enable (bool or None), action (start, stop, restart, reload or None)."""
    __slots__ = ('name', 'enable', 'action')

    def __init__(self, name, enable, action):
        self.name = name
        self.enable = enable
        self.action = action


def _integer(text):
    return int(text) if text and text.isdigit() else 0


def check_name(name):
    """The name, if systemd would take it for a unit's; templates without an instance are none."""
    if not UNIT_NAME.match(name) or len(name) > 255:
        raise ValidationError('%r is not the name of a systemd unit' % name, remedy='Write it with its type, like docker.service')
    return name


def desired(items):
    """Unit list from a list of dicts as UNITS_SPEC lets them through."""
    units = []
    for item in items:
        if any(unit.name == item['name'] for unit in units):
            raise ValidationError('The unit %s is given twice' % item['name'], remedy='Keep one of the two')
        units.append(Unit(**dict((key, item[key]) for key in UNITS_SPEC)))
    return units


def parse_show(names, text):
    """{name: UnitState} from the output of systemctl show: a block for each unit, in the order asked for. Pure."""
    blocks = [block for block in re.split(r'\n\s*\n', text.strip()) if block.strip()]
    if len(blocks) != len(names):
        raise CommandError('systemctl show answered for %d units, not for %d' % (len(blocks), len(names)), why=text.strip()[:200] or None)
    return dict((name, UnitState(name, dict(line.split('=', 1) for line in block.splitlines() if '=' in line)))
                for name, block in zip(names, blocks))


def read(units):
    """{name: UnitState} of a list of Unit or names, by one systemctl call."""
    names = [getattr(unit, 'name', unit) for unit in units]
    if not names:
        return {}
    argv = ['systemctl', 'show']
    for prop in PROPERTIES:
        argv += ['-p', prop]
    return parse_show(names, _command.run(argv + names, CALL_TIMEOUT, check=True).out)


def is_unit_file(path):
    """Whether systemd reads a path as (part of) a unit: a file in one of its system directories, drop-ins included. Pure."""
    return '/systemd/system/' in path


def reload_needed(changed_paths, states):
    """Whether systemd has to read its files again: one of them changes now, or did since it read them. Pure."""
    return any(is_unit_file(path) for path in changed_paths) or any(state.need_reload for state in states.values())


def reconcile(units, states, changed_paths=(), late=None):
    """Plan for the units, given what changes in this run. Pure.

    :arg changed_paths: paths of files that change in this run.
    :arg late: what _started.units() found.
    """
    plan = Plan()
    if not any(is_unit_file(path) for path in changed_paths) and reload_needed((), states):
        plan.add('systemd', 'unit files newer than loaded', 'unit files loaded')
    for unit in units:
        state = states[unit.name]
        if unit.optional and not state.exists and not _created(unit, changed_paths):
            continue
        _plan_unit(plan, unit, state, set(changed_paths), (late or {}).get(unit.name, []))
    return plan


def _created(unit, changed_paths):
    return any(is_unit_file(path) and os.path.basename(path) == unit.name for path in changed_paths)


def _plan_unit(plan, unit, state, changed, late):
    before = {'enabled': state.enabled, 'active': state.active}
    after = dict(before)
    if unit.enabled is not None:
        after['enabled'] = unit.enabled
    enable = unit.enabled if after['enabled'] != before['enabled'] else None
    action = _action(unit, state, changed, late)
    if action == 'stop':
        after['active'] = 'inactive'
    elif action == 'start':
        after['active'] = 'active'
    elif action:
        causes = sorted(changed.intersection(unit.restart_on + unit.reload_on).union(late))
        after.update({'active': 'active', action: 'because of %s' % ', '.join(causes)})
    plan.add(unit.name, before, after, how=Step(unit.name, enable, action))


def _action(unit, state, changed, late):
    """start, stop, restart, reload or None. A failed unit that is to be stopped is left: it is not running."""
    if unit.state == 'stopped':
        return 'stop' if state.running or state.active == 'deactivating' else None
    if state.running and (changed.intersection(unit.restart_on) or late and unit.restart_on):
        return 'restart'
    if unit.state == 'started' and state.active not in ('active', 'reloading'):
        return 'start'
    if state.active == 'active' and (changed.intersection(unit.reload_on) or late):
        return 'reload'
    return None


def check_known(units, states, changed_paths=()):
    """Raise before anything is touched if a unit cannot be had: unknown and not made in this run, or masked."""
    for unit in units:
        state = states[unit.name]
        desired = unit.state == 'started' or unit.enabled
        if desired and state.load == 'masked':
            raise CalicoError('The unit %s is masked on this host' % unit.name, remedy='Run "systemctl unmask %s" if it may run' % unit.name)
        if desired and not state.exists and not unit.optional and not _created(unit, changed_paths):
            raise CalicoError('This host has no unit %s' % unit.name, remedy='Install it, correct its name, or mark it optional')


def daemon_reload():
    """Let systemd read its unit files again."""
    _command.run(['systemctl', 'daemon-reload'], CALL_TIMEOUT * 2, check=True)


def links(path, text):
    """Paths of the links by which C(systemctl enable) would have a unit file started at boot. Pure."""
    found = []
    for key, kind in INSTALLS:
        for line in re.findall(r'^%s[ \t]*=[ \t]*(.*)$' % key, text, re.MULTILINE):
            found += [os.path.join(os.path.dirname(path), '%s.%s' % (target, kind), os.path.basename(path)) for target in line.split()]
    return found


def write(plan, states, file_plan):
    """Write the files of a plan. A unit that is new and to be enabled is linked before it is there: a run that is killed between the two
    leaves a link to nothing, which systemd passes over, and never a unit that does not come up with its host.
    """
    enabled = [step.name for step in _steps(plan) if step.enable]
    for path, text in sorted(_text_files.written(file_plan).items()):
        name = os.path.basename(path)
        if is_unit_file(path) and name in enabled and not (name in states and states[name].exists):
            for link in links(path, text):
                _files.link(path, link)
    _text_files.apply(file_plan)


def apply(plan, states, file_plan, timeout=START_TIMEOUT, wait=True, before_start=None):
    """Stop, write the files, let systemd read them, start: the order in which nothing runs with half of its files.

    :arg wait: whether to wait until what was started is active; False for callers that have a better way to see that.
    :arg before_start: see apply_starts().
    """
    apply_stops(plan, timeout)
    write(plan, states, file_plan)
    if reload_needed(file_plan.names(), states):
        daemon_reload()
    apply_starts(plan, timeout, wait=wait, before_start=before_start)


def _steps(plan):
    return [change.how for change in plan if isinstance(change.how, Step)]


def apply_stops(plan, timeout=START_TIMEOUT):
    """Stop and disable what is to be stopped and disabled; to be called before unit files are removed."""
    stop = [step.name for step in _steps(plan) if step.action == 'stop']
    disable = [step.name for step in _steps(plan) if step.enable is False]
    if stop:
        _command.run(['systemctl', 'stop'] + stop, timeout, check=True)
    if disable:
        _command.run(['systemctl', 'disable'] + disable, CALL_TIMEOUT * 2, check=True)


def apply_starts(plan, timeout=START_TIMEOUT, settle=None, wait=True, before_start=None):
    """Enable, start, restart and reload; returns when what was started is active, or raises with the journal's last words.

    :arg before_start: called when nothing but starting is left, such as to stop what is in the way.
    """
    steps = _steps(plan)
    enable = [step.name for step in steps if step.enable]
    if enable:
        _command.run(['systemctl', 'enable'] + enable, CALL_TIMEOUT * 2, check=True)
        states = read(enable)
        for name in enable:
            if not states[name].enabled:
                raise CalicoError('The unit %s cannot be enabled' % name, why='systemd calls it %s' % (states[name].unit_file or 'unknown'),
                                  remedy='Give it an [Install] section, or leave enabled out')
    if before_start:
        before_start()
    for action in ('reload', 'restart', 'start'):
        names = [step.name for step in steps if step.action == action]
        if names:
            start(names, action)
    started = [step.name for step in steps if step.action in ('start', 'restart')]
    if started and wait:
        wait_active(started, timeout, settle=settle)


def start(names, action='start'):
    """Queue a job for each unit. Not waited for here: a unit with Restart= may come up at its second try, which systemctl calls a failure."""
    if action != 'reload':
        # A unit that failed too often in a row is refused until this is said; nothing to say for the others.
        _command.run(['systemctl', 'reset-failed'] + names, CALL_TIMEOUT)
        _command.run(['systemctl', '--no-block', action] + names, CALL_TIMEOUT, check=True)
        return
    _command.run(['systemctl', action] + names, CALL_TIMEOUT * 2, check=True)


def stop(names, timeout=START_TIMEOUT):
    """Stop units and wait until they are."""
    _command.run(['systemctl', 'stop'] + list(names), timeout, check=True)


def disable(names):
    """Have units not come up with their host."""
    _command.run(['systemctl', 'disable'] + list(names), CALL_TIMEOUT * 2, check=True)


def wait_active(names, timeout=START_TIMEOUT, settle=None, clock=None, sleep=None):
    """Wait until every unit is active and has been so with one and the same process for C(settle) seconds, by default SETTLE.

    :returns: {name: UnitState}. Raises CalicoError at once for a unit that failed for good, or at the deadline.
    """
    deadline, steady, pause = Deadline(timeout, clock, sleep), None, PAUSE
    settle, clock = SETTLE if settle is None else settle, clock or now
    while True:
        states = read(names)
        for name in names:
            if states[name].active in ('failed', 'inactive') and not states[name].pending:
                raise _failure(states[name], 'did not start')
        pids = [states[name].pid for name in names]
        if all(states[name].active == 'active' and not states[name].pending for name in names):
            if steady is None or steady[0] != pids:
                steady = (pids, clock())
            if clock() - steady[1] >= settle:
                return states
        else:
            steady = None
        if not deadline.pause(pause):
            late = next((states[name] for name in names if states[name].active != 'active'), states[names[0]])
            raise _failure(late, 'was not steadily active within %g seconds' % timeout)
        pause = min(pause * 1.5, 1.0)


def _failure(state, what):
    why = 'it is %s (%s)%s' % (state.active, state.sub, ', result %s' % state.result if state.result not in ('', 'success') else '')
    tail = journal_tail(state.name)
    return CalicoError('The unit %s %s' % (state.name, what), why=why + (', its journal ends with: %s' % tail if tail else ''),
                       remedy='See "journalctl -u %s" on the host' % state.name)


def hide_secrets(text):
    """Passwords and tokens taken out of a program's words. Pure."""
    for pattern, replacement in SECRETS:
        text = pattern.sub(replacement, text)
    return text


def journal_tail(name, lines=6):
    """The last lines of a unit's journal for an error message, each once, in one line, without secrets; '' if there is no journal."""
    try:
        result = _command.run(['journalctl', '-u', name, '-n', str(lines), '--no-pager', '-o', 'cat'], CALL_TIMEOUT)
    except CommandError:
        return ''
    said = []
    for line in (line.strip() for line in result.out.splitlines()):
        if line and not line.startswith('-- ') and line not in said:
            said.append(line)
    return hide_secrets(' | '.join(said)) if result.rc == 0 else ''
