# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: unknown_choices
short_description: Find the choices that no playbook knows
version_added: 0.1.0
author: dcos.calico maintainers (@dcos)
description:
  - Playbooks decide by some variables what to do at all, such as C(calico_install_method) and C(calico_verify), before a role has judged them. A value
    that nobody knows would be as good as none, and the run would succeed without having done what was asked for.
positional: hostvars
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
"""

EXAMPLES = r"""
- name: Tell what is unknown
  ansible.builtin.debug:
    msg: "{{ ansible_play_hosts | dcos.calico.unknown_choices(hostvars) }}"
"""

RETURN = r"""
_value:
  description: A sentence for each, none if all are known.
  type: list
  elements: str
"""

from ansible_collections.dcos.calico.plugins.plugin_utils._choices import unknown_choices


class FilterModule:
    def filters(self):
        return {"unknown_choices": unknown_choices}
