#!/usr/bin/python
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: dcos_ca_certificate
short_description: Certificates of the CA of DC/OS Enterprise, a list in one call
version_added: 0.1.0
description:
  - Checks the certificates that hosts have and has those issued by the CA of DC/OS Enterprise that are missing or cannot be kept.
  - A certificate is replaced for each of these reasons, which are returned in this order. It cannot be parsed; the key on the host is another
    one, or missing; key type and size, common name, subject or hosts are not as required; usages are missing, or it is a CA's; it does not lead
    to the CA bundle of the cluster, or over a certificate that is no CA's or has expired; it is not valid yet, has expired, or does so within
    O(renew_before).
  - It runs on the controller, reads no files and writes none. What hosts have, and what is issued, travels as content.
  - With O(certificates[].csr) the key never leaves its host. This is the better way, and C(dcos.calico.agent_key) makes the request.
  - Without it the CA makes the key, as C(dcos security cluster ca newcert) does. The key then stands in this module's result, and nowhere
    else on the controller. The result of such a run is censored as with C(no_log), whatever the task says. Set C(no_log) for the task that
    places the key.
  - Every issued certificate is verified before any is returned.
author:
  - dcos.calico maintainers (@dcos)
options:
  certificates:
    description:
      - The certificates. An item has the shape of what C(dcos.calico.agent_key) returns as C(request).
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - What the certificate is called in the result, such as the name of the host.
        type: str
        required: true
      csr:
        description:
          - PEM of a signing request. Of it only the key counts, which has to have signed it. What the certificate names is said by
            O(certificates[].common_name), O(certificates[].hosts) and O(certificates[].subject), whatever the request asks for. So take them from
            the inventory, and never from the host.
          - A request with a field of the subject that is not given, or with hosts where none are given, is refused, because the CA fills such gaps
            from the request.
          - A request whose key is weaker than rsa with 2048 bits or ecdsa with 256 bits is refused.
        type: str
      common_name:
        description:
          - Common name. Required.
        type: str
      hosts:
        description:
          - DNS names and addresses. A certificate with others, or with more, is replaced. None by default.
        type: list
        elements: str
      subject:
        description:
          - Other fields of the subject.
        type: dict
        suboptions:
          country:
            description: Code of the country.
            type: str
          state:
            description: State or province.
            type: str
          locality:
            description: City.
            type: str
          organization:
            description: Organization. Kubernetes takes it for the group of a user.
            type: str
          organizational_unit:
            description: Part of the organization.
            type: str
      key_type:
        description:
          - Type of the key that the CA makes without O(certificates[].csr).
        type: str
        choices: [rsa, ecdsa]
        default: rsa
      key_size:
        description:
          - Its size, V(2048), V(3072) or V(4096) for V(rsa) and V(256), V(384) or V(521) for V(ecdsa). The smallest one by default.
        type: int
      public_key_sha256:
        description:
          - The sha256 sum of the public part of the key that the host has, as C(dcos.calico.agent_key) returns it.
        type: str
      certificate:
        description:
          - PEM of the certificate that the host has, intermediates after it.
        type: str
  shared:
    description:
      - Have one key and one certificate made for all that need one, as the guides do. All items have to want the same, and none has a request.
    type: bool
    default: false
  usages:
    description:
      - What a certificate must be good for. The CA's profile decides what a new one is good for.
      - A client is no server. Without V(server auth), a certificate that is good for that and names hosts, or has a common name with a dot in it, is replaced,
        and a profile that would make such a one is refused. Give no hosts then, which clients do not need, or name a profile for clients.
    type: list
    elements: str
    choices: [server auth, client auth]
    default: [server auth, client auth]
  profile:
    description:
      - Signing profile of the CA. Its default one if not given.
    type: str
    default: ""
  renew_before:
    description:
      - Days before its end at which a certificate is replaced. It has to be shorter than the lifetime that the CA gives.
    type: int
    default: 30
extends_documentation_fragment:
  - dcos.calico._attributes
  - dcos.calico._dcos
attributes:
  check_mode:
    details:
      - In check mode nothing is asked of the CA but what reads.
  diff_mode:
    description: Shows what a certificate says before, and will say after. Neither PEM text nor keys are shown.
    support: full
  idempotent:
    description: A second run changes nothing, if it is given what the first one returned.
  action_group:
    description: Use C(group/dcos.calico.dcos) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - dcos.calico.dcos
"""

EXAMPLES = r"""
- name: Have the requests of all hosts of the play signed
  dcos.calico.dcos_ca_certificate:
    url: https://dcos.example.com
    service_account: "{{ lookup('ansible.builtin.file', 'calico-ca.json') }}"
    ca_path: dcos-ca.crt
    certificates: "{{ ansible_play_hosts | map('extract', hostvars, ['calico_key', 'request']) | list }}"
  delegate_to: localhost
  become: false
  run_once: true
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  register: calico_signed

