# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: docker_networks
short_description: Judge C(calico_docker_networks)
version_added: 0.1.0
author: dcos.calico maintainers (@dcos)
description:
  - Turns the list of Docker networks that an operator writes into what M(dcos.calico.calico_docker_network) takes, and refuses what cannot work.
positional: pools, libnetwork, release
options:
  _input:
    description: Networks, each with C(name), and C(pool) and C(state) on request.
    type: list
    elements: dict
    required: true
  pools:
    description: The IP pools, as C(calico_ip_pools) has them.
    type: list
    elements: dict
    required: true
  libnetwork:
    description: Whether calico/node runs with its libnetwork plugin.
    type: bool
    default: true
  release:
    description: The release of Calico, without which networks with a pool are not judged by it.
    type: str
"""

EXAMPLES = r"""
- name: Have the networks
  dcos.calico.calico_docker_network:
    networks: "{{ calico_docker_networks | dcos.calico.docker_networks(calico_ip_pools) }}"
"""

RETURN = r"""
_value:
  description: Networks as dcos.calico.calico_docker_network takes them.
  type: list
  elements: dict
"""

from ansible_collections.dcos.calico.plugins.plugin_utils._docker import docker_networks


class FilterModule:
    def filters(self):
        return {"docker_networks": docker_networks}
