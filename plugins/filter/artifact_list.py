# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: artifact_list
short_description: What a mirror of a Calico release holds
version_added: 0.1.0
author: dcos.calico maintainers (@dcos)
description:
  - Lists the artefacts of a release for M(dcos.calico.artifact_manifest), each with its address and its path in a mirror.
positional: mirror, overrides
options:
  _input:
    description: The release.
    type: str
    required: true
  mirror:
    description: Base URL of a mirror to fetch from; empty means the release pages of the upstream projects.
    type: str
    default: ""
  overrides:
    description: Items with C(name), and C(url) and C(sha256) as far as they are not empty.
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
- name: Say what there is
  ansible.builtin.debug:
    msg: "{{ '2.6.12' | dcos.calico.artifact_list }}"
"""

RETURN = r"""
_value:
  description: Items as dcos.calico.artifact_manifest takes them.
  type: list
  elements: dict
"""

from ansible.errors import AnsibleFilterError

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.plugin_utils import _artifacts


def artifact_list(release, mirror="", overrides=None):
    """The pure function with its error as Ansible wants it."""
    try:
        return _artifacts.manifest(release, mirror=mirror, overrides=overrides)
    except CalicoError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self):
        return {"artifact_list": artifact_list}
