# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._host import _network, _routes

# As a kernel of this byte order writes it; the last ones are down, and refuse.
TEXT = """Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0102000A\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0002000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
tunl0\t404DA8C0\t0C02000A\t0003\t0\t0\t0\tC0FFFFFF\t0\t0\t0
cali4a5e9f0c-me\t050CA8C0\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0
eth1\t070CA8C0\t00000000\t0000\t0\t0\t0\tFFFFFFFF\t0\t0\t0
*\t000CA8C0\t00000000\t0201\t0\t0\t0\tC0FFFFFF\t0\t0\t0
"""
CONNECTION = 'ipv4     2 tcp      6 117 TIME_WAIT src=192.168.12.5 dst=10.0.0.11 sport=%d dport=5050 src=10.0.0.11 dst=%s sport=5050 dport=%d [ASSURED] use=1\n'
CONNECTIONS = CONNECTION % (4000, '10.0.2.10', 4000) + CONNECTION % (40001, '192.168.12.5', 40001)

little = pytest.mark.skipif(sys.byteorder != 'little', reason='the text is that of the other byte order')


@little
@pytest.mark.parametrize('address, way', [
    ('192.168.12.5', ('cali4a5e9f0c-me', None, '192.168.12.5/32')),
    ('192.168.77.70', ('tunl0', '10.0.2.12', '192.168.77.64/26')),
    ('10.0.2.99', ('eth0', None, '10.0.2.0/24')),
    ('192.168.12.7', ('eth0', '10.0.2.1', '0.0.0.0/0')),
])
def test_the_most_specific_route(address, way):
    found = _routes.lookup(_routes.parse(TEXT), address)
    assert (found['interface'], found['gateway'], found['to']) == way


@little
def test_containers_are_what_has_a_route_of_its_own_by_felix():
    assert _routes.containers(_routes.parse(TEXT)) == ['192.168.12.5']


def test_no_route():
    assert _routes.lookup([], '10.0.0.1') is None and _routes.parse('') == []


def test_by_which_address_a_connection_is_seen():
    assert _routes.parse_connection(CONNECTIONS, '192.168.12.5:4000', '10.0.0.11:5050') == '10.0.2.10'
    assert _routes.parse_connection(CONNECTIONS, '192.168.12.5:40001', '10.0.0.11:5050') == '192.168.12.5'
    assert _routes.parse_connection(CONNECTIONS, '192.168.12.5:400', '10.0.0.11:5050') is None


def test_a_kernel_that_does_not_tell(monkeypatch, tmpdir):
    monkeypatch.setattr(_network, 'PROC', str(tmpdir))
    assert _routes.seen_as('192.168.12.5:4000', '10.0.0.11:5050') is None and _routes.routes() == []


DEVICES = """Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
%s"""
LOOPBACK = {'name': 'lo', 'gateway': None, 'address': '127.0.0.1'}


@pytest.fixture
def kernel(monkeypatch):
    """A namespace with these interfaces, of which the kernel tells an address where it is not None."""
    def has(interfaces, routes=''):
        files = {'/proc/self/net/route': routes, '/proc/self/net/dev': DEVICES % ''.join('%6s: 0 0\n' % name for name in interfaces)}
        monkeypatch.setattr(_network, 'read', files.get)
        monkeypatch.setattr(_routes, '_ask', lambda request, name: interfaces[name] if request == _routes.GET_ADDRESS else None)

    return has


def test_the_interface_of_the_default_route_as_this_kernel_tells_it(monkeypatch):
    route = 'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\nlo\t00000000\t00000000\t0001\t0\t0\t0\t00000000\n'
    monkeypatch.setattr(_network, 'read', {'/proc/self/net/route': route, '/proc/self/net/dev': ''}.get)
    with open('/sys/class/net/lo/mtu') as handle:
        assert _routes.interface() == dict(LOOPBACK, mtu=int(handle.read()))


@little
def test_without_a_default_route_it_is_the_first_other_than_lo_that_has_an_address(kernel):
    address = b'\0' * 20 + b'\x0a\x00\x02\x0a' + b'\xff' * 16
    kernel({'lo': address, 'zeth0': address, 'veth9': None, 'xeth1': address})
    assert _routes.interface() == {'name': 'xeth1', 'gateway': None, 'address': '10.0.2.10', 'mtu': None}
    kernel({'lo': address, 'eth0': None}, TEXT)
    assert _routes.interface() == {'name': 'eth0', 'gateway': '10.0.2.1', 'address': None, 'mtu': None}
    kernel({'lo': address, 'veth9': None})
    assert _routes.interface() is None


def test_a_name_that_is_longer_than_the_kernel_takes_has_no_interface():
    assert _routes._ask(_routes.GET_ADDRESS, 'no-such-interface-here') is None
