# -*- coding: utf-8 -*-
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import socket

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._host import _network

TCP = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:094B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 24100 1 0000000000000000 100 0 0 10 0
   1: 00000000:00B3 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 24101 1 0000000000000000 100 0 0 10 0
   2: 0B00610A:0016 0C00610A:8A2E 01 00000000:00000000 00:00000000 00000000     0        0 24102 1 0000000000000000 100 0 0 10 0
"""
TCP6 = TCP.splitlines()[0] + '\n   0: 00000000000000000000000000000000:F28C 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 24103 1 0 100 0 0 10 0\n'


def test_listeners():
    assert _network.parse_listeners(TCP) == [('127.0.0.1', 2379, '24100'), ('0.0.0.0', 179, '24101')]
    assert _network.parse_listeners(TCP6, ipv6=True) == [('::', 62092, '24103')]
    assert _network.parse_listeners('') == []


@pytest.mark.parametrize('text, unit', [
    ('0::/system.slice/lab-etcd.service\n', 'lab-etcd.service'),
    ('0::/machine.slice/libpod-1.scope/container/system.slice/calico-etcd.service/sub\n', 'calico-etcd.service'),
    ('11:cpu,cpuacct:/system.slice\n1:name=systemd:/system.slice/etcd.service\n', 'etcd.service'),
    ('0::/user.slice/session-1.scope\n', None),
    ('', None),
])
def test_unit_of_a_process(text, unit):
    assert _network.parse_unit(text) == unit


def test_who_listens_here():
    server = socket.socket()
    server.bind(('127.0.0.1', 0))
    server.listen(1)
    port = server.getsockname()[1]
    found = _network.listeners([port])
    server.close()
    assert list(found) == [str(port)] and found[str(port)]['pid'] == os.getpid() and found[str(port)]['addresses'] == ['127.0.0.1']
    assert _network.listeners([port]) == {}


def test_connections():
    assert _network.parse_connections(TCP) == [('10.97.0.12', 35374, '24102')] and _network.parse_connections('') == []


def test_who_is_connected_to_a_port_here():
    server = socket.socket()
    server.bind(('127.0.0.1', 0))
    server.listen(1)
    port = server.getsockname()[1]
    assert _network.clients([port]) == []
    client = socket.create_connection(('127.0.0.1', port))
    assert [pid for pid, _name in _network.clients([port])] == [os.getpid()] and _network.clients([port + 1]) == []
    client.close()
    server.close()


@pytest.mark.parametrize('line, found', [
    ('2: eth0    inet 10.0.2.10/24 brd 10.0.2.255 scope global eth0', ('eth0', '10.0.2.10', 24, '10.0.2.0/24')),
    ('7: eth0@if8    inet 10.0.2.10/20 brd 10.0.15.255 scope global eth0', ('eth0', '10.0.2.10', 20, '10.0.0.0/20')),
    ('9: tunl0    inet 192.168.7.64/32 scope global tunl0', ('tunl0', '192.168.7.64', 32, '192.168.7.64/32')),
    ('4: tun0    inet 10.8.0.2 peer 10.8.0.1/32 scope global tun0', ('tun0', '10.8.0.2', 32, '10.8.0.2/32')),
    ('5: spartan    inet 198.51.100.1/32 scope global spartan', ('spartan', '198.51.100.1', 32, '198.51.100.1/32')),
])
def test_addresses(line, found):
    assert [tuple(item[key] for key in ('interface', 'address', 'prefix', 'network')) for item in _network.parse_addresses(line + '\n')] == [found]


@pytest.mark.parametrize('text, policy', [
    ('*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [1:2]\nCOMMIT\n', 'DROP'),
    ('*filter\n:FORWARD DROP [1:2]\n-A FORWARD -j DOCKER-USER\n-A FORWARD -j ACCEPT\nCOMMIT\n', 'ACCEPT'),
    ('*filter\n:FORWARD DROP [1:2]\n-A FORWARD -o docker0 -j ACCEPT\nCOMMIT\n', 'DROP'),
    ('', None),
])
def test_forward(text, policy):
    assert _network.parse_forward(text) == policy
