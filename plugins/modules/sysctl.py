#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: sysctl
short_description: Set kernel settings, now and at boot, a list in one call
version_added: 0.1.0
description:
  - Keeps a list of kernel settings in one file of C(/etc/sysctl.d) and in the running kernel.
  - Reads and writes C(/proc/sys) directly, writes only what differs, and reads back what it wrote. The file is written when the kernel took all.
  - Warns of files that are read after its own at boot and give a key another value.
  - A key may hold C(*) as one of its parts, which stands for every interface (or other entry) that exists now. Such keys are applied
    to the running kernel only, because the C(systemd-sysctl) of DC/OS' supported systems does not know wildcards.
author:
  - dcos.calico maintainers (@dcos)
options:
  name:
    description:
      - Name of the file in O(directory), without C(.conf).
    type: str
    required: true
  directory:
    description:
      - Directory of the file.
    type: path
    default: /etc/sysctl.d
  settings:
    description:
      - What to set.
    type: list
    elements: dict
    default: []
    suboptions:
      key:
        description:
          - Name of the setting with dots, such as V(net.ipv4.ip_forward). Slashes work too. Where a part has a dot of its own, write
            V(net/ipv4/conf/eth0.100/rp_filter) or V(net.ipv4.conf.eth0/100.rp_filter), as in sysctl.d(5).
        type: str
        required: true
      value:
        description:
          - Its value. Several numbers are separated by blanks.
        type: str
        required: true
      optional:
        description:
          - If the running kernel does not have the key, keep it in the file and go on. Otherwise a missing key is an error.
        type: bool
        default: false
  set_by_others:
    description:
      - Settings that programs are going to change which are installed after this. They are not set here. What they are before the file is written for the
        first time is noted, so that O(state=absent) sets them back.
    type: list
    elements: dict
    default: []
    suboptions:
      key:
        description: Name of the setting, as in O(settings).
        type: str
        required: true
      value:
        description: What it will be set to. With another value somebody else has set it, and it is not set back.
        type: str
        required: true
  state:
    description:
      - V(present) keeps the file and the running kernel as required. What a key was before its first change is noted in C(/var/lib/dcos-calico).
      - V(absent) sets keys back to what was noted, where they still have the value that they were given here, and removes the file. Keys of which nothing is
        noted, entries that a C(*) stands for, and keys that another file asks to be as they are, are left alone.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - dcos.calico._attributes
  - dcos.calico._attributes.agent
attributes:
  diff_mode:
    description: Shows what changed, before and after, of the file and of each key of the running kernel.
    support: full
"""

EXAMPLES = r"""
- name: Forward packets and check their source addresses strictly
  dcos.calico.sysctl:
    name: 60-calico
    settings:
      - key: net.ipv4.ip_forward
        value: "1"
      - key: net.ipv4.conf.all.rp_filter
        value: "1"
      - key: net.ipv4.conf.cali*.rp_filter
        value: "1"

- name: Go back to what the settings were before
  dcos.calico.sysctl:
    name: 60-calico
    state: absent
"""

RETURN = r"""
file:
  description: The file.
  returned: success
  type: str
  sample: /etc/sysctl.d/60-calico.conf
file_changed:
  description: Whether the file was, or in check mode would be, written or removed.
  returned: success
  type: bool
  sample: true
keys_changed:
  description: The keys of the running kernel that were, or in check mode would be, written.
  returned: success
  type: list
  elements: str
  sample: [net.ipv4.conf.all.rp_filter]
keys_missing:
  description: Optional keys that the running kernel does not have.
  returned: success
  type: list
  elements: str
  sample: []
keys_overridden:
  description: Settings to which a file that is read later gives another value, which they will have after the next boot.
  returned: success
  type: list
  elements: dict
  sample: [{key: net.ipv4.conf.all.rp_filter, value: "2", file: /etc/sysctl.d/99-hardening.conf}]
keys_left:
  description: With O(state=absent), keys that are not set back, because nobody noted what they were, or because somebody else has set them since.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible_collections.dcos.calico.plugins.module_utils._jobs._sysctl import ARGUMENT_SPEC, job
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module


def main():
    run_module(job, changes_host=True, installs='sysctl', argument_spec=ARGUMENT_SPEC, supports_check_mode=True)


if __name__ == '__main__':
    main()
