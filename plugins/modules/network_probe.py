#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: network_probe
short_description: Measure what the containers of a verification see of the network
version_added: 0.1.0
description:
  - Internal to this collection; role C(calico_verify) calls it.
  - Finds those of some containers that run on this host, goes into the network namespace of each, and tries from there what applications do. It reaches the
    others by TCP and UDP, also with much data and with datagrams as large as the interface takes, resolves names by the container's own name servers, and
    reaches addresses outside.
  - Looks from the host at the route to each container and at C(rp_filter), and asks Calico for its endpoint and for the pools.
  - Closes one port of one other container by a policy of its own, sees that packets do not arrive there any more while they do at another port, and removes
    the policy.
  - Validates nothing; M(dcos.calico.verify) does. The containers are those of role C(calico_verify), which run a server that sends back what it gets.
author:
  - dcos.calico maintainers (@dcos)
options:
  run:
    description:
      - Name of the verification that the containers belong to, which is in their labels C(dcos-calico-verify).
    type: str
    required: true
  runs:
    description:
      - Names of all verifications whose containers are there. Policies that others left on the way are removed.
    type: list
    elements: str
    default: []
  containers:
    description:
      - The containers of all agents.
    type: list
    elements: dict
    required: true
    suboptions:
      app:
        description:
          - Id of its app, which its processes have in their environment as C(CALICO_VERIFY_APP).
        type: str
        required: true
      agent:
        description:
          - Address of the agent that it runs on.
        type: str
        required: true
      network:
        description:
          - Name of its CNI network.
        type: str
        required: true
      address:
        description:
          - Its own address.
        type: str
        required: true
      names:
        description:
          - Names in the DNS that must have this address.
        type: list
        elements: str
        default: []
  pairs:
    description:
      - How many of the others of its network each container calls; 0 is all of them. Of more than that, both neighbours in the order of addresses are
        called, and others that O(run) chooses, each pair in both directions.
    type: int
    default: 24
  port:
    description:
      - Port of the server, for TCP and UDP.
    type: int
    default: 17007
  denied_port:
    description:
      - Port of the server that the policy closes.
    type: int
    default: 17008
  outside:
    description:
      - What must be reached outside, each C(host:port).
    type: list
    elements: str
    default: []
  large:
    description:
      - Whether to send much data and large datagrams too.
    type: bool
    default: true
  policy:
    description:
      - Whether to try a policy.
    type: bool
    default: true
  wait:
    description:
      - Seconds for which something that fails is tried again. Routes and rules of a fresh container take some.
    type: int
    default: 15
  dns_wait:
    description:
      - The same for names. Mesos-DNS reads what runs every 30 seconds.
    type: int
    default: 60
  cni_dir:
    description:
      - Directory of the CNI networks, where the name of the node stands.
    type: path
    default: /opt/mesosphere/etc/dcos/network/cni
  detect_ip:
    description:
      - DC/OS' script that prints the address of the host.
    type: path
    default: /opt/mesosphere/bin/detect_ip
attributes:
  check_mode:
    description: Measures, and makes and removes no policy.
    support: full
  diff_mode:
    description: Shows the policies that others left on the way.
    support: full
extends_documentation_fragment:
  - dcos.calico._attributes
  - dcos.calico._attributes.agent
  - dcos.calico._calicoctl
notes:
  - Must run as root.
"""

EXAMPLES = r"""
- name: Measure what the containers of a verification see
  dcos.calico.network_probe:
    run: k3f9a2c1
    containers:
      - app: /dcos-calico-verify/k3f9a2c1/10-0-1-11-0
        agent: 10.0.1.11
        network: calico
        address: 192.168.12.5
        names: [10-0-1-11-0-k3f9a2c1-dcos-calico-verify.marathon.containerip.dcos.thisdcos.directory]
      - app: /dcos-calico-verify/k3f9a2c1/10-0-1-12-0
        agent: 10.0.1.12
        network: calico
        address: 192.168.77.64
    outside: ["10.0.0.11:5050"]
  register: probe
