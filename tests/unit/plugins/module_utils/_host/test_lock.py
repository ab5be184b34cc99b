# -*- coding: utf-8 -*-
"""The lock of a host, with another run that holds it as a process of its own."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import signal
import subprocess
import sys
import time

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _lock
from ansible_collections.dcos.calico.plugins.modules import sysctl

# Takes the lock as the module does, starts a child that outlives it, and says when it has it.
OTHER = """
import subprocess, sys, time
from ansible_collections.dcos.calico.plugins.module_utils._host import _command, _lock
_lock.PATH = sys.argv[1]
with _lock.held("etcd_proxy"):
    _command.run(["sh", "-c", "sleep 30 &"], 10)
    print("mine")
    sys.stdout.flush()
    time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def path(tmpdir, monkeypatch):
    monkeypatch.setattr(_lock, 'PATH', str(tmpdir.join('lock')))
    monkeypatch.setattr(_lock, 'PAUSE', 0.05)
    monkeypatch.setenv('PYTHONPATH', os.pathsep.join(entry for entry in sys.path if entry))
    monkeypatch.setenv('SUDO_USER', 'alice')
    return tmpdir.join('lock')


@pytest.fixture
def other(path):
    """Start another run that holds the lock for some seconds; returns its process."""
    started = []

    def start(seconds):
        process = subprocess.Popen([sys.executable, '-c', OTHER, str(path), str(seconds)], stdout=subprocess.PIPE)
        started.append(process)
        assert process.stdout.readline().strip() == b'mine'
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_the_second_run_is_told_who_has_it(path, other, monkeypatch):
    monkeypatch.setattr(_lock, 'PATIENCE', 0.2)
    process = other(60)
    with pytest.raises(CalicoError) as error:
        with _lock.held('sysctl'):
            pass
    assert 'module etcd_proxy (process %d) by alice since 20' % process.pid in str(error.value)


def test_it_is_waited_for(path, other, monkeypatch):
    monkeypatch.setattr(_lock, 'PATIENCE', 60)
    other(0.5)
    with _lock.held('sysctl'):
        assert 'sysctl' in path.read()
    assert path.read() == '' and path.stat().mode & 0o777 == 0o600


def test_death_gives_it_back_whatever_the_dead_one_has_started(path, other, monkeypatch):
    monkeypatch.setattr(_lock, 'PATIENCE', 20)
    process = other(60)
    process.send_signal(signal.SIGKILL)
    begin = time.time()
    with _lock.held('sysctl'):
        assert time.time() - begin < 15


def test_what_stands_in_its_place_is_not_followed(path, tmpdir):
    victim = tmpdir.join('victim')
    victim.write('mine')
    path.mksymlinkto(victim)
    with pytest.raises(CalicoError) as error:
        with _lock.held('sysctl'):
            pass
    assert str(path) in str(error.value) and victim.read() == 'mine'


def test_who_may_not_make_it_goes_on_without(path, monkeypatch):
    def refused(*unused):
        raise OSError(13, 'Permission denied')
    monkeypatch.setattr(_lock.os, 'open', refused)
    with _lock.held('sysctl'):
        pass


def test_a_module_that_changes_the_host_holds_it_and_check_mode_does_not(run_module, tmpdir, monkeypatch):
    seen = []
    monkeypatch.setattr(sysctl, 'job', lambda module: seen.append(open(_lock.PATH).read() if os.path.exists(_lock.PATH) else None) or {'changed': False})
    for check in (True, False):
        run_module(sysctl, {'name': 'x', 'directory': str(tmpdir)}, check=check)
    assert seen[0] is None and '"pid": %d' % os.getpid() in seen[1]


def test_a_directory_is_held_by_one_and_nothing_is_left_there(tmpdir, monkeypatch):
    monkeypatch.setattr(_lock, 'PAUSE', 0.05)
    with _lock.held_directory(str(tmpdir), 5):
        with pytest.raises(CalicoError) as error:
            with _lock.held_directory(str(tmpdir), 0.2):
                pass
    assert 'Another run works in %s' % tmpdir in str(error.value) and tmpdir.listdir() == []
    with _lock.held_directory(str(tmpdir), 0.2):
        pass


@pytest.mark.parametrize('number, goes_on', [(9, True), (37, True), (5, False)])
def test_a_file_system_that_knows_no_locks_is_worked_on_without(tmpdir, monkeypatch, number, goes_on):
    """EBADF is what NFS says of a directory, ENOLCK what it says without its lock manager."""
    def refused(*unused):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(_lock.fcntl, 'flock', refused)
    if goes_on:
        with _lock.held_directory(str(tmpdir), 0.2):
            return
    with pytest.raises(CalicoError, match='cannot be taken'):
        with _lock.held_directory(str(tmpdir), 0.2):
            pass
