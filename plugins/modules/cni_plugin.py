#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
module: cni_plugin
short_description: Install CNI plugins so that they survive DC/OS upgrades
version_added: 0.1.0
description:
  - Installs CNI plugins, each from a URL, a file on the managed host or on the controller, or from a member of an archive that is there.
  - The files live in O(bin_dir); O(plugin_dir), where Mesos looks, gets symbolic links. After a DC/OS upgrade, which loses the links, a
    further run makes them again.
  - Before a plugin becomes visible it is run once with C(CNI_COMMAND=VERSION). If one of them is not a CNI plugin, or does not support
    O(required_cni_version), nothing is put in place.
  - A plugin that is right is neither fetched nor pushed nor run again.
author:
  - dcos.calico maintainers (@dcos)
options:
  copies_dir:
    description:
      - Where M(dcos.calico.cni_network) keeps copies. For O(state=absent), those of the links go first.
    type: path
    default: /etc/calico/agent-files
  cni_config_dir:
    description:
      - Directory of network configurations. For O(state=absent), plugins that one of them names are not removed. In check mode this is a warning, because
        tasks before this one would have removed the network.
    type: path
    default: /opt/mesosphere/etc/dcos/network/cni
  force:
    description:
      - With O(state=absent), remove plugins even if a network names them. Containers that are on such a network can then not be
        detached from it any more.
    type: bool
    default: false
  state:
    description:
      - V(present) installs what is missing or differs.
      - V(absent) removes the files of O(bin_dir) and the links that point to them, and O(executables) likewise. Only the names and
        paths are looked at.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - dcos.calico._attributes
  - dcos.calico._attributes.agent
  - dcos.calico._download.placing
  - dcos.calico._download
  - dcos.calico._download.executables
  - dcos.calico._download.plugins
  - dcos.calico._download.timeout
attributes:
  check_mode:
    description: Can run in check mode and tell what it would change without changing it. Nothing is fetched or pushed.
  diff_mode:
    description: Shows sums, owners, modes and links, before and after.
    support: full
  idempotent:
    description: A second run with the same arguments changes nothing and fetches nothing.
seealso:
  - module: dcos.calico.cni_network
"""

EXAMPLES = r"""
- name: Install Calico's plugins
  dcos.calico.cni_plugin:
    plugins:
      - name: calico
        url: https://github.com/projectcalico/cni-plugin/releases/download/v1.11.2/calico
        sha256: "{{ calico_plugin_sha256 }}"
      - name: calico-ipam
        url: https://github.com/projectcalico/cni-plugin/releases/download/v1.11.2/calico-ipam
        sha256: "{{ calico_ipam_plugin_sha256 }}"

- name: Install them from files that the controller has
  dcos.calico.cni_plugin:
    plugins:
      - name: calico
        local_src: /srv/mirror/calico-cni/v1.11.2/calico
      - name: calico-ipam
        local_src: /srv/mirror/calico-cni/v1.11.2/calico-ipam

- name: Remove them, after the networks that name them
  dcos.calico.cni_plugin:
    plugins:
      - name: calico
      - name: calico-ipam
    state: absent
"""

RETURN = r"""
plugins:
  description: The plugins.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      returned: success
      type: str
      sample: calico
    path:
      description: Its file.
      returned: success
      type: str
      sample: /opt/calico/bin/calico
    link:
      description: The link to it; null if O(bin_dir) and O(plugin_dir) are the same.
      returned: success
      type: str
      sample: /opt/mesosphere/active/cni/calico
paths_changed:
  description: Paths of files and links that were, or in check mode would be, made, changed or removed, in order.
  returned: success
  type: list
  elements: str
  sample: [/opt/calico/bin/calico, /opt/mesosphere/active/cni/calico]
"""

from ansible_collections.dcos.calico.plugins.module_utils._jobs._cni_plugin import ARGUMENT_SPEC, job
from ansible_collections.dcos.calico.plugins.module_utils._module import run_module


def main():
    run_module(job, changes_host=True, argument_spec=ARGUMENT_SPEC, supports_check_mode=True)


if __name__ == '__main__':
    main()
