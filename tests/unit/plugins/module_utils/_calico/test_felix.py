# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import socket
import subprocess
import sys
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


def shown(proc, process):
    """Let a process be seen; what Docker says of a container that it is the first of."""
    proc.join(str(process.pid)).mksymlinkto('/proc/%d' % process.pid)
    return {'Id': 'f' * 64, 'State': {'Running': True, 'Pid': process.pid}}


def seen(*containers):
    """Wait until the Felix of each is one by its name, which a process has only a moment after its start."""
    deadline = time.time() + 10
    while not all(_felix.processes(each) for each in containers) and time.time() < deadline:
        time.sleep(0.01)


def test_age_of_the_youngest_process(proc):
    processes = [subprocess.Popen(['calico-felix', '60'], executable='/bin/sleep') for unused in range(2)]
    containers = [shown(proc, process) for process in processes]
    try:
        seen(*containers)
        assert [[pid for pid, unused in _felix.processes(each)] for each in containers] == [[process.pid] for process in processes]
        assert 0 <= _felix.age(containers[0]) < 30
        assert _felix.age({'Id': 'e' * 64, 'State': {'Pid': os.getpid()}}) < 30, 'they are children of this process'
        assert _felix.age({'Id': 'e' * 64, 'State': {'Pid': 0}}) is None, 'by its name alone a process is no Felix'
    finally:
        for process in processes:
            process.kill()
    # Not yet waited for, so they are zombies, which calicoctl would take for a Felix that runs.
    os.kill(processes[0].pid, 0)
    for process in processes:
        process.wait()
    assert _felix.age(containers[0]) is None


@pytest.mark.parametrize('cgroup, belongs', [
    ('0::/system.slice/docker-%s.scope\n' % ('f' * 64), True),
    ('11:memory:/docker/%s\n1:name=systemd:/docker/%s\n' % ('f' * 64, 'f' * 64), True),
    ('0::/system.slice/docker-%s.scope\n' % ('e' * 64), False),
    ('', False),
])
def test_a_process_of_a_container_by_its_cgroup(proc, cgroup, belongs):
    proc.join('77', 'cgroup').write(cgroup, ensure=True)
    assert _felix.inside(77, {'Id': 'f' * 64, 'State': {'Pid': 0}}) is belongs


# Says 204 to everybody, as anything on a host can.
READY = """
import socket, sys
server = socket.socket()
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen(5)
while True:
    client = server.accept()[0]
    client.recv(1000)
    client.sendall(b"HTTP/1.0 204 No Content\\r\\n\\r\\n")
    client.close()
"""


@pytest.fixture
def ready_felix(proc, free_port):
    """(a process that is named as Felix and says that it is ready, its port)."""
    proc.join('net').mksymlinkto('/proc/net')
    process = subprocess.Popen(['calico-felix', '-c', READY, str(free_port)], executable=sys.executable)
    deadline = time.time() + 20
    while not _felix.ready(free_port)[0] and time.time() < deadline:
        time.sleep(0.02)
    yield process, free_port
    process.kill()
    process.wait()


def test_a_felix_of_the_container_that_has_the_port(proc, ready_felix):
    process, port = ready_felix
    container = shown(proc, process)
    assert _felix.trouble(container, port) is None and _felix.listens(port, container) and not _felix.listens(port + 1, container)
    assert 'was started' in _felix.trouble(container, port, stable_seconds=3600), 'one that is restarted every second is ready now and then'


def test_a_listener_that_is_not_of_the_container_is_no_felix(proc, ready_felix):
    """Neither its name nor its answer is a proof."""
    process, port = ready_felix
    shown(proc, process)
    felix = subprocess.Popen(['calico-felix', '60'], executable='/bin/sleep')
    try:
        container = shown(proc, felix)
        seen(container)
        said = _felix.trouble(container, port)
        assert not _felix.listens(port, container)
        assert said.startswith('port %d is that of ' % port) and '(process %d), which is not the Felix' % process.pid in said
        proc.join(str(process.pid)).remove()
        assert 'a program that cannot be seen' in _felix.trouble({'Id': 'f' * 64, 'State': {'Pid': felix.pid}}, port)
    finally:
        felix.kill()
        felix.wait()


def test_without_a_container_there_is_no_felix(ready_felix):
    assert _felix.trouble(None, ready_felix[1]) == 'Felix does not run'
