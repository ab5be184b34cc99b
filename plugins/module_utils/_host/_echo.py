# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets to a server that sends back what it gets: whether they arrive, and how large they may be. Nothing here raises for what a network does.

What became of a try is a word: None if all is well, C(timeout), C(refused), C(unreachable), C(too_large), or the system's own words.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import errno
import os
import select
import socket
import time

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import now

ONE_TRY = 2.0
PAUSE = 0.3
CHUNK = 65536
# Headers of IPv4 and UDP; a datagram of the interface's MTU has that much less in it.
HEADERS = 28
SMALLEST = 576
# From linux/in.h; the socket module does not have them.
IP_MTU_DISCOVER, NEVER_FRAGMENT, IP_MTU = 10, 2, 14
WORDS = {
    errno.ECONNREFUSED: 'refused',
    errno.EHOSTUNREACH: 'unreachable',
    errno.ENETUNREACH: 'unreachable',
    errno.EMSGSIZE: 'too_large',
    errno.ETIMEDOUT: 'timeout',
    errno.EAGAIN: 'timeout',
}


def word(error):
    """What an error of a socket is called here."""
    if isinstance(error, socket.timeout):
        return 'timeout'
    return WORDS.get(error.errno) or to_native(error)


def until(seconds, attempt, pause=PAUSE):
    """The first answer of C(attempt(seconds left)) whose C(error) is None, or the last one when time is up.

    A container's first packets may get lost while routes and rules are on their way.
    """
    end = now() + seconds
    while True:
        answer = attempt(max(0.2, min(ONE_TRY, end - now())))
        if answer['error'] is None or now() + pause >= end:
            return answer
        time.sleep(pause)


def connect(address, port, seconds):
    """(socket, None) or (None, word) of one try to connect."""
    try:
        return socket.create_connection((address, port), seconds), None
    except (socket.error, socket.timeout) as error:
        return None, word(error)


def reached(address, port, seconds):
    """{error, source, peer}: whether a TCP port takes a connection, and address and port of both its ends."""
    client, wrong = connect(address, port, seconds)
    if client is None:
        return {'error': wrong, 'source': None, 'peer': None}
    try:
        return {'error': None, 'source': '%s:%d' % client.getsockname()[:2], 'peer': '%s:%d' % client.getpeername()[:2]}
    except socket.error:
        return {'error': None, 'source': None, 'peer': None}
    finally:
        client.close()


def tcp(address, port, seconds, size=16):
    """{error, ms} of one connection by which random data comes back the same."""
    begin = now()
    client, wrong = connect(address, port, seconds)
    if client is None:
        return {'error': wrong, 'ms': None}
    try:
        wrong = _exchange(client, os.urandom(size), begin + seconds)
    except (socket.error, socket.timeout) as error:
        wrong = word(error)
    finally:
        client.close()
    return {'error': wrong, 'ms': None if wrong else round((now() - begin) * 1000, 1)}


def _exchange(client, data, end):
    """Send everything, and compare what comes back meanwhile; None, or what is wrong."""
    client.setblocking(False)
    sent, length, back = 0, 0, []
    while length < len(data):
        readable, writable, dummy = select.select([client], [client] if sent < len(data) else [], [], max(0, end - now()))
        if not readable and not writable:
            return 'timeout'
        if writable:
            sent += client.send(data[sent:sent + CHUNK])
        if readable:
            part = client.recv(CHUNK)
            if not part:
                return 'closed by the other end'
            back.append(part)
            length += len(part)
    return None if b''.join(back) == data else 'what came back is not what was sent'


def _datagram_socket(address, port, seconds):
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(seconds)
    client.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, NEVER_FRAGMENT)
    client.connect((address, port))
    return client


def udp(address, port, seconds, size=16):
    """{error, ms} of one datagram that must not be fragmented on the way, and comes back the same."""
    begin, client = now(), None
    try:
        client = _datagram_socket(address, port, seconds)
        data = os.urandom(size)
        client.send(data)
        while client.recv(CHUNK) != data:  # The answer to an earlier one
            if now() > begin + seconds:
                return {'error': 'timeout', 'ms': None}
    except (socket.error, socket.timeout) as error:
        return {'error': word(error), 'ms': None}
    finally:
        if client is not None:
            client.close()
    return {'error': None, 'ms': round((now() - begin) * 1000, 1)}


def known_mtu(address, port):
    """The MTU that the kernel knows of the way to an address, or None."""
    client = None
    try:
        client = _datagram_socket(address, port, ONE_TRY)
        return client.getsockopt(socket.IPPROTO_IP, IP_MTU)
    except socket.error:
        return None
    finally:
        if client is not None:
            client.close()


def _passes(address, port, mtu, tries=2):
    return any(udp(address, port, 0.4, mtu - HEADERS)['error'] is None for dummy in range(tries))


def path_mtu(address, port, mtu):
    """The largest packet that comes back, of those smaller than an MTU that does not; None if even small ones do not."""
    known = known_mtu(address, port)
    if known and SMALLEST <= known < mtu and _passes(address, port, known) and not _passes(address, port, known + 1, 1):
        return known
    low, high = SMALLEST, mtu
    if not _passes(address, port, low):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if _passes(address, port, middle):
            low = middle
        else:
            high = middle
    return low


def large(address, port, mtu, size, seconds):
    """{bulk, datagram, path_mtu}: much data by TCP; one datagram as large as the interface takes, and where that does not pass, how large one may be."""
    bulk = until(seconds, lambda left: tcp(address, port, max(left, seconds / 2), size))
    datagram = until(seconds, lambda left: udp(address, port, min(left, 1), mtu - HEADERS))
    found = {'bulk': bulk['error'], 'datagram': datagram['error'], 'path_mtu': mtu if datagram['error'] is None else None}
    if datagram['error'] is not None:
        found['path_mtu'] = path_mtu(address, port, mtu)
    return found
