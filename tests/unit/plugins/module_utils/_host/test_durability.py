# -*- coding: utf-8 -*-
"""What a crash leaves of a file that is being changed: the old one or the new one, and the new one once success is reported.

Disk is a model of the worst that a file system may do: of a file's bytes and mode only what fsync() put there is kept for sure, and of a
directory's entries only what fsync() of that directory did; whatever changed since may be there or not, each entry by itself. Each call that changes
something is a moment at which the power may fail. That the model sees what is missing is shown by losing every fsync() in turn.
"""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import stat

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._host import _files

TRACED = ('open', 'fsync', 'rename', 'unlink', 'symlink', 'mkdir', 'rmdir', 'fchmod', 'fchown')
TORN = 'torn'
ABSENT = 'absent'


class Disk(object):
    """A directory as it may be found after a crash. lost: number of the fsync() that does nothing, None if all do what they should."""

    def __init__(self, root, monkeypatch, lost=None):
        self.root = root
        self.lost = lost
        self.calls = []
        self.syncs = 0
        self.listener = None
        self._entries = {}  # inode of a directory -> name -> what may be there
        self._kept = {}     # inode of a file -> (content, mode) that are on disk
        self._held = {}     # inode -> descriptor, so that no number is used twice
        self._real = dict((name, getattr(os, name)) for name in TRACED)
        self._survey()
        for inode in list(self._entries):
            self._settle_directory(inode)
        self._kept = dict((inode, self._live(inode)) for inode in self._held if inode not in self._entries)
        for name in TRACED:
            monkeypatch.setattr(os, name, self._traced(name))

    def close(self):
        for descriptor in self._held.values():
            os.close(descriptor)

    def _traced(self, name):
        def call(*arguments, **options):
            if name == 'fsync' and self._fsync_is_lost():
                return None
            result = self._real[name](*arguments, **options)
            self.calls.append(name)
            self._survey()
            if name == 'fsync':
                self._synced(os.fstat(arguments[0]).st_ino)
            if self.listener is not None and name != 'open':
                self.listener()
            return result
        return call

    def _fsync_is_lost(self):
        self.syncs += 1
        return self.lost == self.syncs - 1

    def _synced(self, inode):
        if inode in self._entries:
            self._settle_directory(inode)
        else:
            self._kept[inode] = self._live(inode)

    def _settle_directory(self, inode):
        self._entries[inode] = dict((name, found[-1:]) for name, found in self._entries[inode].items())

    def _live(self, inode):
        descriptor = self._real['open']('/proc/self/fd/%d' % self._held[inode], os.O_RDONLY)
        with os.fdopen(descriptor, 'rb') as handle:
            return handle.read(), stat.S_IMODE(os.fstat(handle.fileno()).st_mode)

    def _hold(self, path):
        descriptor = self._real['open'](path, os.O_RDONLY)
        inode = os.fstat(descriptor).st_ino
        if inode in self._held:
            os.close(descriptor)
        else:
            self._held[inode] = descriptor
        return inode

    def _identity(self, path):
        mode = os.lstat(path).st_mode
        if stat.S_ISLNK(mode):
            return ('link', os.readlink(path))
        return ('directory' if stat.S_ISDIR(mode) else 'file', self._hold(path))

    def _survey(self, directory=None):
        """Add what is in the directories now to what may be found."""
        path = directory or self.root
        known = self._entries.setdefault(self._hold(path), {})
        present = dict((name, self._identity(os.path.join(path, name))) for name in os.listdir(path))
        for name in set(known) | set(present):
            found = known.setdefault(name, [None])
            if found[-1] != present.get(name):
                found.append(present.get(name))
        for name, (kind, dummy) in present.items():
            if kind == 'directory':
                self._survey(os.path.join(path, name))

    def after_crash(self, path):
        """Everything that may be found there: ABSENT, TORN, ('link', target), ('directory', mode) or (content, mode)."""
        directories = [self._hold(self.root)]
        found = set()
        parts = os.path.relpath(path, self.root).split(os.sep)
        for position, name in enumerate(parts):
            seen = [entry for inode in directories for entry in self._entries[inode].get(name, [None])]
            if None in seen:
                found.add(ABSENT)
            if position == len(parts) - 1:
                return found | set(state for entry in seen if entry for state in self._states(*entry))
            directories = [number for entry in seen if entry for kind, number in [entry] if kind == 'directory']
        return found

    def _states(self, kind, number):
        if kind == 'link':
            return [(kind, number)]
        if kind == 'directory':
            return [(kind, stat.S_IMODE(os.fstat(self._held[number]).st_mode))]
        live, kept = self._live(number), self._kept.get(number)
        if kept is None or kept[0] != live[0]:
            return [TORN]
        return [kept, live]


class Way(object):
    """A way of changing: what is there first (path -> content, None for a directory), the change, and what may be found meanwhile and then (path -> states)."""

    def __init__(self, before, change, meanwhile, after):
        self.before = before
        self.change = change
        self.meanwhile = meanwhile
        self.after = after


