from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket

import pytest

from . import ports


@pytest.mark.parametrize('text, desired', [
    (u'10002\t65533\n', [10000, 10001, 65534, 65535]),
    (u'32768\t60999\n', list(range(10000, 32768)) + list(range(61000, 65536))),
    (u'1024\t65535\n', list(range(10000, 65536))),
])
def test_no_connection_is_given_such_a_port_by_the_kernel(monkeypatch, tmpdir, text, desired):
    """Unless it gives them all."""
    path = tmpdir.join('range')
    path.write(text)
    monkeypatch.setattr(ports, 'RANGE_FILE', str(path))
    assert ports.outside_of_connections() == desired
    assert set(ports.free_port() for dummy in range(5)) <= set(desired)


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
