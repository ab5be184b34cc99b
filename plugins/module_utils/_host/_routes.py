# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPv4 routes and connections of a network namespace, read from /proc: iproute on agents speaks no JSON."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import fcntl
import re
import socket
import struct

from ansible.module_utils.common.text.converters import to_bytes, to_native

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _network

UP, REJECT = 0x1, 0x200
# From linux/sockios.h
GET_ADDRESS, GET_MTU = 0x8915, 0x8921
CONNECTIONS = 'net/nf_conntrack'


def _number(word):
    """An address as /proc writes it, bytes of the machine's order in hex, as a number in the network's order."""
    return struct.unpack('!I', struct.pack('=I', int(word, 16)))[0]


def _address(number):
    return socket.inet_ntoa(struct.pack('!I', number))


def parse(text):
    """[{interface, network, prefix, gateway}] of the routes that are up, from the text of /proc/net/route. Pure."""
    found = []
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) < 8 or not int(words[3], 16) & UP or int(words[3], 16) & REJECT:
            continue
        gateway = _number(words[2])
        found.append({'interface': words[0], 'network': _number(words[1]), 'prefix': bin(_number(words[7])).count('1'),
                      'gateway': _address(gateway) if gateway else None})
    return found


def containers(routes):
    """Addresses that Felix has a route to by the interface of a container, as C(192.168.141.128 dev caliw1 scope link). Pure."""
    return [_address(route['network']) for route in routes if route['prefix'] == 32 and route['interface'].startswith('cali')]


def elsewhere(routes):
    """Addresses that BIRD has a route of their own to by another host, which has them from a block that is not its own. Pure."""
    return [_address(route['network']) for route in routes if route['prefix'] == 32 and route['gateway']]


def lookup(routes, address):
    """{interface, gateway, to} of the most specific route to an address, to being its network; None if there is none. Pure."""
    number = struct.unpack('!I', socket.inet_aton(address))[0]
    fitting = [route for route in routes if (number ^ route['network']) >> (32 - route['prefix']) == 0]
    if not fitting:
        return None
    best = max(fitting, key=lambda route: route['prefix'])
    return {'interface': best['interface'], 'gateway': best['gateway'], 'to': '%s/%d' % (_address(best['network']), best['prefix'])}


def routes(process='self'):
    """parse() of the namespace of a process."""
    return parse(_network.read(_network.PROC, str(process), 'net/route') or '')


def required():
    """routes() of this process; raises CalicoError where the kernel does not tell them, which is not the same as having none."""
    text = _network.read(_network.PROC, 'self/net/route')
    if text is None:
        raise CalicoError('The routes of the host cannot be read from /proc/self/net/route')
    return parse(text)


def _ask(request, name):
    """What the kernel says of an interface of this process' namespace, as bytes, or None."""
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        return fcntl.ioctl(client.fileno(), request, struct.pack('256s', to_bytes(name)[:15]))
    except (IOError, OSError):
        return None
    finally:
        client.close()


def interface():
    """{name, address, mtu, gateway} of the interface that the default route of this process' namespace leads over.

    Without such a route: of any other than lo; None if there is no other.
    """
    default = lookup(parse(_network.read('/proc/self/net/route') or ''), '0.0.0.0') or {'interface': None, 'gateway': None}
    names = [line.partition(':')[0].strip() for line in (_network.read('/proc/self/net/dev') or '').splitlines()[2:]]
    name = default['interface'] or next((name for name in sorted(names) if name != 'lo' and _ask(GET_ADDRESS, name)), None)
    if name is None:
        return None
    address, mtu = _ask(GET_ADDRESS, name), _ask(GET_MTU, name)
    return {'name': name, 'gateway': default['gateway'], 'address': socket.inet_ntoa(address[20:24]) if address else None,
            'mtu': struct.unpack('=i', mtu[16:20])[0] if mtu else None}


def parse_connection(text, source, target):
    """By which address the other end of a TCP connection sees it, from the text of nf_conntrack; None if it does not stand there. Pure.

    :arg source, target: C(address:port).
    """
    words = 'src=%s dst=%s sport=%s dport=%s ' % tuple(part for pair in zip(source.split(':'), target.split(':')) for part in pair)
    for line in text.splitlines():
        if ' tcp ' in line and words in line:
            match = re.search(r' dst=(\S+) ', line.partition(words)[2])
            return to_native(match.group(1)) if match else None
    return None


def seen_as(source, target):
    """parse_connection() of this host; None, too, where it does not say."""
    return parse_connection(_network.read(_network.PROC, CONNECTIONS) or '', source, target)