- name: Have one certificate and key made for all, as the guide does
  dcos.calico.dcos_ca_certificate:
    url: https://dcos.example.com
    ca_path: dcos-ca.crt
    shared: true
    certificates:
      - {name: agent1, common_name: calico, hosts: [10.0.0.21]}
      - {name: agent2, common_name: calico, hosts: [10.0.0.21]}
  delegate_to: localhost
  become: false
  run_once: true
  no_log: true
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  register: calico_signed
"""

RETURN = r"""
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
    issued:
      description: Whether it was, or in check mode would be, issued.
      type: bool
      sample: true
    reasons:
      description: Every reason why what the host had could not be kept.
      type: list
      elements: str
      sample: ["it expires at 2026-12-03T09:00:00Z, which is within the 30 days of renew_before"]
    chain:
      description:
        - PEM of the certificate and of the intermediates between it and the root, as it is to be placed; none where one would be issued in
          check mode.
      type: str
      sample: "-----BEGIN CERTIFICATE-----..."
    private_key:
      description: PEM of the key, where the CA made one in this run, else none.
      type: str
      sample: null
    facts:
      description: What the certificate says; none where one would be issued in check mode.
      type: dict
      contains:
        common_name:
          description: Common name.
          type: str
          sample: calico
        subject:
          description: Whole subject.
          type: str
          sample: CN=calico
        issuer:
          description: Subject of the CA that signed it.
          type: str
          sample: CN=DC/OS Root CA
        hosts:
          description: DNS names and addresses.
          type: list
          elements: str
          sample: [10.0.0.21, localhost]
        usages:
          description: Usages by cfssl's names.
          type: list
          elements: str
          sample: [signing, key encipherment, server auth, client auth]
        key_type:
          description: Type of its key.
          type: str
          sample: rsa
        key_size:
          description: Size of its key in bits.
          type: int
          sample: 2048
        is_ca:
          description: Whether it may sign certificates.
          type: bool
          sample: false
        serial_number:
          description: Serial number, hexadecimal.
          type: str
          sample: 35b9bd62628a9d2bc39caad72247a1d8aea98260
        not_before:
          description: Begin of its validity.
          type: str
          sample: "2026-11-22T04:46:00Z"
        not_after:
          description: End of its validity.
          type: str
          sample: "2027-11-22T04:46:00Z"
        sha256:
          description: Its fingerprint.
          type: str
          sample: 5a0c3e5f0f0b7a3c5c0a3f3ab2f7c7f4a0e3a6c3b9d6f1b0e6a7d2f1c4b5a697
        public_key_sha256:
          description: The sha256 sum of its public key.
          type: str
          sample: 9d3b0a5e7b7c1b0c4d2f8f0e6a1c3b5d7e9f0a2b4c6d8e0f1a3b5c7d9e0f2a4b
issued:
  description: The names of those that were, or in check mode would be, issued.
  returned: success
  type: list
  elements: str
  sample: [agent1]
ca_bundle:
  description: PEM of the CA certificates that a client of this cluster trusts, C(/ca/dcos-ca.crt).
  returned: success
  type: str
  sample: "-----BEGIN CERTIFICATE-----..."
"""

import datetime
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.dcos.calico.plugins.module_utils._dcos import _issuing, _options, _x509
from ansible_collections.dcos.calico.plugins.module_utils._dcos._ca import CertificateAuthority
from ansible_collections.dcos.calico.plugins.module_utils._dcos._certificates import Trust
from ansible_collections.dcos.calico.plugins.module_utils._dcos._client import make_client
from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module

ARGUMENT_SPEC = _options.argument_spec(
    certificates=dict(type="list", elements="dict", required=True, options=dict(
        name=dict(type="str", required=True),
        csr=dict(type="str"),
        common_name=dict(type="str"),
        hosts=dict(type="list", elements="str"),
        subject=dict(type="dict", options={field: dict(type="str") for field in _x509.SUBJECT_FIELDS}),
        key_type=dict(type="str", choices=["rsa", "ecdsa"], default="rsa"),
        key_size=dict(type="int"),
        public_key_sha256=dict(type="str", no_log=False),
        certificate=dict(type="str"),
    )),
    shared=dict(type="bool", default=False),
    usages=dict(type="list", elements="str", choices=["server auth", "client auth"], default=["server auth", "client auth"]),
    profile=dict(type="str", default=""),
    renew_before=dict(type="int", default=30),
)

# This host itself is the end of a tunnel.
LOOPBACK = ("127.0.0.1", "::1", "localhost")
UNVERIFIED = (
    "The CA bundle comes from an Admin Router that was not verified. Hosts that get it trust whoever answered. "
    "Give url with https, and ca_path or ca_fingerprint."
)


def _is_verified(options: _options.Options) -> bool:
    return options.host in LOOPBACK or (options.scheme == "https" and options.validate_certs)


def _policy(params: dict[str, Any]) -> _issuing.Policy:
    if params["renew_before"] < 0:
        raise ValidationError(f"renew_before is {params['renew_before']} days", remedy="Give 0 or more")
    return _issuing.Policy(tuple(params["usages"]), datetime.timedelta(days=params["renew_before"]), params["profile"], params["shared"])


def job(module: AnsibleModule) -> dict[str, Any]:
    """Check, and have issued what is missing; see RETURN."""
    _x509.check_library()
    policy = _policy(module.params)
    items = _issuing.desired(module.params["certificates"], policy)
    client = make_client(module)
    if not _is_verified(client.options):
        module.warn(UNVERIFIED)
    authority = CertificateAuthority(client)
    bundle = authority.trusted()
    trust = Trust(_x509.parse_certificates(bundle))
    outcomes = _issuing.check(items, trust, policy)
    info = None
    if any(outcome.reasons for outcome in outcomes):
        info = authority.info(policy.profile)
        _issuing.check_profile(info, [item for item, outcome in zip(items, outcomes) if outcome.reasons], policy)
        trust = Trust(trust.bundle, _x509.parse_certificates(info.certificate))
    plan = _issuing.reconcile(items, outcomes, info)
    if not module.check_mode:
        _issuing.issue(authority, plan, outcomes, trust, policy)
    return dict(
        plan.result(module._diff),
        certificates=[outcome.result() for outcome in outcomes],
        issued=[outcome.name for outcome in outcomes if outcome.reasons],
        ca_bundle=bundle,
    )


def main() -> None:
    run_module(job, argument_spec=ARGUMENT_SPEC, supports_check_mode=True)


if __name__ == "__main__":
    main()
