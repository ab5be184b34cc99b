# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calico's nodes against the agents that a cluster has, and their tunnel addresses: compare (pure), and wait."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError

PAUSE = 2
TUNNEL = 'IpInIpTunnelAddr'
_SHOWN = 20


class Comparison(object):
    """nodes (those with an IPv4 address), missing (of what is expected), extra and without_address (names of nodes), counted (nodes that are
    expected or known)."""
    __slots__ = ('nodes', 'missing', 'extra', 'without_address', 'counted')

    def __init__(self, nodes, missing, extra, without_address, counted):
        self.nodes = nodes
        self.missing = missing
        self.extra = extra
        self.without_address = without_address
        self.counted = counted


def host_of(address):
    """An address without its prefix length."""
    return (address or '').split('/')[0]


def _is(node, words):
    return node['name'] in words or host_of(node['ipv4']) in words


def compare(nodes, expected, others):
    """Comparison of _runner.nodes() with names or addresses.

    calicoctl lists every host that has any key; only one with an IPv4 address has run calico/node, so only those count.

    :arg expected: of the agents; None if it is not known, so that nothing is missing or too many.
    :arg others: of what may run calico/node too, such as masters.
    """
    ran = [node for node in nodes if node['ipv4']]
    known = set(others) | set(expected or ())
    taken = set(node['name'] for node in ran) | set(host_of(node['ipv4']) for node in ran)
    missing = [item for item in dict.fromkeys(expected or ()) if item not in taken]
    extra = [node['name'] for node in ran if expected is not None and not _is(node, known)]
    silent = [node['name'] for node in nodes if not node['ipv4']]
    return Comparison(ran, sorted(missing), sorted(extra), sorted(silent), [node for node in ran if node['name'] not in extra])


def wait_for_nodes(calicoctl, expected, others, deadline):
    """Comparison, as soon as nothing is missing, or at the deadline."""
    while True:
        found = compare(calicoctl.nodes(), expected, others)
        if not found.missing or not deadline.pause(PAUSE):
            return found


def wait_for_tunnels(calicoctl, nodes, deadline):
    """({name: tunnel address or None}, names of those that had none at the first look) of nodes, as soon as all have one, or at the deadline."""
    tunnels, late = {}, []
    lacking = [node['name'] for node in nodes]
    while True:
        for name in lacking:
            tunnels[name] = calicoctl.config_get(TUNNEL, raw='felix', node=name)[0] or None
        lacking = [name for name in lacking if tunnels[name] is None]
        late = late or list(lacking)
        if not lacking or not deadline.pause(PAUSE):
            return tunnels, late


def incomplete(found, expected, seconds):
    """The CalicoError that names who is missing."""
    silent = [name for name in found.missing if name in found.without_address]
    why = None
    if silent:
        why = '%s is in the datastore without an address, so calico/node has never run there' % _listed(silent)
    return CalicoError(
        '%d of %d agents have no node in Calico%s: %s' % (len(found.missing), len(set(expected)), ' after %g seconds' % seconds, _listed(found.missing)),
        why=why,
        remedy='Install Calico on those that never had it (dcos.calico.install); on the others see "systemctl status calico-node" and "docker logs '
               'calico-node"; or give them longer (wait_timeout)',
        missing=found.missing,
    )


def superfluous(found):
    """The CalicoError about nodes that no agent has."""
    return CalicoError(
        'Calico has nodes that are no agents of the cluster: %s' % _listed(found.extra),
        why='they are left over of agents that are gone, or of hosts that somebody else set up',
        remedy='Remove each that is gone for good: calicoctl delete node NAME; name the others among those that are known',
        extra=found.extra,
    )


def _listed(names):
    return ', '.join(names[:_SHOWN]) + (' and %d more' % (len(names) - _SHOWN) if len(names) > _SHOWN else '')
