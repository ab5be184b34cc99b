# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the plan of an uninstall of what was found on all hosts, and shows it; the plan itself is in plugin_utils/_uninstall.py, and pure."""

from __future__ import annotations

from typing import Any

from ansible_collections.dcos.calico.plugins.plugin_utils import _uninstall, _untrusted
from ansible_collections.dcos.calico.plugins.plugin_utils._action import ControllerAction
from ansible_collections.dcos.calico.plugins.plugin_utils._findings import failed

ARGUMENT_SPEC = {
    "hosts": {"type": "list", "elements": "str", "required": True},
    "result": {"type": "str", "required": True},
    "datastore": {"type": "str", "choices": ["keep", "delete"], "default": "keep"},
    "etcd_members": {"type": "bool", "default": False},
    "forget_nodes": {"type": "list", "elements": "str", "default": []},
    "backup_file": {"type": "str", "default": ""},
    "without_backup": {"type": "bool", "default": False},
    "components": {"type": "list", "elements": "str", "default": []},
}


class ActionModule(ControllerAction):
    """dcos.calico.uninstall_plan"""

    SPEC = ARGUMENT_SPEC

    def answer(self, args: dict[str, Any]) -> dict[str, Any]:
        options = _uninstall.Options(
            args["datastore"] == "delete",
            args["etcd_members"],
            frozenset(args["forget_nodes"]),
            args["backup_file"],
            args["without_backup"],
        )
        made = _uninstall.plan([self._host(name, args["result"]) for name in args["hosts"]], options)
        lines = _uninstall.lines(made)
        if args["components"]:
            lines.append(f"  Not part of this, and undone as their pages say: {', '.join(args['components'])}.")
        _untrusted.show(*(f"  {line}" for line in ["", *lines, ""]))
        if made.findings:
            return failed("Nothing was touched: {} with this uninstall", made.findings)
        # In check mode the look has told all, and nobody takes part in what follows.
        return {
            "plan": _uninstall.document(made),
            "groups": {} if self._task.check_mode else _uninstall.groups(made),
            "text": lines,
        }

    def _host(self, name: str, result: str) -> _uninstall.Host:
        found = self.of_host(name)[result]
        return _uninstall.Host(
            name,
            found["parts"],
            found["left"],
            found["refusals"],
            found["node"],
            found["datastore"],
            found["member"],
        )
