# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that others started: what they are, by whom they are kept, and how one is stopped."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import errno
import os
import re
import signal

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _network, _systemd
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline

# As Docker and Mesos write it into /proc/PID/cgroup.
DOCKER = re.compile(r'/docker[/-]([0-9a-f]{64})(\.scope)?')
MESOS = re.compile(r'/mesos(_executors\.slice)?/')
# Where Mesos runs a task that has no image, as /proc/PID/cwd leads to it; the executor of a command is called as its task.
SANDBOX = re.compile(r'/frameworks/[^/]+/executors/([^/]+)/runs/')
PAUSE = 0.02
# Services whose processes people start by hand.
LOGINS = re.compile(r'^(ssh|sshd|sshd@.*|user@.*|.*getty@.*)\.service\Z')
GENERATIONS = 16


class Process(object):
    """pid, name, argv, born (its start in clock ticks), unit (the systemd unit whose main process it is), started_by (the unit whose main process has
    started it), keeper: None, C(docker) or C(mesos), task: its name in Mesos."""
    __slots__ = ('pid', 'name', 'argv', 'born', 'unit', 'started_by', 'keeper', 'task')

    def __init__(self, pid, name, argv, born=None, unit=None, started_by=None, keeper=None, task=None):
        self.pid = pid
        self.name = name
        self.argv = argv
        self.born = born
        self.unit = unit
        self.started_by = started_by
        self.keeper = keeper
        self.task = task

    def as_dict(self):
        return {'pid': self.pid, 'process': self.name, 'command': ' '.join(self.argv), 'unit': self.unit, 'keeper': self.keeper, 'task': self.task}

    def stop(self, seconds):
        """Have it end, and see that it has; raises CalicoError. A unit is disabled first, so that a reboot does not bring it back."""
        if self.unit:
            _systemd.disable([self.unit])
            _systemd.stop([self.unit])
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            if not self._send(number):
                return
            deadline = Deadline(seconds)
            while _born(self.pid) == self.born:
                if not deadline.pause(PAUSE):
                    break
            else:
                return
        raise CalicoError('Process %d (%s) does not end' % (self.pid, self.name), remedy='See what it does, and end it')

    def _send(self, number):
        """Whether there is still somebody to send a signal to."""
        if _born(self.pid) != self.born:
            return False
        try:
            os.kill(self.pid, number)
        except OSError as error:
            if error.errno == errno.ESRCH:
                return False
            raise
        return True


def _stat(pid):
    """Fields of /proc/PID/stat after the name, from the state on; none where there is no process, or it is dead already."""
    text = _network.read(_network.PROC, str(pid), 'stat')
    fields = text.rpartition(')')[2].split() if text else []
    return [] if len(fields) < 20 or fields[0] in 'ZX' else fields


def _born(pid):
    """Start of a process in clock ticks after boot, None where there is none."""
    fields = _stat(pid)
    return fields[19] if fields else None


def _descends(pid, other):
    """Whether a process was started by another one, or by one of its children, as far as they still run."""
    for dummy in range(GENERATIONS):
        fields = _stat(pid)
        if not fields or not other:
            return False
        pid = int(fields[1])
        if pid == other:
            return True
    return False


def keeper(cgroup):
    """Who keeps a process, by the text of its /proc/PID/cgroup: C(docker), C(mesos) or None. Pure."""
    return 'docker' if DOCKER.search(cgroup) else 'mesos' if MESOS.search(cgroup) else None


def task_of(directory):
    """Name of the task of Mesos that works in a directory, None where that is no sandbox. Pure."""
    match = SANDBOX.search(directory)
    return match.group(1) if match else None


def _directory(pid):
    try:
        return os.readlink(os.path.join(_network.PROC, str(pid), 'cwd'))
    except OSError:
        return ''


def of(pid, name):
    """The Process of a pid."""
    argv = [word for word in (_network.read(_network.PROC, str(pid), 'cmdline') or '').split('\0') if word]
    cgroup = _network.read(_network.PROC, str(pid), 'cgroup') or ''
    unit, started_by, kept_by = _network.parse_unit(cgroup), None, keeper(cgroup)
    main = _systemd.read([unit])[unit].pid if unit else None
    if main != pid:
        # What a login over ssh has left in the background may count as sshd's.
        started_by = unit if unit and not LOGINS.match(unit) and _descends(pid, main) else None
        unit = None
    return Process(pid, name, argv, _born(pid), unit, started_by, kept_by, task_of(_directory(pid)) if kept_by == 'mesos' else None)
