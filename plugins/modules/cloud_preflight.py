#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: cloud_preflight
short_description: Check whether pools can work in a public cloud before anything is touched
version_added: 0.1.0
description:
  - Internal to this collection; role C(calico_public_cloud) calls it.
  - Decides which cloud it is, and refuses with one message what cannot work there, such as IP-in-IP on Azure, and what M(dcos.calico.cloud_network) would
    lack on the controller, such as credentials, each with its cause and what to do.
  - Runs on the controller, once. It asks no cloud.
author:
  - dcos.calico maintainers (@dcos)
options:
  provider:
    description:
      - V(aws), V(gce), V(azure) or V(none). Where it is empty, O(detected) tells.
    type: str
    default: ""
  detected:
    description:
      - The result of M(dcos.calico.cloud_info) on one of the hosts.
    type: dict
    default: {}
  pools:
    description:
      - The pools, as in C(calico_ip_pools).
    type: list
    elements: dict
    required: true
  manage:
    description:
      - Whether the network of AWS or GCE is going to be changed by M(dcos.calico.cloud_network). Otherwise nothing is needed for that.
    type: bool
    default: true
  azure_ipip:
    description:
      - Whether to let IP-in-IP on Azure pass with a warning.
    type: bool
    default: false
  aws:
    description:
      - Where it is in AWS.
    type: dict
    default: {}
    suboptions:
      region:
        description:
          - The region. Without it the environment, the profile and O(detected) are looked at.
        type: str
      profile:
        description:
          - A profile of the controller's AWS configuration.
        type: str
  gce:
    description:
      - Where it is in Google Cloud.
    type: dict
    default: {}
    suboptions:
      project:
        description:
          - The project. Without it the environment and O(detected) are looked at.
        type: str
      zones:
        description:
          - The zones. Without any, the one of O(detected).
        type: list
        elements: str
        default: []
      auth_kind:
        description:
          - Kind of credentials, as google.cloud's modules have it.
        type: str
      service_account_file:
        description:
          - File on the controller with a service account's key.
        type: str
extends_documentation_fragment:
  - dcos.calico._attributes.info
  - dcos.calico._attributes.controller
seealso:
  - module: dcos.calico.cloud_info
  - module: dcos.calico.cloud_network
"""

EXAMPLES = r"""
- name: Detect the cloud
  dcos.calico.cloud_info:
  register: calico_cloud
  run_once: true

- name: Check what is desired there
  dcos.calico.cloud_preflight:
    detected: "{{ calico_cloud }}"
    pools:
      - cidr: 192.168.0.0/16
        ipip: cross-subnet
  register: calico_validated
  run_once: true
"""

RETURN = r"""
cloud:
  description: The cloud.
  returned: always
  type: str
  sample: aws
detected:
  description: Whether it was detected, and not given.
  returned: always
  type: bool
  sample: true
ipip:
  description: Whether a pool has IP-in-IP.
  returned: always
  type: bool
  sample: true
manage:
  description: Whether the cloud's own network is to be changed.
  returned: always
  type: bool
  sample: true
region:
  description: The region of AWS; null if it is not needed.
  returned: always
  type: str
  sample: eu-central-1
project:
  description: The project of Google Cloud; null if it is not needed.
  returned: always
  type: str
  sample: my-project
zones:
  description: The zones of Google Cloud.
  returned: always
  type: list
  elements: str
  sample: [europe-west1-b]
problems:
  description: The problems found.
  returned: always
  type: list
  elements: dict
  contains:
    host:
      description: Always C(all hosts).
      type: str
      sample: all hosts
    check:
      description: Name of the check.
      type: str
      sample: azure
    what:
      description: What is wrong.
      type: str
      sample: IP-in-IP is required on Azure, of the pool 192.168.0.0/16 (always)
    why:
      description: Its cause or consequence, or null.
      type: str
      sample: Azure drops IP-in-IP packets
    remedy:
      description: What to do, or null.
      type: str
      sample: Set ipip of every pool to off
notes:
  description: What is worth knowing and stops nothing, in the same shape as RV(problems). Shown as warnings too.
  returned: always
  type: list
  elements: dict
  sample: []
"""
