#!/usr/bin/python
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: kubernetes_objects
short_description: Keep Kubernetes objects as required
version_added: 0.1.0
description:
  - Internal to this collection; role C(calico_kubernetes) calls it.
  - Compares objects with those that are there, and has C(kubernetes.core.k8s) write those that differ, each as a whole.
  - It is the three-way merge of C(kubectl apply). A field that an object mentions gets its value, one that it mentioned when it was written last and does not
    mention any more goes, and every other one is kept, whoever set it; except that a list has exactly the desired items. What was written last is noted in the
    annotation C(kubectl.kubernetes.io/last-applied-configuration), for a Secret without its content. An object that is as required is not written for its sake.
  - Before anything is written, in check mode too, it is validated whether the account may write all of it, which for a ClusterRole needs the rights that it
    grants; and whether a field would have to change that Kubernetes never changes, which are the C(selector) of a Deployment, the C(roleRef) of a
    ClusterRoleBinding, the C(clusterIP) of a Service and the C(type) of a Secret.
  - An object that somebody else changes in the same moment is not overwritten, but read again, compared and tried again.
  - What was written is read again. It is an error if the server did not keep all of it.
  - Unlike C(kubernetes.core.k8s), it writes nothing in check mode. That one sends a dry run, which a Kubernetes before 1.12 takes for the real thing.
  - Runs on the controller, and needs the collection kubernetes.core and the Python library kubernetes there, unless nothing differs.
author:
  - dcos.calico maintainers (@dcos)
options:
  objects:
    description:
      - The objects, in the order in which they are written. Kinds are ClusterRole, ClusterRoleBinding, ConfigMap, Deployment, Secret, Service and
        ServiceAccount.
    type: list
    elements: dict
    required: true
  wait_timeout:
    description:
      - Seconds to wait for an API that does not answer yet, and to try again what somebody else changes in the same moment.
      - Check mode does not wait.
    type: float
    default: 60
extends_documentation_fragment:
  - dcos.calico._attributes
  - dcos.calico._kubernetes
attributes:
  action:
    description: Has a corresponding action plugin, which does it all.
    support: full
  check_mode:
    description: Can run in check mode and tell what it would change without changing it.
    support: full
    details:
      - An API that cannot be reached yet is taken for one that has nothing.
  diff_mode:
    description: Shows each object as it is and as it will be, so also what is taken away. A Secret's content is not shown.
    support: full
"""

EXAMPLES = r"""
- name: Keep a role
  dcos.calico.kubernetes_objects:
    kubeconfig: ~/.kube/config
    objects:
      - apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: calico-cni
        rules:
          - apiGroups: [""]
            resources: [pods, nodes]
            verbs: [get]
  delegate_to: localhost
"""

RETURN = r"""
written:
  description: The objects that were, or in check mode would be, written.
  returned: success
  type: list
  elements: str
  sample: [ClusterRole calico-cni]
"""
