# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type


class ModuleDocFragment(object):
    """Options of modules that run etcd: module_utils/_host/_etcd_service.py COMMON_SPEC."""

    DOCUMENTATION = r"""
options:
  executable:
    description:
      - The etcd executable. Without a source it must be there already.
    type: dict
    suboptions:
      path:
        description:
          - Where it is to be.
        type: path
        default: /opt/calico/bin/etcd
      url:
        description:
          - Address to fetch from, by https (or http, see O(allow_http)). At most one of C(url), C(src) and C(local_src).
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
  ca_path:
    description:
      - File on the managed host with the CAs to trust for downloads, instead of those of the system. Certificates are always verified.
    type: path
  download_timeout:
    description:
      - Seconds that a download may take, all attempts together.
    type: float
    default: 300
  allow_http:
    description:
      - Whether to fetch by plain http too, for mirrors in a trusted network. The sums are checked all the same.
    type: bool
    default: false
  receipts:
    description:
      - File that notes what was installed from which source, so that a member of an archive need not be fetched to be compared.
    type: path
    default: /var/lib/dcos-calico/receipts.json
  ca_file:
    description:
      - File on the managed host with the CA certificates of the other side, for TLS on the members' client ports.
      - This and the other certificates and keys are copied into a folder below C(/etc/calico) for the user that etcd runs as, and etcd is
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
