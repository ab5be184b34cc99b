#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: cloud_info
short_description: Tell which public cloud this host is in
version_added: 0.1.0
description:
  - Asks the instance metadata service at the link-local address that AWS, Google Compute Engine and Azure have in common. AWS is asked with a
    token (IMDSv2) where it gives one.
  - Where nothing answers in time, or nothing that is known, the cloud is V(none). That is no error.
  - Never goes through a proxy.
author:
  - dcos.calico maintainers (@dcos)
options:
  endpoint:
    description:
      - Base address of the metadata service.
    type: str
    default: http://169.254.169.254
  timeout:
    description:
      - Seconds for all of it.
    type: float
    default: 2
extends_documentation_fragment:
  - dcos.calico._attributes.agent
  - dcos.calico._attributes.info
"""

EXAMPLES = r"""
- name: Detect the cloud
  dcos.calico.cloud_info:
  register: calico_cloud

- name: Tell
  ansible.builtin.debug:
    var: calico_cloud.cloud
"""

RETURN = r"""
cloud:
  description: V(aws), V(gce), V(azure), or V(none) for a host that is in none of these.
  returned: success
  type: str
  sample: aws
region:
  description: Its region; null if it is not known.
  returned: success
  type: str
  sample: eu-central-1
zone:
  description: Its zone; null if it is not known.
  returned: success
  type: str
  sample: eu-central-1a
instance_id:
  description: Id of the instance; null if it is not known.
  returned: success
  type: str
  sample: i-0a1b2c3d4e5f60718
instance_name:
  description: Name of the instance; null if it is not known. AWS does not tell it.
  returned: success
  type: str
  sample: agent-1
project:
  description: The account on AWS, the project on GCE, the subscription on Azure; null if it is not known.
  returned: success
  type: str
  sample: "123456789012"
"""

from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host import _cloud
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module

ARGUMENT_SPEC = dict(
    endpoint=dict(type='str', default=_cloud.ENDPOINT),
    timeout=dict(type='float', default=2),
)


def job(module):
    """Ask; see RETURN."""
    params = module.params
    if params['timeout'] <= 0:
        raise ValidationError('A timeout of %g seconds leaves no time to ask anything' % params['timeout'], remedy='Give more seconds')
    return dict(_cloud.detect(params['endpoint'], Deadline(params['timeout'])), changed=False)


def main():
    run_module(job, argument_spec=ARGUMENT_SPEC, supports_check_mode=True)


if __name__ == '__main__':
    main()
