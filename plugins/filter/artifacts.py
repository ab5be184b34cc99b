# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: artifacts
short_description: Where the artefacts of a Calico release come from
version_added: 0.1.0
author: dcos.calico maintainers (@dcos)
description:
  - Tells for each artefact of a release (C(calicoctl), C(calico), C(calico-ipam), C(etcd), C(calico-node)) its source, its digest where one is given,
    and its place in an archive.
positional: mirror, folder, overrides
options:
  _input:
    description: The release, one of 2.6.1, 2.6.2, 2.6.3 and 2.6.5 to 2.6.12.
    type: str
    required: true
  mirror:
    description: Base URL of a mirror; empty means the release pages of the upstream projects.
    type: str
    default: ""
  folder:
    description: Folder on the controller, laid out like the mirror; it wins over the mirror.
    type: str
    default: ""
  overrides:
    description: Items with C(name), and C(url), C(sha256), C(image) and C(folder) as far as they are not empty.
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
- name: Say where calicoctl comes from
  ansible.builtin.debug:
    msg: "{{ ('2.6.12' | dcos.calico.artifacts)['calicoctl'].source.url }}"
"""

RETURN = r"""
_value:
  description: For each name a mapping with C(source), as the modules take it, and C(image) for calico-node.
  type: dict
"""

from ansible.errors import AnsibleFilterError

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.plugin_utils import _artifacts


def artifacts(release, mirror="", folder="", overrides=None):
    """The pure function with its error as Ansible wants it."""
    try:
        return _artifacts.resolve(release, mirror=mirror, folder=folder, overrides=overrides)
    except CalicoError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self):
        return {"artifacts": artifacts}
