# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What concerns IP pools as a set: overlaps, addresses in use, and whether any of them still wants IPIP. Pure.

calicoctl accepts overlapping pools and deletes pools in use, so both are refused here.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from ansible_collections.dcos.calico.plugins.module_utils import _cidr
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError

_SHOWN = 3


def forbidden(items):
    """[(Cidr, name)] of [{cidr, name}], what pools must keep out of."""
    return [(_cidr.parse(item['cidr']).masked(), item.get('name') or item['cidr']) for item in items]


def check_overlaps(pools, others, keep_out):
    """Raise ValidationError naming every overlap of the wanted pools.

    :arg pools: CIDRs that are wanted.
    :arg others: CIDRs of further pools that stay in the datastore.
    :arg keep_out: see forbidden().
    """
    wanted = [_cidr.parse(cidr) for cidr in pools]
    found = []
    for number, cidr in enumerate(wanted):
        rivals = [(other, 'the pool %s, wanted too' % other) for other in wanted[number + 1:]]
        rivals += [(_cidr.parse(other), 'the pool %s in the datastore' % other) for other in others]
        rivals += [(other, name if name == str(other) else '%s (%s)' % (name, other)) for other, name in keep_out]
        found += ['%s overlaps %s' % (cidr, words) for other, words in rivals if cidr.overlaps(other)]
    if found:
        raise ValidationError('IP pools must not overlap anything', why='; '.join(found),
                              remedy='Choose another CIDR, or delete the pool that is in the way')


def in_use(cidr, workloads):
    """Sorted addresses of workloadEndpoint documents that lie in a pool."""
    pool, found = _cidr.parse(cidr), set()
    for document in workloads:
        for network in (document.get('spec') or {}).get('ipNetworks') or []:
            address = _cidr.parse(network)
            if pool.contains(address):
                found.add(address)
    return [address.host() for address in sorted(found, key=lambda address: address.key())]


def check_unused(pools, workloads):
    """Raise CalicoError if a workload has an address of a pool that is to be deleted."""
    for cidr in pools:
        used = in_use(cidr, workloads)
        if used:
            shown = ', '.join(used[:_SHOWN]) + (' and %d more' % (len(used) - _SHOWN) if len(used) > _SHOWN else '')
            raise CalicoError('The pool %s is in use' % cidr, why='workloads have the addresses %s' % shown,
                              remedy='Set disabled on the pool and end these workloads first, or set force')


def wants_ipip(documents):
    """Whether any of these canonical ipPool documents has IPIP."""
    return any('ipip' in document['spec'] for document in documents)
