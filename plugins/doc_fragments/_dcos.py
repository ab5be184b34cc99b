# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type


class ModuleDocFragment(object):
    """Options that say how to reach a cluster: module_utils/_dcos/_options.py ARGUMENT_SPEC. Plugins take C(_dcos.plugin) before it."""

    DOCUMENTATION = r"""
options:
  url:
    description:
      - Address of the cluster's Admin Router, which is that of any master or of the load balancer before them, such as V(https://dcos.example.com).
      - Over plain V(http://) a token, password or service account is refused, because whoever sees it on the way can do with the cluster what you can.
        It is sent, with a warning, if O(validate_certs=false) is given as well; and to this host itself, which is a tunnel's end.
      - Required. If not given, the environment variable E(DCOS_URL) is used.
    type: str
  token:
    description:
      - A token of DC/OS, as C(dcos config show core.dcos_acs_token) prints it. It lives for five days by default.
      - It is the only way for open DC/OS before 1.13, which knows neither passwords nor service accounts.
      - Give at most one of O(token), O(password) and O(service_account). With none, requests go without a token, as is right for clusters without
        authentication. An empty text counts as not given, whatever the environment says.
      - If not given, the environment variable E(DCOS_ACS_TOKEN) is used.
    type: str
  uid:
    description:
      - Name of the user for O(password), or of the service account if O(service_account) is a bare private key.
      - If not given, the environment variable E(DCOS_UID) is used.
    type: str
  password:
    description:
      - Password of O(uid).
      - If not given, the environment variable E(DCOS_PASSWORD) is used.
    type: str
  service_account:
    description:
      - A service account, in the format in which DC/OS stores its secrets (an object with C(uid), C(private_key), C(scheme) and C(login_endpoint)), or its
        bare private RSA key in PEM form, which needs O(uid) too.
      - Either is given as the path of a file on the controller or as text; the former also as a dictionary.
      - The login goes to O(url); C(login_endpoint) is a name that only hosts of the cluster can resolve, and is not used.
      - If not given, the environment variable E(DCOS_SERVICE_ACCOUNT) is used.
    type: raw
  ca_path:
    description:
      - File on the controller with the CA certificates to trust, in PEM form. Enterprise clusters offer theirs as C(/ca/dcos-ca.crt).
      - Without it and without O(ca_fingerprint) the file or directory of E(REQUESTS_CA_BUNDLE) is used, else what OpenSSL trusts on the controller.
      - If not given, the environment variable E(DCOS_CA_PATH) is used.
    type: path
  ca_fingerprint:
    description:
      - The sha256 fingerprint of a CA certificate of the cluster; case and colons do not matter. C(openssl x509 -noout -fingerprint -sha256) prints it.
      - The bundle is then fetched from the cluster's C(/ca/dcos-ca.crt) without verification, before anything else is sent. Of it the certificate with this
        fingerprint is trusted, and what it leads down to; without such a certificate nothing is sent. An intermediate may be pinned, a certificate that is
        no CA's may not.
      - With O(ca_path), the certificate has to be in that file, and the rest of the file is not trusted. Open DC/OS has no CA to fetch from.
      - If not given, the environment variable E(DCOS_CA_FINGERPRINT) is used.
    type: str
  validate_certs:
    description:
      - Whether to verify certificates. V(false) is warned of in every run.
      - If not given, the environment variable E(DCOS_VALIDATE_CERTS) is used.
    type: bool
    default: true
  timeout:
    description:
      - Seconds for one request. Requests that are safe to repeat are repeated within this time after errors that may pass by themselves.
      - If not given, the environment variable E(DCOS_TIMEOUT) is used.
    type: float
    default: 30
requirements:
  - requests
  - cryptography 40 or later, for O(service_account) and O(ca_fingerprint)
"""

    # Named before the options themselves, because of two fragments the first has the last word: ansible-core's message for a url that is missing would
    # not name the variable.
    PLUGIN = r"""
options:
  url:
    required: false
    env:
      - name: DCOS_URL
  token:
    env:
      - name: DCOS_ACS_TOKEN
  uid:
    env:
      - name: DCOS_UID
  password:
    env:
      - name: DCOS_PASSWORD
  service_account:
    env:
      - name: DCOS_SERVICE_ACCOUNT
  ca_path:
    env:
      - name: DCOS_CA_PATH
  ca_fingerprint:
    env:
      - name: DCOS_CA_FINGERPRINT
  validate_certs:
    env:
      - name: DCOS_VALIDATE_CERTS
  timeout:
    env:
      - name: DCOS_TIMEOUT
"""

    ACTIONGROUP = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/dcos.calico.dcos) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - dcos.calico.dcos
"""