"""

RETURN = r"""
agent:
  description: Address of this host by detect_ip, or null if that does not tell.
  returned: success
  type: str
  sample: 10.0.1.11
containers:
  description: What was measured in each of the containers on this host.
  returned: success
  type: list
  elements: dict
  contains:
    app:
      description: Id of its app.
      type: str
      sample: /dcos-calico-verify/k3f9a2c1/10-0-1-11-0
    network:
      description: Name of its network.
      type: str
      sample: calico
    address:
      description: The address that it should have.
      type: str
      sample: 192.168.12.5
    pid:
      description: A process in it, or null.
      type: int
      sample: 4711
    problem:
      description: Why nothing could be measured, or null.
      type: str
      sample: null
    interface:
      description: Its interface, with C(name), C(address), C(mtu) and C(gateway), or null.
      type: dict
      sample: {name: eth0, address: 192.168.12.5, mtu: 1500, gateway: 169.254.1.1}
    peers:
      description: What became of calls to others. Words for failures are C(timeout), C(refused), C(unreachable), C(too_large) or the system's own, else null.
      type: list
      elements: dict
      sample:
        - app: /dcos-calico-verify/k3f9a2c1/10-0-1-12-0
          agent: 10.0.1.12
          address: 192.168.77.64
          tcp: {error: null, ms: 0.6}
          udp: {error: null, ms: 0.5}
          large: {bulk: null, datagram: null, path_mtu: 1500}
    names:
      description: What its name servers say, C(error) being null where the address is among the answers.
      type: list
      elements: dict
      sample:
        - name: 10-0-1-11-0-k3f9a2c1-dcos-calico-verify.marathon.containerip.dcos.thisdcos.directory
          addresses: [192.168.12.5]
          server: 198.51.100.1
          error: null
    outside:
      description: What became of calls to O(outside), and as whom the other end saw them, null where the kernel does not tell.
      type: list
      elements: dict
      sample: [{target: "10.0.0.11:5050", error: null, source: "192.168.12.5:41234", peer: "10.0.0.11:5050", seen_as: 10.0.1.11}]
    host:
      description: The host's side, or null. Its route to the container, C(rp_filter), and whether the container answers it.
      type: dict
      sample: {interface: cali4a5e9f0c-me, route: 192.168.12.5/32 dev cali4a5e9f0c-me, rp_filter: {all: 1, interface: 1}, answers: null}
    endpoint:
      description: Its endpoint in Calico's datastore, or null if there is none.
      type: dict
      sample: {node: 10.0.1.11, workload: 4a5e9f0c-me, interface: cali4a5e9f0c-me, profiles: [calico], labels: {dcos-calico-verify: k3f9a2c1}}
    node:
      description: Name of the node that its network attaches containers of this host to.
      type: str
      sample: 10.0.1.11
    policy:
      description: >-
        What became of calls to a port before a policy closed it, then (C(denied)), at the other port meanwhile (C(allowed)), and after it was removed; null
        where it was not tried.
      type: dict
      sample: {partner: 10.0.1.12, before: null, denied: timeout, allowed: null, after: null, error: null}
pools:
  description: The pools in Calico's datastore, or null if it was not asked.
  returned: success
  type: list
  elements: dict
  sample: [{cidr: 192.168.0.0/16, disabled: false, nat_outgoing: true, ipip: "off"}]
calico_error:
  description: Why Calico's datastore was not asked, or null.
  returned: success
  type: str
  sample: null
removed_policies:
  description: Names of policies that runs before had left, and that were, or in check mode would be, removed.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible_collections.dcos.calico.plugins.module_utils._calico import _probe, _probe_policy, _resources, _runner
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _facts_dcos
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

