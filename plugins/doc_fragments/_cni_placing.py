# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type


class ModuleDocFragment(object):
    """Options of modules that install CNI plugins: module_utils/_host/_cni_plugins.py PLACING_SPEC."""

    DOCUMENTATION = r"""
options:
  plugins:
    description:
      - CNI plugins to install.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - Its name, which is the C(type) by which network configurations call it.
        type: str
        required: true
      url:
        description:
          - Address to fetch from, by https (or http, see O(allow_http)). One of C(url), C(src) and C(local_src) is needed.
        type: str
      src:
        description:
          - Path on the managed host. It is copied, not moved.
        type: path
      local_src:
        description:
          - Path on the controller, absolute or in the C(files) folder of the role or play. It is pushed only if the plugin is not in place yet.
        type: str
      sha256:
        description:
          - Sum in hexadecimal of what the source names, of the whole archive if C(member) is given. Nothing is installed without it.
          - For C(local_src) it is taken from the file, and compared with what is given here.
        type: str
      sha256_variable:
        description:
          - What to tell the user to set when C(sha256) is empty, such as the name of a role's variable.
        type: str
      member:
        description:
          - Path inside the archive, if the source is a C(tar.gz) or C(zip) archive.
        type: str
  executables:
    description:
      - Other executables to install in the same call, as in M(dcos.calico.executable).
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description:
          - Where the executable is to be.
        type: path
        required: true
      url:
        description:
          - Address to fetch from, by https (or http, see O(allow_http)). One of C(url), C(src) and C(local_src) is needed.
        type: str
      src:
        description:
          - Path on the managed host. It is copied, not moved.
        type: path
      local_src:
        description:
          - Path on the controller, absolute or in the C(files) folder of the role or play. It is pushed only if the executable is not in place yet.
        type: str
      sha256:
        description:
          - Sum in hexadecimal of what the source names, of the whole archive if C(member) is given. Nothing is installed without it.
          - For C(local_src) it is taken from the file, and compared with what is given here.
        type: str
      sha256_variable:
        description:
          - What to tell the user to set when C(sha256) is empty, such as the name of a role's variable.
        type: str
      member:
        description:
          - Path inside the archive, if the source is a C(tar.gz) or C(zip) archive.
        type: str
      mode:
        description:
          - Its mode, octal with a leading zero, quoted.
        type: str
        default: '0755'
      owner:
        description:
          - Its owner.
        type: str
        default: root
      group:
        description:
          - Its group.
        type: str
        default: root
      links:
        description:
          - Symbolic links that are to point to O(executables[].path). A file that has the name of one is replaced.
        type: list
        elements: path
        default: []
  bin_dir:
    description:
      - Folder of the plugins' files. It lies outside C(/opt/mesosphere), which DC/OS upgrades swap.
    type: path
    default: /opt/calico/bin
  plugin_dir:
    description:
      - Folder in which Mesos looks for plugins. It gets a symbolic link to each. A file that has the name of one is replaced; the diff
        shows its sum. DC/OS makes this folder if it is below C(/opt/mesosphere); another one is made if needed.
    type: path
    default: /opt/mesosphere/active/cni
  required_cni_version:
    description:
      - CNI version that each plugin must support. A new plugin is asked for its versions before it becomes visible.
    type: str
    default: 0.1.0
"""
