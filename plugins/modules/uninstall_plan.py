#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: uninstall_plan
short_description: Make the plan of an uninstall from what was found on all hosts, and show it
version_added: 0.1.0
description:
  - For the playbook C(dcos.calico.uninstall). Takes what M(dcos.calico.uninstall) found on each host in check mode, and tells what each host loses and what
    stays, which of them deletes the datastore, if that is asked for, and what speaks against it.
  - Fails, with all of it in one message, where something speaks against it. Changes nothing.
  - Runs on the controller. Run it once.
author:
  - dcos.calico maintainers (@dcos)
options:
  hosts:
    description: Names of the hosts.
    type: list
    elements: str
    required: true
  result:
    description: Name of the variable in which each host has the result of M(dcos.calico.uninstall).
    type: str
    required: true
  datastore:
    description: Whether the datastore is kept, or deleted by the last of the hosts that can read it.
    type: str
    choices: [keep, delete]
    default: keep
  etcd_members:
    description: Whether the members of a managed etcd go too, which O(datastore=delete) is needed for.
    type: bool
    default: false
  forget_nodes:
    description: Names of nodes that O(datastore=delete) may delete though they are of none of the hosts.
    type: list
    elements: str
    default: []
  backup_file:
    description: File to which the datastore is backed up before it is deleted.
    type: str
    default: ""
  without_backup:
    description: Whether it may be deleted without a backup.
    type: bool
    default: false
  components:
    description: Optional components that are switched on, which have no part in this.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - dcos.calico._attributes.info
  - dcos.calico._attributes.controller
"""

EXAMPLES = r"""
- name: See what Calico has on each host
  dcos.calico.uninstall:
  check_mode: true
  register: calico_uninstall_seen

- name: Show what would go
  dcos.calico.uninstall_plan:
    hosts: "{{ ansible_play_hosts }}"
    result: calico_uninstall_seen
  run_once: true
"""

RETURN = r"""
plan:
  description: The plan, hosts that have nothing of Calico left out.
  returned: success
  type: dict
  contains:
    changes:
      description: Whether anything goes.
      type: bool
      sample: true
    hosts:
      description: For the name of each host its C(parts) and what is C(left), as M(dcos.calico.uninstall) returns them, and its C(node).
      type: dict
      sample: {agent1: {parts: [{part: calico/node, changes: [container calico-node]}], left: [], node: 10.0.1.13}}
    order:
      description: Names of the hosts in the order in which they go.
      type: list
      elements: str
      sample: [agent1]
    last:
      description: The host that deletes the datastore, or null.
      type: str
      sample: null
    backup:
      description: Whether a backup is made first.
      type: bool
      sample: false
    members:
      description: Hosts whose etcd member goes.
      type: list
      elements: str
      sample: []
groups:
  description: For the name of each host that loses something, the groups of this run that it is to be in. None in check mode.
  returned: success
  type: dict
  sample: {agent1: [calico_uninstall_hosts]}
text:
  description: The plan in lines, as it is shown.
  returned: success
  type: list
  elements: str
  sample: ["Uninstall: nothing to do. 5 hosts of this run have nothing of Calico."]
"""
