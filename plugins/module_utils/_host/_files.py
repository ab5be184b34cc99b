# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are either old or new, never half: read, compare, replace by rename. The one place of agent-side code that changes files.

Everything is done by descriptors (see _directory): whoever owns a directory can exchange what is in it at any moment, and must not gain by that.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import binascii
import contextlib
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
from ansible_collections.dcos.calico.plugins.module_utils._host import _directory, _selinux, _stream

STAGED = '.dcos-calico.'
CHUNK = 1 << 20
NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | _directory.O_CLOEXEC


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

    def content(self, most=_stream.LARGEST):
        """Its bytes; None unless it is a regular file. Raises CalicoError for more than so many."""
        if self.kind != 'file':
            return None
        with _reading(self.path) as handle:
            return _stream.whole(handle, self.path, most)

    def sha256(self):
        """Its digest in hex; None unless it is a regular file."""
        if self.kind != 'file':
            return None
        with _reading(self.path) as handle:
            return _digest(handle)


@contextlib.contextmanager
def _reading(path):
    """A binary handle of a regular file that is no link."""
    with _directory.opened(os.path.dirname(path)) as directory:
        handle = os.fdopen(directory.open(os.path.basename(path), _directory.READ), 'rb')
    with handle:
        if not stat.S_ISREG(os.fstat(handle.fileno()).st_mode):
            raise OSError(errno.EINVAL, 'it is no regular file any more', path)
        yield handle


def _digest(handle):
    digest = hashlib.sha256()
    for piece in iter(lambda: handle.read(CHUNK), b''):
        digest.update(piece)
    return digest.hexdigest()


def sha256_of(path):
    """Digest in hex of a file, links followed, read in pieces."""
    with open(path, 'rb') as handle:
        return _digest(handle)


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


def _uid(owner):
    return _number(pwd.getpwnam, owner, 'user')


def _gid(group):
    return _number(grp.getgrnam, group, 'group')


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
        target = os.readlink(path) if stat.S_ISLNK(info.st_mode) else None
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return FileState(path, 'absent')
        raise CalicoError('%s cannot be read' % path, why=to_native(error))
    kinds = ((stat.S_ISREG, 'file'), (stat.S_ISLNK, 'link'), (stat.S_ISDIR, 'directory'))
    kind = next((name for test, name in kinds if test(info.st_mode)), 'other')
    return FileState(path, kind, mode=stat.S_IMODE(info.st_mode), owner=_name(pwd.getpwuid, info.st_uid),
                     group=_name(grp.getgrgid, info.st_gid), target=target)


def ensure_directory(path):
    """Make a directory and its parents, with mode 0755; return the paths that were made, outermost first."""
    made = []
    try:
        with _directory.opened(path, make=made):
            return made
    except OSError as error:
        raise _directory.failure('The directory %s cannot be made' % path, error, path)


def _alive(pid):
    try:
        os.kill(pid, 0)
    except OSError as error:
        return error.errno == errno.EPERM
    return True


def _sweep(directory):
    """Remove what runs that were killed left staged."""
    for name in directory.names():
        match = re.match(r'%s(\d+)\.' % re.escape(STAGED), name)
        if match and not _alive(int(match.group(1))):
            directory.drop(name)


class Staged(object):
    """A new file (0600) that is not in place yet: path (its name, for messages), handle (binary, for writing, closed by close())."""
    __slots__ = ('path', 'handle', 'descriptor')

    def __init__(self, path, handle):
        self.path = path
        self.handle = handle
        self.descriptor = None

    def close(self):
        """No more is written: what runs it would find it busy otherwise. The descriptor for reading that is left names this very file."""
        if self.descriptor is None and not self.handle.closed:
            self.handle.flush()
            self.descriptor = os.open(self.inode if os.path.exists(self.inode) else self.path, os.O_RDONLY | _directory.O_CLOEXEC)
            self.handle.close()

    @property
    def inode(self):
        """Path by which another program opens this very file, whatever stands under its name by then."""
        return '/proc/%d/fd/%d' % (os.getpid(), self.handle.fileno() if self.descriptor is None else self.descriptor)

    def make_executable(self):
        """For its owner, so that it can be tried."""
        self.close()
        os.fchmod(self.descriptor, 0o700)

    def release(self):
        """Close all descriptors."""
        self.handle.close()
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None


def stage(path, owner='root'):
    """Staged in a directory that nobody watches; stale ones are swept first.

    :arg owner: of the file that it is to become. Root's files are not staged where others could exchange them.
    """
    try:
        with _directory.opened(path, owner=_uid(owner)) as directory:
            _sweep(directory)
            name = '%s%d.%s' % (STAGED, os.getpid(), to_native(binascii.hexlify(os.urandom(6))))
            descriptor = directory.open(name, NEW)
    except OSError as error:
        raise _directory.failure('No file can be made in %s' % path, error, os.path.join(path, STAGED))
    return Staged(os.path.join(path, name), os.fdopen(descriptor, 'wb'))


def publish(staged, path, mode, owner='root', group='root'):
    """Give a staged file its owner and mode, put it on disk and rename it into place: old or new, never half."""
    staged.close()
    _place(staged.descriptor, staged.path, path, mode, _uid(owner), _gid(group))


def promote(waiting, path, mode, owner='root', group='root'):
    """The same with a file that waits beside its place since an earlier run."""
    uid, gid = _uid(owner), _gid(group)
    with _held(waiting, 'The file %s cannot take the place of %s' % (waiting, path)) as descriptor:
        _place(descriptor, waiting, path, mode, uid, gid)


