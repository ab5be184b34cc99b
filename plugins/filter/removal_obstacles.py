# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: removal_obstacles
short_description: Why pools and profiles may not go yet
version_added: 0.1.0
author: dcos.calico maintainers (@dcos)
description:
  - Tells why pools and profiles may not be removed, or disabled, yet; nothing if every agent of the inventory was looked at, and no network there names
    them. A container that is started on such a network otherwise fails.
positional: hosts, hostvars, groups, info, left_out, coming
options:
  _input:
    description: What is to go, as RV(dcos.calico.calicoctl_resource#module:left).
    type: list
    elements: str
    required: true
  hosts:
    description: The hosts that were looked at.
    type: list
    elements: str
    required: true
  hostvars:
    description: The variables of all hosts.
    type: dict
    required: true
  groups:
    description: The groups of the inventory.
    type: dict
    required: true
  info:
    description: Name of the variable in which each host has the result of M(dcos.calico.agent_info).
    type: str
    required: true
  left_out:
    description: Agents that Mesos has and the inventory has not, as RV(dcos.calico.preflight#module:left_out).
    type: list
    elements: str
    default: []
  coming:
    description: In check mode, name of the variable that a host has whose networks would be as required by now. Their files are not looked into.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Show what is kept, and why
  ansible.builtin.debug:
    msg: "{{ ['ipPool 10.1.0.0/16'] | dcos.calico.removal_obstacles(ansible_play_hosts, hostvars, groups, 'calico_agent') }}"
"""

RETURN = r"""
_value:
  description: Sentences.
  type: list
  elements: str
"""

from ansible_collections.dcos.calico.plugins.plugin_utils._removal import obstacles


class FilterModule:
    def filters(self) -> dict[str, object]:
        return {"removal_obstacles": obstacles}
