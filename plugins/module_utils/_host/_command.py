# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a program: argv only, always with a deadline and a limit to what it says."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import errno
import fcntl
import os
import select
import signal
import subprocess
import sys
import time

from ansible.module_utils.common.text.converters import to_bytes, to_native

from ansible_collections.dcos.calico.plugins.module_utils._errors import CommandError
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline

# DC/OS hosts started by ssh often lack the sbin directories; CoreOS keeps additions in /opt/bin.
SEARCH_PATH = ('/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin', '/opt/bin')
# Of its own, so that all of a program can be killed. A function to call in the child, as Python 2.7 needs it, is not safe where there are threads.
NEW_SESSION = {'start_new_session': True} if sys.version_info >= (3, 2) else {'preexec_fn': os.setsid}

LARGEST = 128 << 20  # bytes that a program may say on either of its two pipes
WORDS = 4000  # characters of what it said that an error message may show
CHUNK = 1 << 16
LAST = 4  # pieces of at most that size
LATE, LONG = 'late', 'long'
TICK = 0.05  # seconds between two looks at whether a process has ended while its pipes are open
SHORT = 0.0005
GRACE = 5


class Result(object):
    """What a program answered: rc, out and err as native text."""
    __slots__ = ('rc', 'out', 'err')

    def __init__(self, rc, out, err):
        self.rc = rc
        self.out = out
        self.err = err

    def said(self):
        """Its words for an error message: stderr, else stdout (calicoctl prints its errors there), one line each, trimmed."""
        text = (self.err.strip() or self.out.strip())[-WORDS:]
        return ' | '.join(line.strip() for line in text.splitlines()[-8:] if line.strip()) or 'exit code %d' % self.rc


def find(program):
    """Absolute path of a program on the environment's PATH or SEARCH_PATH, else None."""
    if os.path.isabs(program):
        return program if os.access(program, os.X_OK) else None
    directories = [directory for directory in os.environ.get('PATH', '').split(os.pathsep) if directory]
    for directory in directories + [directory for directory in SEARCH_PATH if directory not in directories]:
        path = os.path.join(directory, program)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None


def run(argv, timeout, stdin=None, environ=None, check=False):
    """Run argv and return a Result.

    :arg timeout: seconds after which the whole process group is killed and CommandError raised.
    :arg stdin: text for its standard input; nothing (/dev/null) if None.
    :arg environ: dict of variables to add to the environment, or to take out of it where the value is None; messages are always asked
        for in the C locale.
    :arg check: raise CommandError on a non-zero exit code.
    """
    path = find(argv[0])
    if path is None:
        raise CommandError('%s is not installed on this host' % argv[0], remedy='Install it, or put its directory on PATH')
    env = dict(os.environ, LC_ALL='C', LANG='C', PATH=os.pathsep.join(filter(None, [os.environ.get('PATH')] + list(SEARCH_PATH))))
    env.update(environ or {})
    env = dict((name, value) for name, value in env.items() if value is not None)
    result = execute(path, list(argv), timeout, to_bytes(stdin) if stdin is not None else None, env)
    if check and result.rc != 0:
        raise CommandError('%s failed with exit code %d' % (' '.join(argv[:4]), result.rc), why=result.said())
    return result


def execute(path, argv, timeout, stdin, env):
    """The program at a path as a process of its own, and its Result; raises CommandError if it does not start or takes too long. A seam for tests."""
    with open(os.devnull) as nothing:
        try:
            process = subprocess.Popen([path] + argv[1:], stdin=subprocess.PIPE if stdin is not None else nothing,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, close_fds=True, **NEW_SESSION)
        except OSError as error:
            raise CommandError('%s could not be started' % path, why=to_native(error))
    talk = _Talk(process, stdin)
    try:
        fault = talk.listen(Deadline(timeout))
    finally:
        talk.close()
    if fault:
        _kill(process)
    else:
        process.wait()
    rc = -signal.SIGKILL if process.returncode is None else process.returncode
    # Of what has no end, the end is enough.
    out, err = [to_native(talk.said(pipe, LAST if fault else None), errors='surrogate_or_replace') for pipe in (talk.out, talk.err)]
    result = Result(rc, out, err)
    if fault:
        words = 'did not answer within %g seconds' % timeout if fault == LATE else 'said more than %d bytes' % LARGEST
        raise CommandError('%s %s and was stopped' % (' '.join(argv[:3]), words), why=result.said())
    return result


class _Talk(object):
    """What is said to a process and by it, until it ends: not until its pipes are closed, which a child that outlives it can keep open for ever."""

    def __init__(self, process, stdin):
        self.process = process
        self.out, self.err = process.stdout.fileno(), process.stderr.fileno()
        self._pieces, self._sizes = {self.out: [], self.err: []}, {self.out: 0, self.err: 0}
        self._open = set([self.out, self.err])
        self._nap = SHORT
        self._in, self._left = (process.stdin.fileno() if stdin is not None else None), stdin
        for descriptor in [self.out, self.err] + ([self._in] if stdin is not None else []):
            fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_NONBLOCK)

    def listen(self, deadline):
        """Until the process has ended and all that it said is read: None; or LATE, or LONG where it said more than LARGEST bytes."""
        while True:
            ended = self.process.poll() is not None
            # Once it has ended, what it said is in the pipes: nothing is waited for.
            moved = self._move(0 if ended else min(deadline.left(), TICK))
            if max(self._sizes.values()) > LARGEST:
                return LONG
            if ended and (not moved or deadline.passed()):
                return None
            if deadline.passed():
                return LATE

    def _move(self, seconds):
        """Read and write what can be; whether something was read."""
        waiting = select.poll()
        for descriptor in self._open:
            waiting.register(descriptor, select.POLLIN)
        if self._in is not None:
            waiting.register(self._in, select.POLLOUT)
        if not self._open and self._in is None:
            time.sleep(min(seconds, self._nap))
            self._nap = min(self._nap * 2, TICK)
            return False
        try:
            ready = waiting.poll(int(seconds * 1000))
        except select.error as error:  # Python 2.7 does not go on by itself after a signal.
            if error.args[0] != errno.EINTR:
                raise
            return True
        went_on = [self._write() if descriptor == self._in else self._read(descriptor) for descriptor, dummy in ready]  # each of them, not up to the first
        return any(went_on)

    def _read(self, descriptor):
        piece = os.read(descriptor, CHUNK)
        if not piece:
            self._open.discard(descriptor)
        self._pieces[descriptor].append(piece)
        self._sizes[descriptor] += len(piece)
        return bool(piece)

    def _write(self):
        try:
            self._left = self._left[os.write(self._in, self._left[:CHUNK]):]
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.EAGAIN):
                raise
            self._left = b'' if error.errno == errno.EPIPE else self._left
        if not self._left:
            self.process.stdin.close()
            self._in = None
        return False

    def said(self, descriptor, last=None):
        """All that was read of one of the two, or the last pieces of it."""
        pieces = self._pieces[descriptor]
        return b''.join(pieces if last is None else pieces[len(pieces) - min(last, len(pieces)):])

    def close(self):
        """Close our ends."""
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()


def _kill(process):
    """End a process and those of its group, and wait for it: not for ever, as one that hangs in the kernel cannot be ended."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except OSError as error:
        if error.errno != errno.ESRCH:
            raise
    deadline = Deadline(GRACE)
    while process.poll() is None and deadline.pause(TICK):
        pass
