#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: agent_key
short_description: Private key and signing request of a host, and the certificate that comes of it
version_added: 0.1.0
description:
  - With O(state=requested), keeps a private key on the host and returns a signing request for it, together with the certificate that the host
    has. RV(request) is what C(dcos.calico.dcos_ca_certificate) takes as an item of its C(certificates).
  - With O(state=present), puts certificate and CA bundle in place, after seeing that the certificate is for the key.
  - The key is made by C(openssl), 1.0.2 or later, and never leaves the host. It is a file for its owner only, is never printed and never an
    argument of a program.
  - A key is kept as long as it can be read and has the desired type and size. One that has to go stays in place until the certificate for its
    successor comes; the successor waits in O(key_file) with C(.next) behind. So a CA that refuses leaves the host as it was.
  - To have a new key made, remove O(key_file) and run both states again.
author:
  - dcos.calico maintainers (@dcos)
options:
  state:
    description:
      - V(requested) sees to the key and makes a request, V(present) puts the certificate in place.
    type: str
    choices: [requested, present]
    default: requested
  name:
    description:
      - What the certificate is called in RV(request), such as the name of the host. O(key_file) by default.
    type: str
  key_file:
    description:
      - Path of the private key. Its mode is V(0600).
    type: path
    required: true
  certificate_file:
    description:
      - Path of the certificate. Its mode is V(0644).
    type: path
    required: true
  ca_file:
    description:
      - Path of the CA bundle. Needed with O(ca). Its mode is V(0644).
    type: path
  generate:
    description:
      - Whether O(state=requested) makes a key and a request. V(false) changes nothing, and only returns what the host has. That is for keys
        that the CA makes.
    type: bool
    default: true
  key_type:
    description:
      - Type of the key.
    type: str
    choices: [rsa, ecdsa]
    default: rsa
  key_size:
    description:
      - Its size, V(2048), V(3072) or V(4096) for V(rsa) and V(256), V(384) or V(521) for V(ecdsa). The smallest one by default.
    type: int
  common_name:
    description:
      - Common name of the request. Required with O(state=requested).
    type: str
  hosts:
    description:
      - DNS names and addresses of the request.
    type: list
    elements: str
    default: []
  subject:
    description:
      - Other fields of the request's subject.
    type: dict
    suboptions:
      country:
        description: Code of the country, two letters.
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
  certificate:
    description:
      - PEM of the certificate to place, intermediates after it. Required with O(state=present).
    type: str
  private_key:
    description:
      - PEM of the key to place with it, if the CA made it. Not given for a key that was made on the host.
    type: str
  ca:
    description:
      - PEM of the CA bundle to place.
    type: str
  issued:
    description:
      - In check mode, whether the CA would issue a certificate, so that O(certificate) is not there yet.
    type: bool
    default: false
  owner:
    description:
      - Name of the owner of all files.
    type: str
    default: root
  group:
    description:
      - Name of their group.
    type: str
    default: root
extends_documentation_fragment:
  - dcos.calico._attributes
  - dcos.calico._attributes.agent
attributes:
  check_mode:
    details:
      - There is no request yet for a key that would be made.
  diff_mode:
    description: Shows what changed. Of a key that is its type, its size and the sum of its public part, of a certificate its fingerprint.
    support: full
"""

EXAMPLES = r"""
- name: Manage a private key, and make a certificate request for it
  dcos.calico.agent_key:
    name: "{{ inventory_hostname }}"
    key_file: /etc/calico/certs/calico.key
    certificate_file: /etc/calico/certs/calico.crt
    common_name: calico
    hosts: [localhost, 127.0.0.1]
  register: calico_key

- name: Place what the CA of DC/OS made of it
  dcos.calico.agent_key:
    state: present
    key_file: /etc/calico/certs/calico.key
    certificate_file: /etc/calico/certs/calico.crt
    ca_file: /etc/calico/certs/dcos-ca.crt
    certificate: "{{ (calico_signed.certificates | selectattr('name', 'equalto', inventory_hostname) | first).chain }}"
    ca: "{{ calico_signed.ca_bundle }}"
"""

RETURN = r"""
files_changed:
  description: The files that were, or in check mode would be, written, changed or removed.
  returned: success
  type: list
  elements: str
  sample: [/etc/calico/certs/calico.key]
public_key_sha256:
  description: The sha256 sum of the public part of the key (DER, SubjectPublicKeyInfo); none if there is no key that can be read.
  returned: success
  type: str
  sample: 9d3b0a5e7b7c1b0c4d2f8f0e6a1c3b5d7e9f0a2b4c6d8e0f1a3b5c7d9e0f2a4b
key_unfit:
  description: Why the key that was in place before is not the desired one; none if it is.
  returned: success
  type: str
  sample: it is rsa 2048, required is ecdsa 256
