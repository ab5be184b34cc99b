# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What concerns IP pools as a set: overlaps, and whether any of them still wants IPIP. Pure.

calicoctl accepts overlapping pools, so they are refused here.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from ansible_collections.dcos.calico.plugins.module_utils import _cidr
from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError


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


def wants_ipip(documents):
    """Whether any of these canonical ipPool documents has IPIP."""
    return any('ipip' in document['spec'] for document in documents)
