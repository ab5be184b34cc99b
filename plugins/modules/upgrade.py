#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: upgrade
short_description: Decide over all hosts what an upgrade does, and whether it goes on
version_added: 0.1.0
description:
  - For the playbook C(dcos.calico.upgrade). Takes what M(dcos.calico.agent_plan) found on each host, and tells which release each has, what is done there and
    in which order, and what speaks against it. Afterwards it tells whether a host, or all of them, are well, and how far an upgrade came that ends early.
  - Fails, with all of it in one message, where something is not well. Changes nothing.
  - Runs on the controller.
author:
  - dcos.calico maintainers (@dcos)
options:
  of:
    description:
      - V(plan) makes and shows the plan. V(host) looks at one host that was upgraded. V(wait) waits for O(soak) seconds, and says so. V(cluster) looks at all
        hosts. V(end) fails, and says how far an upgrade came, how to go on and how to go back.
    type: str
    choices: [plan, host, wait, cluster, end]
    required: true
  hosts:
    description: Names of the hosts, for O(of=plan) and O(of=cluster).
    type: list
    elements: str
    default: []
  nodes:
    description: Those of them that run calico/node.
    type: list
    elements: str
    default: []
  result:
    description: Name of the variable in which each host has the result of M(dcos.calico.agent_plan).
    type: str
    default: calico_agent
  release:
    description: The release that all are to have. Needed for O(of=plan).
    type: str
  reader:
    description: A host that can read the datastore. Without one there is no upgrade.
    type: str
    default: ""
  datastore:
    description: What M(dcos.calico.agent_plan) would change in the datastore, which is told and left as it is.
    type: dict
    default: {}
  components:
    description: Optional components that are switched on.
    type: list
    elements: str
    default: []
  backup_file:
    description: File of the backup on the controller. One that is there already is of an upgrade that was cut short.
    type: str
    default: ""
  canary:
    description: The host that comes first. By default the first one that changes.
    type: str
    default: ""
  soak:
    description: Seconds for which the canary is watched.
    type: int
    default: 60
  etcd_version:
    description: The version of etcd that is to be installed, empty where that is not known.
    type: str
    default: ""
  plan:
    description: RV(plan) of O(of=plan), for all others.
    type: dict
    default: {}
  host:
    description: The host that O(of=host) looks at, or at which O(of=end) ends.
    type: str
    default: ""
  before:
    description: Result of M(dcos.calico.workload_info) with its tasks, before the host was upgraded.
    type: dict
    default: {}
  after:
    description: The same afterwards.
    type: dict
    default: {}
  node:
    description: Result of M(dcos.calico.calicoctl_node) on that host.
    type: dict
    default: {}
  done:
    description: Name of the variable in which a host that was upgraded has the result of O(of=host).
    type: str
    default: calico_upgrade_result
  watched:
    description: Whether O(of=cluster) comes O(soak) seconds after the canary was upgraded.
    type: bool
    default: false
  failure:
    description: Result of the task that failed, for O(of=end).
    type: dict
    default: {}
extends_documentation_fragment:
  - dcos.calico._attributes.info
  - dcos.calico._attributes.controller
"""

EXAMPLES = r"""
- name: Show what an upgrade does
  dcos.calico.upgrade:
    of: plan
    hosts: "{{ ansible_play_hosts }}"
    nodes: "{{ ansible_play_hosts }}"
    release: 2.6.12
    reader: "{{ ansible_play_hosts | first }}"
    backup_file: before-2.6.12.json
  run_once: true
"""

RETURN = r"""
plan:
  description: The plan, hosts that do not change left out.
  returned: O(of=plan)
  type: dict
  contains:
    changes:
      description: Whether anything is done.
      type: bool
      sample: true
    release:
      description: The release that all are to have.
      type: str
      sample: 2.6.12
    releases:
      description: Those that hosts have which change.
      type: list
      elements: str
      sample: [2.6.6]
    order:
      description: Names of the hosts in the order in which they change, the canary first.
      type: list
      elements: str
      sample: [agent1, agent2]
    members:
      description: Hosts whose etcd member changes.
      type: list
      elements: str
      sample: []
    backup:
      description: The file of the backup.
      type: str
      sample: /var/backups/before-2.6.12.json
    hosts:
      description:
        - For the name of each host its release C(now), the C(steps) that are done there, the C(address) of its node, and whether it is C(between) the releases,
          so that it need not be well.
      type: dict
      sample: {agent1: {now: 2.6.6, steps: [calicoctl, calico/node restarts, CNI plugins], address: 10.0.1.11, between: false}}
groups:
  description: For the name of each host, the groups of this run that it is to be in. In check mode there is one for the datastore alone.
  returned: O(of=plan)
  type: dict
  sample: {agent1: [calico_upgrade_canary, calico_upgrade_watches, calico_upgrade_backup]}
text:
  description: The plan in lines, as it is shown.
  returned: O(of=plan)
  type: list
  elements: str
  sample: ["Upgrade to Calico 2.6.12: nothing to do. 5 hosts of this run have it."]
done:
  description: That the host has the release, and is well.
  returned: O(of=host)
  type: bool
  sample: true
"""
