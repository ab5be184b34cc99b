# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type


class ModuleDocFragment(object):
    """Options of modules that install CNI plugins: module_utils/_host/_cni.py PLACING_SPEC; with dcos.calico._download.plugins and .executables."""

    DOCUMENTATION = r"""
options:
  plugins:
    description:
      - CNI plugins to install. Each needs a source.
  executables:
    description:
      - Other executables to install in the same call, as in M(dcos.calico.executable).
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
