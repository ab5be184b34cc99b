# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the plan of a run of what was found on all hosts, and shows it; the plan itself is in plugin_utils/_cluster_plan.py, and pure."""

from __future__ import annotations

import copy
import json
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

from ansible_collections.dcos.calico.plugins.plugin_utils import _cluster_plan, _foreign, _verify_report

ARGUMENT_SPEC = {
    "hosts": {"type": "list", "elements": "str", "required": True},
    "result": {"type": "str", "required": True},
    "datastore": {"type": "dict", "default": {}},
    "components": {"type": "list", "elements": "str", "default": []},
    "json": {"type": "str", "default": ""},
}
HEAD = "Nothing was touched: {number} cannot be brought about."


class ActionModule(ActionBase):
    """dcos.calico.plan"""

    _requires_connection = False
    _supports_check_mode = True
    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        variables = task_vars or {}
        _checked, args = self.validate_argument_spec(copy.deepcopy(ARGUMENT_SPEC))
        only, skipped = list(variables.get("ansible_run_tags") or []), list(variables.get("ansible_skip_tags") or [])
        hostvars = variables.get("hostvars", {})
        found = {
            name: (hostvars[name].get(args["result"]) or {}).get("plan") or {}
            for name in args["hosts"]
            if name in hostvars
        }
        names, felix, known = _cluster_plan.datastore(args["datastore"].get("plan"), only, skipped)
        certified = [name for name in found if boolean(hostvars[name].get("calico_certificates", False), strict=False)]
        hosts = [_cluster_plan.host_plan(name, part, only, skipped) for name, part in found.items()]
        plan = _cluster_plan.ClusterPlan(
            hosts, names, felix, known, (["certificates"] if certified else []) + args["components"]
        )
        groups = _cluster_plan.groups(plan)
        for name in certified:
            groups.setdefault(name, []).append("calico_plan_certificates")
        result.update(changed=False, plan=_cluster_plan.document(plan), groups=groups, text=_cluster_plan.lines(plan))
        if args["json"]:
            try:
                _verify_report.write(args["json"], json.dumps(result["plan"], indent=2, sort_keys=True) + "\n")
            except OSError as error:
                why = error.strerror or error
                raise AnsibleActionFail(
                    f"The plan could not be written to {args['json']}: {why}. Make its folder, or name another file."
                ) from error
        if plan.problems:
            number = sum(len(sentences) for sentences in plan.problems.values())
            lines = [f"{name}: {sentence}" for name, sentences in plan.problems.items() for sentence in sentences]
            head = HEAD.format(number=f"{number} {'change' if number == 1 else 'changes'}")
            result.update(failed=True, msg="\n".join([head, *(f"  - {line}" for line in lines)]))
        else:
            _foreign.show(*(f"  {line}" for line in ["", *result["text"], ""]))
        return _foreign.told(result)
