# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Controller's part of dcos.calico.agent_plan: makes a host's steps of its variables, also where these are made of what is found on the host."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.dcos.calico.plugins.plugin_utils import _desired, _found, _push, _untrusted, _variables
from ansible_collections.dcos.calico.plugins.plugin_utils._old_python import FirstContact

MODULE = "dcos.calico.agent_plan"
FOUND = "calico_agent"
# What the defaults of calico_node_name and calico_node_ip take of a host. The module puts in what it finds, so that one execution is enough.
REFERENCES = {
    "{{ calico_agent.node.ip }}": "@calico_agent.node.ip@",
    "{{ calico_agent.node.ip }}/{{ calico_agent.node.prefix }}": "@calico_agent.node.ip@/@calico_agent.node.prefix@",
}
# The last two are made of what is found, unless somebody sets them.
MENTION = re.compile(rf"\b({FOUND}|calico_node_name|calico_node_ip)\b")
INTERNAL = "__calico_"
# In which no operator's template stands: variables of core, some of which name all hosts, and what a run has registered.
NOT_WRITTEN = {
    "hostvars",
    "groups",
    "vars",
    "ansible_facts",
    "ansible_local",
    "environment",
    "play_hosts",
    "ansible_play_hosts",
    "ansible_play_hosts_all",
    "ansible_play_batch",
    "ansible_current_hosts",
    "ansible_failed_hosts",
    "omit",
    *_variables.REGISTERED,
}


def texts(value: Any) -> Iterator[str]:
    """Every text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from texts(part)


def made_of_facts(variables: Mapping[str, Any]) -> bool:
    """Whether variables (as they were written) take more of a host than REFERENCES can stand for, or in another way."""
    for name, value in variables.items():
        if name in NOT_WRITTEN or name.startswith(INTERNAL):
            continue
        if any(MENTION.search(text) and text.strip() not in REFERENCES for text in texts(value)):
            return True
    return False


def sums(value: Any) -> Any:
    """Arguments in which each file of the controller has its sum, which the module compares; those that are given are not computed."""
    if isinstance(value, Mapping):
        found = {key: sums(part) for key, part in value.items()}
        if found.get("local_src") and not found.get("sha256"):
            found["sha256"] = _push.sha256_of(found["local_src"])
        return found
    return [sums(part) for part in value] if isinstance(value, (list, tuple)) else value


class ActionModule(FirstContact):
    """dcos.calico.agent_plan"""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        of = self._task.args.get("of")
        if of is None:
            return {**result, **self._look(list(self._task.args.get("steps") or []), variables)}
        if of == "datastore":
            return {**result, **self._look(_desired.datastore_steps(self._variables(variables)), variables)}
        if of == "unmanaged":
            found = self._look([self._info(self._variables(variables, REFERENCES), unmanaged=True)], variables)
            return {**result, **found.pop("facts", {}), **found}
        if not made_of_facts(variables):
            desired = self._variables(variables, REFERENCES)
            found = self._look([self._info(desired), *_desired.host_steps(desired)], variables)
            facts = found.pop("facts", None)
            return {**result, **found, **(_found.packed(facts) if isinstance(facts, Mapping) else {})}
        seen = self._look([self._info(self._variables(variables))], variables)
        if seen.get("failed"):
            return {**result, **seen}
        facts = _untrusted.as_data(seen["facts"])  # of a stranger, and about to stand beside templates
        found = self._look(_desired.host_steps(self._variables({**variables, FOUND: facts})), variables)
        return {
            **result,
            **facts,
            **found,
            "facts": {},
            "warnings": [*seen.get("warnings", []), *found.get("warnings", [])],
        }

    def _variables(self, variables: dict[str, Any], instead: Mapping[str, str] | None = None) -> _desired.Variables:
        templar = self._templar.copy_with_new_env(available_variables=variables)
        return _desired.Variables(variables, templar.template, instead)

    @staticmethod
    def _info(desired: _desired.Variables, **more: bool) -> dict[str, Any]:
        return {"job": "agent_info", "args": {**_desired.info(desired), **more}}

    def _look(self, steps: list[dict[str, Any]], variables: dict[str, Any]) -> dict[str, Any]:
        args = {"steps": sums(steps), "drift": self._task.args.get("drift", False)}
        found = self._execute_module(module_name=MODULE, module_args=args, task_vars=variables)
        return self.explained(found, variables)
