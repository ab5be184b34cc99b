# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the BGP sessions of all hosts together; what is down is told by plugin_utils/_sessions.py, which is pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.dcos.calico.plugins.plugin_utils import _sessions
from ansible_collections.dcos.calico.plugins.plugin_utils._action import ControllerAction
from ansible_collections.dcos.calico.plugins.plugin_utils._findings import failed

ARGUMENT_SPEC = {
    "hosts": {"type": "list", "elements": "str", "required": True},
    "result": {"type": "str", "required": True},
    "planned": {"type": "str"},
    "earlier": {"type": "dict"},
}


class ActionModule(ControllerAction):
    """dcos.calico.bgp_sessions_check"""

    SPEC = ARGUMENT_SPEC

    def answer(self, args: dict[str, Any]) -> dict[str, Any]:
        found = {name: self._result(self.of_host(name), args) for name in args["hosts"]}
        results = {name: value for name, value in found.items() if isinstance(value, dict) and "peers" in value}
        missed = _sessions.down(results, args.get("earlier"))
        return {
            "checked": sorted(results),
            "down": missed,
            **failed(_sessions.HEAD, _sessions.findings(missed, results), "node"),
        }

    @staticmethod
    def _result(variables: Mapping[str, Any], args: dict[str, Any]) -> Any:
        """What calico/node of one host said when it was run, or else when the plan was made."""
        found = variables.get(args["result"])
        if found is not None or not args["planned"]:
            return found
        return ((variables.get(args["planned"]) or {}).get("plan") or {}).get("calicoctl_node")
