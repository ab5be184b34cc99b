# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type


class ModuleDocFragment(object):
    """Options that say how to reach a Kubernetes API: module_utils/_kubernetes/_options.py ARGUMENT_SPEC."""

    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - A kubeconfig on the controller, such as C(dcos kubernetes kubeconfig) makes. Users that log in by a program are not supported.
      - If not given, the environment variable E(K8S_AUTH_KUBECONFIG) is used. Not looked at if O(host) is given.
    type: path
  context:
    description:
      - Context of the kubeconfig, by default its current one.
      - If not given, the environment variable E(K8S_AUTH_CONTEXT) is used.
    type: str
  host:
    description:
      - URL of the API, such as V(https://kube-apiserver.example.com:6443), or V(http://127.0.0.1:8001) for what C(kubectl proxy) serves.
      - If not given, the environment variable E(K8S_AUTH_HOST) is used.
    type: str
  token:
    description:
      - Token of a service account, with O(host).
      - If not given, the environment variable E(K8S_AUTH_API_KEY) is used.
    type: str
  ca_file:
    description:
      - CA that signed the certificate of O(host), on the controller; by default those that this host trusts.
      - If not given, the environment variable E(K8S_AUTH_SSL_CA_CERT) is used.
    type: path
  client_cert_file:
    description:
      - Client certificate for O(host), on the controller.
      - If not given, the environment variable E(K8S_AUTH_CERT_FILE) is used.
    type: path
  client_key_file:
    description:
      - Key of O(client_cert_file).
      - If not given, the environment variable E(K8S_AUTH_KEY_FILE) is used.
    type: path
  validate_certs:
    description:
      - Whether the API's certificate is verified.
      - If not given, the environment variable E(K8S_AUTH_VERIFY_SSL) is used.
    type: bool
    default: true
  service:
    description:
      - Name of the service of package kubernetes, which is part of the API's name inside the cluster. For messages only.
    type: str
    default: kubernetes
  timeout:
    description:
      - Seconds for one request.
    type: float
    default: 20
"""
