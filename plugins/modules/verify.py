#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: verify
short_description: Say what the measurements of all agents mean
version_added: 0.1.0
description:
  - Internal to this collection; role C(calico_verify) calls it.
  - Takes what M(dcos.calico.network_probe) returned on each host and what Marathon and Mesos say, and evaluates each check of each agent, with its cause and
    what to do.
  - Shows a table, writes files on request, and fails with one message if a check has failed.
  - An agent answers for its own container and for the connections that this opens. So what is said of it is the same whether all agents are verified by one
    run, or each by its own.
  - Runs on the controller. Run it once, in the end.
author:
  - dcos.calico maintainers (@dcos)
options:
  hosts:
    description:
      - Names of the hosts. Those that are agents and were to be verified have a row for each network.
    type: list
    elements: str
    required: true
  result:
    description:
      - Name of the variable in which each host has the result of M(dcos.calico.network_probe).
    type: str
    required: true
  plan:
    description:
      - What M(dcos.calico.verify_plan) returned.
    type: dict
    required: true
  cluster:
    description:
      - What M(dcos.calico.dcos_agent_info) returned, of all agents.
    type: dict
    required: true
  apps:
    description:
      - RV(dcos.calico.marathon_app_info#module:apps) while the containers ran.
    type: list
    elements: dict
    required: true
  networks:
    description:
      - Names of the networks that were verified.
    type: list
    elements: str
    required: true
  known_networks:
    description:
      - The CNI networks that there are, each with C(name), and C(ipv4_pools).
    type: list
    elements: dict
    default: []
  pools:
    description:
      - The pools, each with C(cidr), C(nat_outgoing) and C(disabled), for hosts whose datastore was not asked.
    type: list
    elements: dict
    default: []
  skip:
    description:
      - Checks that are left out.
    type: list
    elements: str
    default: []
  needs:
    description:
      - What a container needs of an agent, in words.
    type: str
    default: ""
  json:
    description:
      - File on the controller for the result as JSON.
    type: str
    default: ""
  junit:
    description:
      - File on the controller for the result as JUnit's XML.
    type: str
    default: ""
  removed:
    description:
      - How many containers were removed again, which is shown.
    type: int
    default: 0
  fail:
    description:
      - Fail if a check has failed. Otherwise only say so.
    type: bool
    default: true
extends_documentation_fragment:
  - dcos.calico._attributes.info
  - dcos.calico._attributes.controller
attributes:
  check_mode:
    description: Writes no files.
    support: full
"""

EXAMPLES = r"""
- name: Evaluate what all agents have measured
  dcos.calico.verify:
    hosts: "{{ ansible_play_hosts_all }}"
    result: probe
    plan: "{{ plan }}"
    cluster: "{{ cluster }}"
    apps: "{{ started.apps }}"
    networks: [calico]
    junit: calico.xml
  run_once: true
"""

RETURN = r"""
ok:
  description: Whether no check has failed and everything was written.
  returned: always
  type: bool
  sample: true
message:
  description: What has failed, empty if nothing has.
  returned: always
  type: str
  sample: ""
summary:
  description: The last line of the table.
  returned: always
  type: str
  sample: 3 agents, 6 of 6 connections between containers, all 27 checks passed (21 s)
report:
  description: The whole result, which is what the file O(json) has.
  returned: always
  type: dict
  contains:
    version:
      description: Version of this form.
      type: int
      sample: 1
    run:
      description: Name of the verification.
      type: str
      sample: r3f9a2c1
    dcos:
      description: Version of DC/OS.
      type: str
      sample: 1.11.12
    started:
      description: When it began, UTC.
      type: str
      sample: "2026-11-22T09:00:00Z"
    seconds:
      description: How long it took.
      type: float
      sample: 21.4
    ok:
      description: Whether no check has failed.
      type: bool
      sample: true
    summary:
      description: Numbers.
      type: dict
      sample: {agents: 3, checks: 27, failed: 0, skipped: 3, pairs: 6, pairs_well: 6}
    agents:
      description: A row for each agent and network. C(status) of a check is V(ok), V(failed) or V(skipped); C(findings) have C(what), C(why) and C(remedy).
      type: list
      elements: dict
      sample:
        - host: agent1
          agent: 10.0.1.11
          network: calico
          address: 192.168.12.5
          ok: true
          checks:
            peers: {status: ok, text: 2/2, findings: []}
    pairs:
      description: Every connection between containers that was tried.
      type: list
      elements: dict
      sample:
        - {network: calico, from: 10.0.1.11, to: 10.0.1.12, ok: true, trouble: null, ms: 0.6, path_mtu: 1500}
stats:
  description: A little of it, for the artifacts of a job.
  returned: always
  type: dict
  sample: {run: r3f9a2c1, ok: true, checks: 27, failed: 0, agents: {agent1: []}}
files:
  description: Files that were written.
  returned: always
  type: list
  elements: str
  sample: []
"""
