# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: profile_resources
short_description: Turn C(calico_networks) into the profiles that go with them
version_added: 0.1.0
author: dcos.calico maintainers (@dcos)
description:
  - Turns the list of networks that an operator writes into profile resources of API version v1. A network whose profile is left to the plugin has none.
positional: default
options:
  _input:
    description: >-
      Networks, each with C(name), and C(profile) (V(unmanaged), V(open), V(isolated) or V(custom)), C(profile_ingress) and C(profile_egress) with
      V(custom), C(profile_labels), and C(state).
    type: list
    elements: dict
    required: true
  default:
    description: The profile of networks that do not say which.
    type: str
    choices: [unmanaged, open, isolated]
    default: unmanaged
"""

EXAMPLES = r"""
- name: Let everybody reach the containers of each network
  dcos.calico.calicoctl_resource:
    resources: "{{ calico_networks | dcos.calico.profile_resources('open') }}"
"""

RETURN = r"""
_value:
  description: Resources as dcos.calico.calicoctl_resource takes them.
  type: list
  elements: dict
"""

from ansible_collections.dcos.calico.plugins.plugin_utils._shapes import profile_resources


class FilterModule:
    def filters(self):
        return {"profile_resources": profile_resources}
