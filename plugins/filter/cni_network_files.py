# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: cni_network_files
short_description: Turn C(calico_networks) into CNI network files
version_added: 0.1.0
author: dcos.calico maintainers (@dcos)
description:
  - Turns the list of networks that an operator writes into what M(dcos.calico.cni_network) takes, in the dialect that Mesos reads.
positional: nodename, etcd, mtu, log_level, pools, unlisted
options:
  _input:
    description: Networks, each with C(name), and C(file), C(ipv4_pools), C(mtu), C(log_level), C(state) on request.
    type: list
    elements: dict
    required: true
  nodename:
    description: The name of this host's node in Calico.
    type: str
    required: true
  etcd:
    description: How the plugin reaches the datastore, with C(endpoints), and C(ca_file), C(cert_file), C(key_file) for TLS.
    type: dict
    required: true
  mtu:
    description: MTU of the containers' interfaces; V(0) leaves it to the plugin.
    type: int
    default: 0
  log_level:
    description: How much the plugin logs; empty leaves it to the plugin.
    type: str
    default: ""
  pools:
    description: >-
      C(calico_ip_pools). Where one of them is disabled, networks without C(ipv4_pools) get those that are not, because a host that has a block of a disabled
      pool goes on giving out its addresses otherwise.
    type: list
    elements: dict
    default: []
  unlisted:
    description: C(calico_ip_pools_unlisted). With V(disable) there are other pools that are disabled.
    type: str
    choices: [keep, disable, delete]
    default: keep
"""

EXAMPLES = r"""
- name: Place the networks
  dcos.calico.cni_network:
    networks: "{{ calico_networks | dcos.calico.cni_network_files('10.0.0.11', {'endpoints': ['http://127.0.0.1:2379']}) }}"
"""

RETURN = r"""
_value:
  description: Files as dcos.calico.cni_network takes them.
  type: list
  elements: dict
"""

from ansible_collections.dcos.calico.plugins.plugin_utils._shapes import cni_network_files


class FilterModule:
    def filters(self):
        return {"cni_network_files": cni_network_files}
