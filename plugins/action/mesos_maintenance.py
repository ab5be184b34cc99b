# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows the progress of a wait (plugin_utils/_progress.py), and says by what names Mesos may know a host of the inventory."""

from __future__ import annotations

from typing import Any

from ansible_collections.dcos.calico.plugins.plugin_utils import _agents
from ansible_collections.dcos.calico.plugins.plugin_utils._progress import ProgressAction


class ActionModule(ProgressAction):
    """dcos.calico.mesos_maintenance"""

    MODULE = "dcos.calico.mesos_maintenance"

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        args = self._task.args
        hosts = (task_vars or {}).get("hostvars") or {}
        named = args.get("agents") if isinstance(args.get("agents"), list) else []
        given = args.get("aliases") or {}
        if isinstance(given, dict):  # anything else is for the module to refuse
            aliases = {name: [*_listed(value)] for name, value in given.items()}
            for name in [str(host) for host in named if host in hosts]:
                said = _agents.detected(hosts[name].get("calico_agent"))
                aliases[name] = sorted({*aliases.get(name, ()), *_agents.names_of(name, hosts[name], said)})
            self._task.args = {**args, "aliases": aliases}
        return super().run(tmp, task_vars)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
