# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import subprocess
import sys

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _processes, _systemd

ID = 'c0ffee' * 10 + 'c0ff'


@pytest.mark.parametrize('cgroup, who', [
    ('1:name=systemd:/docker/%s\n' % ID, 'docker'),
    ('0::/system.slice/docker-%s.scope\n' % ID, 'docker'),
    ('1:name=systemd:/mesos/4711\n', 'mesos'),
    ('1:name=systemd:/mesos_executors.slice/a\n', 'mesos'),
    ('9:name=systemd:/system.slice/ssh.service\n', None),
    ('', None),
])
def test_who_keeps_a_process(cgroup, who):
    assert _processes.keeper(cgroup) == who


@pytest.fixture
def of_no_unit(monkeypatch):
    monkeypatch.setattr(_processes._network, 'parse_unit', lambda text: None)


def child(program):
    process = subprocess.Popen([sys.executable, '-c', program], stdout=subprocess.PIPE)
    assert process.stdout.readline().strip() == b'up'
    return process


@pytest.mark.parametrize('before', ['', 'import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);'])
def test_a_process_ends_also_if_it_does_not_listen(of_no_unit, before):
    process = child('import time, sys;%s print("up"); sys.stdout.flush(); time.sleep(60)' % before)
    found = _processes.of(process.pid, 'python')
    assert found.argv[0] == sys.executable and found.unit is None and found.born
    found.stop(0.3)
    assert process.wait() == (-9 if before else -15)


def test_another_process_of_the_same_number_is_left_alone(of_no_unit):
    process = child('import time, sys; print("up"); sys.stdout.flush(); time.sleep(60)')
    found = _processes.of(process.pid, 'python')
    found.born = '1'
    found.stop(0.3)
    assert process.poll() is None
    process.kill()
    process.wait()


def test_one_that_does_not_end_is_told(of_no_unit, monkeypatch):
    found = _processes.Process(1, 'init', [], 'born')
    monkeypatch.setattr(_processes, '_born', lambda pid: 'born')
    monkeypatch.setattr(_processes.os, 'kill', lambda pid, number: None)
    with pytest.raises(CalicoError, match='does not end'):
        found.stop(0.01)


@pytest.mark.parametrize('main, kept', [(4711, 'own-etcd.service'), (1, None)])
def test_a_unit_keeps_a_process_only_if_it_is_its_main_one(monkeypatch, main, kept):
    """What a login over ssh has left in the background counts as ssh.service, which is not to be stopped."""
    monkeypatch.setattr(_processes._network, 'parse_unit', lambda text: 'own-etcd.service')
    monkeypatch.setattr(_systemd, 'read', lambda names: {names[0]: type('State', (), {'pid': main})})
    assert _processes.of(4711, 'etcd').unit == kept


@pytest.mark.parametrize('unit, main, started_by', [
    ('supervisord.service', 'parent', 'supervisord.service'),
    ('sshd.service', 'parent', None),
    ('user@0.service', 'parent', None),
    ('rc-local.service', 0, None),
])
def test_a_unit_may_have_started_it_by_another_process(monkeypatch, unit, main, started_by):
    """Supervisors and scripts with a loop start anew what is stopped, and a unit that was not disabled does at boot."""
    process = child('import time, sys; print("up"); sys.stdout.flush(); time.sleep(60)')
    main = os.getpid() if main == 'parent' else main
    monkeypatch.setattr(_processes._network, 'parse_unit', lambda text: unit)
    monkeypatch.setattr(_systemd, 'read', lambda names: {names[0]: type('State', (), {'pid': main})})
    found = _processes.of(process.pid, 'python')
    process.kill()
    process.wait()
    assert (found.unit, found.started_by) == (None, started_by)


def test_who_descends_from_whom():
    process = child('import time, sys; print("up"); sys.stdout.flush(); time.sleep(60)')
    assert _processes._descends(process.pid, os.getpid()) and _processes._descends(process.pid, 1)
    assert not _processes._descends(os.getpid(), process.pid) and not _processes._descends(process.pid, 0)
    process.kill()
    process.wait()
    assert not _processes._descends(process.pid, os.getpid())


@pytest.mark.parametrize('directory, task', [
    ('/var/lib/mesos/slave/slaves/8f-S1/frameworks/8f-0001/executors/RunEtcdProxy-0B6E/runs/4d2c', 'RunEtcdProxy-0B6E'),
    ('/var/lib/mesos/slave/slaves/8f-S1/frameworks/8f-0001/executors/RunEtcdProxy-0B6E/runs/4d2c/etcd-v2.3.1-linux-amd64', 'RunEtcdProxy-0B6E'),
    ('/home/core', None),
    ('', None),
])
def test_the_task_of_a_sandbox(directory, task):
    assert _processes.task_of(directory) == task


def test_a_unit_is_disabled_before_it_is_stopped(monkeypatch):
    calls = []
    monkeypatch.setattr(_systemd, 'disable', lambda names: calls.append(('disable', names)))
    monkeypatch.setattr(_systemd, 'stop', lambda names: calls.append(('stop', names)))
    _processes.Process(1, 'etcd', [], unit='own-etcd.service').stop(1)
    assert calls == [('disable', ['own-etcd.service']), ('stop', ['own-etcd.service'])]
