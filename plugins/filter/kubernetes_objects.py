# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: kubernetes_objects
short_description: The Kubernetes objects of Calico's controllers
version_added: 0.1.0
author: dcos.calico maintainers (@dcos)
description:
  - Makes the account, the roles and the Deployment of calico-kube-controllers for a release of Calico, and the role of the CNI plugin, in the API versions that
    a Kubernetes serves.
  - The controllers are C(policy), C(profile) and C(workloadendpoint). The one for nodes is left out, because it would remove the nodes of DC/OS agents.
positional: version, etcd, image, secret, user
options:
  _input:
    description: The release of Calico.
    type: str
    required: true
  version:
    description: The version of Kubernetes.
    type: str
    required: true
  etcd:
    description: How the controllers reach the datastore, with C(endpoints), and C(ca_file), C(cert_file), C(key_file) on every agent for TLS.
    type: dict
    required: true
  image:
    description: The image, by default the one that belongs to the release.
    type: str
    default: ""
  secret:
    description: Name of a Secret with C(etcd-ca), C(etcd-cert) and C(etcd-key), instead of files.
    type: str
    default: ""
  user:
    description: Common name of the CNI plugin's certificate.
    type: str
    default: calico
"""

EXAMPLES = r"""
- name: Keep the objects of kube-controllers
  dcos.calico.kubernetes_objects:
    kubeconfig: ~/.kube/config
    objects: "{{ '2.6.6' | dcos.calico.kubernetes_objects('v1.10.8', {'endpoints': ['http://127.0.0.1:2379']}) }}"
  delegate_to: localhost
"""

RETURN = r"""
_value:
  description: The objects, in the order in which they are to be made.
  type: list
  elements: dict
"""

from ansible_collections.dcos.calico.plugins.plugin_utils._kubernetes import objects


class FilterModule:
    def filters(self):
        return {"kubernetes_objects": objects}
