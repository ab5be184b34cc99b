# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SRV and A records, asked of the name servers one chooses (RFC 1035, RFC 2782): the standard library asks the system's, and for addresses only."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import os
import re
import socket
import struct

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils._host import _network

RESOLVERS = '/etc/resolv.conf'
PORT = 53
SECONDS = 2
MOST = 4096
A, SRV, INTERNET = 1, 33, 1
NO_SUCH_NAME = 3


class DnsError(Exception):
    """No name server gave an answer that is of use."""


def servers(text):
    """Addresses of the name servers in the text of resolv.conf; the host itself where there are none. Pure."""
    return re.findall(r'^\s*nameserver\s+([0-9A-Fa-f.:]+)', text, re.MULTILINE)[:3] or ['127.0.0.1']


def question(name, number, kind=SRV):
    """A query for the records of a name. Pure."""
    labels = b''.join(struct.pack('!B', len(label)) + label.encode('ascii') for label in name.strip('.').split('.'))
    return struct.pack('!6H', number, 0x0100, 1, 0, 0, 0) + labels + b'\0' + struct.pack('!2H', kind, INTERNET)


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


def _ask(server, port, name, kind, seconds):
    """(answer, its number) of one name server; raises socket.error."""
    number = struct.unpack('!H', os.urandom(2))[0]
    client = socket.socket(socket.AF_INET6 if ':' in server else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        client.settimeout(seconds)
        client.connect((server, port))
        client.send(question(name, number, kind))
        return client.recv(MOST), number
    finally:
        client.close()


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
