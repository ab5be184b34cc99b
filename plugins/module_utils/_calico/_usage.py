# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which workloads use a pool or a profile, by the workloadEndpoint documents that calicoctl gives. Pure.

calicoctl deletes pools and profiles that are in use without a word: a workload whose profile is gone is cut off, one whose pool is gone keeps an
address that is neither routed nor masqueraded any more.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils import _cidr
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError

SHOWN = 3


class User(object):
    """A workload: its name (the container's id), its node, its addresses as text."""
    __slots__ = ('name', 'node', 'addresses')

    def __init__(self, document, addresses):
        metadata = document.get('metadata') or {}
        self.name = to_native(metadata.get('workload') or metadata.get('name') or '')
        self.node = to_native(metadata.get('node') or '')
        self.addresses = addresses

    def __str__(self):
        return '%s (container %s on node %s)' % (', '.join(self.addresses) or 'no address', self.name, self.node)


def _addresses(document):
    return [_cidr.parse(network) for network in (document.get('spec') or {}).get('ipNetworks') or []]


def in_pool(cidr, workloads):
    """[User] with addresses of a pool, these alone, sorted by them."""
    pool, found = _cidr.parse(cidr), []
    for document in workloads:
        addresses = [address for address in _addresses(document) if pool.contains(address)]
        if addresses:
            found.append((min(address.key() for address in addresses), User(document, [address.host() for address in addresses])))
    return [user for _key, user in sorted(found, key=lambda pair: pair[0])]


def with_profile(name, workloads):
    """[User] with a profile, sorted by their addresses."""
    found = []
    for document in workloads:
        if name in ((document.get('spec') or {}).get('profiles') or []):
            addresses = _addresses(document)
            found.append(([address.key() for address in addresses], User(document, [address.host() for address in addresses])))
    return [user for _key, user in sorted(found, key=lambda pair: pair[0])]


def shown(users):
    """The first few in words, and how many more there are."""
    words = '; '.join(str(user) for user in users[:SHOWN])
    return words + (' and %d more' % (len(users) - SHOWN) if len(users) > SHOWN else '')


def check_pool(cidr, workloads):
    """Raise CalicoError if a workload has an address of a pool that is to be deleted."""
    users = in_pool(cidr, workloads)
    if users:
        raise CalicoError('The pool %s is in use' % cidr, why='workloads have addresses of it: %s' % shown(users),
                          remedy='Set disabled on the pool, so that no more addresses are given out of it, move these workloads, and delete it then; or set '
                                 'force')


def check_profile(name, workloads):
    """Raise CalicoError if a workload has a profile that is to be deleted."""
    users = with_profile(name, workloads)
    if users:
        raise CalicoError('The profile %s is in use' % name, why='workloads have it, and would be cut off: %s' % shown(users),
                          remedy='Move these workloads to another network first, or set force')
