#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: calicoctl_node_info
short_description: Compare Calico's nodes with the agents of the cluster, and wait for them
version_added: 0.1.0
description:
  - Lists the nodes on which calico/node has run, compares them with the agents that the cluster has, and on request waits until all are there.
  - A node counts only with an IPv4 address. calicoctl lists any host that has a key in the datastore, such as one where a container was attached.
  - On request tells each node's address for IP-in-IP tunnels, which calico/node takes from a pool as soon as one has IPIP, and waits for that too.
  - In check mode it looks once. Where calicoctl or its configuration file is not there yet, the datastore counts as empty.
author:
  - dcos.calico maintainers (@dcos)
options:
  expected:
    description:
      - Names or addresses of the agents, each of which should have a node. Without it nothing is missing, and nothing is too many.
    type: list
    elements: str
  others:
    description:
      - Names or addresses of what may have a node too, such as the masters.
    type: list
    elements: str
    default: []
  wait_timeout:
    description:
      - Seconds to wait until every one of O(expected) has a node. When they have passed it is an error that names who is missing.
      - With V(0) it looks once, and what is missing is no error.
    type: float
    default: 0
  extra:
    description:
      - What to do about nodes that are neither O(expected) nor O(others), V(report) returns them, V(fail) is an error.
    type: str
    choices: [report, fail]
    default: report
  tunnels:
    description:
      - Whether to look for the nodes' tunnel addresses. One call of calicoctl for each node.
    type: bool
    default: false
  tunnels_timeout:
    description:
      - Seconds to wait until each node has a tunnel address. That some have none then is no error.
    type: float
    default: 0
extends_documentation_fragment:
  - dcos.calico._attributes.agent
  - dcos.calico._attributes.info
  - dcos.calico._calicoctl
seealso:
  - module: dcos.calico.calicoctl_resource_info
  - module: dcos.calico.dcos_agent_info
"""

EXAMPLES = r"""
- name: Wait until every agent has a node
  dcos.calico.calicoctl_node_info:
    expected: [10.0.1.11, 10.0.1.12, 10.0.1.13]
    others: [10.0.0.11]
    wait_timeout: 300
  register: calico_nodes

- name: Give them a minute to get tunnel addresses
  dcos.calico.calicoctl_node_info:
    tunnels: true
    tunnels_timeout: 60
  register: calico_tunnels

- name: Tell who has none
  ansible.builtin.debug:
    var: calico_tunnels.without_tunnel
"""

RETURN = r"""
nodes:
  description: The nodes on which calico/node has run, by name.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
      sample: 10.0.1.11
    address:
      description: Its IPv4 address.
      type: str
      sample: 10.0.1.11
    prefix:
      description: The prefix length of its network. 32 for a node that was started without one.
      type: int
      sample: 24
    tunnel:
      description: Its tunnel address; null if it has none, or without O(tunnels).
      type: str
      sample: 192.168.72.192
missing:
  description: Those of O(expected) that have no node.
  returned: always
  type: list
  elements: str
  sample: [10.0.1.13]
extra:
  description: Names of nodes that are neither O(expected) nor O(others).
  returned: always
  type: list
  elements: str
  sample: []
without_address:
  description: Names of hosts that calicoctl lists although calico/node has never run there.
  returned: success
  type: list
  elements: str
  sample: []
without_tunnel:
  description: Names of nodes that have no tunnel address; those in RV(extra) are left out.
  returned: success
  type: list
  elements: str
  sample: [10.0.1.12]
appeared:
  description: Names of nodes that got their tunnel address while it was waited for.
  returned: success
  type: list
  elements: str
  sample: [10.0.1.11]
waited:
  description: Whether what is missing had the time that was asked for. V(false) in check mode, in which nothing was done that could bring it.
  returned: success
  type: bool
  sample: true
datastore_read:
  description: Whether the datastore was asked. V(false) in check mode where calicoctl or its configuration file is not there yet.
  returned: success
  type: bool
  sample: true
"""

from ansible_collections.dcos.calico.plugins.module_utils._calico import _runner
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline, agreed
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module

ARGUMENT_SPEC = dict(
    _runner.OPTIONS,
    expected=dict(type='list', elements='str'),
    others=dict(type='list', elements='str', default=[]),
    wait_timeout=dict(type='float', default=0),
    extra=dict(type='str', choices=['report', 'fail'], default='report'),
    tunnels=dict(type='bool', default=False),
    tunnels_timeout=dict(type='float', default=0),
)
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


def shown(node, tunnels):
    """A node as RETURN has it."""
    address, slash, prefix = node['ipv4'].partition('/')
    return {'name': node['name'], 'address': address, 'prefix': int(prefix) if slash else 32, 'tunnel': tunnels.get(node['name'])}


def job(module):
    """Look, and wait where that is asked for; see RETURN."""
    params = module.params
    if min(params['wait_timeout'], params['tunnels_timeout']) < 0:
        raise ValidationError('A time to wait cannot be negative', remedy='Give 0 or more seconds')
    calicoctl = _runner.from_params(params)
    if module.check_mode and calicoctl.not_set_up() is not None:
        return dict(changed=False, nodes=[], missing=sorted(set(params['expected'] or [])), extra=[], without_address=[], without_tunnel=[], appeared=[],
                    waited=False, datastore_read=False)
    patience = 0 if module.check_mode else params['wait_timeout']
    found = wait_for_nodes(calicoctl, params['expected'], params['others'], Deadline(patience))
    if found.missing and patience:
        raise incomplete(found, params['expected'], patience)
    if found.extra and params['extra'] == 'fail':
        # what another job is just removing is not left over
        found = agreed(lambda: compare(calicoctl.nodes(), params['expected'], params['others']), lambda seen: seen.extra, Deadline)
        if found.extra:
            raise superfluous(found)
    tunnels, late = {}, []
    if params['tunnels']:
        tunnels, late = wait_for_tunnels(calicoctl, found.counted, Deadline(0 if module.check_mode else params['tunnels_timeout']))
    return dict(
        changed=False,
        nodes=[shown(node, tunnels) for node in sorted(found.nodes, key=lambda node: node['name'])],
        missing=found.missing,
        extra=found.extra,
        without_address=found.without_address,
        without_tunnel=sorted(name for name, tunnel in tunnels.items() if not tunnel),
        appeared=sorted(name for name in late if tunnels[name]),
        waited=not module.check_mode,
        datastore_read=True,
    )


def main():
    run_module(job, argument_spec=ARGUMENT_SPEC, supports_check_mode=True)


if __name__ == '__main__':
    main()
