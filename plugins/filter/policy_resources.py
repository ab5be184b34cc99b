# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: policy_resources
short_description: Turn C(calico_policies) into Calico resources
version_added: 0.1.0
author: dcos.calico maintainers (@dcos)
description:
  - Turns the list of policies that an operator writes into policy resources of API version v1. What they say is judged by
    M(dcos.calico.preflight) and M(dcos.calico.calicoctl_resource).
options:
  _input:
    description: >-
      Policies, each with C(name), and C(order), C(selector), C(types), C(ingress), C(egress), C(doNotTrack), C(preDNAT) as calicoctl takes them, and C(state).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Apply the policies
  dcos.calico.calicoctl_resource:
    resources: "{{ calico_policies | dcos.calico.policy_resources }}"
"""

RETURN = r"""
_value:
  description: Resources as dcos.calico.calicoctl_resource takes them.
  type: list
  elements: dict
"""

from ansible_collections.dcos.calico.plugins.plugin_utils._shapes import policy_resources


class FilterModule:
    def filters(self):
        return {"policy_resources": policy_resources}
