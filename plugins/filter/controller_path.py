# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: controller_path
short_description: The whole path of a file on the controller
version_added: 0.1.0
author: dcos.calico maintainers (@dcos)
description:
  - Makes a path whole. A relative one is of the directory in which the command was started, not of the playbook's; C(~) is the home of whoever started it.
  - An empty path stays empty.
positional: write, or_content
options:
  _input:
    description: The path.
    type: raw
    required: true
  write:
    description: Whether it is to be written. A path in this collection is refused then.
    type: bool
    default: false
  or_content:
    description: Whether a document, a key or a dictionary may be given in its place, which stays as it is.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Say where the bundle is looked for
  ansible.builtin.debug:
    msg: "{{ 'dcos-ca.crt' | dcos.calico.controller_path }}"
"""

RETURN = r"""
_value:
  description: The path, beginning with a slash.
  type: raw
"""

from ansible_collections.dcos.calico.plugins.plugin_utils._controller_paths import controller_path


class FilterModule:
    def filters(self) -> dict[str, object]:
        return {"controller_path": controller_path}
