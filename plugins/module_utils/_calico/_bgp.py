# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BGP sessions of a calico/node, in the words of BIRD 1.6, and who should be there.

Neither exit codes nor C(calicoctl get nodes) tell whether the mesh is up: only sessions that are Established do. BIRD is asked on its socket, as
C(calicoctl node status) does, whose table is cut into cells and which exits 0 whatever it finds.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import re
import socket

from ansible.module_utils.common.text.converters import to_bytes, to_native

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline

LARGEST = 16 << 20  # of a reply, in bytes
SHORTEST = 0.01
SOCKET = '/var/run/calico/bird.ctl'
ESTABLISHED = 'Established'
RECOVERY = 'Graceful restart recovery in progress'
RESTARTING = 'Neighbor graceful restart active'
# The names that confd gives BIRD's protocols, and what calicoctl calls them.
PROTOCOL = re.compile(r'^(Mesh|Global|Node)_(\d+_\d+_\d+_\d+)\Z')
TYPES = {'Mesh': 'node-to-node mesh', 'Global': 'global', 'Node': 'node specific'}


def peer(address, kind, state, since, info):
    """One session as modules return it."""
    return {'address': address, 'type': kind, 'state': state, 'since': since, 'info': info, 'established': info.split(' ')[0] == ESTABLISHED}


def parse_protocols(text):
    """Sessions from BIRD's C(show protocols), with or without the reply codes of its control socket; other protocols are left out."""
    return [found for found in map(_session, text.splitlines()) if found]


def _session(line):
    """The session that a line is about; None if it is about none."""
    words = re.sub(r'^(\d{4}[ -]| )', '', line).split()
    match = PROTOCOL.match(words[0]) if len(words) >= 5 and words[1] == 'BGP' else None
    return peer(match.group(2).replace('_', '.'), TYPES[match.group(1)], words[3], words[4], ' '.join(words[5:])) if match else None


def parse_restarting(text):
    """From BIRD's C(show protocols all): addresses of peers that restart. Their routes are kept until they have sent all of them again, or for the two
    minutes of BGP's restart timer if they do not come back; another restart of either side before that drops them."""
    found, address = [], None
    for line in text.splitlines():
        session = _session(line)
        address = session['address'] if session else address
        if RESTARTING in line and address:
            found.append(address)
    return found


def parse_recovery(text):
    """From BIRD's C(show status): None, or the line that says what a graceful restart of this BIRD still waits for, like
    C(Waiting for 2 protocols to recover). Until then it tells nobody its routes, and installs none that it is told."""
    if RECOVERY not in text:
        return None
    waiting = re.search(r'^\s*(Waiting for .*?)\s*$', text, re.MULTILINE)
    return waiting.group(1) if waiting else RECOVERY


def ask(path=None, timeout=3):
    """Sessions, asked for on BIRD's control socket. Raises CalicoError when nobody answers there."""
    return parse_protocols(reply_to('show protocols', path, timeout))


def recovery(path=None, timeout=3):
    """What parse_recovery() gives, asked for on the same socket."""
    return parse_recovery(reply_to('show status', path, timeout))


def details(path=None, timeout=3):
    """Text for parse_protocols() and parse_restarting(), asked for on the same socket."""
    return reply_to('show protocols all', path, timeout)


def begin_anew(item, path=None, timeout=3):
    """Have BIRD begin a session anew (as peer() gives it): it forgets what it waits for there. One that is up would lose its routes."""
    kind = next(kind for kind, told in TYPES.items() if told == item['type'])
    reply_to('restart %s_%s' % (kind, item['address'].replace('.', '_')), path, timeout)


def reply_to(command, path, timeout):
    """Reply to a command on BIRD's control socket (the protocol of birdc: a greeting, one command, lines until a code without a dash)."""
    path = path or SOCKET
    client, deadline = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM), Deadline(timeout)
    client.settimeout(timeout)
    try:
        client.connect(path)
        _reply(client, deadline)
        client.sendall(to_bytes(command + '\n'))
        return _reply(client, deadline)
    except (socket.error, socket.timeout) as error:
        raise CalicoError('BIRD does not answer on %s' % path, why=to_native(error), remedy='Look at "docker logs calico-node"')
    finally:
        client.close()


def _reply(client, deadline):
    """One whole reply: its last line is a code followed by a blank."""
    text = b''
    while not re.search(br'(^|\n)\d{4} [^\n]*\n\Z', text):
        if deadline.passed() or len(text) > LARGEST:
            raise socket.timeout('its reply does not end')
        client.settimeout(max(deadline.left(), SHORTEST))
        piece = client.recv(65536)
        if not piece:
            raise socket.error('the connection was closed')
        text += piece
    return to_native(text, errors='surrogate_or_replace')


def mesh_peers(nodes, name):
    """Addresses of those a node of a full mesh talks to.

    :arg nodes: {node name: IPv4 address with prefix, or None for one that never ran calico/node (a CNI ADD makes such entries)}.
    :arg name: the node itself.
    """
    return sorted(address.split('/')[0] for other, address in nodes.items() if address and other != name)


def configured_peers(resources, name):
    """Addresses of the bgpPeer resources (API version v1) that concern a node: the global ones and its own; IPv6 ones left out."""
    addresses = set()
    for resource in resources:
        metadata = resource.get('metadata', {})
        mine = metadata.get('scope') == 'global' or metadata.get('node') == name
        if mine and ':' not in metadata.get('peerIP', ':'):
            addresses.add(metadata['peerIP'])
    return sorted(addresses)


def missing(expected, peers, tolerated=()):
    """Addresses that should have a session and have none that is Established."""
    up = set(item['address'] for item in peers if item['established'])
    return sorted(set(expected) - up - set(tolerated))


def down(address, peers, listens=None):
    """Whether nobody's BIRD is at an address: calico/node does not run there, or its host is down.

    BIRD's C(Active Socket: Connection refused) is only its last error, and a neighbour that does not know us yet closes the connection, which is
    an error of the socket too. So the port is tried.
    """
    return any(item['address'] == address and 'Socket:' in item['info'] for item in peers) and not (listens or port_open)(address)


def port_open(address, port=179, timeout=1.5):
    """Whether somebody takes a TCP connection."""
    try:
        socket.create_connection((address, port), timeout).close()
    except (socket.error, socket.timeout):
        return False
    return True


def describe(address, peers):
    """What is known of the session with an address, for an error message."""
    for item in peers:
        if item['address'] == address:
            return '%s (%s, %s since %s)' % (address, item['info'] or item['state'], item['state'], item['since'])
    return '%s (BIRD has no session with it)' % address
