# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: kubernetes_kubeconfig
short_description: The kubeconfig of Calico's CNI plugin
version_added: 0.1.0
author: dcos.calico maintainers (@dcos)
description:
  - Makes the text of a kubeconfig that names the files of a certificate, or holds a token.
positional: ca_file, cert_file, key_file, token
options:
  _input:
    description: URL of the API.
    type: str
    required: true
  ca_file:
    description: Path of the CA on the agent.
    type: str
    required: true
  cert_file:
    description: Path of the client certificate.
    type: str
    default: ""
  key_file:
    description: Path of its key.
    type: str
    default: ""
  token:
    description: A token instead.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Tell the CNI plugin how to reach the API of Kubernetes
  dcos.calico.agent_files:
    files:
      - path: /etc/calico/kubernetes/kubeconfig
        content: >-
          {{ 'https://apiserver.kubernetes.l4lb.thisdcos.directory:6443' | dcos.calico.kubernetes_kubeconfig(
          '/etc/calico/kubernetes/ca.crt', '/etc/calico/kubernetes/calico.crt', '/etc/calico/kubernetes/calico.key') }}
"""

RETURN = r"""
_value:
  description: The text.
  type: str
"""

from ansible_collections.dcos.calico.plugins.plugin_utils._kubernetes import kubeconfig


class FilterModule:
    def filters(self):
        return {"kubernetes_kubeconfig": kubeconfig}
