# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: datastore_reader
short_description: Choose a host that can ask Calico's datastore
version_added: 0.1.0
author: dcos.calico maintainers (@dcos)
description:
  - Gives the first host on which M(dcos.calico.agent_info) found a calicoctl that runs and is configured, and an etcd that answers.
positional: hostvars, info
options:
  _input:
    description: Names of hosts.
    type: list
    elements: str
    required: true
  hostvars:
    description: The variables of all hosts, C(hostvars).
    type: raw
    required: true
  info:
    description: Name of the variable in which each host has the result of M(dcos.calico.agent_info).
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Tell who asks
  ansible.builtin.debug:
    msg: "{{ ansible_play_hosts | dcos.calico.datastore_reader(hostvars, 'calico_agent') }}"
"""

RETURN = r"""
_value:
  description: The name of the host; empty where no host can ask.
  type: str
"""

from ansible_collections.dcos.calico.plugins.plugin_utils._shapes import datastore_reader


class FilterModule:
    def filters(self) -> dict[str, object]:
        return {"datastore_reader": datastore_reader}
