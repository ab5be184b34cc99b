#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: status
short_description: Tell the state of a cluster from what was found on all hosts
version_added: 0.1.0
description:
  - For the playbooks of this collection. Takes what M(dcos.calico.agent_plan) found on each host, and tells what to do next, the worst first, and how each
    host, the BGP sessions, the addresses, the versions and the certificates are.
  - Writes it as JSON and as one HTML page that needs nothing else, and shows a summary.
  - Refuses nothing. A host that did not answer is a row of the document. Changes nothing on any host.
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
  nodes:
    description:
      - Those of O(hosts) that run calico/node.
    type: list
    elements: str
    required: true
  result:
    description:
      - Name of the variable in which each host has the result of M(dcos.calico.agent_plan), also where that failed.
    type: str
    required: true
  release:
    description:
      - The release of Calico that the inventory has.
    type: str
    required: true
  calicoctl:
    description:
      - Path of calicoctl on the hosts, for commands that are shown.
    type: str
    default: /opt/calico/bin/calicoctl
  datastore:
    description:
      - The result of M(dcos.calico.agent_plan) with the jobs of the datastore, on a host that can ask it. Without it the datastore is not known.
    type: dict
    default: {}
  findings:
    description:
      - The result of M(dcos.calico.preflight), whose C(problems) and C(notes) are told with the others.
    type: dict
    default: {}
  mesos:
    description:
      - What M(dcos.calico.dcos_agent_info) returned. A node in the datastore that is one of these agents is not told of as left behind.
    type: dict
    default: {}
  components:
    description:
      - Optional components that are switched on, which are not looked at.
    type: list
    elements: str
    default: []
  json:
    description:
      - File on the controller to write C(status) to.
    type: str
    default: ""
  html:
    description:
      - File on the controller to write the page to.
    type: str
    default: ""
  metrics:
    description:
      - File on the controller to write metrics to, in the text format of Prometheus, for the textfile collector of node_exporter. It ends with V(.prom).
    type: str
    default: ""
  metrics_port:
    description:
      - Port of Felix' metrics on hosts that have no C(calico_metrics_port) of their own.
    type: int
    default: 62091
  targets:
    description:
      - File on the controller to write the addresses of Felix' metrics to, as C(file_sd_configs) of Prometheus reads them. Hosts without
        C(calico_metrics) are left out, those that do not answer are not. It ends with V(.json).
    type: str
    default: ""
extends_documentation_fragment:
  - dcos.calico._attributes.info
  - dcos.calico._attributes.controller
"""

EXAMPLES = r"""
- name: Look at each host
  dcos.calico.agent_plan:
    steps:
      - job: agent_info
        args:
          felix_health_port: 62092
  register: calico_agent

- name: Tell the state of the cluster
  dcos.calico.status:
    hosts: "{{ ansible_play_hosts }}"
    nodes: "{{ ansible_play_hosts }}"
    result: calico_agent
    release: 2.6.6
  run_once: true
"""

RETURN = r"""
status:
  description: The document, as it is written.
  returned: success
  type: dict
  contains:
    version:
      description: Version of this document's shape.
      type: int
      sample: 1
    made:
      description: When the hosts were looked at, in UTC.
      type: str
      sample: "2026-11-29T03:50:00Z"
    summary:
      description: How many C(hosts) there are, how many C(answered) and are C(well), the number of C(problems) by severity, and a C(verdict) in words.
      type: dict
      sample: {hosts: 4, answered: 3, well: 3, problems: {critical: 1, warning: 0, notice: 0}, verdict: "1 problem found on 4 hosts: 1 critical."}
    problems:
      description: The problems, the worst first, each with its C(severity) (critical, warning or notice) and the C(command) that is next.
      type: list
      elements: dict
      sample:
        - severity: critical
          what: The host does not answer
          why: "Failed to connect to the host via ssh"
          remedy: See whether it runs, and log in as the run does
          command: ansible agent4 -m ansible.builtin.ping
          hosts: [agent4]
    agents:
      description:
        - The hosts, the worst first, each with its C(checks). Its C(state), and that of each check, is ok, critical, warning, notice, unknown (not looked at)
          or none (does not apply).
      type: list
      elements: dict
      sample: [{name: agent1, address: 10.0.2.10, state: ok, checks: {felix: {state: ok, text: ready}}}]
    sessions:
      description:
        - The BGP sessions of all C(nodes). C(pairs) that are known, how many of them are C(established), those that are C(down), the nodes whose BIRD
          is C(silent), and the number of pairs that are C(unknown), because neither side could be asked.
      type: dict
      sample: {nodes: [agent1, agent2], pairs: 1, established: 0, silent: [], unknown: 0, down: [{from: agent1, to: agent2, says: start Connect}]}
    addresses:
      description:
        - The C(pools), with the addresses that containers in the datastore have, by block, and whether the datastore is C(known).
        - There is no forecast, C(null), with the reason, because one look does not say how fast use grows.
      type: dict
      sample: {known: true, pools: [{cidr: 192.168.0.0/16, used: 12, size: 65536}], nodes_without_block: 0, forecast: null}
    versions:
      description: The release, what belongs to it, and which version was found on which hosts.
      type: dict
      sample: {release: 2.6.6, recommended: 2.6.12, notes: [], components: [{name: calicoctl, expected: 1.6.3, found: {1.6.3: [agent1]}}]}
    certificates:
      description:
        - How TLS with etcd goes from the hosts, by C(endpoint), and the files for it that they have, with C(days_left) and C(not_after), of which
          C(endpoint) is the path, and C(state) valid, expired, or unknown where it could not be read.
      type: list
      elements: dict
      sample: [{endpoint: "https://10.0.0.11:2379", state: accepted, text: accepted by both sides, hosts: [agent1], days_left: null}]
    leftovers:
      description: Nodes that the datastore has, and that are neither hosts of the inventory nor agents of Mesos.
      type: list
      elements: dict
      sample: [{node: 10.0.2.99, address: 10.0.2.99, endpoints: 3}]
    not_looked_at:
      description: What the document says nothing about, and why, as sentences.
      type: list
      elements: str
      sample: ["Endpoints without a container: the containers of a host are no part of the look at it."]
brief:
  description: >-
    RV(status) without the hosts that are well, versions and details, for an artifact of a job in AWX. It has the worst 100 of problems, hosts and nodes left
    behind, and C(left_out) says how many of each there are beyond.
  returned: success
  type: dict
  sample: {version: 1, problems: []}
text:
  description: The summary in lines, as it is shown.
  returned: success
  type: list
  elements: str
  sample: ["Status: No problem found on 5 hosts."]
"""
