# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One module at a time changes a host: a lock that the kernel takes back when its holder dies, and that says who has it."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import contextlib
import errno
import fcntl
import json
import os
import time

from ansible.module_utils.common.text.converters import to_bytes, to_text

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline

PATH = '/run/dcos-calico.lock'  # not in /run/lock, where on some systems everybody can make files
PATIENCE = 180
PAUSE = 0.5
MOST = 4096
UNKNOWN = (errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)  # to NFS a directory cannot be locked
SELF = ('module', 'pid', 'user', 'since')


@contextlib.contextmanager
def held(module, clock=None, sleep=None):
    """Hold the lock as long as the context; raises CalicoError that names who has it for longer than PATIENCE seconds.

    Who may not write to /run, and so changes nothing of the host either, holds nothing.

    :arg module: name of the module, for others to read.
    """
    try:
        descriptor = os.open(PATH, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise CalicoError('The lock %s cannot be opened' % PATH, why=error.strerror, remedy='See what stands there, and remove it')
        yield
        return
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETFD, fcntl.FD_CLOEXEC)  # What is started here must not keep it.
        if not _take(descriptor, PATH, Deadline(PATIENCE, clock, sleep)):
            raise CalicoError('Another run changes this host, and was not done within %g seconds' % PATIENCE, why=_holder(descriptor),
                              remedy='Run again when it is over')
        _note(descriptor, json.dumps(dict(zip(SELF, (module, os.getpid(), os.environ.get('SUDO_USER') or os.environ.get('USER') or 'root',
                                                     time.strftime('%Y-%m-%d %H:%M:%S'))))))
        yield
        _note(descriptor, '')
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def held_directory(path, patience, clock=None, sleep=None):
    """Hold a directory as long as the context, where what a run reads and writes back there is to be its own; raises CalicoError after so many seconds.

    Nothing is left there. A file system without such locks, as some networks have, holds nothing.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
        if not _take(descriptor, path, Deadline(patience, clock, sleep)):
            raise CalicoError('Another run works in %s, and was not done within %g seconds' % (path, patience), remedy='Run again when it is over')
        yield
    finally:
        os.close(descriptor)


def _take(descriptor, path, deadline):
    """Whether a lock was taken before a deadline, or is one that the file system does not know; raises CalicoError where it cannot be."""
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except (IOError, OSError) as error:
            if error.errno in UNKNOWN:
                return True
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES, errno.EINTR):
                raise CalicoError('The lock %s cannot be taken' % path, why=error.strerror)
        if not deadline.pause(PAUSE):
            return False


def _note(descriptor, text):
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, to_bytes(text))


def _holder(descriptor):
    """Who has the lock, as words."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    try:
        found = json.loads(to_text(os.read(descriptor, MOST), errors='surrogate_or_replace'))
        return 'module %s (process %s) by %s since %s' % tuple(found[key] for key in SELF)
    except (ValueError, KeyError, TypeError):
        return 'who it is cannot be read in %s' % PATH
