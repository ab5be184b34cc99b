# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the plan of a run of what was found on all hosts, and shows it; the plan itself is in plugin_utils/_cluster_plan.py, and pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.dcos.calico.plugins.plugin_utils import _cluster_plan, _controller_paths, _untrusted
from ansible_collections.dcos.calico.plugins.plugin_utils._action import ControllerAction
from ansible_collections.dcos.calico.plugins.plugin_utils._findings import Finding, failed

ARGUMENT_SPEC = {
    "hosts": {"type": "list", "elements": "str", "required": True},
    "result": {"type": "str", "required": True},
    "datastore": {"type": "dict", "default": {}},
    "components": {"type": "list", "elements": "str", "default": []},
    "drift": {"type": "bool", "default": False},
    "json": {"type": "str", "default": ""},
}


class ActionModule(ControllerAction):
    """dcos.calico.plan"""

    SPEC = ARGUMENT_SPEC

    def answer(self, args: dict[str, Any]) -> dict[str, Any]:
        only = list(self.variables.get("ansible_run_tags") or [])
        skipped = list(self.variables.get("ansible_skip_tags") or [])
        variables = {name: self.of_host(name) for name in args["hosts"] if name in self.hostvars}
        found = {name: (known.get(args["result"]) or {}).get("plan") or {} for name, known in variables.items()}
        names, felix, known = _cluster_plan.datastore(args["datastore"].get("plan"), only, skipped)
        drift = args["drift"]
        certified = [name for name in (() if drift else found) if _yes(variables[name], "calico_certificates")]
        hosts = [
            _cluster_plan.host_plan(
                name, part, only, skipped, drained=_yes(variables[name], "calico_agent_drain"), drift=drift
            )
            for name, part in found.items()
        ]
        components = (["certificates"] if certified else []) + args["components"]
        plan = _cluster_plan.ClusterPlan(hosts, names, felix, known, components, drift)
        groups = _cluster_plan.groups(plan)
        for name in certified:
            groups.setdefault(name, []).append("calico_plan_certificates")
        document, lines = _cluster_plan.document(plan), _cluster_plan.lines(plan)
        if args["json"]:
            _controller_paths.write(args["json"], json.dumps(document, indent=2, sort_keys=True) + "\n")
        findings = [Finding(words, host=name) for name, sentences in plan.problems.items() for words in sentences]
        if not findings:
            _untrusted.show(*(f"  {line}" for line in ["", *lines, ""]))
        return {
            "plan": document,
            "groups": groups,
            "text": lines,
            **failed("Nothing was touched: {} cannot be brought about", findings, "change"),
        }


def _yes(variables: Mapping[str, Any], name: str) -> bool:
    return bool(boolean(variables.get(name, False), strict=False))
