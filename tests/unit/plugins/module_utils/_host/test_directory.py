# -*- coding: utf-8 -*-
"""Files in directories that others own: what somebody who owns a directory can gain while root works in it."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import itertools
import os
import pwd
import shutil
import signal
import stat
import tempfile
import time

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _files, _directory, _keys, _text_files
from ansible_collections.dcos.calico.plugins.modules import agent_key

OTHER = 'nobody'
SECONDS = 2
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason='only root can work in a directory of somebody else')


def attempt(action, *args):
    try:
        action(*args)
    except (IOError, OSError):
        pass


def swap(name, target):
    """What the owner of a directory does for ever in it: exchange what has a name for a link to something of root's, and back."""
    own = name + '.own'
    for make in itertools.cycle((os.symlink, os.link)):
        attempt(os.rename, name, own)
        attempt(make, target, name)
        attempt(os.unlink, name)
        attempt(os.rename, own, name)
        if not os.path.lexists(name) and not os.path.lexists(own):
            attempt(os.mkdir if os.path.isdir(target) else os.mknod, name)


def grow_and_swap(target):
    """Make a tree again as soon as it is removed, and exchange the directories in it for links."""
    while True:
        for number in range(20):
            path = 'tree/%d' % number
            attempt(os.mkdir, 'tree')
            attempt(os.mkdir, path)
            attempt(os.rename, path, 'tree/own')
            attempt(os.symlink, target, path)
            attempt(os.rename, 'tree/own', 'tree/again%d' % number)


class Scene(object):
    """theirs: a directory of somebody else. precious: root's directory with root's file 'file' (0600) in it."""

    def __init__(self):
        self.root = tempfile.mkdtemp(prefix='scene.')
        os.chmod(self.root, 0o755)
        self.uid = pwd.getpwnam(OTHER).pw_uid
        self.theirs = self.directory('theirs', self.uid)
        self.precious = self.directory('precious', 0)
        self.file = self.write(os.path.join(self.precious, 'file'), 'root only', 0)
        self.process = None

    def directory(self, name, uid):
        path = os.path.join(self.root, name)
        os.mkdir(path)
        os.chown(path, uid, -1)
        return path

    def write(self, path, text, uid, mode=0o600):
        with open(path, 'w') as handle:
            handle.write(text)
        os.chown(path, uid, -1)
        os.chmod(path, mode)
        return path

    def attack(self, action, *args):
        """Let the owner of C(theirs) do something in it from now on; in a copy of this process, as he may not run our Python."""
        self.process = os.fork()
        if self.process == 0:
            try:
                os.chdir(self.theirs)
                os.setgroups([])
                os.setuid(self.uid)
                action(*args)
            finally:
                os._exit(1)

    def check(self):
        """Nothing of root's changed."""
        info = os.lstat(self.file)
        assert (info.st_uid, stat.S_IMODE(info.st_mode), open(self.file).read()) == (0, 0o600, 'root only')
        assert os.listdir(self.precious) == ['file'] and os.lstat(self.precious).st_uid == 0

    def close(self):
        if self.process:
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)
        shutil.rmtree(self.root)


@pytest.fixture
def scene():
    made = Scene()
    yield made
    made.close()


def again_and_again(action):
    """Call it for some seconds, refused or not; how often it was done."""
    done, end = 0, time.time() + SECONDS
    while time.time() < end or (not done and time.time() < end + 20):
        try:
            action()
            done += 1
        except CalicoError:
            pass
    return done


@needs_root
def test_an_owner_who_swaps_his_file_for_a_link_is_not_given_roots_file(scene):
    path = scene.write(os.path.join(scene.theirs, 'key'), 'theirs', scene.uid)
    scene.attack(swap, 'key', scene.file)
    assert again_and_again(lambda: _files.set_attributes(path, 0o644, OTHER, 'root'))
    scene.check()


@needs_root
def test_a_directory_that_becomes_a_link_leads_no_write_and_no_removal_elsewhere(scene):
    os.mkdir(os.path.join(scene.theirs, 'sub'))
    os.chown(os.path.join(scene.theirs, 'sub'), scene.uid, -1)
    path = os.path.join(scene.theirs, 'sub', 'file')
    scene.attack(swap, 'sub', scene.precious)
    assert again_and_again(lambda: _files.write_atomic(path, 'theirs', owner=OTHER))
    scene.check()
    assert again_and_again(lambda: _files.remove(path))
    scene.check()
    assert again_and_again(lambda: _files.set_attributes(path[:-5], 0o777, OTHER, 'root', directory=True))
    scene.check()


@needs_root
def test_a_tree_is_removed_without_following_what_becomes_a_link(scene):
    scene.attack(grow_and_swap, scene.precious)
    again_and_again(lambda: _files.remove_tree(os.path.join(scene.theirs, 'tree')))
    scene.check()


@needs_root
def test_links_in_a_tree_go_and_what_they_point_to_stays(scene):
    tree = scene.directory('theirs/tree', scene.uid)
    os.symlink(scene.precious, os.path.join(tree, 'directory'))
    os.symlink(scene.file, os.path.join(tree, 'link'))
    _files.remove_tree(tree)
    assert not os.path.lexists(tree)
    scene.check()
    os.symlink(scene.precious, tree)
    with pytest.raises(CalicoError):
        _files.remove_tree(tree)
    scene.check()


