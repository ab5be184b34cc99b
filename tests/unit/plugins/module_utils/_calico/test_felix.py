# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import socket
import subprocess
import threading
import time

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._calico import _felix

LOOSE = ("2026-11-22 00:00:46.206 [INFO][15] int_dataplane.go 744: Checking\n2026-11-22 00:00:46.206 [FATAL][15] int_dataplane.go 763: Kernel's RPF check "
         "is set to 'loose'.\n2026-11-22 00:00:47.206 [FATAL][16] int_dataplane.go 763: Kernel's RPF check is set to 'loose'.\n")
CONFLICT = ("2026-11-22 00:00:46.675 [WARNING][35] startup.go 718: Calico node 'a1' is already using the IPv4 address 10.97.0.11.\n"
            '2026-11-22 00:00:46.675 [WARNING][35] startup.go 915: Terminating\n')


@pytest.mark.parametrize('text, loose, said', [
    (LOOSE, True, 'rp_filter'),
    ('', True, 'rp_filter'),
    (LOOSE, False, None),
    ('2026-11-22 00:00:46.206 [ERROR][15] other trouble', True, None),
    (CONFLICT, False, 'the node a1 already uses the address 10.97.0.11 in'),
    ('startup.go 359: Environment does not contain a valid IPv%d address: %s=%s4IPbanana', False, 'is not valid'),
])
def test_cause(text, loose, said):
    why, remedy = _felix.cause(text, loose)
    assert (why is None and remedy is None) if said is None else (said in why and remedy)


def test_last_words_are_each_said_once():
    assert _felix.last_words(LOOSE) == ["FATAL int_dataplane.go 763: Kernel's RPF check is set to 'loose'."]
    assert _felix.last_words('all is well\n\n') == ['all is well'] and _felix.last_words('') == []


@pytest.mark.parametrize('answer, good', [
    (b'HTTP/1.0 204 No Content\r\n\r\n', True), (b'HTTP/1.1 503 Service Unavailable\r\n\r\n', False), (b'', False), (b'SSH-2.0-OpenSSH 204\r\n', False)])
def test_readiness(answer, good):
    server = socket.socket()
    server.bind(('127.0.0.1', 0))
    server.listen(1)

    def serve():
        client = server.accept()[0]
        client.recv(1000)
        client.sendall(answer)
        client.close()

    thread = threading.Thread(target=serve)
    thread.start()
    ready, said = _felix.ready(server.getsockname()[1])
    thread.join()
    server.close()
    assert ready is good and (said is None) is good


def test_a_closed_port_is_not_ready(free_port):
    assert _felix.ready(free_port)[0] is False


@pytest.fixture
def proc(tmpdir, monkeypatch):
    tmpdir.join('uptime').mksymlinkto('/proc/uptime')
    monkeypatch.setattr(_felix, 'PROC', str(tmpdir))
    return tmpdir


def test_age_of_the_youngest_process(proc):
    assert _felix.age() is None
    processes = [subprocess.Popen(['calico-felix', '60'], executable='/bin/sleep') for unused in range(2)]
    try:
        for process in processes:
            proc.join(str(process.pid)).mksymlinkto('/proc/%d' % process.pid)
        deadline = time.time() + 10
        while len(_felix.processes()) < 2 and time.time() < deadline:
            time.sleep(0.01)
        assert sorted(pid for pid, unused in _felix.processes()) == sorted(process.pid for process in processes)
        assert 0 <= _felix.age() < 30
    finally:
        for process in processes:
            process.kill()
    # Not yet waited for, so they are zombies, which calicoctl would take for a Felix that runs.
    os.kill(processes[0].pid, 0)
    for process in processes:
        process.wait()
    assert _felix.age() is None


def test_rp_filter(tmpdir):
    path = tmpdir.join('rp_filter')
    assert _felix.rp_filter_loose(str(path)) is False
    for value, loose in (('0', False), ('1', False), ('2', True)):
        path.write(value + '\n')
        assert _felix.rp_filter_loose(str(path)) is loose