ARGUMENT_SPEC = dict(
    _runner.OPTIONS,
    run=dict(type='str', required=True),
    runs=dict(type='list', elements='str', default=[]),
    containers=dict(type='list', elements='dict', required=True, options=dict(
        app=dict(type='str', required=True),
        agent=dict(type='str', required=True),
        network=dict(type='str', required=True),
        address=dict(type='str', required=True),
        names=dict(type='list', elements='str', default=[]),
    )),
    pairs=dict(type='int', default=24),
    port=dict(type='int', default=17007),
    denied_port=dict(type='int', default=17008),
    outside=dict(type='list', elements='str', default=[]),
    large=dict(type='bool', default=True),
    policy=dict(type='bool', default=True),
    wait=dict(type='int', default=15),
    dns_wait=dict(type='int', default=60),
    cni_dir=dict(type='path', default='/opt/mesosphere/etc/dcos/network/cni'),
    detect_ip=dict(type='path', default='/opt/mesosphere/bin/detect_ip'),
)


def reconcile(policies, containers, params):
    """Plan: the policies are to go that earlier runs have left; see _probe_policy.leftovers()."""
    plan = Plan()
    runs = params['runs'] + [params['run']]
    for policy in _probe_policy.leftovers(policies, [container.own['app'] for container in containers], runs):
        found = _resources.canonical(policy)
        plan.add(_resources.name_of(found), found, None, how=policy)
    return plan


class Calico(object):
    """What is asked of Calico, all of it once, and only where calicoctl is; error: why it is not asked any more."""

    def __init__(self, params, containers, check_mode):
        self.params = params
        self.error = None
        self.pools = None
        self.plan = Plan()
        self.workloads = {}
        self._calicoctl = _runner.from_params(params)
        reason = self._calicoctl.not_set_up()
        if reason:
            self.error = reason
            return
        try:
            self.pools = _probe_policy.pools(self._calicoctl.get('ipPool'))
            if params['policy']:
                self.plan = reconcile(self._calicoctl.get('policy'), containers, params)
            if self.plan.changed and not check_mode:
                self._calicoctl.delete([change.how for change in self.plan])
        except CalicoError as error:
            self.error = str(error)

    def about(self, found):
        """{endpoint, node} of a container."""
        node = _probe_policy.node_name(self.params['cni_dir'], found['network'])
        if self.error is None and node not in self.workloads:
            try:
                self.workloads[node] = self._calicoctl.get(_resources.WORKLOADS, node=node)
            except CalicoError as error:
                self.error = str(error)
        return {'node': node, 'endpoint': _probe_policy.endpoint(self.workloads.get(node, []), found['address'])}

    def policy(self, container, found):
        """What became of a policy between a container and the first of its peers that answers; None where there is none."""
        answering = [peer['app'] for peer in found['peers'] if not peer.get('error') and peer['tcp']['error'] is None]
        partner = next((other for other in container.others if other['app'] in answering), None)
        if self.error is not None or partner is None:
            return None
        return _probe_policy.attempt(self._calicoctl, container.pid, container.own, partner, self.params)


def job(module):
    """Find, measure, tell; see RETURN."""
    params = dict(module.params, agent=_facts_dcos.detect_ip(module.params['detect_ip'])['ip'])
    every = sorted(params['containers'], key=lambda one: (one['network'], one['agent'], one['app']))
    containers = _probe.find(every, params)
    calico = Calico(params, containers, module.check_mode)
    results = []
    for container in containers:
        found = container.result()
        found.update(calico.about(found))
        if params['policy'] and not module.check_mode:
            found['policy'] = calico.policy(container, found)
        results.append(found)
    return dict(
        calico.plan.result(module._diff),
        agent=params['agent'],
        containers=results,
        pools=calico.pools,
        calico_error=calico.error,
        removed_policies=[change.name.partition(' ')[2] for change in calico.plan],
    )


def main():
    run_module(job, argument_spec=ARGUMENT_SPEC, supports_check_mode=True)


if __name__ == '__main__':
    main()
