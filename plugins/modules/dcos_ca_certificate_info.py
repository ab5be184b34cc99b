#!/usr/bin/python
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: dcos_ca_certificate_info
short_description: The CA of DC/OS Enterprise, and what certificates say
version_added: 0.1.0
description:
  - Reads what the CA of DC/OS Enterprise signs with, its profile's usages and lifetime, and the bundle that clients of the cluster trust.
  - Describes certificates and says what is wrong with each of them as seen by this cluster.
author:
  - dcos.calico maintainers (@dcos)
options:
  certificates:
    description:
      - Certificates to describe.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - What the certificate is called in the result.
        type: str
        required: true
      certificate:
        description:
          - PEM of the certificate, intermediates after it.
        type: str
        required: true
  profile:
    description:
      - Signing profile of the CA. Its default one if not given, or if it has none of that name.
    type: str
    default: ""
extends_documentation_fragment:
  - dcos.calico._attributes.info
  - dcos.calico._dcos
attributes:
  action_group:
    description: Use C(group/dcos.calico.dcos) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - dcos.calico.dcos
"""

EXAMPLES = r"""
- name: See what the CA gives
  dcos.calico.dcos_ca_certificate_info:
    url: https://dcos.example.com
    ca_path: dcos-ca.crt
  delegate_to: localhost
  become: false
  run_once: true
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  register: calico_ca
"""

RETURN = r"""
ca:
  description: What the CA signs with.
  returned: success
  type: dict
  contains:
    certificate:
      description: PEM of the signing certificate. Where that is an intermediate's, what clients trust is RV(ca_bundle), not this.
      type: str
      sample: "-----BEGIN CERTIFICATE-----..."
    facts:
      description: What it says, with the keys of RV(certificates[].facts).
      type: dict
      sample: {"common_name": "DC/OS Root CA", "is_ca": true}
    usages:
      description: What the profile's certificates are good for, by cfssl's names.
      type: list
      elements: str
      sample: [signing, key encipherment, server auth, client auth]
    expiry:
      description: How long the profile's certificates are valid.
      type: str
      sample: 8760h
ca_bundle:
  description: PEM of the CA certificates that a client of this cluster trusts, C(/ca/dcos-ca.crt).
  returned: success
  type: str
  sample: "-----BEGIN CERTIFICATE-----..."
ca_bundle_certificates:
  description: What each certificate of the bundle says, with the keys of RV(certificates[].facts).
  returned: success
  type: list
  elements: dict
  sample: [{"common_name": "DC/OS Root CA", "is_ca": true}]
certificates:
  description: The certificates, in the order of the option.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: What it is called.
      type: str
      sample: agent1
    facts:
      description:
        - What it says. Keys are C(common_name), C(subject), C(issuer), C(hosts), C(usages), C(key_type), C(key_size), C(is_ca),
          C(serial_number), C(not_before), C(not_after), C(sha256) and C(public_key_sha256), as in C(dcos.calico.dcos_ca_certificate).
        - It is none for one that cannot be parsed.
      type: dict
      sample: {"common_name": "calico", "not_after": "2027-11-22T04:46:00Z"}
    days_left:
      description: Whole days until its end, negative after it; none for one that cannot be parsed.
      type: int
      sample: 364
    problems:
      description: What is wrong with it - it cannot be parsed, does not lead to the bundle, is not valid now.
      type: list
      elements: str
      sample: []
"""

import datetime
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.dcos.calico.plugins.module_utils._dcos import _certificates, _issuing, _options, _x509
from ansible_collections.dcos.calico.plugins.module_utils._dcos._ca import CertificateAuthority
from ansible_collections.dcos.calico.plugins.module_utils._dcos._client import make_client
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module

ARGUMENT_SPEC = _options.argument_spec(
    certificates=dict(type="list", elements="dict", default=[], options=dict(
        name=dict(type="str", required=True),
        certificate=dict(type="str", required=True),
    )),
    profile=dict(type="str", default=""),
)


def _described(name: str, text: str, trust: _certificates.Trust, now: datetime.datetime) -> dict[str, Any]:
    try:
        leaf = _x509.parse_certificates(text)[0]
    except ValueError as error:
        return dict(name=name, facts=None, days_left=None, problems=[f"it cannot be parsed: {error}"])
    return dict(
        name=name,
        facts=_x509.describe(leaf),
        days_left=(_x509.not_after(leaf) - now).days,
        problems=_certificates.problems(text, trust, now),
    )


def job(module: AnsibleModule) -> dict[str, Any]:
    """Read and describe; see RETURN."""
    _x509.check_library()
    authority = CertificateAuthority(make_client(module))
    bundle = authority.trusted()
    trusted = _x509.parse_certificates(bundle)
    info = authority.info(module.params["profile"])
    signer = _x509.parse_certificates(info.certificate)
    trust, now = _certificates.Trust(trusted, signer), _issuing.now()
    return dict(
        changed=False,
        ca=dict(certificate=info.certificate, facts=_x509.describe(signer[0]), usages=list(info.usages), expiry=info.expiry),
        ca_bundle=bundle,
        ca_bundle_certificates=[_x509.describe(certificate) for certificate in trusted],
        certificates=[_described(item["name"], item["certificate"], trust, now) for item in module.params["certificates"]],
    )


def main() -> None:
    run_module(job, argument_spec=ARGUMENT_SPEC, supports_check_mode=True)


if __name__ == "__main__":
    main()
