# -*- coding: utf-8 -*-
"""One question by HTTP, to servers that answer slowly, without end, or not at all."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket
import threading
import time

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._host import _http

try:
    from http.client import HTTPConnection, HTTPException
except ImportError:
    from httplib import HTTPConnection, HTTPException

HEAD = b'HTTP/1.0 200 OK\r\nX-Kind: one\r\n\r\n'


@pytest.fixture
def served():
    """Port of a server whose connections go to a function, until it raises or ends."""
    servers = []

    def serve(talk):
        server = socket.socket()
        server.bind(('127.0.0.1', 0))
        server.listen(5)
        servers.append(server)

        def run():
            try:
                client = server.accept()[0]
                client.recv(1000)
                talk(client)
                client.close()
            except (IOError, OSError):
                pass
        thread = threading.Thread(target=run)
        thread.daemon = True
        thread.start()
        return server.getsockname()[1]

    yield serve
    for server in servers:
        server.close()


def ask(port, seconds=20, **more):
    connection = HTTPConnection('127.0.0.1', port)
    try:
        return _http.ask(connection, '/x', seconds, **more)
    finally:
        connection.close()


def test_an_answer(served):
    answer = ask(served(lambda client: client.sendall(HEAD + b'hello')))
    assert (answer.status, answer.body, answer.headers) == (200, b'hello', {'x-kind': 'one'})


def dripping(begin):
    def talk(client):
        client.sendall(begin)
        for unused in range(300):
            client.sendall(b'x')
            time.sleep(0.1)
    return talk


@pytest.mark.parametrize('begin', [HEAD, b'HTTP/1.0 200 OK\r\nX-Long: ', b'HTTP/1.0 '])
def test_a_byte_now_and_then_is_no_answer_in_time(served, begin):
    start = time.time()
    with pytest.raises(socket.timeout) as error:
        ask(served(dripping(begin)), seconds=0.5)
    assert 'no whole answer within 1.5 seconds' in str(error.value) and time.time() - start < 15


def test_an_answer_without_end(served):
    def talk(client):
        client.sendall(HEAD)
        while True:
            client.sendall(b'x' * 65536)
    with pytest.raises(ValueError) as error:
        ask(served(talk), largest=1000000)
    assert 'more than 1000000 bytes' in str(error.value)


def test_nobody_there(free_port):
    with pytest.raises((IOError, OSError, HTTPException)):
        ask(free_port)
