#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: plan
short_description: Make the plan of a run from what was found on all hosts, and show it
version_added: 0.1.0
description:
  - For the playbooks of this collection. Takes what M(dcos.calico.agent_plan) found on each host, and tells who changes what, what restarts in which
    order and what that disturbs, which hosts have nothing to do, and what cannot be known yet.
  - Fails, with all of them in one message, where something cannot be brought about. Changes nothing.
  - Runs on the controller. Run it once.
author:
  - dcos.calico maintainers (@dcos)
options:
  hosts:
    description:
      - Names of the hosts.
    type: list
    elements: str
    required: true
  result:
    description:
      - Name of the variable in which each host has the result of M(dcos.calico.agent_plan).
    type: str
    required: true
  datastore:
    description:
      - The result of M(dcos.calico.agent_plan) with the jobs of the datastore, on a host that can ask it. Without it the datastore is not known.
    type: dict
    default: {}
  components:
    description:
      - Optional components that are switched on, which have no part in the plan.
    type: list
    elements: str
    default: []
  drift:
    description:
      - Whether only what drifted takes part, which is what was installed as it is required now, and differs. Other differences are named as what is left, and
        those of the datastore, of which nobody knows how they came about.
    type: bool
    default: false
  json:
    description:
      - File on the controller to write C(plan) to.
    type: str
    default: ""
extends_documentation_fragment:
  - dcos.calico._attributes.info
  - dcos.calico._attributes.controller
"""

EXAMPLES = r"""
- name: See what would change on each host
  dcos.calico.agent_plan:
    steps:
      - job: sysctl
        args:
          name: 60-calico
          settings:
            - key: net.ipv4.ip_forward
              value: "1"
  register: calico_agent

- name: Show the plan
  dcos.calico.plan:
    hosts: "{{ ansible_play_hosts }}"
    result: calico_agent
  run_once: true
"""

RETURN = r"""
plan:
  description: The plan, hosts without anything to do left out.
  returned: always
  type: dict
  contains:
    changes:
      description: Whether anything changes.
      type: bool
      sample: true
    hosts:
      description: Number of hosts.
      type: int
      sample: 500
    unchanged:
      description: How many of them have nothing to do.
      type: int
      sample: 499
    changing:
      description:
        - For the name of each other host its C(changes), names of what changes by the module that does it; its C(steps), texts by the name of the step;
          and what is C(unknown).
      type: dict
      sample: {agent1: {changes: {sysctl: [net.ipv4.ip_forward]}, steps: {prepare: [kernel parameters (net.ipv4.ip_forward)]}, unknown: []}}
    left:
      description: With O(drift), why a host leaves what a module would change, for the name of the host and of the module.
      returned: with O(drift)
      type: dict
      sample: {agent2: {sysctl: configured otherwise since it was installed}}
    datastore:
      description: What C(changes) in the datastore, whether that is C(known), and whether C(felix_restarts) on all nodes.
      type: dict
      sample: {changes: [ipPool 192.168.0.0/16], known: true, felix_restarts: false}
groups:
  description: For the name of each host that does something, the groups of this run that it is to be in.
  returned: always
  type: dict
  sample: {agent1: [calico_plan_prepare, calico_plan_start]}
text:
  description: The plan in lines, as it is shown.
  returned: always
  type: list
  elements: str
  sample: ["Plan: nothing to do. 5 hosts and the datastore are as desired."]
"""
