#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: adopt
short_description: Tell what is kept of a cluster that others have set up
version_added: 0.1.0
description:
  - For the playbooks of this collection. Takes what M(dcos.calico.agent_plan) found on each host with RV(ignore:of=unmanaged), shows it as a table, and
    writes what is to be kept, such as names and addresses of nodes, pools and networks, to a file of variables for the inventory.
  - What cannot be adopted is told of all hosts in one message, and nothing is written.
  - Variables that the inventory gives already stay as they are. A node name of the inventory that is not that of the node is an error.
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
  file:
    description:
      - File on the controller to write the variables to, an inventory in YAML. What it has of other hosts stays. A file that this module has not written
        is not replaced.
    type: str
    required: true
  asks_dcos:
    description:
      - Whether the run can ask DC/OS, without which hosts of the Universe's framework are not adopted.
    type: bool
    default: false
extends_documentation_fragment:
  - dcos.calico._attributes
  - dcos.calico._attributes.controller
attributes:
  diff_mode:
    description: Shows what changes in the file.
    support: full
"""

EXAMPLES = r"""
- name: Look at each host
  dcos.calico.agent_plan:
    of: unmanaged
  register: calico_agent

- name: Tell what is kept
  dcos.calico.adopt:
    hosts: "{{ ansible_play_hosts }}"
    result: calico_agent
    file: inventory/adopted.yml
  run_once: true
  register: calico_adopt
"""

RETURN = r"""
variables:
  description: The variables of each host that go for the rest of the run, kept ones and those that the inventory gives.
  returned: always
  type: dict
  sample: {agent1: {calico_node_name: agent1, calico_node_ip: 10.0.2.10/24}}
inventory:
  description: The variables for the inventory, as the file has them.
  returned: always
  type: dict
  sample: {all: {vars: {calico_networks: [{name: calico, file: calico.cni}]}, hosts: {agent1: {calico_node_name: agent1}}}}
framework:
  description: Whether something of the Universe's framework is on a host.
  returned: always
  type: bool
  sample: false
file:
  description: The file of variables.
  returned: always
  type: str
  sample: /home/ops/inventory/adopted.yml
text:
  description: What was found and is kept, as lines.
  returned: always
  type: list
  elements: str
  sample: ["Found:"]
problems:
  description: What cannot be adopted.
  returned: always
  type: list
  elements: dict
  sample: []
notes:
  description: What is worth knowing.
  returned: always
  type: list
  elements: dict
  sample: []
"""
