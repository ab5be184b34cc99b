# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Mesos agent of a DC/OS host: its unit, what it was started with, what its API says, and whether it is registered and its tasks run after a restart.

Mesos 1.2 and later read a network when it is first used, so only what the process got at its start asks for a restart. An agent that is restarted
recovers its executors and registers under the same id; tasks live on if their framework checkpoints.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
import re

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._untrusted import from_json
from ansible_collections.dcos.calico.plugins.module_utils._host import _command, _facts_dcos, _http, _network, _systemd
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline, agreed

try:
    from http.client import HTTPConnection, HTTPException
except ImportError:
    from httplib import HTTPConnection, HTTPException

UNITS = {'private': 'dcos-mesos-slave.service', 'public': 'dcos-mesos-slave-public.service'}
# What the agent gets at its start and Calico depends on. Changing one of them keeps the agent's id.
VARIABLES = ('MESOS_NETWORK_CNI_CONFIG_DIR', 'MESOS_NETWORK_CNI_PLUGINS_DIR')
PORT = 5051
LATEST = '/var/lib/mesos/slave/meta/slaves/latest'
LOOK_SECONDS = 5
LARGEST_STATE = 64 << 20  # an agent remembers ended tasks of 50 frameworks
PAUSE = 0.3
LONGEST_PAUSE = 2.0
LOOSE = 2
CLOSED = (401, 403)
LIVE = ('TASK_STAGING', 'TASK_STARTING', 'TASK_RUNNING', 'TASK_KILLING', 'TASK_UNREACHABLE')
# How a task may end by itself, or by its framework's will, while the agent is away.
ENDED_WELL = ('TASK_FINISHED', 'TASK_KILLED')


class View(object):
    """What the agent's API says.

    trouble: None, or why it says nothing. closed: it requires authentication, as in DC/OS Enterprise. agent_id: '' while it is not known.
    registered: bool, None if not known. live: ids of tasks that run or are about to. at_risk: those of them whose framework does not checkpoint.
    ended: {id: state}.
    """
    __slots__ = ('trouble', 'closed', 'agent_id', 'registered', 'live', 'at_risk', 'ended')

    def __init__(self, trouble=None, closed=False, agent_id='', registered=None, live=(), at_risk=(), ended=None):
        self.trouble = trouble
        self.closed = closed
        self.agent_id = agent_id
        self.registered = registered
        self.live = sorted(live)
        self.at_risk = sorted(at_risk)
        self.ended = dict(ended or {})


# ---- the unit and what its process was started with

def unit_name():
    """The agent's unit by the mark of DC/OS' role; None on other hosts."""
    return UNITS.get(_facts_dcos.role())


def parse_files(text):
    """[(path, whether it may be missing)] of C(systemctl show -p EnvironmentFiles); systemd 219 writes EnvironmentFile= there. Pure."""
    return [(match.group(1), match.group(2) == 'yes') for match in re.finditer(r'^EnvironmentFiles?=(.+) \(ignore_errors=(yes|no)\)$', text, re.MULTILINE)]


def parse_environment(text):
    """{name: value} of a file that EnvironmentFile= names. Pure."""
    found = {}
    for line in text.splitlines():
        name, equals, value = line.strip().partition('=')
        if equals and re.match(r'^[A-Za-z_][A-Za-z0-9_]*\Z', name):
            value = value.strip()
            found[name] = value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in '"\'' else value
    return found


def desired_environment(unit):
    """{name: value} of what the next start would get: the files in the unit's order, the last one wins."""
    found = {}
    for path, _unused in parse_files(_command.run(['systemctl', 'show', '-p', 'EnvironmentFiles', unit], _systemd.CALL_TIMEOUT, check=True).out):
        found.update(parse_environment(_network.read(path) or ''))
    return found


def process_environment(pid):
    """{name: value} that a process was started with; None if that cannot be seen."""
    text = _network.read(_network.PROC, str(pid), 'environ') if pid else None
    if not text:
        return None
    return dict(entry.split('=', 1) for entry in text.split('\0') if '=' in entry)


def changed_variables(desired, running):
    """Sentences about VARIABLES that a running process has otherwise than its next start would; none where that cannot be seen. Pure."""
    if running is None:
        return []
    return ['%s: the agent runs with %s, and its files now say %s' % (name, running.get(name) or 'none', desired[name])
            for name in VARIABLES if name in desired and desired[name] != running.get(name)]


def reasons(unit, state):
    """Why the agent has to be restarted, as sentences: by what it was started with. Its files may have changed, and it been restarted, between two looks."""
    return agreed(lambda: _reasons(unit, _systemd.read([unit])[unit]), bool) if _reasons(unit, state) else []


def _reasons(unit, state):
    return changed_variables(desired_environment(unit), process_environment(state.pid)) if state.running else []


def facts():
    """For agent_info: {unit, active, restart_reasons}; unit is None where this host is no agent."""
    unit = unit_name()
    if unit is None:
        return {'unit': None, 'active': None, 'restart_reasons': []}
    state = _systemd.read([unit])[unit]
    return {'unit': unit, 'active': state.active, 'restart_reasons': reasons(unit, state)}


# ---- its API

