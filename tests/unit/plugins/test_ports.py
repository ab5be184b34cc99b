from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket

import pytest

from . import ports


def test_no_connection_is_given_such_a_port_by_the_kernel():
    with open(ports.RANGE_FILE) as handle:
        low, high = [int(word) for word in handle.read().split()]
    given = [ports.free_port() for dummy in range(20)]
    assert [port for port in given if low <= port <= high] == [] and len(set(given)) > 1


@pytest.mark.parametrize('kind', [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_one_that_is_taken_is_not_given(monkeypatch, kind):
    taken = socket.socket(socket.AF_INET, kind)
    taken.bind(('127.0.0.1', ports.free_port()))
    port, other = taken.getsockname()[1], ports.free_port()
    try:
        monkeypatch.setattr(ports, 'outside_of_connections', lambda: [port])
        with pytest.raises(AssertionError, match='is free'):
            ports.free_port()
        monkeypatch.setattr(ports, 'outside_of_connections', lambda: [port, other])
        assert ports.free_port() == other
    finally:
        taken.close()
