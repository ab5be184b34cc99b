# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SRV and A records, asked of the name servers one chooses (RFC 1035, RFC 2782): the standard library asks the system's, and for addresses only.

An answer that does not fit into a datagram says so (the truncation bit) and is asked for again by TCP, as etcd does; where no TCP gets through,
in larger datagrams (EDNS, RFC 6891).
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
import re
import socket
import struct

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils._host import _network
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline

RESOLVERS = '/etc/resolv.conf'
PORT = 53
SECONDS = 2
MOST = 4096
A, SRV, OPT, INTERNET = 1, 33, 41, 1
TRUNCATED = 0x0200
NO_SUCH_NAME = 3


class DnsError(Exception):
    """No name server gave an answer that is of use."""


def servers(text):
    """Addresses of the name servers in the text of resolv.conf; the host itself where there are none. Pure."""
    return re.findall(r'^\s*nameserver\s+([0-9A-Fa-f.:]+)', text, re.MULTILINE)[:3] or ['127.0.0.1']


def question(name, number, kind=SRV, size=None):
    """A query for the records of a name. Pure.

    :arg size: of the largest datagram that is taken, by EDNS; None does not speak of it, which is 512.
    """
    labels = b''.join(struct.pack('!B', len(label)) + label.encode('ascii') for label in name.strip('.').split('.'))
    more = struct.pack('!BHHIH', 0, OPT, size, 0, 0) if size else b''
    return struct.pack('!6H', number, 0x0100, 1, 0, 0, 1 if more else 0) + labels + b'\0' + struct.pack('!2H', kind, INTERNET) + more


def _name(data, start):
    """(name, offset after it) at an offset; compressed names refer to earlier offsets only."""
    labels, position, end = [], start, None
    while True:
        length = data[position]
        if length >= 0xC0:
            target = struct.unpack_from('!H', bytes(data), position)[0] & 0x3FFF
            end = position + 2 if end is None else end
            if target >= position:
                raise ValueError('a name in it refers forward')
            position = target
        elif length == 0:
            return b'.'.join(labels).decode('ascii'), position + 1 if end is None else end
        else:
            labels.append(bytes(data[position + 1:position + 1 + length]))
            position += 1 + length


def _records(answer, number, kind):
    """[(offset, size)] of the data of an answer's records of a kind, [] for a name that is not there; raises ValueError for what is no answer."""
    found_number, flags, questions, answers = struct.unpack_from('!4H', bytes(answer), 0)
    if found_number != number or not flags & 0x8000:
        raise ValueError('it is the answer to something else')
    if flags & 0xF and flags & 0xF != NO_SUCH_NAME:
        raise ValueError('it is an error (code %d)' % (flags & 0xF))
    position, records = 12, []
    for dummy in range(questions):
        position = _name(answer, position)[1] + 4
    for dummy in range(answers):
        position = _name(answer, position)[1]
        found_kind, dummy_class, dummy_ttl, size = struct.unpack_from('!2HIH', bytes(answer), position)
        position += 10
        if found_kind == kind:
            records.append((position, size))
        position += size
    return records


def parse(answer, number):
    """[(target, port)] of an answer's SRV records, best first, or [] for a name that is not there; raises ValueError. Pure."""
    data, found = bytearray(answer), []
    try:
        for position, dummy in _records(data, number, SRV):
            priority, weight, port = struct.unpack_from('!3H', bytes(data), position)
            found.append((priority, -weight, _name(data, position + 6)[0], port))
    except (struct.error, IndexError, UnicodeError):
        raise ValueError('it is cut or damaged')
    return [(target, port) for dummy_priority, dummy_weight, target, port in sorted(found)]


def parse_addresses(answer, number):
    """The addresses of an answer's A records, sorted, or [] for a name that is not there; raises ValueError. Pure."""
    data = bytearray(answer)
    try:
        return sorted('.'.join('%d' % part for part in struct.unpack_from('!4B', bytes(data), position)) for position, dummy in _records(data, number, A))
    except (struct.error, IndexError, UnicodeError):
        raise ValueError('it is cut or damaged')


def _is_truncated(answer):
    return len(answer) >= 4 and bool(struct.unpack_from('!H', answer, 2)[0] & TRUNCATED)


def _ask(server, port, name, kind, seconds):
    """(whole answer, its number) of one name server; raises socket.error, or ValueError if only a part of the answer can be had."""
    number = struct.unpack('!H', os.urandom(2))[0]
    answer = _by_datagram(server, port, question(name, number, kind), seconds)
    if not _is_truncated(answer):
        return answer, number
    try:
        return _by_stream(server, port, question(name, number, kind), seconds), number
    except (socket.error, ValueError) as error:
        answer = _by_datagram(server, port, question(name, number, kind, MOST), seconds)
        if _is_truncated(answer):
            raise ValueError('its answer is too long for a datagram, and by TCP: %s' % to_native(error))
        return answer, number


def _family(server):
    return socket.AF_INET6 if ':' in server else socket.AF_INET


def _by_datagram(server, port, query, seconds):
    client = socket.socket(_family(server), socket.SOCK_DGRAM)
    try:
        client.settimeout(seconds)
        client.connect((server, port))
        client.send(query)
        return client.recv(MOST)
    finally:
        client.close()


def _by_stream(server, port, query, seconds):
    """The same by TCP, where its length is before each message."""
    deadline = Deadline(seconds)
    client = socket.socket(_family(server), socket.SOCK_STREAM)
    try:
        client.settimeout(seconds)
        client.connect((server, port))
        client.sendall(struct.pack('!H', len(query)) + query)
        return _received(client, struct.unpack('!H', _received(client, 2, deadline))[0], deadline)
    finally:
        client.close()


def _received(client, size, deadline):
    found = b''
    while len(found) < size:
        client.settimeout(max(deadline.left(), 0.001))
        piece = client.recv(size - len(found))
        if not piece:
            raise ValueError('the connection was closed after %d of %d bytes' % (len(found), size))
        found += piece
    return found


def addresses(name, server, port=PORT, seconds=SECONDS):
    """The addresses that one name server has for a name, [] if it knows none; raises DnsError if it gives no answer."""
    try:
        return parse_addresses(*_ask(server, port, name, A, seconds))
    except (socket.error, ValueError) as error:
        raise DnsError('%s port %d: %s' % (server, port, to_native(error)))


def srv(name, path=RESOLVERS, port=PORT, seconds=SECONDS):
    """[(target, port)] of a name's SRV records, [] without any; raises DnsError if no name server answers."""
    wrong = []
    for server in servers(_network.read(path) or ''):
        try:
            return parse(*_ask(server, port, name, SRV, seconds))
        except (socket.error, ValueError) as error:
            wrong.append('%s: %s' % (server, to_native(error)))
    raise DnsError('; '.join(wrong))
