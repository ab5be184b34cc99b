# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: required_hosts
short_description: The hosts of a play without which a run would do nothing
version_added: 0.1.0
author: dcos.calico maintainers (@dcos)
description:
  - For C(hosts) of the first play of a playbook that works on hosts. Returns the pattern it is given, and fails, so that the run does, if no host matches
    it, where ansible-playbook itself ends with 0 and a job of AWX is successful.
  - The limit of the run counts. A slice of a job of AWX may be without such hosts, because another one has them, but not without any host.
  - Is evaluated by the controller itself, whatever the inventory says of become, connection and interpreter. Not validated are C(--syntax-check),
    C(--list-hosts), C(--list-tasks) and C(--list-tags).
options:
  _terms:
    description:
      - One pattern of hosts.
    type: list
    elements: str
    required: true
  also:
    description:
      - A second pattern whose hosts are enough for the run to go on, because a later play is for them.
    type: str
"""

EXAMPLES = r"""
- name: Work on every agent
  hosts: "{{ lookup('dcos.calico.required_hosts', 'agents:agents_private:agents_public') }}"
  gather_facts: false
  tasks:
    - name: Say so
      ansible.builtin.debug:
        msg: There is at least one.
"""

RETURN = r"""
_raw:
  description: The pattern.
  type: list
  elements: str
"""

import gc
import os
from functools import cache
from typing import Any

from ansible import context
from ansible.errors import AnsibleLookupError
from ansible.inventory.manager import InventoryManager
from ansible.plugins.lookup import LookupBase

from ansible_collections.dcos.calico.plugins.plugin_utils import _untrusted, _required_hosts

LOOKS_ONLY = ("syntax", "listhosts", "listtasks", "listtags")
# Core loads filters and tests with the first template that uses one. This lookup is evaluated by the process from which all workers are forked; without it each
# worker loads them for itself, a quarter of what an unchanged run costs.
LOADS_FILTERS = "{{ ('' | default('') | dcos.calico.controller_path) is defined }}"


@cache
def _leave_to_workers_what_they_share() -> None:
    """A worker is a fork that ends with its task. Its garbage collector would look through all that it has of this process, and mark it, by which each worker
    gets a copy of its own. What it makes itself is still collected."""
    os.register_at_fork(after_in_child=gc.freeze)


def _hosts_of(manager: InventoryManager, patterns: list[str]) -> list[str]:
    """Names of the hosts of each; as one, what one pattern excludes would be missing from all."""
    return sorted({host.name for pattern in patterns for host in manager.get_hosts(pattern)})


class LookupModule(LookupBase):
    """dcos.calico.required_hosts"""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[str]:
        self.set_options(var_options=variables, direct=kwargs)
        [pattern] = terms
        self._templar.template(_untrusted.own(LOADS_FILTERS))
        _leave_to_workers_what_they_share()
        if any(context.CLIARGS.get(option) for option in LOOKS_ONLY):
            return [pattern]
        variables = variables or {}
        groups, limit = variables.get("groups", {}), variables.get("ansible_limit")
        patterns = [pattern, *filter(None, [self.get_option("also")])]
        manager = self._inventory(groups)
        meant = _hosts_of(manager, patterns)
        manager.subset(limit)
        if _hosts_of(manager, patterns):
            return [pattern]
        wrong = _required_hosts.nobody(patterns, groups, meant, limit)
        if not groups.get("all") or not _required_hosts.is_slice(variables):
            raise AnsibleLookupError(str(wrong))
        _untrusted.show(f"This slice leaves it to the others. {wrong}")
        return [pattern]

    def _inventory(self, groups: dict[str, list[str]]) -> InventoryManager:
        """What patterns and limits are evaluated against, as ansible.builtin.inventory_hostnames has it."""
        manager = InventoryManager(self._loader, parse=False)
        for group, hosts in groups.items():
            manager.add_group(group)
            for host in hosts:
                manager.add_host(host, group=group)
        return manager
