# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SRV records, asked of the name servers of this host (RFC 1035, RFC 2782), because the standard library resolves addresses only."""
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
SRV, INTERNET = 33, 1
NO_SUCH_NAME = 3


class DnsError(Exception):
    """No name server gave an answer that is of use."""


def servers(text):
    """Addresses of the name servers in the text of resolv.conf; the host itself where there are none. Pure."""
    return re.findall(r'^\s*nameserver\s+([0-9A-Fa-f.:]+)', text, re.MULTILINE)[:3] or ['127.0.0.1']


def question(name, number):
    """A query for the SRV records of a name. Pure."""
    labels = b''.join(struct.pack('!B', len(label)) + label.encode('ascii') for label in name.strip('.').split('.'))
    return struct.pack('!6H', number, 0x0100, 1, 0, 0, 0) + labels + b'\0' + struct.pack('!2H', SRV, INTERNET)


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


def parse(answer, number):
    """[(target, port)] of an answer, best first, or [] for a name that is not there; raises ValueError. Pure."""
    data = bytearray(answer)
    try:
        found_number, flags, questions, answers = struct.unpack_from('!4H', bytes(data), 0)
        if found_number != number or not flags & 0x8000:
            raise ValueError('it is the answer to something else')
        if flags & 0xF and flags & 0xF != NO_SUCH_NAME:
            raise ValueError('it is an error (code %d)' % (flags & 0xF))
        position, records = 12, []
        for dummy in range(questions):
            position = _name(data, position)[1] + 4
        for dummy in range(answers):
            position = _name(data, position)[1]
            kind, dummy_class, dummy_ttl, size = struct.unpack_from('!2HIH', bytes(data), position)
            position += 10
            if kind == SRV:
                priority, weight, port = struct.unpack_from('!3H', bytes(data), position)
                records.append((priority, -weight, _name(data, position + 6)[0], port))
            position += size
    except (struct.error, IndexError, UnicodeError):
        raise ValueError('it is cut or damaged')
    return [(target, port) for dummy_priority, dummy_weight, target, port in sorted(records)]


def srv(name, path=RESOLVERS, port=PORT, seconds=SECONDS):
    """[(target, port)] of a name's SRV records, [] without any; raises DnsError if no name server answers."""
    wrong = []
    for server in servers(_network.read(path) or ''):
        number = struct.unpack('!H', os.urandom(2))[0]
        try:
            client = socket.socket(socket.AF_INET6 if ':' in server else socket.AF_INET, socket.SOCK_DGRAM)
            try:
                client.settimeout(seconds)
                client.connect((server, port))
                client.send(question(name, number))
                return parse(client.recv(MOST), number)
            finally:
                client.close()
        except (socket.error, ValueError) as error:
            wrong.append('%s: %s' % (server, to_native(error)))
    raise DnsError('; '.join(wrong))
