# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: artifact_sums
short_description: The digests that an install needs
version_added: 0.1.0
author: dcos.calico maintainers (@dcos)
description:
  - Lists the artefacts that an install fetches, for C(expectations.artefacts) of M(dcos.calico.preflight).
positional: etcd, by_tag
options:
  _input:
    description: What P(dcos.calico.artifacts#filter) gave.
    type: dict
    required: true
  etcd:
    description: Whether etcd, or its proxy, is installed too.
    type: bool
    default: true
  by_tag:
    description: Whether the registry is relied on for what an image is, so that its tag is enough.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Say which digests are needed
  ansible.builtin.debug:
    msg: "{{ '2.6.12' | dcos.calico.artifacts | dcos.calico.artifact_sums }}"
"""

RETURN = r"""
_value:
  description: Items with C(name), C(variable), and C(sha256), which is empty where none is given; C(image) for one that is pulled.
  type: list
  elements: dict
"""

from ansible_collections.dcos.calico.plugins.plugin_utils import _artifacts


class FilterModule:
    def filters(self):
        return {"artifact_sums": _artifacts.sums}
