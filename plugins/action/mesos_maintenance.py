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
        if not isinstance(given, dict):
            return super().run(tmp, task_vars)
        names = {
            str(host): sorted(
                _agents.names_of(str(host), hosts[host], _agents.detected(hosts[host].get("calico_agent")))
            )
            for host in named
            if host in hosts
        }
        aliases = {name: sorted({*names.get(name, ()), *(given.get(name) or ())}) for name in {*names, *given}}
        self._task.args = {**args, "aliases": aliases}
        return super().run(tmp, task_vars)
