# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function

__metaclass__ = type


class ModuleDocFragment(object):
    """Options of modules that run etcd: module_utils/_host/_etcd_service.py COMMON_SPEC; with dcos.calico._download and dcos.calico._download.etcd."""

    DOCUMENTATION = r"""
options:
  executable:
    description:
      - The etcd executable. Without a source it must be there already.
  download_timeout:
    description:
      - Seconds that a download may take, all attempts together.
    type: float
    default: 300
  ca_file:
    description:
      - File on the managed host with the CA certificates of the other side, for TLS on the members' client ports.
      - This and the other certificates and keys are copied into a directory below C(/etc/calico) for the user that etcd runs as, and etcd is
        restarted when they change. They may therefore be readable for root only.
    type: path
  cert_file:
    description:
      - File on the managed host with the certificate to use on the members' client ports.
    type: path
  key_file:
    description:
      - File on the managed host with the key of O(cert_file).
    type: path
  peer_ca_file:
    description:
      - As O(ca_file), for the members' peer ports. If none of the three for peer ports is given, those for client ports are used.
    type: path
  peer_cert_file:
    description:
      - As O(cert_file), for the members' peer ports.
    type: path
  peer_key_file:
    description:
      - As O(key_file), for the members' peer ports.
    type: path
"""
