# -*- coding: utf-8 -*-
"""Sessions as a real BIRD 1.6.8 tells them (recorded in tests/contract/records)."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import shutil
import socket
import tempfile
import threading

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._calico import _bgp
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError

PROTOCOLS = """BIRD 1.6.8 ready.
name     proto    table    state  since       info
kernel1  Kernel   master   wait   23:49:11
device1  Device   master   up     23:49:11
direct1  Direct   master   up     23:49:11
Mesh_10_98_0_12 BGP      master   up     23:49:15    Established
Mesh_10_98_0_13 BGP      master   start  23:49:11    Active
Global_10_98_0_14 BGP      master   start  23:49:11    Connect
Node_10_98_0_15 BGP      master   start  23:49:11    Active        Socket: Connection refused
"""


def brief(peers):
    return [(peer['address'], peer['type'], peer['state'], peer['info'], peer['established']) for peer in peers]


def with_codes(text):
    lines = text.splitlines()
    return '0001 %s\n2002-%s\n1002-%s\n' % tuple(lines[:3]) + ''.join(' %s\n' % line for line in lines[3:]) + '0000 \n'


def test_no_sessions():
    assert _bgp.parse_protocols('') == []


@pytest.mark.parametrize('text', [PROTOCOLS, with_codes(PROTOCOLS)])
def test_protocols(text):
    assert brief(_bgp.parse_protocols(text)) == [
        ('10.98.0.12', 'node-to-node mesh', 'up', 'Established', True),
        ('10.98.0.13', 'node-to-node mesh', 'start', 'Active', False),
        ('10.98.0.14', 'global', 'start', 'Connect', False),
        ('10.98.0.15', 'node specific', 'start', 'Active Socket: Connection refused', False)]


@pytest.mark.parametrize('text, expected', [
    ('0024-Graceful restart recovery in progress\n   Waiting for 1 protocols to recover\n   Wait timer is 238/240\n0013 Daemon is up and running\n',
     'Waiting for 1 protocols to recover'),
    ('BIRD 1.6.3\nGraceful restart recovery in progress\n  Waiting for 2 protocols to recover\n', 'Waiting for 2 protocols to recover'),
    ('Graceful restart recovery in progress\n', 'Graceful restart recovery in progress'),
    (' Last reboot on 2026-11-22 11:53:51\n0013 Daemon is up and running\n', None),
])
def test_recovery(text, expected):
    assert _bgp.parse_recovery(text) == expected


DETAILS = """2002-name     proto    table    state  since       info
1002-kernel1  Kernel   master   up     23:49:11
1006-  Preference:     10
1002-Mesh_10_98_0_12 BGP      master   start  23:49:15    Active        Received: Neighbor graceful restart
1006-  BGP state:          Active
     Neighbor address: 10.98.0.12
     Neighbor graceful restart active
     Restart timer:    117/-