def get(address, port, path):
    """(status, document) of a GET; raises IOError, ValueError or HTTPException. Not by open_url: the agent is never behind a proxy."""
    connection = HTTPConnection(address, port, timeout=LOOK_SECONDS)
    try:
        answer = _http.ask(connection, path, LOOK_SECONDS, largest=LARGEST_STATE)
        body = to_native(answer.body, errors='surrogate_or_replace')
        return answer.status, from_json(body) if answer.status == 200 else body
    finally:
        connection.close()


def tasks_of(state):
    """(ids of live tasks, those of frameworks that do not checkpoint, {id: state} of ended ones) in the agent's /state. Pure."""
    live, at_risk, ended = set(), set(), {}
    for framework in state.get('frameworks') or ():
        running = framework.get('executors') or []
        for executor in running + (framework.get('completed_executors') or []):
            for task in (executor.get('queued_tasks') or []) + (executor.get('tasks') or []):
                (live.add(task['id']) if task.get('state', LIVE[0]) in LIVE else ended.update({task['id']: task['state']}))
            ended.update((task['id'], task.get('state')) for task in executor.get('completed_tasks') or ())
        if not framework.get('checkpoint', True):
            at_risk.update(task['id'] for executor in running for task in executor.get('tasks') or ())
    return live, at_risk, ended


def look(address, port):
    """A View; never raises for what the agent does."""
    try:
        status, state = get(address, port, '/state')
        if status in CLOSED:
            return View(closed=True)
        if status != 200:
            return View('its API answers with status %d (%s)' % (status, ' '.join(state.split())[:80]))
        live, at_risk, ended = tasks_of(state)
        metrics = get(address, port, '/metrics/snapshot')
        registered = bool(metrics[1].get('slave/registered')) if metrics[0] == 200 else None
    except HTTPException as error:
        # A port that speaks TLS only, as in Enterprise's strict mode, is no HTTP server.
        return View('it does not speak plain HTTP (%s)' % (to_native(error) or type(error).__name__), closed=True)
    except (IOError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return View('it does not answer on %s:%d (%s)' % (address, port, to_native(error)))
    return View(agent_id=state.get('id') or '', registered=registered, live=live, at_risk=at_risk, ended=ended)


def recorded_id():
    """The agent's id as its own checkpoint has it, '' without one."""
    return os.path.basename(os.readlink(LATEST)) if os.path.islink(LATEST) else ''


# ---- the way back

def lost(before, now):
    """[(id, state or None)] of tasks that ran before and came to a bad end, or are not to be seen at all. Pure."""
    gone = [task for task in before.live if task not in now.live and task not in before.at_risk]
    return [(task, now.ended.get(task)) for task in gone if now.ended.get(task) not in ENDED_WELL]


def loose_interfaces(values):
    """Names of those of rp_filter's values (all, cali*) that are loose. Pure."""
    return sorted(name for name, value in values.items() if value == LOOSE and (name == 'all' or name.startswith('cali')))


def not_back(before, now, strict):
    """None if the agent is registered and its tasks run, else (what is missing as words, whether waiting is in vain).

    :arg before, now: Views.
    :arg strict: values of rp_filter, as _network.rp_filter() gives them; None if they are of no concern. Pure.
    """
    if now.closed and before.closed:
        pass
    elif now.trouble or now.closed:
        return now.trouble or 'its API requires authentication, and did not before', False
    elif before.agent_id and now.agent_id and now.agent_id != before.agent_id:
        return 'it came back as agent %s, and was %s, so Mesos holds its tasks for lost' % (now.agent_id, before.agent_id), True
    elif not now.agent_id or now.registered is False:
        return 'it is not registered with the master', False
    else:
        missing = lost(before, now)
        if missing:
            words = ', '.join('%s (%s)' % (task, state or 'not seen') for task, state in missing)
            return 'tasks are not back: %s' % words, any(state for _task, state in missing)
    loose = loose_interfaces(strict) if strict is not None else []
    return ('rp_filter is 2 of %s' % ', '.join(loose), False) if loose else None


def restart(unit, state, before, address, port, timeout, strict=True, clock=None, sleep=None):
    """Restart the agent and return the View with which it is back; raises CalicoError with what is missing at the deadline.

    :arg state: UnitState before.
    :arg before: View before.
    :arg strict: whether rp_filter has to be strict again.
    """
    deadline = Deadline(timeout, clock, sleep)
    if state.need_reload:
        _systemd.daemon_reload()
    _systemd.start([unit], 'restart')
    _systemd.wait_active([unit], deadline.left() or 1, clock=clock, sleep=sleep)
    pause = PAUSE
    while True:
        now = look(address, port)
        missing = not_back(before, now, _network.rp_filter() if strict else None)
        if missing is None:
            return now
        if missing[1] or not deadline.pause(pause):
            raise _not_back(unit, missing[0], timeout)
        pause = min(pause * 1.5, LONGEST_PAUSE)


def _not_back(unit, words, timeout):
    remedy = 'See "journalctl -u %s" on the host; the agents after this one were not touched' % unit
    if words.startswith('rp_filter'):
        remedy = 'Run role dcos.calico.calico_host, whose drop-in sets it to 1 after each start of %s' % unit
    tail = _systemd.journal_tail(unit)
    return CalicoError('The agent %s was not registered with its tasks running within %g seconds' % (unit, timeout), why=words + (
        '; its journal ends with: %s' % tail if tail else ''), remedy=remedy)
