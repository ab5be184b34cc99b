# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A directory by its descriptor: what is done in it is done in that directory, whoever renames it or puts a link in its place meanwhile.

A path is walked component by component. A link is followed only where nobody but root (and who runs this) could have put it. Python 2.7 has
no dir_fd, so /proc/self/fd/N/NAME is the path of a name in a directory, which the kernel resolves from the descriptor. A controller without
/proc goes by names: there the directories are the operator's own.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import contextlib
import errno
import os
import pwd
import stat

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _selinux

DESCRIPTORS = '/proc/self/fd'
MOST_LINKS = 40
# Of the kernel's asm-generic; Python 2.7 has no names for them. O_PATH asks for no permission to read.
O_CLOEXEC = getattr(os, 'O_CLOEXEC', 0o2000000)
O_PATH = getattr(os, 'O_PATH', 0o10000000)
WALK = O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | O_CLOEXEC
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | O_CLOEXEC


class Directory(object):
    """An open directory: path (as asked for), descriptor (None on a system without /proc), seen: [(path, stat result)] of the directories that lead to it."""
    __slots__ = ('path', 'descriptor', 'seen')

    def __init__(self, path, descriptor, seen):
        self.path = path
        self.descriptor = descriptor
        self.seen = seen

    def at(self, name):
        """Path of a name in this very directory, for calls of this process."""
        if self.descriptor is None:
            return os.path.join(self.path, name)
        return '%s/%d/%s' % (DESCRIPTORS, self.descriptor, name)

    def open(self, name, flags):
        """Descriptor of a name in it; a new file is for its owner only. Raises OSError with the path that an operator knows."""
        try:
            return os.open(self.at(name), flags, 0o600)
        except OSError as error:
            raise OSError(error.errno, error.strerror, os.path.join(self.path, name))

    def names(self):
        """What is in it, sorted."""
        return sorted(os.listdir(self.at('.')))

    def link(self, target, name, path):
        """Make a symbolic link that is to stand at a path in the end."""
        os.symlink(target, self.at(name))
        _selinux.label(self.at(name), path, stat.S_IFLNK)

    def drop(self, name):
        """Remove a file or link if it is there; return whether it was."""
        try:
            os.unlink(self.at(name))
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise
            return False
        return True

    def remove_tree(self, name):
        """Remove a directory in it with all that it holds: links are removed, not followed, and no other file system is entered."""
        path = os.path.join(self.path, name)
        descriptor = self.open(name, READ | os.O_DIRECTORY)
        try:
            inner = Directory(path, None if self.descriptor is None else descriptor, [])
            device = os.fstat(descriptor).st_dev
            for entry in inner.names():
                info = os.lstat(inner.at(entry))
                if not stat.S_ISDIR(info.st_mode):
                    inner.drop(entry)
                elif info.st_dev != device:
                    raise OSError(errno.EBUSY, 'another file system is mounted there', os.path.join(path, entry))
                else:
                    inner.remove_tree(entry)
        finally:
            os.close(descriptor)
        os.rmdir(self.at(name))

    def sync(self):
        """Have its entries on disk."""
        _sync(self.at('.'))

    @property
    def shared(self):
        """Whether somebody but root and who runs this can change what is in it, or in a directory above."""
        return any(_changeable(info) for dummy, info in self.seen)

    def check_owner(self, uid):
        """Raise unless this directory and all above it belong to root, who runs this, or the owner of what is to be placed in it."""
        for path, info in self.seen:
            if not (_trusted(info) or info.st_uid == uid):
                raise CalicoError('%s is no place for files of user %s' % (self.path, _user(uid)),
                                  why='the directory %s belongs to %s, who could exchange them' % (path, _user(info.st_uid)),
                                  remedy='Run "chown root %s" if that is a mistake, or name another path' % path)
            if info.st_mode & stat.S_IWOTH and not info.st_mode & stat.S_ISVTX:
                raise CalicoError('%s is no place for files of user %s' % (self.path, _user(uid)),
                                  why='everybody may write to the directory %s, and could exchange them' % path,
                                  remedy='Run "chmod o-w %s" if that is a mistake, or name another path' % path)


def failure(what, error, path):
    """The CalicoError of an OSError of changing what is at a path."""
    return CalicoError(what, why=error.strerror or to_native(error), remedy=_remedy(error.errno, path))


def _remedy(number, path):
    directory = os.path.dirname(path)
    if number in (errno.ENOSPC, errno.EDQUOT):
        return 'Free space in %s and run again' % directory
    if number == errno.EROFS:
        return 'Make the file system of %s writable, and run again' % directory
    if number == errno.EBUSY:
        return 'Something is mounted at %s: change that at its source, or unmount it, and run again' % path
    if number in (errno.EPERM, errno.EACCES) and os.geteuid() == 0:
        return 'See "lsattr -d %s %s" for the attributes i and a, which "chattr -ia" takes away, and the log of SELinux or AppArmor' % (directory, path)
    if number in (errno.EPERM, errno.EACCES):
        return 'Run as a user who may write to %s' % directory
    return None


