# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are either old or new, never half: read, compare, replace by rename."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import errno
import grp
import hashlib
import os
import pwd
import re
import stat
import tempfile

from ansible.module_utils.common.text.converters import to_bytes, to_native

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError

STAGED = '.dcos-calico.'
CHUNK = 1 << 20
ROOM = 'Free space there, or make the file system writable, and run again'


class FileState(object):
    """What stands at a path: kind (absent, file, link, directory, other), mode (int), owner and group names, sha256, target."""
    __slots__ = ('path', 'kind', 'mode', 'owner', 'group', 'target')

    def __init__(self, path, kind, mode=None, owner=None, group=None, target=None):
        self.path = path
        self.kind = kind
        self.mode = mode
        self.owner = owner
        self.group = group
        self.target = target

    def content(self):
        """Its bytes; None unless it is a regular file."""
        if self.kind != 'file':
            return None
        with open(self.path, 'rb') as handle:
            return handle.read()

    def sha256(self):
        """Its digest in hex; None unless it is a regular file."""
        return sha256_of(self.path) if self.kind == 'file' else None


def sha256_of(path):
    """Digest in hex of a file, read in pieces."""
    digest = hashlib.sha256()
    with open(path, 'rb') as handle:
        for piece in iter(lambda: handle.read(CHUNK), b''):
            digest.update(piece)
    return digest.hexdigest()


def _name(lookup, number):
    try:
        return lookup(number)[0]
    except KeyError:
        return str(number)


def _number(lookup, name, what):
    try:
        return int(name) if str(name).isdigit() else lookup(name)[2]
    except KeyError:
        raise CalicoError('There is no %s %s on this host' % (what, name), remedy='Create it first, or name another')


def owner_name(owner):
    """A user as FileState names it: one that is given as a number by its name, if it has one."""
    return _name(pwd.getpwuid, int(owner)) if str(owner).isdigit() else owner


def group_name(group):
    """The same for a group."""
    return _name(grp.getgrgid, int(group)) if str(group).isdigit() else group


def state_of(path):
    """FileState of a path, links not followed."""
    try:
        info = os.lstat(path)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return FileState(path, 'absent')
        raise CalicoError('%s cannot be read' % path, why=to_native(error))
    kinds = ((stat.S_ISREG, 'file'), (stat.S_ISLNK, 'link'), (stat.S_ISDIR, 'directory'))
    kind = next((name for test, name in kinds if test(info.st_mode)), 'other')
    return FileState(path, kind, mode=stat.S_IMODE(info.st_mode), owner=_name(pwd.getpwuid, info.st_uid),
                     group=_name(grp.getgrgid, info.st_gid), target=os.readlink(path) if kind == 'link' else None)


def ensure_directory(path, mode=0o755):
    """Make a directory and its parents; return the paths that were made, outermost first."""
    missing = []
    while not os.path.isdir(path):
        missing.insert(0, path)
        path = os.path.dirname(path)
    for folder in missing:
        try:
            os.mkdir(folder, mode)
            os.chmod(folder, mode)
        except OSError as error:
            raise CalicoError('The directory %s cannot be made' % folder, why=to_native(error), remedy=ROOM)
    return missing


def _alive(pid):
    try:
        os.kill(pid, 0)
    except OSError as error:
        return error.errno == errno.EPERM
    return True


def sweep(folder):
    """Remove what runs that were killed left staged in a folder; return the names."""
    gone = []
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        match = re.match(r'^%s(\d+)\.' % re.escape(STAGED), name)
        if match and not _alive(int(match.group(1))):
            os.unlink(os.path.join(folder, name))
            gone.append(name)
    return gone


def stage(folder):
    """Open a new temporary file (0600) in a folder that nobody watches: (binary handle, path). Stale ones are swept first."""
    try:
        sweep(folder)
        descriptor, path = tempfile.mkstemp(prefix='%s%d.' % (STAGED, os.getpid()), dir=folder)
    except OSError as error:
        raise CalicoError('No file can be made in %s' % folder, why=to_native(error), remedy=ROOM)
    return os.fdopen(descriptor, 'wb'), path


def _sync(path):
    """Have a file or a folder on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def publish(staged, path, mode, owner='root', group='root'):
    """Give a staged file its owner and mode, put it on disk and rename it into place: old or new, never half."""
    try:
        os.chown(staged, _number(pwd.getpwnam, owner, 'user'), _number(grp.getgrnam, group, 'group'))
        os.chmod(staged, mode)
        _sync(staged)
        os.rename(staged, path)
        _sync(os.path.dirname(path))
    except OSError as error:
        if error.errno == errno.EXDEV:
            raise CalicoError('%s cannot be replaced in one step: %s is on another file system' % (path, os.path.dirname(staged)),
                              remedy='Choose a staging folder on the same file system')
        raise CalicoError('%s cannot be written' % path, why=to_native(error), remedy=ROOM)


def link(target, path):
    """Make a symbolic link and put it on disk, its folder too; one that is there is left."""
    ensure_directory(os.path.dirname(path))
    try:
        os.symlink(target, path)
        _sync(os.path.dirname(path))
    except OSError as error:
        if error.errno != errno.EEXIST:
            raise CalicoError('The link %s cannot be made' % path, why=to_native(error), remedy=ROOM)


def set_attributes(path, mode, owner='root', group='root'):
    """Give a regular file that is in place its owner and mode."""
    try:
        os.chown(path, _number(pwd.getpwnam, owner, 'user'), _number(grp.getgrnam, group, 'group'))
        os.chmod(path, mode)
    except OSError as error:
        raise CalicoError('Owner and mode of %s cannot be set' % path, why=to_native(error))


def discard(staged):
    """Remove a staged file that is not to be published."""
    try:
        os.unlink(staged)
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise


def write_atomic(path, content, mode=0o644, owner='root', group='root', staging=None):
    """Replace a file as a whole.

    :arg content: bytes or text.
    :arg staging: folder for the temporary file, on the same file system; the file's own folder if None.
        Give the parent for folders whose every file is read by others, such as Mesos' CNI configuration folder.
    """
    handle, staged = stage(staging or os.path.dirname(path))
    try:
        try:
            with handle:
                handle.write(to_bytes(content))
        except (IOError, OSError) as error:
            raise CalicoError('%s cannot be written' % path, why=to_native(error), remedy='Free space on its file system and run again')
        publish(staged, path, mode, owner=owner, group=group)
    finally:
        discard(staged)


def link_atomic(target, path):
    """Make or replace a symbolic link in one step."""
    folder, staged = os.path.dirname(path), os.path.join(os.path.dirname(path), '%s%d.link' % (STAGED, os.getpid()))
    try:
        sweep(folder)
        discard(staged)
        os.symlink(target, staged)
        os.rename(staged, path)
    except OSError as error:
        discard(staged)
        raise CalicoError('The link %s cannot be made' % path, why=to_native(error), remedy=ROOM)


def remove(path):
    """Remove a file or link if it is there; return whether it was."""
    try:
        os.unlink(path)
    except OSError as error:
        if error.errno == errno.ENOENT:
            return False
        raise CalicoError('%s cannot be removed' % path, why=to_native(error))
    return True
