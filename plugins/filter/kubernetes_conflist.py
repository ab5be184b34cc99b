# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: kubernetes_conflist
short_description: The list of CNI plugins for the kubelets of Kubernetes on DC/OS
version_added: 0.1.0
author: dcos.calico maintainers (@dcos)
description:
  - Makes a list of the plugins C(calico) and C(portmap). Credentials are the files that a kubeconfig names, so the list holds no secret.
positional: nodename, etcd, kubeconfig_file, mtu, log_level, ipv4_pools
options:
  _input:
    description: Name of the network.
    type: str
    required: true
  nodename:
    description: The name of this host's node in Calico.
    type: str
    required: true
  etcd:
    description: How the plugin reaches the datastore, with C(endpoints), and C(ca_file), C(cert_file), C(key_file) for TLS.
    type: dict
    required: true
  kubeconfig_file:
    description: Path of the plugin's kubeconfig on the agent.
    type: str
    required: true
  mtu:
    description: MTU of the pods' interfaces; V(0) leaves it to the plugin.
    type: int
    default: 0
  log_level:
    description: How much the plugin logs; empty leaves it to the plugin.
    type: str
    default: ""
  ipv4_pools:
    description: The pools that pods get their addresses from; all if empty.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Place the list of plugins
  dcos.calico.cni_network:
    dir: /etc/cni/net.d
    dialect: cni
    networks:
      - file: cni.conflist
        config: >-
          {{ 'kube-cni' | dcos.calico.kubernetes_conflist('10.0.0.11', {'endpoints': ['http://127.0.0.1:2379']}, '/etc/calico/kubernetes/kubeconfig') }}
"""

RETURN = r"""
_value:
  description: The configuration, as dcos.calico.cni_network takes it.
  type: dict
"""

from ansible_collections.dcos.calico.plugins.plugin_utils._kubernetes import conflist


class FilterModule:
    def filters(self):
        return {"kubernetes_conflist": conflist}
