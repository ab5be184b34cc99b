#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: calicoctl_resource_info
short_description: Read Calico's resources from the datastore
version_added: 0.1.0
description:
  - Reads resources of Calico 2.6 (API version v1) with calicoctl 1.6, each kind by one call.
  - Tells of each node whether calico/node has run on it. calicoctl lists any host that has a key in the datastore, such as one where a container
    was attached or a setting made, whether calico/node ever ran there or not.
  - In check mode, where calicoctl or its configuration file is not there yet, the datastore counts as empty.
author:
  - dcos.calico maintainers (@dcos)
options:
  kinds:
    description:
      - The kinds to read.
    type: list
    elements: str
    choices: [ipPool, bgpPeer, node, policy, profile, hostEndpoint, workloadEndpoint]
    default: [ipPool, bgpPeer, node, policy, profile, hostEndpoint]
  names:
    description:
      - Only the resources with these names; for pools the CIDR, for BGP peers the address. All if empty.
    type: list
    elements: str
    default: []
  wait_timeout:
    description:
      - Seconds to wait until each of O(names) is there, in whichever of O(kinds). One that is not there then is an error.
      - With V(0), and in check mode, nothing is waited for, and a name that is not there is none.
    type: float
    default: 0
  required:
    description:
      - V(false) is for a look before anything is set up. Where calicoctl or its configuration file is not there yet, or the datastore does not answer,
        RV(datastore_read) is then false and RV(trouble) says why, instead of an error.
    type: bool
    default: true
extends_documentation_fragment:
  - dcos.calico._attributes.agent
  - dcos.calico._attributes.info
  - dcos.calico._calicoctl
"""

EXAMPLES = r"""
- name: Read pools and nodes
  dcos.calico.calicoctl_resource_info:
    kinds: [ipPool, node]
  register: calico

- name: Tell which hosts run Calico
  ansible.builtin.debug:
    msg: "{{ calico.nodes | selectattr('ran') | map(attribute='name') | list }}"
"""

RETURN = r"""
resources:
  description: The documents of each kind, as calicoctl gives them. What is false or empty is left out of them.
  returned: success
  type: dict
  sample:
    ipPool:
      - apiVersion: v1
        kind: ipPool
        metadata:
          cidr: 192.168.0.0/16
        spec:
          nat-outgoing: true
nodes:
  description: The nodes, if V(node) is among O(kinds).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
    ipv4:
      description: Its address with the prefix length of its network, or null.
      type: str
    ipv6:
      description: The same for IPv6, or null.
      type: str
    as_number:
      description: Its own AS number, or null where it has the global one.
      type: int
    ran:
      description: Whether calico/node has run there. It may not run any more.
      type: bool
  sample:
    - name: 10.0.0.5
      ipv4: 10.0.0.5/24
      ipv6: null
      as_number: null
      ran: true
client_version:
  description: The version of calicoctl. Empty if it is not there.
  returned: success
  type: str
  sample: v1.6.3
cluster_version:
  description: The version of calico/node that started last. Empty if none has.
  returned: success
  type: str
  sample: v2.6.6
missing:
  description: Those of O(names) that did not come in time.
  returned: failure, after a wait
  type: list
  elements: str
  sample: [k8s_ns.default]
datastore_read:
  description: Whether the datastore was asked. V(false) in check mode where calicoctl or its configuration file is not there yet.
  returned: success
  type: bool
  sample: true
trouble:
  description: With O(required=false), why the datastore could not be read; null otherwise.
  returned: success
  type: str
  sample: There is no calicoctl at /opt/calico/bin/calicoctl
"""

from ansible_collections.dcos.calico.plugins.module_utils._jobs._calicoctl_resource_info import ARGUMENT_SPEC, job
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module


def main():
    run_module(job, argument_spec=ARGUMENT_SPEC, supports_check_mode=True)


if __name__ == '__main__':
    main()
