# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge the BGP sessions of all hosts together; the judgement itself is in plugin_utils/_sessions.py, and pure."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.dcos.calico.plugins.plugin_utils import _foreign, _sessions

ARGUMENT_SPEC = {
    "hosts": {"type": "list", "elements": "str", "required": True},
    "result": {"type": "str", "required": True},
    "planned": {"type": "str"},
    "earlier": {"type": "dict"},
}


class ActionModule(ActionBase):
    """dcos.calico.sessions"""

    _requires_connection = False
    _supports_check_mode = True
    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _checked, args = self.validate_argument_spec(ARGUMENT_SPEC)
        hostvars = (task_vars or {}).get("hostvars", {})
        found = {name: self._result(hostvars[name], args) for name in args["hosts"] if name in hostvars}
        results = {name: value for name, value in found.items() if isinstance(value, dict) and "peers" in value}
        missed = _sessions.down(results, args.get("earlier"))
        result.update(changed=False, checked=sorted(results), down=missed)
        if missed:
            result.update(failed=True, msg=_sessions.message(missed, results))
        return _foreign.told(result)

    @staticmethod
    def _result(variables: Any, args: dict[str, Any]) -> Any:
        """What calico/node of one host said when it was run, or else when the plan was made."""
        found = variables.get(args["result"])
        if found is not None or not args["planned"]:
            return found
        return ((variables.get(args["planned"]) or {}).get("plan") or {}).get("calicoctl_node")
