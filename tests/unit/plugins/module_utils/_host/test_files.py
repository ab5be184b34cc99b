# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import subprocess
import sys

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _files


@pytest.fixture
def me(tmpdir):
    state = _files.state_of(str(tmpdir))
    return {'owner': state.owner, 'group': state.group}


def test_write_replaces_the_whole_file_with_mode_and_leaves_nothing_behind(tmpdir, me):
    path = tmpdir.join('x.cfg')
    path.write('old and longer')
    _files.write_atomic(str(path), u'n\xe4w', mode=0o600, **me)
    assert path.read_binary() == u'n\xe4w'.encode('utf-8') and path.stat().mode & 0o7777 == 0o600
    assert tmpdir.listdir() == [path]


def test_a_secret_is_never_readable_by_others_while_it_is_staged(tmpdir):
    staged = _files.stage(str(tmpdir))
    assert os.stat(staged.path).st_mode & 0o077 == 0
    _files.discard(staged)
    _files.discard(staged)
    assert tmpdir.listdir() == []


def test_the_staging_directory_keeps_watched_directories_clean(tmpdir, me, monkeypatch):
    watched = tmpdir.mkdir('cni')
    seen = []
    rename = os.rename
    monkeypatch.setattr(os, 'rename', lambda old, new: (seen.append([entry.basename for entry in watched.listdir()]), rename(old, new)))
    _files.write_atomic(str(watched.join('calico.cni')), '{}', staging=str(tmpdir), **me)
    assert seen == [[]] and watched.join('calico.cni').read() == '{}'


def test_what_a_killed_run_left_is_swept_and_what_a_live_one_stages_is_kept(tmpdir, me):
    dead = subprocess.Popen([sys.executable, '-c', 'pass'])
    dead.wait()
    tmpdir.join('%s%d.abc' % (_files.STAGED, dead.pid)).write('half')
    live = tmpdir.join('%s%d.abc' % (_files.STAGED, os.getpid()))
    live.write('coming')
    tmpdir.join('.dcos-calico.notes').write('not ours to remove')
    _files.discard(_files.stage(str(tmpdir), me['owner']))
    assert sorted(entry.basename for entry in tmpdir.listdir()) == sorted([live.basename, '.dcos-calico.notes'])


def test_a_failed_write_leaves_the_old_file(tmpdir, me, monkeypatch):
    path = tmpdir.join('x')
    path.write('old')

    def full(descriptor):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', full)
    with pytest.raises(CalicoError) as error:
        _files.write_atomic(str(path), 'new', **me)
    assert 'No space left on device' in str(error.value) and 'Free space' in str(error.value)
    assert path.read() == 'old' and tmpdir.listdir() == [path]


def test_a_link_is_made_and_replaced_in_one_step(tmpdir):
    link = tmpdir.join('calico')
    _files.link_atomic('/opt/calico/bin/calico', str(link))
    _files.link_atomic('/opt/calico/bin/other', str(link))
    assert _files.state_of(str(link)).target == '/opt/calico/bin/other' and len(tmpdir.listdir()) == 1


@pytest.mark.parametrize('kind', ['file', 'link', 'directory', 'absent'])
def test_state(tmpdir, kind):
    path = tmpdir.join('x')
    if kind == 'file':
        path.write('content')
    elif kind == 'link':
        path.mksymlinkto('/nowhere')
    elif kind == 'directory':
        path.mkdir()
    state = _files.state_of(str(path))
    assert state.kind == kind
    assert state.content() == (b'content' if kind == 'file' else None)
    assert (state.sha256() or '')[:12] == ('ed7002b439e9' if kind == 'file' else '')


def test_an_unknown_owner_is_an_error_that_names_it(tmpdir):
    with pytest.raises(CalicoError) as error:
        _files.write_atomic(str(tmpdir.join('x')), '', owner='no-such-user')
    assert 'no user no-such-user' in str(error.value) and tmpdir.listdir() == []


@pytest.fixture(params=[0o077, 0o000], ids=oct)
def umask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.parametrize('descriptors', [True, False], ids=['by descriptors', 'by names'])
def test_modes_are_those_that_are_asked_for_under_any_umask(tmpdir, me, monkeypatch, umask, descriptors):
    if not descriptors:
        monkeypatch.setattr(_files._directory, 'DESCRIPTORS', str(tmpdir.join('no-proc')))
    directory = tmpdir.join('a', 'b')
    assert _files.ensure_directory(str(directory)) == [str(directory.dirpath()), str(directory)]
    for name, mode in (('open', 0o644), ('secret', 0o600), ('tool', 0o755)):
        _files.write_atomic(str(directory.join(name)), 'x', mode=mode, **me)
    _files.set_attributes(str(directory.join('tool')), 0o750, **me)
    modes = dict((entry.relto(tmpdir), entry.stat().mode & 0o7777) for entry in tmpdir.visit())
    assert modes == {'a': 0o755, 'a/b': 0o755, 'a/b/open': 0o644, 'a/b/secret': 0o600, 'a/b/tool': 0o750}


def test_directories_are_made_with_their_parents(tmpdir):
    path = str(tmpdir.join('a', 'b'))
    assert _files.ensure_directory(path) == [str(tmpdir.join('a')), path]
    assert os.stat(path).st_mode & 0o7777 == 0o755 and _files.ensure_directory(path) == []
