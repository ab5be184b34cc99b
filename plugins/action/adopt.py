# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of a cluster that others have set up: shown, written as variables of the inventory, and given to the rest of the run; what it is is told by
plugin_utils/_adopt.py, and pure."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleError

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.plugin_utils import _adopt, _controller_paths, _untrusted
from ansible_collections.dcos.calico.plugins.plugin_utils._action import ControllerAction
from ansible_collections.dcos.calico.plugins.plugin_utils._findings import Verdict

ARGUMENT_SPEC = {
    "hosts": {"type": "list", "elements": "str", "required": True},
    "result": {"type": "str", "required": True},
    "file": {"type": "str", "required": True},
    "asks_dcos": {"type": "bool", "default": False},
}
VARIABLES = (
    "calico_node_name",
    "calico_node_ip",
    "calico_node_as_number",
    "calico_node_libnetwork",
    "calico_docker_network",
    "calico_ip_pools",
    "calico_networks",
)


def _plain(value: Any) -> Any:
    """A value without what ansible-core has marked its texts with, which YAML cannot write."""
    return json.loads(json.dumps(value))


class ActionModule(ControllerAction):
    """dcos.calico.adopt"""

    SPEC = ARGUMENT_SPEC

    def answer(self, args: dict[str, Any]) -> dict[str, Any]:
        path, before = args["file"], ""
        if not path:
            raise CalicoError(
                "No file is named for the variables of the inventory", remedy="Add -e calico_adopt_file=FILE"
            )
        if os.path.lexists(path):
            before = _controller_paths.read(path)
        others, common = _adopt.earlier(before, path) if before else ({}, {})
        verdict = Verdict()
        hosts = [self._host(name, args["result"]) for name in args["hosts"]]
        found = _adopt.adopt(hosts, verdict, common, args["asks_dcos"])
        text = _adopt.document(found, others)
        lines = [
            *_adopt.lines(hosts, found),
            "",
            "Kept, as variables of the inventory:",
            *(f"  {line}" for line in text.splitlines()[2:]),
        ]
        _untrusted.show(*(f"  {line}" for line in ["", *lines, ""]))
        result = verdict.result(f"on {len(hosts)} hosts that cannot be adopted")
        if not result.get("failed") and text != before and not self._task.check_mode:
            _controller_paths.write(path, text)
        return {
            "changed": not result.get("failed") and text != before,
            "variables": found.variables,
            "inventory": _adopt.inventory(found, others),
            "text": lines,
            "framework": found.framework,
            "file": path,
            "diff": {"before_header": path, "after_header": path, "before": before, "after": text},
            **result,
        }

    def _host(self, name: str, result: str) -> _adopt.Host:
        variables = self.of_host(name)
        info = _plain(variables.get(result))
        return _adopt.Host(name, info if isinstance(info, dict) else {}, _plain(dict(self._given(variables))))

    @staticmethod
    def _given(variables: Mapping[str, Any]) -> Any:
        for name in VARIABLES:
            if name in variables:
                try:
                    yield name, variables[name]
                except AnsibleError as error:
                    raise CalicoError(f"{name} cannot be told", str(error), "Correct it") from error