def _place(descriptor, before, path, mode, uid, gid):
    try:
        _attributes(descriptor, mode, uid, gid)
        os.fsync(descriptor)
        with _directory.opened(os.path.dirname(before), owner=uid) as source, _directory.opened(os.path.dirname(path), owner=uid) as directory:
            _selinux.label(source.at(os.path.basename(before)), path, stat.S_IFREG)
            os.rename(source.at(os.path.basename(before)), directory.at(os.path.basename(path)))
            directory.sync()
    except OSError as error:
        if error.errno == errno.EXDEV:
            raise CalicoError('%s cannot be replaced in one step: %s is on another file system' % (path, os.path.dirname(before)),
                              remedy='Choose a staging directory on the same file system')
        raise _directory.failure('%s cannot be written' % path, error, path)


def _attributes(descriptor, mode, uid, gid):
    os.fchown(descriptor, uid, gid)
    os.fchmod(descriptor, mode)


@contextlib.contextmanager
def _held(path, trouble):
    """Descriptor of a regular file that may be given to somebody: no link, and where others can make names, no second name of a file of root."""
    try:
        with _directory.opened(os.path.dirname(path)) as directory:
            descriptor = directory.open(os.path.basename(path), _directory.READ)
            shared = directory.shared
    except OSError as error:
        raise _directory.failure(trouble, error, path)
    try:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode) or (info.st_nlink > 1 and shared):
            raise CalicoError(trouble, why='it has a second name' if stat.S_ISREG(info.st_mode) else 'it is no regular file any more',
                              remedy='See who made it so, and remove it')
        yield descriptor
    finally:
        os.close(descriptor)


def link(target, path):
    """Make a symbolic link and put it on disk, its directory too; one that is there is left."""
    ensure_directory(os.path.dirname(path))
    try:
        with _directory.opened(os.path.dirname(path), owner=0) as directory:
            directory.link(target, os.path.basename(path), path)
            directory.sync()
    except OSError as error:
        if error.errno != errno.EEXIST:
            raise _directory.failure('The link %s cannot be made' % path, error, path)


def set_attributes(path, mode, owner='root', group='root', directory=False):
    """Give what is in place its owner and mode: a regular file, or with directory a directory, links to it followed where root made them."""
    uid, gid, trouble = _uid(owner), _gid(group), 'Owner and mode of %s cannot be set' % path
    try:
        with _directory.readable(path) if directory else _held(path, trouble) as descriptor:
            _attributes(descriptor, mode, uid, gid)
            os.fsync(descriptor)
    except OSError as error:
        raise _directory.failure(trouble, error, path)


def discard(staged):
    """Remove a staged file that is not to be published; one that was, or is gone, is no matter."""
    staged.release()
    _unlink(staged.path, sync=False)


def _unlink(path, sync):
    """Remove a file or link; return whether it was there. sync: it is gone after a crash too."""
    try:
        with _directory.opened(os.path.dirname(path)) as directory:
            there = directory.drop(os.path.basename(path))
            if there and sync:
                directory.sync()
            return there
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return False
        raise


def write_atomic(path, content, mode=0o644, owner='root', group='root', staging=None):
    """Replace a file as a whole.

    :arg content: bytes or text.
    :arg staging: directory for the temporary file, on the same file system; the file's own directory if None.
        Give the parent for directories whose every file is read by others, such as Mesos' CNI configuration directory.
    """
    staged = stage(staging or os.path.dirname(path), owner)
    try:
        try:
            staged.handle.write(to_bytes(content))
            staged.handle.flush()
        except (IOError, OSError) as error:
            raise _directory.failure('%s cannot be written' % path, error, staged.path)
        publish(staged, path, mode, owner=owner, group=group)
    finally:
        discard(staged)


def overwrite(path, content):
    """Write to a file that is there and is not replaced, as those of /proc/sys; raises OSError."""
    with _directory.opened(os.path.dirname(path)) as directory:
        descriptor = directory.open(os.path.basename(path), os.O_WRONLY | os.O_NOFOLLOW | _directory.O_CLOEXEC)
    try:
        os.write(descriptor, to_bytes(content))
    finally:
        os.close(descriptor)


def link_atomic(target, path):
    """Make or replace a symbolic link in one step."""
    name = '%s%d.link' % (STAGED, os.getpid())
    try:
        with _directory.opened(os.path.dirname(path), owner=0) as directory:
            _sweep(directory)
            directory.drop(name)
            directory.link(target, name, path)
            try:
                os.rename(directory.at(name), directory.at(os.path.basename(path)))
            except OSError:
                directory.drop(name)
                raise
            directory.sync()
    except OSError as error:
        raise _directory.failure('The link %s cannot be made' % path, error, path)


def remove(path):
    """Remove a file or link if it is there; return whether it was."""
    try:
        return _unlink(path, sync=True)
    except OSError as error:
        raise _directory.failure('%s cannot be removed' % path, error, path)


def remove_directory(path):
    """Remove an empty directory if it is there."""
    try:
        with _directory.opened(os.path.dirname(path)) as directory:
            os.rmdir(directory.at(os.path.basename(path)))
            directory.sync()
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise _directory.failure('The directory %s cannot be removed' % path, error, path)


def remove_tree(path):
    """Remove a directory and all in it. Links in it are removed and never followed, also those that are put there meanwhile."""
    try:
        with _directory.opened(os.path.dirname(path)) as directory:
            directory.remove_tree(os.path.basename(path))
            directory.sync()
    except OSError as error:
        raise _directory.failure('%s cannot be removed' % path, error, path)


@contextlib.contextmanager
def private_directory():
    """Path of a new directory of this user alone, gone with all in it afterwards."""
    path = tempfile.mkdtemp(prefix='dcos-calico.')
    try:
        yield path
    finally:
        remove_tree(path)