request:
  description: >-
    What the CA has to know of this host. Names, subject and type of key are the options' as the controller knows them; what the host itself says is the
    signing request, its key and the certificate in place.
  returned: with O(state=requested)
  type: dict
  contains:
    name:
      description: What the certificate is called.
      type: str
      sample: agent1
    csr:
      description: PEM of the signing request; none without O(generate), and in check mode where the key would be made.
      type: str
      sample: "-----BEGIN CERTIFICATE REQUEST-----..."
    common_name:
      description: Common name.
      type: str
      sample: calico
    hosts:
      description: DNS names and addresses, sorted.
      type: list
      elements: str
      sample: [10.0.0.21, 127.0.0.1, localhost]
    subject:
      description: Other fields of the subject.
      type: dict
      sample: {}
    key_type:
      description: Type of the desired key.
      type: str
      sample: rsa
    key_size:
      description: Its size.
      type: int
      sample: 2048
    public_key_sha256:
      description: The sum of the public part of the key that the request is for, or of the one in place if there is no request; none without a key.
      type: str
      sample: 9d3b0a5e7b7c1b0c4d2f8f0e6a1c3b5d7e9f0a2b4c6d8e0f1a3b5c7d9e0f2a4b
    certificate:
      description: PEM of the certificate in place, none if there is none.
      type: str
      sample: "-----BEGIN CERTIFICATE-----..."
"""

from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host import _keys
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module

ARGUMENT_SPEC = dict(
    state=dict(type='str', choices=['requested', 'present'], default='requested'),
    name=dict(type='str'),
    key_file=dict(type='path', required=True, no_log=False),
    certificate_file=dict(type='path', required=True),
    ca_file=dict(type='path'),
    generate=dict(type='bool', default=True),
    key_type=dict(type='str', choices=['rsa', 'ecdsa'], default='rsa'),
    key_size=dict(type='int'),
    common_name=dict(type='str'),
    hosts=dict(type='list', elements='str', default=[]),
    subject=dict(type='dict', options=dict((name, dict(type='str')) for name, short in _keys.SUBJECT)),
    certificate=dict(type='str'),
    private_key=dict(type='str', no_log=True),
    ca=dict(type='str'),
    issued=dict(type='bool', default=False),
    owner=dict(type='str', default='root'),
    group=dict(type='str', default='root'),
)


def _request(params, desired, usable, key, check_mode):
    """RETURN's request; C(usable) is (path, Key) that a request can be made for, or None."""
    subject = dict((name, value) for name, value in (params['subject'] or {}).items() if value)
    hosts = params['hosts']
    config = _keys.request_config(params['common_name'], hosts, subject)
    made_for = usable if params['generate'] else None
    if made_for is None and params['generate'] and not check_mode:
        raise ValidationError('There is no key to make a request for')
    public = made_for[1].public if made_for else None if params['generate'] else key.public
    return dict(
        name=params['name'] or desired.key_file,
        csr=_keys.request(made_for[0], config) if made_for else None,
        common_name=params['common_name'],
        hosts=hosts,
        subject=subject,
        key_type=desired.kind,
        key_size=desired.size,
        public_key_sha256=public.sha256 if public else None,
        certificate=_keys.read_text(params['certificate_file']),
    )


def requested(module, desired):
    """See to the key, and make a request."""
    params = module.params
    _keys.check_subject(params['common_name'], params['subject'] or {})
    hosts_given = _keys.check_hosts(params['hosts'])
    actual = before = _keys.read(desired)
    plan = _keys.reconcile_requested(desired, actual) if params['generate'] else _keys.Plan()
    if plan and not module.check_mode:
        _keys.apply(desired, plan)
        actual = _keys.read(desired)
    request = _request(dict(params, hosts=hosts_given), desired, actual.usable(desired), actual.key, module.check_mode)
    return plan, before, dict(public_key_sha256=request['public_key_sha256'], request=request)


def present(module, desired):
    """Place certificate, CA bundle and, if given, the key."""
    params = module.params
    awaited = module.check_mode and params['issued'] and not params['certificate']
    if not params['certificate'] and not awaited:
        raise ValidationError('There is no certificate to place in %s' % params['certificate_file'], remedy='Give certificate')
    if params['ca'] and not params['ca_file']:
        raise ValidationError('There is no place for the CA bundle', remedy='Give ca_file')
    content = _keys.Content(params['certificate_file'], params['certificate'] or None, params['private_key'] or None,
                            params['ca_file'], params['ca'] or None, awaited)
    content.check()
    if not awaited:
        _keys.check_pair(content)
    before = _keys.read(desired)
    plan = _keys.reconcile_present(desired, before, content)
    actual = before
    if plan and not module.check_mode:
        _keys.apply(desired, plan)
        actual = _keys.read(desired)
    return plan, before, dict(public_key_sha256=actual.key.public.sha256 if actual.key.public else None)


def job(module):
    """Bring the files to the desired state; see RETURN."""
    params = module.params
    desired = _keys.Desired(params['key_file'], params['key_type'], params['key_size'], params['owner'], params['group'])
    if params['state'] == 'requested' and not params['common_name']:
        raise ValidationError('A request needs a common name', remedy='Give common_name')
    plan, before, result = (requested if params['state'] == 'requested' else present)(module, desired)
    return dict(plan.result(module._diff), files_changed=plan.names(), key_unfit=before.key.unfit(desired), **result)


def main():
    run_module(job, changes_host=True, argument_spec=ARGUMENT_SPEC, supports_check_mode=True)


if __name__ == '__main__':
    main()
