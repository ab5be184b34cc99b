# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type


class ModuleDocFragment(object):
    """Options of modules that run calicoctl: module_utils/_calico/_runner.py OPTIONS."""

    DOCUMENTATION = r"""
options:
  calicoctl:
    description:
      - Path of the calicoctl executable.
    type: path
    default: /opt/calico/bin/calicoctl
  config:
    description:
      - Its configuration file, which says where etcd is. Variables such as C(ETCD_ENDPOINTS) are not looked at.
    type: path
    default: /etc/calico/calicoctl.cfg
  timeout:
    description:
      - Seconds that one call of calicoctl may take, its repetitions included.
      - An endpoint of etcd that drops packets costs 30 seconds before calicoctl tries the next.
    type: int
    default: 90
"""