1002-Mesh_10_98_0_13 BGP      master   up     23:49:11    Established
1006-  BGP state:          Established
"""


def test_peers_that_restart():
    assert _bgp.parse_restarting(DETAILS) == ['10.98.0.12'] and _bgp.parse_restarting(with_codes(PROTOCOLS)) == []
    assert [item['address'] for item in _bgp.parse_protocols(DETAILS)] == ['10.98.0.12', '10.98.0.13']
    assert _bgp.parse_restarting(' Neighbor graceful restart active') == [], 'of nobody'


@pytest.mark.parametrize('kind, name', [('node-to-node mesh', 'Mesh_10_0_0_2'), ('global', 'Global_10_0_0_2'), ('node specific', 'Node_10_0_0_2')])
def test_a_session_is_begun_anew_by_its_name(bird, kind, name):
    path, asked = bird(('0012-%s: restarted\n0000 \n' % name).encode('ascii'))
    _bgp.begin_anew(_bgp.peer('10.0.0.2', kind, 'start', '23:49:11', 'Active'), path)
    assert asked == [('restart %s\n' % name).encode('ascii')]


def test_nobody_on_the_socket(tmpdir):
    with pytest.raises(CalicoError) as raised:
        _bgp.ask(str(tmpdir.join('bird.ctl')))
    assert 'BIRD does not answer' in str(raised.value)


def test_who_should_be_there():
    nodes = {'a': '10.0.0.1/24', 'b': '10.0.0.2/24', 'c': None, 'd': '10.0.0.4/24'}
    assert _bgp.mesh_peers(nodes, 'a') == ['10.0.0.2', '10.0.0.4']
    peers = _bgp.parse_protocols('Mesh_10_0_0_2 BGP master up 23:49:15 Established')
    assert _bgp.missing(['10.0.0.2', '10.0.0.4'], peers) == ['10.0.0.4'] and _bgp.missing(['10.0.0.4'], peers, ['10.0.0.4']) == []
    assert _bgp.describe('10.0.0.4', peers) == '10.0.0.4 (BIRD has no session with it)'


def test_configured_peers():
    resources = [{'metadata': metadata} for metadata in (
        {'scope': 'global', 'peerIP': '10.0.0.9'}, {'scope': 'node', 'node': 'a', 'peerIP': '10.0.0.8'},
        {'scope': 'node', 'node': 'b', 'peerIP': '10.0.0.7'}, {'scope': 'global', 'peerIP': 'fd00::9'})]
    assert _bgp.configured_peers(resources, 'a') == ['10.0.0.8', '10.0.0.9']


@pytest.mark.parametrize('info, listening, expected', [
    ('Active Socket: Connection refused', False, True),
    ('Active Socket: No route to host', False, True),
    # The last error is of the past: somebody is there now
    ('Active Socket: Connection refused', True, False),
    ('Active Socket: Connection closed', True, False),
    ('Connect', False, False),
    ('Established', False, False),
])
def test_a_peer_is_down_only_if_nobody_listens_there_now(info, listening, expected):
    peers = [_bgp.peer('10.0.0.2', 'node-to-node mesh', 'start', '23:49:11', info)]
    assert _bgp.down('10.0.0.2', peers, listens=lambda address: listening) is expected
    assert _bgp.down('10.0.0.3', peers, listens=lambda address: False) is False


def test_a_port_is_open_only_where_somebody_listens():
    server = socket.socket()
    server.bind(('127.0.0.1', 0))
    port = server.getsockname()[1]
    assert not _bgp.port_open('127.0.0.1', port)
    server.listen(1)
    assert _bgp.port_open('127.0.0.1', port)
    server.close()


GREETING = b'0001 BIRD 1.6.8 ready.\n'


@pytest.fixture
def bird():
    """A control socket: bird(pieces) greets, takes one command, sends the pieces and closes; it gives the path and what was asked."""
    directory, server, asked = tempfile.mkdtemp(), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM), []
    path, left = os.path.join(directory, 'bird.ctl'), threading.Event()
    server.bind(path)
    server.listen(1)

    def start(*pieces, **options):
        def serve():
            client = server.accept()[0]
            try:
                client.sendall(options.get('greeting', GREETING))
                asked.append(client.recv(100))
                for piece in pieces:
                    client.sendall(piece)
                    left.wait(options.get('pause', 0))
            except (OSError, socket.error):
                pass  # whoever asked has gone
            finally:
                client.close()

        thread = threading.Thread(target=serve)
        thread.daemon = True
        thread.start()
        return path, asked

    yield start
    left.set()
    server.close()
    shutil.rmtree(directory)


def test_sessions_are_asked_for_once_bird_has_greeted(bird):
    reply = with_codes(PROTOCOLS).encode('ascii')[len(GREETING):]
    path, asked = bird(reply[:90], reply[90:], pause=0.05)
    assert brief(_bgp.ask(path)) == brief(_bgp.parse_protocols(PROTOCOLS)) and asked == [b'show protocols\n']


def test_a_line_that_is_not_the_last_ends_no_reply(bird):
    """What comes after it in another packet belongs to the reply: a restart that is being recovered from is not missed."""
    recovery = b'0024-Graceful restart recovery in progress\n   Waiting for 2 protocols to recover\n'
    path, asked = bird(b'1000-BIRD 1.6.8\n', recovery, b'0013 Daemon is up and running\n', pause=0.05)
    assert _bgp.recovery(path) == 'Waiting for 2 protocols to recover' and asked == [b'show status\n']


def test_a_reply_without_an_end_is_not_waited_for(bird):
    path, _asked = bird(b'1002-Mesh_10_0_0_2 BGP master up 23:49:15 Established\n', pause=30)
    with pytest.raises(CalicoError) as error:
        _bgp.ask(path, timeout=0.2)
    assert 'BIRD does not answer on %s' % path in str(error.value) and 'docker logs calico-node' in str(error.value)


def test_a_reply_that_was_cut_off_is_none(bird):
    path, _asked = bird(b'1002-Mesh_10_0_0_2 BGP master up 23:49:15 Established\n')
    with pytest.raises(CalicoError, match='the connection was closed'):
        _bgp.ask(path)


def test_whoever_sends_without_end_does_not_fill_the_memory(bird, monkeypatch):
    assert _bgp.LARGEST == 16 * 1024 * 1024
    monkeypatch.setattr(_bgp, 'LARGEST', 100000)
    path, _asked = bird(*[b'x' * 60000] * 4)
    with pytest.raises(CalicoError, match='its reply does not end'):
        _bgp.ask(path, timeout=600)


def test_the_socket_of_calico_node_is_the_default(bird, monkeypatch):
    path, asked = bird(with_codes(PROTOCOLS).encode('ascii')[len(GREETING):])
    assert _bgp.SOCKET == '/var/run/calico/bird.ctl'
    monkeypatch.setattr(_bgp, 'SOCKET', path)
    assert len(_bgp.ask()) == 4 and asked


def test_what_is_known_of_a_session():
    lines = 'Mesh_10_0_0_3 BGP master start 23:49:11\nMesh_10_0_0_2 BGP master up 23:49:15 Established\nMesh_10_0_0_4 Aux master up 23:49:15 Established'
    peers = _bgp.parse_protocols(lines)
    assert _bgp.describe('10.0.0.2', peers) == '10.0.0.2 (Established, up since 23:49:15)'
    assert _bgp.describe('10.0.0.3', peers) == '10.0.0.3 (start, start since 23:49:11)'
    assert [item['address'] for item in peers] == ['10.0.0.3', '10.0.0.2'], 'what is no BGP has no session'


def test_a_peer_is_tried_on_the_port_of_bgp(monkeypatch):
    tried = []

    def refuse(target, timeout):
        tried.append((target, timeout < 5))
        raise socket.error('refused')

    monkeypatch.setattr(_bgp.socket, 'create_connection', refuse)
    assert _bgp.down('10.0.0.2', [_bgp.peer('10.0.0.2', 'node-to-node mesh', 'start', '23:49:11', 'Active Socket: Connection refused')])
    assert tried == [(('10.0.0.2', 179), True)]
