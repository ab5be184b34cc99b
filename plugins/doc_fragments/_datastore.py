# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type


class ModuleDocFragment(object):
    """Options of modules that ask etcd itself: module_utils/_jobs/_datastore.py OPTIONS."""

    DOCUMENTATION = r"""
options:
  config:
    description:
      - calicoctl's configuration file on the host, which says where etcd is.
    type: path
    default: /etc/calico/calicoctl.cfg
  timeout:
    description:
      - Seconds that an answer of etcd may take.
    type: int
    default: 90
"""
