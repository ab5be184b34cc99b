#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: executable
short_description: Install executables from a URL, an archive or a file, a list in one call
version_added: 0.1.0
description:
  - Installs executables, each from a URL, a file on the managed host or a file on the controller, or from a member of an archive
    (C(tar.gz), C(zip)) that is there.
  - Each source has a sha256. An executable that is right is neither fetched nor pushed again.
  - Everything is fetched and checked first. Then each file appears by a rename, with its owner and mode, so at any moment the old or
    the new one is there, never half of one. Several executables from one archive fetch it once.
  - Small files that belong to them, such as a configuration, are written in the same call, after the executables.
author:
  - dcos.calico maintainers (@dcos)
options:
  executables:
    description:
      - What to install. Each needs a source; for O(state=absent) only C(path) and C(links) are looked at.
    required: true
  state:
    description:
      - V(present) installs what is missing or differs.
      - V(absent) removes the executables, and those of their links that point to them. Files have a state of their own.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - dcos.calico._attributes
  - dcos.calico._attributes.agent
  - dcos.calico._download
  - dcos.calico._download.executables
  - dcos.calico._download.timeout
  - dcos.calico._files
attributes:
  check_mode:
    description: Can run in check mode and tell what it would change without changing it. Nothing is fetched or pushed.
  diff_mode:
    description: Shows sums, owners, modes and links, before and after.
    support: full
  idempotent:
    description: A second run with the same arguments changes nothing and fetches nothing.
"""

EXAMPLES = r"""
- name: Install calicoctl from its release page
  dcos.calico.executable:
    executables:
      - path: /opt/calico/bin/calicoctl
        url: https://github.com/projectcalico/calicoctl/releases/download/v1.6.3/calicoctl
        sha256: "{{ calicoctl_sha256 }}"
        links: [/usr/local/bin/calicoctl]
    files:
      - path: /etc/calico/calicoctl.cfg
        content: "{{ calicoctl_configuration }}"

- name: Install etcd and etcdctl from an archive that the controller has
  dcos.calico.executable:
    executables:
      - path: /opt/calico/bin/etcd
        local_src: etcd-v3.3.1-linux-amd64.tar.gz
        member: etcd-v3.3.1-linux-amd64/etcd
      - path: /opt/calico/bin/etcdctl
        local_src: etcd-v3.3.1-linux-amd64.tar.gz
        member: etcd-v3.3.1-linux-amd64/etcdctl

- name: Remove calicoctl
  dcos.calico.executable:
    executables:
      - path: /opt/calico/bin/calicoctl
        links: [/usr/local/bin/calicoctl]
    state: absent
"""

RETURN = r"""
paths_changed:
  description: Paths of executables, links and files that were, or in check mode would be, made, changed or removed, in order.
  returned: success
  type: list
  elements: str
  sample: [/opt/calico/bin/calicoctl, /usr/local/bin/calicoctl]
file:
  description: The file that is not ours and was left as it is.
  returned: failure, if there is one
  type: str
  sample: /etc/calico/calicoctl.cfg
"""

from ansible_collections.dcos.calico.plugins.module_utils._jobs._executable import ARGUMENT_SPEC, job
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module


def main():
    run_module(job, changes_host=True, installs='executable', argument_spec=ARGUMENT_SPEC, supports_check_mode=True)


if __name__ == '__main__':
    main()
