# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import random

import pytest

from ansible_collections.dcos.calico.plugins.module_utils import _cidr
from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError


@pytest.mark.parametrize('text, expected, network', [
    ('10.0.0.1/24', '10.0.0.1/24', '10.0.0.0/24'),
    (' 192.168.0.0/16 ', '192.168.0.0/16', '192.168.0.0/16'),
    ('10.0.0.1', '10.0.0.1/32', '10.0.0.1/32'),
    ('0.0.0.0/0', '0.0.0.0/0', '0.0.0.0/0'),
    ('255.255.255.255/0', '255.255.255.255/0', '0.0.0.0/0'),
    (u'fd80:24e2:f998:72d6::/64', 'fd80:24e2:f998:72d6::/64', 'fd80:24e2:f998:72d6::/64'),
    ('FD00:0:0:0::13/64', 'fd00::13/64', 'fd00::/64'),
    ('::/0', '::/0', '::/0'),
    ('::1', '::1/128', '::1/128'),
])
def test_parse(text, expected, network):
    cidr = _cidr.parse(text)
    assert str(cidr) == expected and _cidr.canonical(text) == network
    assert cidr.is_masked() == (expected == network)


@pytest.mark.parametrize('text', [
    '', None, 'bogus', '192.168.0/16', '10.0.0.256', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/-1', '10.0.0.0/255.0.0.0', '10.0.0.0/8/8', '1:2:3/64', 'fd00::/129',
    'fd00::1%eth0/64', u'10.0.0.\xb9', '10.0.0.1 /8', 7, 'fd00::g/64', '10.0.0.0/ 8',
])
def test_what_is_no_network_is_refused(text):
    with pytest.raises(ValidationError) as error:
        _cidr.parse(text)
    assert 'Write' in str(error.value)


@pytest.mark.parametrize('one, other, contains, overlaps', [
    ('192.168.0.0/16', '192.168.128.0/17', True, True),
    ('192.168.128.0/17', '192.168.0.0/16', False, True),
    ('192.168.0.0/17', '192.168.128.0/17', False, False),
    ('10.0.0.0/8', '10.255.255.255', True, True),
    ('10.0.0.0/8', '11.0.0.0', False, False),
    ('0.0.0.0/0', '1.2.3.4/32', True, True),
    ('0.0.0.0/0', 'fd00::/8', False, False),
    ('fd00::/8', 'fd80::/64', True, True),
    ('10.0.0.1/24', '10.0.0.9/24', True, True),
])
def test_contains_and_overlaps(one, other, contains, overlaps):
    one, other = _cidr.parse(one), _cidr.parse(other)
    assert one.contains(other) is contains
    assert one.overlaps(other) is overlaps and other.overlaps(one) is overlaps


def test_equal_ones_are_one():
    assert len(set([_cidr.parse('10.0.0.0/8'), _cidr.parse('10.0.0.0/8'), _cidr.parse('10.0.0.0/9')])) == 2
    assert _cidr.parse('10.0.0.0/8') != '10.0.0.0/8'


def test_agrees_with_the_standard_library():
    ipaddress = pytest.importorskip('ipaddress')
    numbers = random.Random(7)
    for _round in range(500):
        version = numbers.choice((4, 6))
        bits = 32 if version == 4 else 128
        kinds = {4: ipaddress.IPv4Interface, 6: ipaddress.IPv6Interface}
        base = numbers.getrandbits(bits)
        pairs = []
        for _side in range(2):
            near = base ^ numbers.getrandbits(numbers.randrange(1, bits))
            pairs.append(kinds[version]((near, numbers.randrange(bits + 1))))
        one, other = [_cidr.parse(str(pair)) for pair in pairs]
        networks = [pair.network for pair in pairs]
        assert [str(one), str(one.masked())] == [str(pairs[0]), str(networks[0])]
        assert one.overlaps(other) == networks[0].overlaps(networks[1])
        assert one.contains(other) == (networks[0].overlaps(networks[1]) and networks[0].prefixlen <= networks[1].prefixlen)
