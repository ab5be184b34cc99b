# -*- coding: utf-8 -*-
"""Against real servers on loopback; MTUs are tried in test_network_probe.py, on interfaces that have some."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import socket
import threading

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._host import _echo

HERE = '127.0.0.1'


class Server(object):
    """Answers each connection, and each datagram, as a function says."""

    def __init__(self, answer):
        self.answer = answer
        self.listener = socket.socket()
        self.listener.bind((HERE, 0))
        self.listener.listen(8)
        self.port = self.listener.getsockname()[1]
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind((HERE, self.port))
        for work in (self.accept, self.receive):
            thread = threading.Thread(target=work)
            thread.daemon = True
            thread.start()

    def accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except (OSError, socket.error):
                return
            thread = threading.Thread(target=self.serve, args=(client,))
            thread.daemon = True
            thread.start()

    def serve(self, client):
        try:
            while True:
                data = client.recv(65536)
                if not data:
                    return
                answer = self.answer(data)
                if answer is None:
                    return
                client.sendall(answer)
        except (OSError, socket.error):
            pass
        finally:
            client.close()

    def receive(self):
        while True:
            try:
                data, sender = self.datagrams.recvfrom(65536)
                if not sender:
                    return  # It is closed.
                self.datagrams.sendto(self.answer(data) or b'', sender)
            except (OSError, socket.error):
                return

    def close(self):
        for one in (self.listener, self.datagrams):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except (OSError, socket.error):
                pass
            one.close()


@pytest.fixture
def server():
    made = []

    def make(answer=lambda data: data):
        made.append(Server(answer))
        return made[-1].port

    yield make
    for one in made:
        one.close()


def test_what_comes_back_the_same(server):
    port = server()
    assert _echo.tcp(HERE, port, 5)['error'] is None and _echo.tcp(HERE, port, 5)['ms'] >= 0
    assert _echo.tcp(HERE, port, 20, size=1 << 20)['error'] is None
    assert _echo.udp(HERE, port, 5, 1000)['error'] is None
    found = _echo.reached(HERE, port, 5)
    assert found['error'] is None and found['peer'] == '%s:%d' % (HERE, port) and found['source'].startswith(HERE)


def test_what_comes_back_otherwise(server):
    assert _echo.tcp(HERE, server(lambda data: b'x' * len(data)), 5)['error'] == 'what came back is not what was sent'
    assert _echo.tcp(HERE, server(lambda data: None), 5)['error'] == 'closed by the other end'
    silent = server(lambda data: b'')
    assert _echo.tcp(HERE, silent, 0.3)['error'] == 'timeout' and _echo.udp(HERE, silent, 0.3)['error'] == 'timeout'


def test_nobody_there(server):
    port = server()
    closed = socket.socket()
    closed.bind((HERE, 0))
    port = closed.getsockname()[1]
    assert _echo.tcp(HERE, port, 5)['error'] == 'refused' and _echo.reached(HERE, port, 5) == {'error': 'refused', 'source': None, 'peer': None}
    assert _echo.udp(HERE, port, 5)['error'] == 'refused'
    closed.close()


def test_a_try_is_made_again_until_it_is_well_or_time_is_up():
    answers = [{'error': 'timeout'}, {'error': 'refused'}, {'error': None}]
    assert _echo.until(5, lambda left: answers.pop(0), pause=0.01) == {'error': None} and answers == []
    assert _echo.until(0, lambda left: {'error': 'refused'}) == {'error': 'refused'}


def test_large_ones_on_loopback(server):
    mtu = _echo.known_mtu(HERE, 9)
    assert mtu and mtu > 10000
    assert _echo.large(HERE, server(), 1500, 65536, 5) == {'bulk': None, 'datagram': None, 'path_mtu': 1500}


def test_words():
    assert _echo.word(socket.timeout()) == 'timeout' and _echo.word(OSError(errno.EHOSTUNREACH, 'x')) == 'unreachable'
    assert _echo.word(OSError(errno.EMSGSIZE, 'x')) == 'too_large' and 'odd' in _echo.word(OSError(errno.EIO, 'odd'))
