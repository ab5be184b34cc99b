# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a program: argv only, always with a deadline."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import errno
import os
import signal
import subprocess
import sys
import threading

from ansible.module_utils.common.text.converters import to_bytes, to_native

from ansible_collections.dcos.calico.plugins.module_utils._errors import CommandError

# DC/OS hosts started by ssh often lack the sbin folders; CoreOS keeps additions in /opt/bin.
SEARCH_PATH = ('/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin', '/opt/bin')
# Of its own, so that all of a program can be killed. A function to call in the child, as Python 2.7 needs it, is not safe where there are threads.
NEW_SESSION = {'start_new_session': True} if sys.version_info >= (3, 2) else {'preexec_fn': os.setsid}


class Result(object):
    """What a program answered: rc, out and err as native text."""
    __slots__ = ('argv', 'rc', 'out', 'err')

    def __init__(self, argv, rc, out, err):
        self.argv = argv
        self.rc = rc
        self.out = out
        self.err = err

    def said(self):
        """Its words for an error message: stderr, else stdout (calicoctl prints its errors there), one line each, trimmed."""
        text = self.err.strip() or self.out.strip()
        return ' | '.join(line.strip() for line in text.splitlines()[-8:] if line.strip()) or 'exit code %d' % self.rc


def find(program):
    """Absolute path of a program on the environment's PATH or SEARCH_PATH, else None."""
    if os.path.isabs(program):
        return program if os.access(program, os.X_OK) else None
    folders = [folder for folder in os.environ.get('PATH', '').split(os.pathsep) if folder]
    for folder in folders + [folder for folder in SEARCH_PATH if folder not in folders]:
        path = os.path.join(folder, program)
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
        raise CommandError('%s is not installed on this host' % argv[0], remedy='Install it, or put its folder on PATH')
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
    late = []

    def kill():
        late.append(True)
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except OSError as error:
            if error.errno != errno.ESRCH:
                raise

    timer = threading.Timer(timeout, kill)
    timer.daemon = False  # Not what a calling thread is: Python 2.7 complains about a daemon that is still ending when the module exits.
    timer.start()
    try:
        out, err = process.communicate(stdin)
    finally:
        timer.cancel()
    result = Result(argv, process.returncode, to_native(out, errors='surrogate_or_replace'), to_native(err, errors='surrogate_or_replace'))
    if late:
        raise CommandError('%s did not answer within %g seconds and was stopped' % (' '.join(argv[:3]), timeout), why=result.said())
    return result
