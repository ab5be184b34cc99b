#!/usr/bin/python
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: kubernetes_preflight
short_description: Validate what is desired of Kubernetes on DC/OS before anything is touched
version_added: 0.1.0
description:
  - Internal to this collection; role C(calico_kubernetes) calls it.
  - Compares what M(dcos.calico.agent_info), M(dcos.calico.dcos_package_info) and M(dcos.calico.kubernetes_info) found with what is desired, and fails with one
    message that lists all failures, each with its cause and what to do.
  - Runs on the controller. Run it once.
author:
  - dcos.calico maintainers (@dcos)
options:
  hosts:
    description:
      - Names of the agents.
    type: list
    elements: str
    required: true
  info:
    description:
      - Name of the variable in which each host has the result of M(dcos.calico.agent_info), whose C(cni_dir) is C(desired.conflist.dir).
    type: str
    required: true
  desired:
    description:
      - What is required.
    type: dict
    required: true
    suboptions:
      release:
        description:
          - The release of Calico.
        type: str
        required: true
      network:
        description:
          - The network of the package's own containers.
        type: str
        required: true
      networks:
        description:
          - The networks that Mesos gets, each with C(name), and C(file) and C(state).
        type: list
        elements: dict
        default: []
      mesos_dir:
        description:
          - Directory of those.
        type: str
        required: true
      plugins:
        description:
          - CNI plugins that must be there already.
        type: list
        elements: str
        default: [portmap]
      plugin_dirs:
        description:
          - Where they are looked for; for messages.
        type: list
        elements: str
        default: []
      deployments:
        description:
          - Deployments of the cluster, as M(dcos.calico.kubernetes_info) returns them.
        type: list
        elements: dict
        default: []
      conflist:
        description:
          - The list of plugins for the kubelets.
        type: dict
        required: true
        suboptions:
          name:
            description:
              - Name of its network.
            type: str
            required: true
          dir:
            description:
              - Directory of its file.
            type: str
            required: true
          file:
            description:
              - Name of its file.
            type: str
            required: true
      package:
        description:
          - Package kubernetes.
        type: dict
        default: {}
        suboptions:
          desired:
            description:
              - Whether it is to be installed.
            type: bool
            default: true
          service:
            description:
              - Name of its service.
            type: str
            default: kubernetes
          version:
            description:
              - Its version.
            type: str
            default: ""
          options:
            description:
              - Its options.
            type: dict
            default: {}
          installed:
            description:
              - What is installed, as M(dcos.calico.dcos_package_info) returns it.
            type: list
            elements: dict
            default: []
      certificates:
        description:
          - How the CNI plugin logs in to the API of Kubernetes.
        type: dict
        default: {}
        suboptions:
          issued:
            description:
              - Whether the CA of DC/OS Enterprise issues its certificate.
            type: bool
            default: false
          variant:
            description:
              - V(open) or V(enterprise); empty if not known.
            type: str
            default: ""
          token:
            description:
              - Whether it has a token.
            type: bool
            default: false
          files:
            description:
              - Paths of the files that the operator gives.
            type: list
            elements: str
            default: []
          paths:
            description:
              - Paths of the files that are used.
            type: list
            elements: str
            default: []
      controllers:
        description:
          - Calico's controllers for Kubernetes.
        type: dict
        default: {}
        suboptions:
          desired:
            description:
              - Whether they are to run.
            type: bool
            default: true
          version:
            description:
              - Version of Kubernetes; empty if it does not run yet.
            type: str
            default: ""
          endpoints:
            description:
              - Where they find the datastore.
            type: list
            elements: str
            default: []
          tls:
            description:
              - Whether there are files for TLS to it.
            type: bool
            default: false
          secret:
            description:
              - Name of the Secret in Kubernetes that has them instead.
            type: str
            default: ""
extends_documentation_fragment:
  - dcos.calico._attributes.info
  - dcos.calico._attributes.controller
"""

EXAMPLES = r"""
- name: Look at the host
  dcos.calico.agent_info:
  register: agent

- name: Validate what is required of Kubernetes
  dcos.calico.kubernetes_preflight:
    hosts: "{{ ansible_play_hosts }}"
    info: agent
    desired:
      release: 2.6.6
      network: calico
      networks:
        - name: calico
      mesos_dir: /opt/mesosphere/etc/dcos/network/cni
      conflist:
        name: kube-cni
        dir: /opt/mesosphere/etc/dcos/network/cni
        file: cni.conflist
  run_once: true
"""

RETURN = r"""
checked:
  description: The hosts that were validated.
  returned: always
  type: list
  elements: str
  sample: [agent1, agent2]
problems:
  description: The problems found.
  returned: always
  type: list
  elements: dict
  contains:
    host:
      description: The host, or C(all hosts).
      type: str
      returned: always
      sample: agent1
    check:
      description: Name of the check.
      type: str
      returned: always
      sample: plugin
    what:
      description: What is wrong.
      type: str
      returned: always
      sample: The CNI plugin portmap is in none of /opt/mesosphere/active/cni
    why:
      description: The cause, or null.
      type: str
      returned: always
      sample: DC/OS brings it from 1.10 on
    remedy:
      description: What to do, or null.
      type: str
      returned: always
      sample: Install it with dcos.calico.cni_plugin
notes:
  description: What is worth knowing and stops nothing, in the same shape as RV(problems). Shown as warnings too.
  returned: always
  type: list
  elements: dict
  sample: []
"""
