# -*- coding: utf-8 -*-
"""What needs no other namespace; test_network_probe.py goes into real ones."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import subprocess
import sys
import time

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _netns

CHILD = 'import sys, time\nsys.stdout.write("x")\nsys.stdout.flush()\ntime.sleep(100)\n'


@pytest.fixture
def process():
    child = subprocess.Popen([sys.executable, '-c', CHILD], stdout=subprocess.PIPE, env=dict(os.environ, CALICO_TEST_APP='/a/b', XCALICO_TEST_APP='no'))
    child.stdout.read(1)
    yield child
    child.kill()
    child.wait()
    child.stdout.close()


def test_processes_by_a_variable(process):
    found = _netns.processes('CALICO_TEST_APP')
    assert found == {'/a/b': [process.pid]}
    assert _netns.separate(found['/a/b']) is None, 'it is in this namespace'
    assert _netns.identity(process.pid) == _netns.identity('self') and _netns.identity(2 ** 22 + 1) is None


def enter_here(monkeypatch):
    """Stay where one is: another namespace needs root."""
    monkeypatch.setattr(_netns, '_enter', lambda pid: None)


def test_a_job_is_done_in_a_child(monkeypatch):
    enter_here(monkeypatch)
    assert _netns.inside(1, lambda: {'pid': os.getpid(), 'text': u'\xe4' * 100000}, 30)['pid'] != os.getpid()


def test_a_job_that_fails(monkeypatch):
    enter_here(monkeypatch)

    def job():
        raise ValueError('no luck')

    with pytest.raises(CalicoError) as failed:
        _netns.inside(4711, job, 30)
    assert 'The network namespace of process 4711 could not be worked in: no luck' in str(failed.value)


def test_a_job_that_does_not_end(monkeypatch):
    enter_here(monkeypatch)
    begin = time.time()
    with pytest.raises(CalicoError) as failed:
        _netns.inside(4711, lambda: time.sleep(100), 0.3)
    assert 'did not end within 0.3 seconds' in str(failed.value) and time.time() - begin < 20


def test_a_job_that_is_killed(monkeypatch):
    enter_here(monkeypatch)
    with pytest.raises(CalicoError) as failed:
        _netns.inside(4711, lambda: os._exit(1), 30)
    assert 'it ended without an answer' in str(failed.value)


def test_a_process_that_is_gone():
    with pytest.raises(CalicoError) as failed:
        _netns.inside(2 ** 22 + 1, lambda: 1, 30)
    assert 'No such file' in str(failed.value)
