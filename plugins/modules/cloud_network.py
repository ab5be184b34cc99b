#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: cloud_network
short_description: Have AWS or Google Compute Engine let through what Calico's nodes send to each other
version_added: 0.1.0
description:
  - Internal to this collection; role C(calico_public_cloud) calls it.
  - On AWS turns the source/destination check off on every network interface of every node's instance, and adds to the security groups of the nodes what
    lets TCP port 179 (BGP) and protocol 4 (IP-in-IP) in from each other. Rules of others are never removed.
  - On Google Compute Engine keeps one firewall rule for the same, and tells which instances may forward packets (C(canIpForward)).
  - Reads and changes by modules of the collections amazon.aws and google.cloud, which must be installed, and changes only what differs. Credentials are
    theirs, best given in the environment.
  - Runs on the controller. Give the task C(delegate_to=localhost), C(run_once=true) and the interpreter of ansible-playbook.
author:
  - dcos.calico maintainers (@dcos)
options:
  cloud:
    description:
      - Which cloud.
    type: str
    choices: [aws, gce]
    required: true
  nodes:
    description:
      - The nodes, as M(dcos.calico.calicoctl_node_info) returns them, each with C(name), C(address) and C(prefix).
    type: list
    elements: dict
    required: true
  ipip:
    description:
      - Whether they send IP-in-IP. A rule for it is not taken away by V(false) on AWS.
    type: bool
    required: true
  aws:
    description:
      - Required with O(cloud=aws).
    type: dict
    suboptions:
      region:
        description:
          - The region. Without it that of the environment.
        type: str
      profile:
        description:
          - A profile of the controller's AWS configuration.
        type: str
      vpc_id:
        description:
          - The VPC, needed where others of the account have the same addresses.
        type: str
        default: ""
      security_groups:
        description:
          - Ids of the security groups that get the rules. Each node has to be in one. Without any, as few of those that the nodes are in as cover all nodes.
        type: list
        elements: str
        default: []
  gce:
    description:
      - Required with O(cloud=gce).
    type: dict
    suboptions:
      project:
        description:
          - The project.
        type: str
        required: true
      zones:
        description:
          - The zones in which nodes are.
        type: list
        elements: str
        required: true
      network:
        description:
          - The network, as a partial URL.
        type: str
        default: global/networks/default
      firewall:
        description:
          - Name of the firewall rule, which belongs to this module whole.
        type: str
        default: calico
      source_ranges:
        description:
          - Where nodes are. Without any, the nodes' own networks, which on GCE are often single addresses.
        type: list
        elements: str
        default: []
      target_tags:
        description:
          - Network tags of the nodes. Without any, the rule is for every instance of the network.
        type: list
        elements: str
        default: []
      auth_kind:
        description:
          - Kind of credentials, as google.cloud's modules have it. Without it that of the environment.
        type: str
      service_account_file:
        description:
          - File on the controller with a service account's key.
        type: str
extends_documentation_fragment:
  - dcos.calico._attributes
  - dcos.calico._attributes.controller
attributes:
  diff_mode:
    description: Shows each interface and rule before and after.
    support: full
seealso:
  - module: dcos.calico.cloud_preflight
"""

EXAMPLES = r"""
- name: List the nodes
  dcos.calico.calicoctl_node_info:
  register: calico_nodes

- name: Let their packets through AWS
  dcos.calico.cloud_network:
    cloud: aws
    nodes: "{{ calico_nodes.nodes }}"
    ipip: true
    aws:
      region: eu-central-1
  delegate_to: localhost
  run_once: true
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
"""

RETURN = r"""
changes:
  description: What was, or in check mode would be, changed.
  returned: success
  type: list
  elements: str
  sample: [rules of sg-0123456789abcdef0 (agents), "eni-0123456789abcdef0 of i-0a1b2c3d4e5f60718, node 10.0.1.11"]
instances:
  description: What was found of the nodes. On GCE a node may have no instance in the zones.
  returned: success
  type: list
  elements: dict
  contains:
    node:
      description: Name of the node.
      type: str
      sample: 10.0.1.11
    address:
      description: Its address.
      type: str
      sample: 10.0.1.11
    instance:
      description: Id of its instance on AWS, name on GCE.
      type: str
      sample: i-0a1b2c3d4e5f60718
    interfaces:
      description: Ids of the instance's network interfaces on AWS.
      type: list
      elements: str
      sample: [eni-0123456789abcdef0]
    can_ip_forward:
      description: Whether the instance may send packets of other addresses than its own, on GCE; null on AWS.
      type: bool
      sample: false
between:
  description: Ids of the security groups on AWS, name of the firewall rule on GCE, that let packets through.
  returned: success
  type: list
  elements: str
  sample: [sg-0123456789abcdef0]
notes:
  description: Sentences for an operator.
  returned: success
  type: list
  elements: str
  sample: []
module:
  description: The module of the cloud's collection that failed.
  returned: failure
  type: str
  sample: amazon.aws.ec2_eni
"""
