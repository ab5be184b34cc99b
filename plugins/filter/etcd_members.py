# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: etcd_members
short_description: The members of a managed etcd cluster
version_added: 0.1.0
author: dcos.calico maintainers (@dcos)
description:
  - Lists the members of an etcd cluster that runs on some hosts, each by its C(calico_etcd_address), its C(ansible_host) or its name.
positional: hostvars, port, tls
options:
  _input:
    description: Names of the hosts.
    type: list
    elements: str
    required: true
  hostvars:
    description: The variables of all hosts.
    type: dict
    required: true
  port:
    description: Port of each URL.
    type: int
    default: 2380
  tls:
    description: Whether the URLs are https.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Say where the members are
  ansible.builtin.debug:
    msg: "{{ groups['masters'] | dcos.calico.etcd_members(hostvars) | map(attribute='peer_url') | list }}"
"""

RETURN = r"""
_value:
  description: Items with C(name) and C(peer_url), as dcos.calico.etcd_member takes them.
  type: list
  elements: dict
"""

from ansible_collections.dcos.calico.plugins.plugin_utils._shapes import etcd_members


class FilterModule:
    def filters(self) -> dict[str, object]:
        return {"etcd_members": etcd_members}