def _sync(path):
    descriptor = os.open(path, os.O_RDONLY | O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _user(uid):
    try:
        return pwd.getpwuid(uid)[0]
    except KeyError:
        return str(uid)


def _trusted(info):
    return info.st_uid in (0, os.geteuid())


def _changeable(info):
    """Whether others can make or rename things in a directory. Who works for himself shares his group, root does not."""
    group = info.st_mode & stat.S_IWGRP and info.st_gid != 0 and os.geteuid() == 0
    return not _trusted(info) or bool(group) or bool(info.st_mode & stat.S_IWOTH)


def _may_follow(directory, link):
    """Whether a link (both stat results) is one that root, or who runs this, made or accepted there."""
    return not _changeable(directory) or bool(_trusted(directory) and directory.st_mode & stat.S_ISVTX and _trusted(link))


def _parts(path):
    return [part for part in path.split('/') if part not in ('', '.')]


class _Walk(object):
    """The state of a walk: descriptor of where it is, path of it, what is left, what was seen and made."""

    def __init__(self, path):
        self.asked = path
        self.left = _parts(path)
        self.links = 0
        self.made = []
        self.seen = []  # also what a link led away from: whoever can change that has a say in where it leads
        self.descriptor = None
        self.restart()

    def restart(self):
        self.close()
        self.descriptor, self.path = os.open('/', WALK), '/'
        self._see()

    def close(self):
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None

    def _see(self):
        self.seen.append((self.path, os.fstat(self.descriptor)))

    def step(self, mode):
        """Into the next component. mode: for a directory that is missing, None to fail."""
        name = self.left.pop(0)
        there = '%s/%d/%s' % (DESCRIPTORS, self.descriptor, name)
        try:
            found = os.open(there, WALK)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR) and os.path.islink(there):
                self._follow(name, there)
                return
            if error.errno != errno.ENOENT or mode is None:
                raise OSError(error.errno, error.strerror, os.path.join(self.path, name))
            found = self._make(name, there, mode)
        os.close(self.descriptor)
        self.descriptor, self.path = found, os.path.normpath(os.path.join(self.path, name))
        self._see()

    def _follow(self, name, there):
        path = os.path.join(self.path, name)
        self.links += 1
        if self.links > MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        if not _may_follow(self.seen[-1][1], os.lstat(there)):
            raise CalicoError('The link %s is not followed' % path, why='it is in a directory that others than root can change',
                              remedy='Put a directory in its place, or name another path')
        target = os.readlink(there)
        if target.startswith('/'):
            self.restart()
        self.left[:0] = _parts(target)

    def _make(self, name, there, mode):
        os.mkdir(there, mode)
        self.made.append(os.path.join(self.path, name))
        found = os.open(there, WALK)
        exact = os.open('%s/%d/.' % (DESCRIPTORS, found), os.O_RDONLY | os.O_DIRECTORY | O_CLOEXEC)
        try:
            os.fchmod(exact, mode)
        finally:
            os.close(exact)
        _selinux.label(there, os.path.join(self.path, name), stat.S_IFDIR)
        _sync('%s/%d/.' % (DESCRIPTORS, self.descriptor))
        return found


@contextlib.contextmanager
def opened(path, owner=None, make=None):
    """A Directory, open as long as the context.

    :arg path: its path.
    :arg owner: uid of who is to own what is placed there; the directory and all above must be its, root's or ours.
    :arg make: list that takes the paths of directories that were missing and are made with mode 0755; None if a missing one is an error.
    :raises OSError: it is not there, or no directory.
    :raises CalicoError: it is reached by a link that others could have made, or is no place for files of this owner.
    """
    path = os.path.join(os.getcwd(), path)
    if not os.path.isdir(DESCRIPTORS):
        with _by_name(path, make) as directory:
            yield directory
        return
    walk = _Walk(path)
    try:
        while walk.left:
            walk.step(None if make is None else 0o755)
            if make is not None:
                make[:] = walk.made
        directory = Directory(path, walk.descriptor, walk.seen)
        if owner is not None:
            directory.check_owner(owner)
        yield directory
    finally:
        walk.close()


@contextlib.contextmanager
def readable(path):
    """Descriptor of a directory that is good for more than to find what is in it."""
    with opened(path) as directory:
        descriptor = directory.open('.', READ)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _by_name(path, make):
    if make is not None:
        _make_by_name(path, make)
    yield Directory(path, None, [(path, os.stat(path))])


def _make_by_name(path, made):
    if not os.path.isdir(path):
        _make_by_name(os.path.dirname(path), made)
        os.mkdir(path)
        os.chmod(path, 0o755)
        made.append(path)