@needs_root
def test_roots_files_are_not_placed_where_somebody_else_could_exchange_them(scene):
    with pytest.raises(CalicoError) as error:
        _files.write_atomic(os.path.join(scene.theirs, 'unit'), 'x')
    assert 'the directory %s belongs to %s, who could exchange them' % (scene.theirs, OTHER) in str(error.value)
    os.chmod(scene.precious, 0o777)
    with pytest.raises(CalicoError) as error:
        _files.link_atomic('/x', os.path.join(scene.precious, 'link'))
    assert 'everybody may write to the directory %s' % scene.precious in str(error.value)
    assert os.listdir(scene.theirs) == [] and os.listdir(scene.precious) == ['file']
    os.chmod(scene.precious, 0o755)
    inner = scene.directory('theirs/inner', 0)
    os.symlink(scene.precious, os.path.join(inner, 'link'))
    with pytest.raises(CalicoError) as error:
        _files.write_atomic(os.path.join(inner, 'link', 'unit'), 'x')
    assert 'the directory %s belongs to %s' % (scene.theirs, OTHER) in str(error.value), 'a link of root leads elsewhere, but the way to it is not root\'s'
    shutil.rmtree(inner)
    _files.write_atomic(os.path.join(scene.theirs, 'own'), 'x', owner=OTHER)
    assert os.listdir(scene.theirs) == ['own']


@needs_root
def test_a_staged_file_that_is_exchanged_is_not_given_away(scene):
    staged = _files.stage(scene.theirs, OTHER)
    os.unlink(staged.path)
    os.symlink(scene.file, staged.path)
    _files.publish(staged, os.path.join(scene.theirs, 'key'), 0o644, OTHER)
    _files.discard(staged)
    scene.check()


@needs_root
def test_a_second_name_of_roots_file_is_not_given_away(scene):
    path = os.path.join(scene.theirs, 'next')
    os.link(scene.file, path)
    for action in (lambda: _files.set_attributes(path, 0o644, OTHER), lambda: _files.promote(path, path[:-5], 0o644, OTHER)):
        with pytest.raises(CalicoError) as error:
            action()
        assert 'it has a second name' in str(error.value)
        scene.check()


@needs_root
def test_a_key_is_written_to_its_own_file_whatever_stands_under_the_name_by_then(scene, run_module, monkeypatch):
    make = _keys.make

    def exchanged(kind, size, path):
        for name in os.listdir(scene.theirs):
            os.unlink(os.path.join(scene.theirs, name))
            os.symlink(scene.file, os.path.join(scene.theirs, name))
        make(kind, size, path)

    monkeypatch.setattr(_keys, 'make', exchanged)
    run_module(agent_key, {'key_file': os.path.join(scene.theirs, 'x.key'), 'owner': OTHER, 'common_name': 'x', 'type': 'ecdsa'})
    scene.check()


@needs_root
def test_reading_follows_no_link_that_somebody_else_made(scene):
    path = scene.write(os.path.join(scene.theirs, 'cluster'), 'theirs', scene.uid)
    state = _files.state_of(path)
    os.unlink(path)
    os.symlink(scene.file, path)
    with pytest.raises((IOError, OSError)):
        state.content()
    os.symlink(scene.precious, os.path.join(scene.theirs, 'sub'))
    with pytest.raises(CalicoError) as error:
        _text_files.read([_text_files.TextFile(os.path.join(scene.theirs, 'sub', 'file'))])
    assert 'The link %s/sub is not followed' % scene.theirs in str(error.value)


def test_links_of_root_lead_on_as_in_the_directories_of_dcos(tmpdir):
    tmpdir.ensure('packages', 'cni--1', dir=True)
    tmpdir.mkdir('active').join('cni').mksymlinkto('../packages/cni--1')
    tmpdir.join('mesosphere').mksymlinkto(tmpdir.join('active'))
    _files.link_atomic('/opt/calico/bin/calico', str(tmpdir.join('mesosphere', 'cni', 'calico')))
    assert [path.basename for path in tmpdir.join('packages', 'cni--1').listdir()] == ['calico']
    tmpdir.join('loop').mksymlinkto('loop')
    with pytest.raises(CalicoError) as error:
        _files.ensure_directory(str(tmpdir.join('loop', 'x')))
    assert 'Too many levels of symbolic links' in str(error.value)


def test_no_descriptor_is_left_open(tmpdir):
    before = os.listdir('/proc/self/fd')
    _files.write_atomic(str(tmpdir.join('x')), 'x', owner=str(os.getuid()), group=str(os.getgid()))
    _files.ensure_directory(str(tmpdir.join('a', 'b')))
    _files.remove_tree(str(tmpdir.join('a')))
    with pytest.raises(CalicoError):
        _files.set_attributes(str(tmpdir.join('none', 'x')), 0o600)
    with _directory.opened(str(tmpdir)) as directory:
        assert directory.names() == ['x']
    assert len(os.listdir('/proc/self/fd')) == len(before)


@pytest.mark.parametrize('number, words', [
    (28, 'Free space in /etc/x and run again'),
    (30, 'Make the file system of /etc/x writable'),
    (16, 'Something is mounted at /etc/x/f: change that at its source, or unmount it'),
])
def test_the_advice_fits_the_error(number, words):
    assert words in str(_directory.failure('x', OSError(number, os.strerror(number)), '/etc/x/f'))


@needs_root
def test_an_immutable_file_is_told_from_a_full_disk(tmpdir, monkeypatch):
    def refused(before, after):
        raise OSError(1, 'Operation not permitted')

    monkeypatch.setattr(os, 'rename', refused)
    with pytest.raises(CalicoError) as error:
        _files.write_atomic(str(tmpdir.join('x')), 'x')
    assert 'lsattr -d %s %s' % (tmpdir, tmpdir.join('x')) in str(error.value) and 'space' not in str(error.value)
    assert tmpdir.listdir() == []
