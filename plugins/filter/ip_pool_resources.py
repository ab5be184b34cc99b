# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: ip_pool_resources
short_description: Turn C(calico_ip_pools) into Calico resources
version_added: 0.1.0
author: dcos.calico maintainers (@dcos)
description:
  - Turns the list of pools that an operator writes into ipPool resources of API version v1.
options:
  _input:
    description: Pools, each with C(cidr), and C(ipip) (V(off), V(always) or V(cross-subnet)), C(nat_outgoing), C(disabled) and C(state) on request.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Apply the pools
  dcos.calico.calicoctl_resource:
    resources: "{{ calico_ip_pools | dcos.calico.ip_pool_resources }}"
"""

RETURN = r"""
_value:
  description: Resources as dcos.calico.calicoctl_resource takes them.
  type: list
  elements: dict
"""

from ansible_collections.dcos.calico.plugins.plugin_utils._shapes import ip_pool_resources


class FilterModule:
    def filters(self):
        return {"ip_pool_resources": ip_pool_resources}
