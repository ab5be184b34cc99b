# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what is wanted would take away what workloads use, by what the datastore holds. Pure.

C(datastore) is {kind: documents} of ipPool, node and workloadEndpoint as calicoctl gives them, empty where it could not be asked.
"""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

from ansible_collections.dcos.calico.plugins.module_utils import _cidr
from ansible_collections.dcos.calico.plugins.module_utils._calico import _usage
from ansible_collections.dcos.calico.plugins.module_utils._calico._preflight_networks import file_of, is_present
from ansible_collections.dcos.calico.plugins.module_utils._calico._preflight_pools import ALL
from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError


def check_usage(verdict, hosts, expectations):
    """Pools and networks that would go while workloads use them; hosts as in _preflight."""
    datastore, unlisted = expectations.get('datastore') or {}, expectations.get('unlisted_pools', 'keep')
    if unlisted != 'keep' and not any(is_present(pool) for pool in expectations.get('pools') or []):
        verdict.fail(ALL, 'variable', 'calico_ip_pools_unlisted is %s, and calico_ip_pools lists no pool that stays' % unlisted,
                     'no container would get an address any more', 'List the pools that are to stay')
    workloads = datastore.get('workloadEndpoint') or []
    check_known_pools(verdict, datastore.get('ipPool') or [], workloads, expectations)
    check_known_nodes(verdict, hosts, datastore.get('node') or [], expectations.get('pools') or [])
    for name, remedy in sorted(_vanishing(hosts, expectations.get('networks') or []).items()):
        users = _usage.with_profile(name, workloads)
        if users:
            verdict.fail(ALL, 'network_in_use', 'the network %s is in use, and would be there no more' % name, _usage.shown(users), remedy)


def _vanishing(hosts, networks):
    """{name: remedy} of the networks that are to be absent, and of those whose file is to be another network's."""
    stay = [network['name'] for network in networks if is_present(network)]
    found = dict((network['name'], 'Move its apps to another network first, then remove it') for network in networks if not is_present(network))
    heirs = dict((file_of(network), network['name']) for network in networks if is_present(network))
    for host in hosts.values():
        for item in (host['info'].get('cni') or {}).get('files') or []:
            heir = heirs.get(item['file'])
            if item['kind'] == 'network' and item.get('type') == 'calico' and heir not in (None, item['name']) and item['name'] not in stay:
                found[item['name']] = ('%s is to be the file of network %s: leave %s in calico_networks and add %s with a file of its own, move the apps, and '
                                       'set state of %s to absent then' % (item['file'], heir, item['name'], heir, item['name']))
    return found


def check_known_pools(verdict, known, workloads, expectations):
    """Pools in the datastore: those that would be deleted while they are in use, and those that are left over."""
    wanted, unlisted = expectations.get('pools') or [], expectations.get('unlisted_pools', 'keep')
    listed = dict((cidr, pool) for pool in wanted for cidr in [_parsed(pool.get('cidr'))] if cidr)
    for document in known:
        cidr = _parsed(document['metadata'].get('cidr'))
        if cidr is None:
            continue
        doomed = not is_present(listed[cidr]) if cidr in listed else unlisted == 'delete'
        if doomed:
            users = _usage.in_pool(str(cidr), workloads)
            if users:
                verdict.fail(ALL, 'pool_in_use', 'the pool %s is in use, and would be deleted' % cidr, 'these have addresses of it: %s' % _usage.shown(users),
                             _way_out(cidr, cidr in listed))
            continue
        if cidr in listed:
            continue
        _check_left_over(verdict, cidr, document, [other for other, pool in listed.items() if is_present(pool)], unlisted)


def _way_out(cidr, is_listed):
    first = 'Leave out state of it and set disabled' if is_listed else 'Set calico_ip_pools_unlisted to disable'
    return '%s, so that no more addresses are given out of it; move these containers, and delete it then' % first


def _check_left_over(verdict, cidr, document, wanted, unlisted):
    """Note a pool that is in the datastore and not in the list, and stays."""
    rivals = sorted(str(other) for other in wanted if other.overlaps(cidr))
    if rivals:
        verdict.fail(ALL, 'pool_overlap', 'the pool %s overlaps the pool %s in the datastore' % (', '.join(rivals), cidr), 'an address could be given twice',
                     'Choose another network, or list %s with state absent' % cidr)
    elif unlisted == 'keep' and cidr.version == 4 and not (document.get('spec') or {}).get('disabled'):
        verdict.warn(ALL, 'pool', 'the pool %s is in the datastore and not in calico_ip_pools' % cidr, 'containers get addresses of it too',
                     'List it, with disabled or state absent if nobody needs it, or set calico_ip_pools_unlisted')


def check_known_nodes(verdict, hosts, nodes, pools):
    """Pools that overlap the networks of nodes; those of the hosts at hand are judged with all their interfaces elsewhere."""
    seen = set(_parsed(item['network']) for host in hosts.values() for item in host['info'].get('subnets') or ())
    found = {}
    for node in nodes:
        network = _parsed(((node.get('spec') or {}).get('bgp') or {}).get('ipv4Address'))
        if network and network not in seen:
            found.setdefault(network, []).append(node['metadata']['name'])
    for network, names in sorted(found.items(), key=lambda pair: pair[0].key()):
        for cidr in [_parsed(pool.get('cidr')) for pool in pools if is_present(pool)]:
            if cidr and cidr.overlaps(network):
                verdict.fail(ALL, 'pool_overlap', 'the pool %s overlaps %s of node %s' % (cidr, network, ', '.join(sorted(names)[:3])),
                             'packets would go astray', 'Choose a network that nobody else has (calico_ip_pools)')


def _parsed(text):
    """Cidr without host bits, or None for what is none; both are noted by others."""
    try:
        return _cidr.parse(text).masked() if text else None
    except ValidationError:
        return None
