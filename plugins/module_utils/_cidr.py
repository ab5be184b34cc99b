# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IP addresses and networks: what Python 2.7 has no module for. Pure."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import binascii
import re
import socket

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError

_FAMILIES = {4: (socket.AF_INET, 32), 6: (socket.AF_INET6, 128)}


class Cidr(object):
    """An address with a prefix length, host bits kept.

    :arg version: 4 or 6.
    :arg address: int.
    :arg prefix: int.
    """
    __slots__ = ('version', 'address', 'prefix')

    def __init__(self, version, address, prefix):
        self.version = version
        self.address = address
        self.prefix = prefix

    def __eq__(self, other):
        return isinstance(other, Cidr) and self.key() == other.key()

    def __ne__(self, other):
        return not self == other

    def __hash__(self):
        return hash(self.key())

    def __str__(self):
        return '%s/%d' % (self.host(), self.prefix)

    def key(self):
        """Tuple to compare and sort by."""
        return self.version, self.address, self.prefix

    def host(self):
        """The address alone, as text."""
        family, bits = _FAMILIES[self.version]
        packed = binascii.unhexlify(('%x' % self.address).zfill(bits // 4).encode('ascii'))
        return socket.inet_ntop(family, packed)

    def masked(self):
        """The network it belongs to: the same without host bits."""
        free = _FAMILIES[self.version][1] - self.prefix
        return Cidr(self.version, self.address >> free << free, self.prefix)

    def is_masked(self):
        """Whether it has no host bits."""
        return self == self.masked()

    def contains(self, other):
        """Whether all of another network (or address) is in this one."""
        return self.version == other.version and self.prefix <= other.prefix and Cidr(other.version, other.address, self.prefix).masked() == self.masked()

    def overlaps(self, other):
        """Whether the two networks share an address."""
        return self.contains(other) or other.contains(self)


def parse(text):
    """Cidr of C(10.0.0.1/24) or C(fd00::1/64); of a single address if there is no prefix length. Raises ValidationError."""
    host, slash, prefix = to_native(text, nonstring='simplerepr').strip().partition('/')
    version = 6 if ':' in host else 4
    family, bits = _FAMILIES[version]
    try:
        packed = socket.inet_pton(family, host)
    except (socket.error, ValueError):
        raise ValidationError('%s is not an IP address' % (text or '(nothing)'), remedy='Write it like 10.0.0.1 or 10.0.0.0/16')
    if slash and not (re.match(r'^\d{1,3}\Z', prefix) and int(prefix) <= bits):
        raise ValidationError('%s has no valid prefix length' % text, remedy='Write a number from 0 to %d after the slash' % bits)
    return Cidr(version, int(binascii.hexlify(packed), 16), int(prefix) if slash else bits)


def canonical(text):
    """Text of a network with its host bits cleared, in its usual spelling."""
    return str(parse(text).masked())
