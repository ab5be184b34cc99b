# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the datastore has of one node that is gone for good: the node, its endpoints, and its blocks whose addresses nobody has. Pure.

Keys are those of libcalico-go 1.7's etcd v2 backend, as in _backup.py.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import re

from ansible.module_utils.common.text.converters import to_native, to_text

from ansible_collections.dcos.calico.plugins.module_utils._calico import _backup
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan
from ansible_collections.dcos.calico.plugins.module_utils._untrusted import from_json

HANDLES = u'/calico/ipam/v2/handle/'
BLOCKS_OF = u'/calico/ipam/v2/host/%s/'
METADATA = re.compile(u'/calico/v1/host/[^/]+/metadata\\Z')
REPORTS = (u'/calico/felix/v1/host/%s', u'/calico/felix/v2/host/%s')
TUNNEL = u'/calico/v1/host/%s/config/IpInIpTunnelAddr'


def reconcile(entries, node):
    """(Plan, addresses that stay given out: {address: handle}).

    Each change has as C(how) the index of the key, None for a directory. The node itself goes last, so that who is killed finds it again.

    :arg entries: {key: entry with value and index} of all of /calico.
    """
    node = to_text(node)
    values = dict((key, entry.value) for key, entry in entries.items())
    allocations = _backup.Allocations(values)
    free = _own_addresses(values, node)
    mine = [key for key in values if _owner(key) == node]
    blocks = [key for key in values if _backup.BLOCK.match(key) and _affinity(values[key]) == u'host:' + node]
    kept = dict((address, handle) for address, handle in allocations.owners.items() if allocations.hosts[address] == to_native(node) and address not in free)
    empty = [key for key in blocks if key not in allocations.unreadable and not any(address in kept for address in _given_out(values[key]))]
    gone = set(key.rpartition('/')[2] for key in empty)
    going = [key for key in mine if not (key.startswith(BLOCKS_OF % node) and values[key] is not None and key.rpartition('/')[2] not in gone)]
    going += empty + _handles(values, gone)
    plan, keys = Plan(), sorted((key for key in set(going) if values[key] is not None), key=lambda key: (bool(METADATA.match(key)), key))
    for key in keys:
        plan.add(key, values[key], None, secret=bool(_backup.SECRET.search(key)), how=entries[key].index)
    staying = set(key for key in values if values[key] is not None and key not in keys)
    for key in sorted((key for key in set(going) if values[key] is None), reverse=True):
        if not any(other.startswith(key + '/') for other in staying):
            plan.add(key, _backup.DIRECTORY, None)
    return plan, kept


def reports(entries, node):
    """Directories of what Felix says of itself, which passes, and is written again only by a Felix."""
    return [path % to_text(node) for path in REPORTS if path % to_text(node) in entries]


def _owner(key):
    match = _backup.NODE.match(key) or _backup.NODE_BLOCKS.match(key)
    return match.group(1) if match else None


def _affinity(value):
    try:
        return to_text(from_json(value).get('affinity') or '')
    except (ValueError, AttributeError, TypeError):
        return u''


def _given_out(block):
    """Addresses of a block that are given out."""
    return _backup.Allocations({u'/calico/ipam/v2/assignment/ipv4/block/x': block}).owners


def _own_addresses(values, node):
    """Addresses that went with the node: of its tunnel, and of its containers but for those that a container of another node has by now."""
    found, others = set(to_native(values[key]) for key in [TUNNEL % node] if values.get(key)), set()
    for key in values:
        match = _backup.ENDPOINT.match(key)
        if match:
            (found if match.group(1) == node else others).update(_backup.addresses_of(values[key]))
    return found - others


def _handles(values, gone):
    """Keys of handles with addresses in no other blocks than those that go."""
    found = []
    for key in values:
        if key.startswith(HANDLES) and values[key] is not None:
            try:
                blocks = set(to_text(name).replace(u'/', u'-') for name in from_json(values[key])['block'])
            except (ValueError, KeyError, TypeError):
                continue
            if blocks and blocks <= gone:
                found.append(key)
    return found
