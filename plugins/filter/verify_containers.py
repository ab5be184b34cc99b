# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The containers of a verification; see plugin_utils/_verify_plan.py."""

from __future__ import annotations

DOCUMENTATION = r"""
name: verify_containers
short_description: The containers of a verification that run
version_added: 0.1.0
description:
  - Turns what M(dcos.calico.marathon_app_info) tells of the apps of a verification into what M(dcos.calico.network_probe) takes.
author:
  - dcos.calico maintainers (@dcos)
positional: _input, run
options:
  _input:
    description: The apps.
    type: list
    elements: dict
    required: true
  run:
    description: Name of the verification, as M(dcos.calico.verify_plan) gives it.
    type: str
    required: true
  mesos_dns:
    description: Whether names below C(.mesos) must have containers' addresses, too.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Measure what each container of a verification sees
  dcos.calico.network_probe:
    run: "{{ plan.run }}"
    containers: "{{ started.apps | dcos.calico.verify_containers(plan.run) }}"
"""

RETURN = r"""
_value:
  description: Containers, for C(containers) of network_probe.
  type: list
  elements: dict
"""

from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.dcos.calico.plugins.plugin_utils import _verify_plan


def verify_containers(apps: list[dict[str, Any]], run: str, mesos_dns: bool = False) -> list[dict[str, Any]]:
    """See DOCUMENTATION."""
    try:
        return _verify_plan.containers(apps, run, mesos_dns)
    except (KeyError, TypeError) as error:
        raise AnsibleFilterError(
            f"verify_containers takes the apps that marathon_app_info returns: {error!r}"
        ) from error


class FilterModule:
    """dcos.calico.verify_containers"""

    def filters(self) -> dict[str, Any]:
        return {"verify_containers": verify_containers}
