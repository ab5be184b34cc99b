# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network namespaces of containers: find one by a process in it, and work inside it."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import ctypes
import errno
import json
import os
import select
import signal
import sys

from ansible.module_utils.common.text.converters import to_bytes, to_native, to_text

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _network, _stream
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import now

NETWORK = 0x40000000
CHUNK = 65536


def processes(variable):
    """{value of a variable in a process' environment: [pid]} of all processes that were started with it and can be looked at."""
    found, mark = {}, to_bytes(variable) + b'='
    for name in os.listdir(_network.PROC):
        if not name.isdigit():
            continue
        try:
            with open(os.path.join(_network.PROC, name, 'environ'), 'rb') as handle:
                words = _stream.whole(handle, handle.name).split(b'\0')
        except (IOError, OSError):
            continue
        for word in words:
            if word.startswith(mark):
                found.setdefault(to_native(word[len(mark):], errors='surrogate_or_replace'), []).append(int(name))
    return found


def identity(pid):
    """What tells one network namespace from another, such as C(net:[4026531992]), or None if the process is gone."""
    try:
        return os.readlink(os.path.join(_network.PROC, str(pid), 'ns', 'net'))
    except OSError:
        return None


def separate(pids):
    """The first of some processes that is not in the network namespace of this one; None if none is."""
    own = identity('self')
    return next((pid for pid in sorted(pids) if identity(pid) not in (None, own)), None)


def _enter(pid):
    """Take the calling process, which must have one thread, into the network namespace of another. os.setns came with Python 3.12."""
    handle = os.open(os.path.join(_network.PROC, str(pid), 'ns', 'net'), os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(handle, NETWORK) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(handle)


class Inside(object):
    """A job in the network namespace of a process: done by a child of this one, so that nothing else is carried there.

    :arg pid: a process in that namespace.
    :arg job: callable without arguments; what it returns comes back as JSON would have it. It may start threads.
    """

    def __init__(self, pid, job):
        self._pid = pid
        sys.stdout.flush()
        sys.stderr.flush()
        self._pipe, write_end = os.pipe()
        self._child = os.fork()
        if self._child == 0:
            self._work(job, write_end)
        os.close(write_end)

    def _work(self, job, write_end):
        """What the child does; it never returns."""
        try:
            os.close(self._pipe)
            _enter(self._pid)
            answer = {'value': job()}
        except BaseException as error:  # Whatever it is, the parent tells it.
            answer = {'error': to_text(error) or type(error).__name__}
        try:
            data = to_bytes(json.dumps(answer))
            while data:
                data = data[os.write(write_end, data):]
        finally:
            os._exit(0)

    def result(self, seconds):
        """What the job returned; raises CalicoError if it failed or took longer."""
        end, parts = now() + seconds, []
        try:
            while True:
                if not self._readable(end - now()):
                    raise CalicoError('What was done in the network namespace of process %d did not end within %g seconds' % (self._pid, seconds))
                part = os.read(self._pipe, CHUNK)
                if not part:
                    break
                parts.append(part)
        finally:
            self._end()
        answer = json.loads(to_text(b''.join(parts)) or '{"error": "it ended without an answer"}')
        if 'error' in answer:
            raise CalicoError('The network namespace of process %d could not be worked in' % self._pid, why=answer['error'])
        return answer['value']

    def _readable(self, seconds):
        if seconds <= 0:
            return False
        try:
            return bool(select.select([self._pipe], [], [], seconds)[0])
        except select.error as error:  # Python 2.7 does not go on by itself after a signal.
            if error.args[0] != errno.EINTR:
                raise
            return self._readable(seconds)

    def _end(self):
        os.close(self._pipe)
        try:
            os.kill(self._child, signal.SIGKILL)
        except OSError as error:
            if error.errno != errno.ESRCH:
                raise
        os.waitpid(self._child, 0)


def inside(pid, job, seconds):
    """What a job returns that is done in the network namespace of a process; see Inside."""
    return Inside(pid, job).result(seconds)
