# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import absolute_import, division, print_function
__metaclass__ = type


class ModuleDocFragment(object):
    """Options of modules that fetch files: module_utils/_host/_download.py DOWNLOAD_SPEC and receipts."""

    DOCUMENTATION = r"""
options:
  ca_path:
    description:
      - File on the managed host with CAs to trust for downloads, besides those of the system. Certificates are always verified.
    type: path
  timeout:
    description:
      - Seconds that one download may take, all attempts together.
    type: float
    default: 300
  allow_http:
    description:
      - Whether to fetch by plain http too, for mirrors in a trusted network. The sums are checked all the same.
    type: bool
    default: false
  receipts:
    description:
      - File that notes what was installed from which source, so that members of archives need not be fetched to be compared.
    type: path
    default: /var/lib/dcos-calico/receipts.json
"""
