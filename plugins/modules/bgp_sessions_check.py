#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: bgp_sessions_check
short_description: Check the BGP sessions of all hosts of a run together
version_added: 0.1.0
description:
  - Internal to this collection; this collection's playbooks call it.
  - Takes what M(dcos.calico.calicoctl_node) returned on each host, and fails with one message if a node has no session with others.
  - Of two nodes the one that was started later has the last word, so a node that others missed before it was started is fine afterwards.
  - Runs on the controller. Run it once, at the end.
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
      - Name of the variable in which each host has the result of M(dcos.calico.calicoctl_node). Hosts without one are left out.
    type: str
    required: true
  planned:
    description:
      - Name of the variable in which each host has the result of M(dcos.calico.agent_plan), for hosts that had nothing to do and so have no O(result).
    type: str
  earlier:
    description:
      - What this module returned as C(down) some time before. Then only a node counts that the same host missed before, because another run may restart nodes
        one after the other meanwhile.
    type: dict
extends_documentation_fragment:
  - dcos.calico._attributes.info
  - dcos.calico._attributes.controller
"""

EXAMPLES = r"""
- name: Run calico/node
  dcos.calico.calicoctl_node:
    name: 10.0.2.10
    ip: 10.0.2.10/24
    image: quay.io/calico/node@sha256:9eed277af462085b7354b9c0b3fbb2453b62bb116361d2025f6c150eae6e77c8
    health:
      down_peers: report
  register: node

- name: Validate the sessions of all hosts together
  dcos.calico.bgp_sessions_check:
    hosts: "{{ ansible_play_hosts }}"
    result: node
  run_once: true
"""

RETURN = r"""
checked:
  description: The hosts that had a result.
  returned: always
  type: list
  elements: str
  sample: [agent1, agent2]
down:
  description: For the address of each node that is down, the hosts that miss it.
  returned: always
  type: dict
  sample: {10.0.2.11: [agent1]}
"""
