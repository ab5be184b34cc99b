#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: calicoctl_config
short_description: Keep Calico's settings a list in one call
version_added: 0.1.0
description:
  - Keeps settings of C(calicoctl config) as required, those with a name of their own and the raw ones of Felix and BGP.
  - Reads each with one call, sets only what differs, and reads that again to be sure.
  - Each change of a setting that Felix reads lets Felix start again on every node. So give all settings in one call. Traffic goes on meanwhile.
  - In check mode, where calicoctl or its configuration file is not there yet, the datastore counts as empty, and the whole desired state is
    reported as the change. An etcd that cannot be reached is an error in check mode too.
author:
  - dcos.calico maintainers (@dcos)
options:
  settings:
    description:
      - The settings.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - V(nodeToNodeMesh), V(asNumber), V(logLevel) or V(ipip), or with O(settings[].raw) the name that Felix or BGP knows. calicoctl does not
            check raw names.
        type: str
        required: true
      raw:
        description:
          - Whose raw setting it is.
        type: str
        choices: [felix, bgp]
      value:
        description:
          - Its value. Words for true and false are taken for what the setting wants, V(on) or V(true).
          - Required with O(settings[].state=present).
        type: str
      node:
        description:
          - Set it for this node only. Of the settings with a name only V(logLevel) can be set so.
          - A value that a node merely inherits does not count as its own.
        type: str
      state:
        description:
          - V(present) sets it.
          - V(absent) removes it. The default is put back where the setting has a name and is not for one node.
        type: str
        choices: [present, absent]
        default: present
notes:
  - The setting V(ipip) follows the pools when M(dcos.calico.calicoctl_resource) manages them, so leave it to that module.
seealso:
  - module: dcos.calico.calicoctl_resource
attributes:
  diff_mode:
    description: Shows each setting before and after.
    support: full
extends_documentation_fragment:
  - dcos.calico._attributes
  - dcos.calico._attributes.agent
  - dcos.calico._calicoctl
"""

EXAMPLES = r"""
- name: Let Felix tell whether it is ready, and nothing to the outside
  dcos.calico.calicoctl_config:
    settings:
      - name: HealthEnabled
        raw: felix
        value: "true"
      - name: HealthPort
        raw: felix
        value: "62099"
      - name: UsageReportingEnabled
        raw: felix
        value: "false"

- name: Log more on one node, and peer with route reflectors only
  dcos.calico.calicoctl_config:
    settings:
      - name: logLevel
        value: debug
        node: 10.0.0.5
      - name: nodeToNodeMesh
        value: "off"
"""

RETURN = r"""
settings_changed:
  description: The settings that were, or in check mode would be, changed.
  returned: success
  type: list
  elements: str
  sample: [felix HealthEnabled, logLevel on 10.0.0.5]
felix_restarts:
  description: Whether the changes let Felix start again, on every node or on those named.
  returned: success
  type: bool
  sample: true
datastore_read:
  description: Whether the datastore was asked. V(false) in check mode where calicoctl or its configuration file is not there yet.
  returned: success
  type: bool
  sample: true
"""

from ansible_collections.dcos.calico.plugins.module_utils._jobs._calicoctl_config import ARGUMENT_SPEC, job
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module


def main():
    run_module(job, argument_spec=ARGUMENT_SPEC, supports_check_mode=True)


if __name__ == '__main__':
    main()
