#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: datastore_audit
short_description: Find what Calico's datastore has and nobody has any more, and free it
version_added: 0.1.0
description:
  - Reads all keys below C(/calico) of etcd's v2 API in one request, on a host that reaches it, and compares them with what M(dcos.calico.workload_info)
    found on every host. It finds addresses that are given out and that no endpoint, host or tunnel has; endpoints whose host has nothing of them; handles
    without an address; blocks of nodes that are gone; nodes whose host is in no inventory and no agent of Mesos; and what contradicts itself.
  - Frees of it what O(free) names, and only what was found before as well, as O(earlier) says. A container that starts has its address before its interface.
  - An address that any host has is never freed. Nothing is freed of a host that did not answer or was not asked; and an address that no endpoint has may
    be its, so none of these is freed then.
  - Each key is written only if it is what it was when it was read. What somebody else has written meanwhile is left, with what depends on it, and told.
author:
  - dcos.calico maintainers (@dcos)
options:
  hosts:
    description:
      - Names of the hosts that may have containers, those that do not answer among them.
    type: list
    elements: str
    required: true
  result:
    description:
      - Name of the variable in which each of O(hosts) has the result of M(dcos.calico.workload_info).
    type: str
    required: true
  mesos:
    description:
      - The result of M(dcos.calico.dcos_agent_info). Without it no node counts as gone.
    type: dict
    default: {}
  remove:
    description:
      - Those of O(hosts) whose nodes are to be removed, whether they answer or not. Only what belongs to them is told and freed then. It is refused if a
        host does not answer and is not in O(dead), if containers run on it, if others have a BGP session with a dead one, or if no other host would be
        left.
    type: list
    elements: str
    default: []
  dead:
    description:
      - Those of O(remove) that do not answer and will not come back.
    type: list
    elements: str
    default: []
  drain:
    description:
      - Whether those of O(remove) that answer are drained before they go. With V(first) they will be, and containers on them do not speak against it yet; with
        V(done) they have been, and a refusal says so.
    type: str
    choices: [none, first, done]
    default: none
  free:
    description:
      - What is freed of what was found.
    type: list
    elements: str
    choices: [nodes, blocks, endpoints, addresses, handles]
    default: []
  earlier:
    description:
      - RV(identities) of an earlier look. What is not among them is kept.
    type: list
    elements: str
  json:
    description:
      - File on the controller to which the result is written as JSON.
    type: str
    default: ""
  changes:
    description:
      - What is to be written, from the action plugin. Not to be given.
    type: str
attributes:
  check_mode:
    description: Reads the datastore, and says what it would free.
    support: full
  diff_mode:
    description: Shows each key before and after.
    support: full
  action:
    description: Has a corresponding action plugin, which compares the datastore with the hosts.
    support: full
extends_documentation_fragment:
  - dcos.calico._datastore
  - dcos.calico._attributes
  - dcos.calico._attributes.agent
"""

EXAMPLES = r"""
- name: Look at every host
  dcos.calico.workload_info:
  register: workloads

- name: Find what nobody has any more
  dcos.calico.datastore_audit:
    hosts: "{{ ansible_play_hosts }}"
    result: workloads
  run_once: true
  register: audit

- name: Look at every host again
  dcos.calico.workload_info:
  register: workloads

- name: Free the addresses that nobody had at both looks
  dcos.calico.datastore_audit:
    hosts: "{{ ansible_play_hosts }}"
    result: workloads
    earlier: "{{ audit.identities }}"
    free: [endpoints, addresses, handles]
  run_once: true
"""

RETURN = r"""
found:
  description: What was found, the worst first.
  returned: success, from the action plugin
  type: list
  elements: dict
  contains:
    kind:
      description: C(conflict), C(node), C(block), C(endpoint), C(address) or C(handle).
      type: str
      returned: always
      sample: address
    name:
      description: Of what it is; an endpoint is C(NODE/ORCHESTRATOR/WORKLOAD/ENDPOINT).
      type: str
      returned: always
      sample: 192.168.72.193
    node:
      description: The node that it belongs to, as far as the datastore says.
      type: str
      returned: always
      sample: 10.0.1.12
    why:
      description: By what it was found.
      type: str
      returned: always
      sample: no endpoint, no host and no tunnel has it; it was given out to calico.4a5e9f0c
    kept:
      description: Why it is not freed whatever O(free) says, or empty.
      type: str
      returned: always
      sample: ""
summary:
  description: How many there are of each kind, and how many of all are kept.
  returned: success, from the action plugin
  type: dict
  sample: {conflict: 0, node: 0, block: 0, endpoint: 0, address: 1, handle: 0, kept: 0}
not_asked:
  description: Why not all is known, or empty. Addresses and handles without an endpoint are kept then.
  returned: success, from the action plugin
  type: str
  sample: ""
identities:
  description: For O(earlier) of a later look.
  returned: success, from the action plugin
  type: list
  elements: str
  sample: ["address\t192.168.72.193\tcalico.4a5e9f0c"]
freed:
  description: Names of what was freed.
  returned: success, from the action plugin
  type: list
  elements: str
  sample: [192.168.72.193]
left:
  description: Keys that were to be written, and were changed meanwhile, with those that depend on them.
  returned: success, with O(free) or O(changes)
  type: list
  elements: str
  sample: []
brief:
  description: The summary and the first 200 of what was found, for an artifact of AWX.
  returned: success, from the action plugin
  type: dict
  sample: {summary: {address: 1}, freed: [192.168.72.193], left: [], found: []}
hosts:
  description: O(hosts), for a later look in another play.
  returned: success, from the action plugin
  type: list
  elements: str
  sample: [agent1, agent2]
removes:
  description: The hosts of O(remove).
  returned: success, from the action plugin
  type: list
  elements: str
  sample: [agent3]
lives:
  description: Those of RV(removes) that answer.
  returned: success, from the action plugin
  type: list
  elements: str
  sample: []
peers:
  description: By what BIRD of other hosts may know the nodes of RV(removes).
  returned: success, from the action plugin
  type: list
  elements: str
  sample: [10.0.1.13, agent3]
obstacles:
  description: What speaks against O(remove), if it was refused.
  returned: failure
  type: list
  elements: str
  sample: ["agent3 does not answer: if it will not come back, name it in calico_decommission_dead too"]
content:
  description: The keys, for the action plugin, which takes them out.
  returned: success, from the module, without O(changes)
  type: str
  sample: eJwDAAAAAAE=
made:
  description: Keys that were written.
  returned: success, from the module, with O(changes)
  type: list
  elements: str
  sample: [/calico/ipam/v2/handle/calico.4a5e9f0c]
"""

from ansible_collections.dcos.calico.plugins.module_utils._jobs._datastore import AUDIT_SPEC, audit
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module


def main():
    run_module(audit, argument_spec=AUDIT_SPEC, supports_check_mode=True)


if __name__ == '__main__':
    main()
