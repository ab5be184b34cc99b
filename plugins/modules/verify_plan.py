#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: verify_plan
short_description: Say what a verification starts, and what earlier ones have left
version_added: 0.1.0
description:
  - Internal to this collection; role C(calico_verify) calls it.
  - Validates what is to be verified, and fails with one message that names all that cannot be right.
  - Makes the definitions of the apps, one for each agent and network, each an echo server that DC/OS' own Python runs, below a group of Marathon's that is
    this verification's own.
  - Tells which apps earlier verifications have left. On the machine that such a run was started on it is seen whether its process is gone; of runs of other
    machines it is known until when they may go on.
  - Runs on the controller and changes nothing. Each call makes another plan. In check mode it shows what would be started.
author:
  - dcos.calico maintainers (@dcos)
options:
  cluster:
    description:
      - What M(dcos.calico.dcos_agent_info) returned, of all agents.
    type: dict
    required: true
  apps:
    description:
      - RV(dcos.calico.marathon_app_info#module:apps) of group C(/dcos-calico-verify).
    type: list
    elements: dict
    required: true
  networks:
    description:
      - Names of the CNI networks to verify. The first of O(known_networks) if empty.
    type: list
    elements: str
    default: []
  known_networks:
    description:
      - The CNI networks that there are, each with C(name).
    type: list
    elements: dict
    required: true
  agents:
    description:
      - Addresses of the agents to verify, or names of hosts in the inventory whose C(ansible_host) is one. All if not given.
    type: list
    elements: str
  outside:
    description:
      - What must be reached outside, each C(host:port). Port 5050 of the leading master if not given.
    type: list
    elements: str
  skip:
    description:
      - Checks that are to be left out, of V(address), V(route), V(rp_filter), V(peers), V(large), V(dns), V(outside) and V(policy).
    type: list
    elements: str
    default: []
  cpus:
    description:
      - CPUs of each app.
    type: float
    default: 0.05
  mem:
    description:
      - Memory of each app in MiB.
    type: float
    default: 64
  port:
    description:
      - Port of each app, for TCP and UDP.
    type: int
    default: 17007
  denied_port:
    description:
      - Another port of it.
    type: int
    default: 17008
  lifetime:
    description:
      - Seconds after which runs of other machines may remove the apps of this one.
    type: int
    default: 1800
  sweep:
    description:
      - Count all of O(apps) as left behind, even those of runs that seem to be going on.
    type: bool
    default: false
  files:
    description:
      - Files on the controller that are to be written in the end, which is validated now. Empty ones are passed over.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - dcos.calico._attributes.info
  - dcos.calico._attributes.controller
"""

EXAMPLES = r"""
- name: Read the cluster's version and variant
  dcos.calico.dcos_agent_info:
  register: cluster

- name: Find what earlier runs have left
  dcos.calico.marathon_app_info:
    group: /dcos-calico-verify
  register: before

- name: Validate the variables of the verification
  dcos.calico.verify_plan:
    cluster: "{{ cluster }}"
    apps: "{{ before.apps }}"
    known_networks:
      - name: calico
  register: plan
"""

RETURN = r"""
start:
  description: Whether RV(apps) are to be started; V(false) in check mode.
  returned: success
  type: bool
  sample: true
run:
  description: Name of this verification.
  returned: success
  type: str
  sample: r3f9a2c1
started:
  description: When it was made, in seconds since 1970.
  returned: success
  type: float
  sample: 1795334400.5
apps:
  description: Definitions of the apps to start, for M(dcos.calico.marathon_app). None for agents that Mesos has lost.
  returned: success
  type: list
  elements: dict
  sample:
    - id: /dcos-calico-verify/r3f9a2c1/a10-0-1-11-0
      constraints: [[hostname, CLUSTER, 10.0.1.11]]
networks:
  description: Names of the networks to verify.
  returned: success
  type: list
  elements: str
  sample: [calico]
agents:
  description: The agents to verify, as in O(cluster).
  returned: success
  type: list
  elements: dict
  sample:
    - address: 10.0.1.11
      hostname: 10.0.1.11
      public: false
      active: true
leftovers:
  description: Apps that verifications which are over have left, for M(dcos.calico.marathon_app).
  returned: success
  type: list
  elements: dict
  sample:
    - id: /dcos-calico-verify/r0b1c2d3/a10-0-1-11-0
runs:
  description: Names of other verifications that are going on.
  returned: success
  type: list
  elements: str
  sample: []
outside:
  description: What must be reached outside.
  returned: success
  type: list
  elements: str
  sample: ["10.0.0.11:5050"]
"""