OLD, NEW = (b'old', 0o644), (b'new', 0o600)


def _write(path, me, **options):
    _files.write_atomic(path, b'new', mode=0o600, **dict(me, **options))


def _make_and_write(at, me):
    _files.ensure_directory(at('a/b'))
    _write(at('a/b/x'), me)


WAYS = {
    'new': Way({}, lambda at, me: _write(at('x'), me), {'x': [ABSENT, NEW]}, {'x': [NEW]}),
    'replaced': Way({'x': b'old'}, lambda at, me: _write(at('x'), me), {'x': [OLD, NEW]}, {'x': [NEW]}),
    'staged in the directory above': Way(
        {'cni/x': b'old'}, lambda at, me: _write(at('cni/x'), me, staging=at('.')), {'cni/x': [OLD, NEW]}, {'cni/x': [NEW]}),
    'promoted': Way({'x': b'old', 'waiting': b'new'}, lambda at, me: _files.promote(at('waiting'), at('x'), 0o600, **me), {'x': [OLD, NEW]}, {'x': [NEW]}),
    'in directories that are made': Way({}, _make_and_write, {'a/b/x': [ABSENT, NEW]}, {'a/b/x': [NEW]}),
    'made directories': Way(
        {}, lambda at, me: _files.ensure_directory(at('a/b')), {}, {'a': [('directory', 0o755)], 'a/b': [('directory', 0o755)]}),
    'new link': Way({}, lambda at, me: _files.link('/to', at('x')), {'x': [ABSENT, ('link', '/to')]}, {'x': [('link', '/to')]}),
    'link made in one step': Way(
        {'x': b'old'}, lambda at, me: _files.link_atomic('/to', at('x')), {'x': [OLD, ('link', '/to')]}, {'x': [('link', '/to')]}),
    'removed': Way({'x': b'old'}, lambda at, me: _files.remove(at('x')), {'x': [OLD, ABSENT]}, {'x': [ABSENT]}),
    'directory removed': Way({'a': None}, lambda at, me: _files.remove_directory(at('a')), {'a': [('directory', 0o755), ABSENT]}, {'a': [ABSENT]}),
    'tree removed': Way({'a/b/x': b'old', 'y': b'old'}, lambda at, me: _files.remove_tree(at('a')), {'a/b/x': [OLD, ABSENT], 'y': [OLD]},
                        {'a/b/x': [ABSENT], 'a': [ABSENT], 'y': [OLD]}),
    'other mode': Way({'x': b'old'}, lambda at, me: _files.set_attributes(at('x'), 0o600, **me), {'x': [OLD, (b'old', 0o600)]}, {'x': [(b'old', 0o600)]}),
}


class Run(object):
    """One way on a disk of its own: what was found that must not be, and the disk."""

    def __init__(self, directory, monkeypatch, way, lost=None):
        root = str(directory)
        for name, content in way.before.items():
            path = directory.join(*name.split('/'))
            if content is None:
                path.ensure(dir=True).chmod(0o755)
            else:
                path.write_binary(content, ensure=True)
                path.chmod(0o644)
        state = _files.state_of(root)
        self.wrong = []
        with monkeypatch.context() as patched:
            self.disk = Disk(root, patched, lost)
            try:
                self.disk.listener = lambda: self._look(way.meanwhile)
                way.change(lambda name: os.path.join(root, name), {'owner': state.owner, 'group': state.group})
                self._look(way.after)
            finally:
                self.disk.close()

    def _look(self, allowed):
        for name, states in allowed.items():
            found = self.disk.after_crash(os.path.join(self.disk.root, name))
            self.wrong += [(self.disk.calls[-1], name, state) for state in found - set(states)]


@pytest.mark.parametrize('name', sorted(WAYS))
def test_a_crash_leaves_the_old_or_the_new_and_the_new_after_success(tmpdir, monkeypatch, name):
    assert Run(tmpdir, monkeypatch, WAYS[name]).wrong == []


@pytest.mark.parametrize('name', sorted(WAYS))
def test_without_any_one_fsync_a_crash_could_leave_something_else(tmpdir, monkeypatch, name):
    number = Run(tmpdir.mkdir('all'), monkeypatch, WAYS[name]).disk.syncs
    assert number > 0
    for lost in range(number):
        assert Run(tmpdir.mkdir(str(lost)), monkeypatch, WAYS[name], lost).wrong, 'fsync %d of %d could be left out' % (lost + 1, number)


def test_bytes_and_mode_are_on_disk_before_the_name_is(tmpdir, monkeypatch):
    calls = [call for call in Run(tmpdir, monkeypatch, WAYS['replaced']).disk.calls if call != 'open']
    assert calls == ['fchown', 'fchmod', 'fsync', 'rename', 'fsync']
