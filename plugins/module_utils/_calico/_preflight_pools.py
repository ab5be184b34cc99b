# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the wanted pools are networks that Calico takes and nobody else has. Pure."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

import re

from ansible_collections.dcos.calico.plugins.module_utils import _cidr
from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError

ALL = 'all hosts'
# Calico 2.6 gives hosts blocks of this size.
BLOCK = {4: 26, 6: 122}
OVERLAYS = (('the overlay network of DC/OS', '9.0.0.0/8'), ('the overlay endpoints (vtep) of DC/OS', '44.128.0.0/20'))
RESERVED = (
    ('the virtual addresses (VIP) of DC/OS', '11.0.0.0/8'),
    ('the bridge of the universal container runtime (ucr-br0)', '172.31.254.0/24'),
    ("the name servers of DC/OS (198.51.100.1 to 3)", '198.51.100.0/29'),
    ('loopback', '127.0.0.0/8'),
    ('link-local addresses', '169.254.0.0/16'),
    ('multicast and reserved addresses', '224.0.0.0/3'),
)
# Calico's own interfaces have addresses of the pools.
OWN = re.compile(r'^(cali|tunl0\Z|lo\Z|vxlan\.calico\Z)')


def check_pools(verdict, hosts, pools, forbidden=()):
    """Note what is wrong with the pools; hosts as in _preflight, forbidden: [{cidr, name}] of networks that others have."""
    parsed, others = [], _others(verdict, hosts, forbidden)
    for number, pool in enumerate(pools, 1):
        if not pool.get('cidr'):
            _no_cidr(verdict, number, pool)
            continue
        network = _valid(verdict, str(pool['cidr']))
        if network is not None:
            parsed.append(network)
    for number, network in enumerate(parsed):
        for other in parsed[:number]:
            if network.overlaps(other):
                verdict.fail(ALL, 'pool_overlap', 'the pools %s and %s overlap' % (other, network), 'an address could be given twice', 'Change one of them')
        for label, taken in others:
            if network.overlaps(taken):
                verdict.fail(ALL, 'pool_overlap', 'the pool %s overlaps %s of %s' % (network, taken, label), 'packets would go astray',
                             'Choose a network that nobody else has (calico_ip_pools)')


def _no_cidr(verdict, number, pool):
    """Note an entry that is something else than a pool, which may be a document for calicoctl."""
    version, what = str(pool.get('apiVersion', '')), 'entry %d of calico_ip_pools has no cidr' % number
    if version.startswith('projectcalico.org/'):
        verdict.fail(ALL, 'pool_cidr', what, 'it is a document of apiVersion %s, for Calico 3' % version, 'Write it as cidr, ipip and nat_outgoing')
    else:
        verdict.fail(ALL, 'pool_cidr', what, 'it has %s' % (', '.join(sorted(map(str, pool))) or 'nothing'), 'Give it one, such as 192.168.0.0/16')


def _valid(verdict, text):
    """Cidr of a pool, or None after noting what is wrong with it."""
    try:
        network = _cidr.parse(text)
    except ValidationError as error:
        verdict.fail(ALL, 'pool_cidr', 'the pool %s is not a network' % text, error.what, error.remedy)
        return None
    if '/' not in text:
        verdict.fail(ALL, 'pool_cidr', 'the pool %s has no prefix length' % text, 'Calico would take it for a single address', 'Write it like 192.168.0.0/16')
        return None
    if not network.is_masked():
        verdict.fail(ALL, 'pool_cidr', 'the pool %s has host bits' % text, 'calicoctl refuses it', 'Write %s, if that is meant' % network.masked())
        return None
    if network.prefix > BLOCK[network.version]:
        verdict.fail(ALL, 'pool_cidr', 'the pool %s is too small' % text, 'Calico gives each host a block of /%d' % BLOCK[network.version],
                     'Give room for a /%d block for each host' % BLOCK[network.version])
        return None
    return network


def _others(verdict, hosts, forbidden):
    """[(whose, Cidr)] of networks that are taken: DC/OS' own, those of the hosts' interfaces with the names of the first hosts that have them, and others."""
    found, overlays = [(label, _cidr.parse(text)) for label, text in RESERVED], {}
    for host in hosts.values():
        for item in (host['info'].get('dcos') or {}).get('overlays') or ():
            overlays['the network %s of DC/OS' % item['name']] = item['subnet']
    for label, text in sorted(overlays.items()) or OVERLAYS:
        if ':' not in text:
            found.append((label, _cidr.parse(text).masked()))
    subnets = {}
    for name in sorted(hosts):
        for item in hosts[name]['info'].get('subnets') or ():
            if not OWN.match(item['interface']):
                subnets.setdefault(item['network'], []).append('%s on %s' % (item['interface'], name))
    taken = [network for label, network in found]
    for text, owners in sorted(subnets.items()):
        network = _cidr.parse(text)
        if not any(other.contains(network) for other in taken):
            found.append((', '.join(owners[:3]) + (' and %d more' % (len(owners) - 3) if len(owners) > 3 else ''), network))
    _add_ranges(found, hosts)
    for item in forbidden:
        _add_forbidden(verdict, found, item)
    return found


def _add_ranges(found, hosts):
    """Add what files of CNI networks give out: a bridge has an interface only once there is a container on it."""
    owners = {}
    for name in sorted(hosts):
        for item in (hosts[name]['info'].get('cni') or {}).get('files') or ():
            for text in item.get('ranges') or ():
                owners.setdefault(text, []).append('the CNI network %s (%s on %s)' % (item.get('name'), item['file'], name))
    for text, labels in sorted(owners.items()):
        try:
            network = _cidr.parse(text).masked()
        except ValidationError:
            continue
        if not any(taken.contains(network) for dummy, taken in found):
            found.append((labels[0] + (' and %d more' % (len(labels) - 1) if len(labels) > 1 else ''), network))


def _add_forbidden(verdict, found, item):
    """Add a network that must be kept out of, unless it is among those that are taken anyway."""
    try:
        network = _cidr.parse(item['cidr']).masked()
    except ValidationError as error:
        verdict.fail(ALL, 'pool_cidr', '%s of calico_forbidden_cidrs is not a network' % item['cidr'], error.what, error.remedy)
        return
    if not any(taken.overlaps(network) for _label, taken in found):
        found.append((item.get('name') or 'calico_forbidden_cidrs', network))
