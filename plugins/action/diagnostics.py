# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes bundles on the controller of what hosts have said: a host's texts leave no file there, and are in no result that somebody could log."""

from __future__ import annotations

import hashlib
import os
import time
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError, AnsibleFilterError

from ansible_collections.dcos.calico.plugins.action import agent_plan
from ansible_collections.dcos.calico.plugins.module_utils import _redact
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.plugin_utils import _diagnostics, _diagnostics_cluster, _untrusted
from ansible_collections.dcos.calico.plugins.plugin_utils._controller_paths import controller_path
from ansible_collections.dcos.calico.plugins.plugin_utils._diagnostics import Entry

MODULE = "dcos.calico.diagnostics"
LIMITS = {"size": 8192, "seconds": 120, "all_size": 1 << 20, "all_seconds": 3600}
STAMP = "%Y-%m-%dT%H:%M:%SZ"


class ActionModule(agent_plan.ActionModule):
    """dcos.calico.diagnostics"""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        variables = task_vars or {}
        try:
            if self._task.args.get("of") == "start":
                return self._start()
            if self._task.args.get("of") == "cluster":
                return _untrusted.told(self._cluster(variables))
            try:
                return super().run(tmp, task_vars)
            except AnsibleConnectionFailure:
                raise
            except (AnsibleError, CalicoError) as error:  # in variables that a plan needs, and a bundle does not
                return self._collect([], variables, f"What would change on the host is not known: {error}")
        except (CalicoError, AnsibleFilterError) as error:
            return {"failed": True, "changed": False, "msg": str(error)}

    def _start(self) -> dict[str, Any]:
        """The directory of this run, before any host is asked."""
        parent = controller_path(self._task.args.get("directory"), write=True)
        name = time.strftime("calico-diagnostics-%Y%m%dT%H%M%SZ", time.gmtime())
        if self._task.check_mode:
            _diagnostics.require_named(parent)
            path = os.path.join(parent, name)
        else:
            path = _diagnostics.make_directory(parent, name)
        return {"changed": False, "path": path, "started": time.monotonic()}

    def _look(self, steps: list[dict[str, Any]], variables: dict[str, Any]) -> dict[str, Any]:
        if steps and all(step["job"] == "agent_info" for step in steps):
            return super()._look(steps, variables)
        return self._collect(agent_plan.sums(steps), variables)

    def _limit(self, name: str) -> int:
        return int(self._task.args.get(name) or LIMITS[name])

    def _collect(self, steps: list[dict[str, Any]], variables: dict[str, Any], note: str = "") -> dict[str, Any]:
        """What the module found but its texts, and the bundle that was made of them."""
        args = dict(self._task.args)
        seconds = self._limit("seconds")
        if args.get("started") is not None:
            left = self._limit("all_seconds") - (time.monotonic() - float(args["started"]))
            if left < 1:
                raise CalicoError(
                    "Not asked",
                    "the time for all hosts was over",
                    "Raise calico_diagnostics_all_seconds, or use --limit",
                )
            seconds = min(seconds, int(left))
        hosts = len(variables.get("ansible_play_hosts_all") or [""])
        size = _diagnostics.share(self._limit("size"), self._limit("all_size"), hosts)
        found = self._execute_module(
            module_name=MODULE,
            module_args={**args, "steps": steps, "size": size, "seconds": seconds},
            task_vars=variables,
        )
        content = found.pop("content", None)
        found = self.explained(found, variables)
        if found.get("failed"):
            return found
        secrets = _diagnostics_cluster.secrets(variables, self._templar)
        entries = _diagnostics.entries_of(content, size << 10, secrets)
        if args.get("of") == "datastore":
            return {**found, "bundle": self._written(_diagnostics.CLUSTER, entries, "the cluster")}
        name = str(variables.get("inventory_hostname", ""))
        top = _diagnostics.file_name(name, variables.get("ansible_play_hosts_all") or [])
        more = [f"Inventory name: {name}", *([secrets.scrub(_redact.text(note))] if note else [])]
        return {**found, "bundle": self._written(top.removesuffix(_diagnostics.SUFFIX), entries, name, more)}

    def _written(self, top: str, entries: list[Entry], what: str, more: list[str] | None = None) -> dict[str, Any]:
        """A bundle's summary; it is a file unless this is check mode, or the texts are for no directory."""
        when = int(time.time())
        made = time.strftime(STAMP, time.gmtime(when))
        check = "check mode" if self._task.check_mode else "a run"
        first = _diagnostics.index(entries, what, made, _diagnostics_cluster.version(), check, more or [])
        packed = _diagnostics.archive([first, *entries], top, when)
        file = top + _diagnostics.SUFFIX
        found = {"file": file, "packed": len(packed), "sha256": hashlib.sha256(packed).hexdigest()}
        directory = controller_path(self._task.args.get("directory"), write=True)
        if directory and not self._task.check_mode:
            _diagnostics.write(os.path.join(directory, file), packed)
        return {**found, **_diagnostics.summary(entries)}

    def _cluster(self, variables: dict[str, Any]) -> dict[str, Any]:
        args = self._task.args
        directory = controller_path(args.get("directory"), write=True)
        results = {
            name: (variables["hostvars"][name] or {}).get(str(args.get("result"))) for name in args.get("hosts") or []
        }
        redactor = _diagnostics_cluster.secrets(variables, self._templar)
        earlier = _diagnostics.read(os.path.join(directory, _diagnostics.CLUSTER + _diagnostics.SUFFIX))
        said = {name: args.get(name) or {} for name in ("status", "datastore", "findings")}
        entries = _diagnostics_cluster.entries(results, said, variables["hostvars"], redactor)
        bundle = self._written(
            _diagnostics.CLUSTER,
            sorted([*earlier, *entries], key=lambda entry: entry.name),
            "the cluster",
            _diagnostics_cluster.rows(results, said["datastore"], redactor),
        )
        brief = _diagnostics_cluster.brief(directory, results, bundle, redactor)
        lines = _diagnostics_cluster.lines(brief, results, bool(self._task.check_mode))
        _untrusted.show(*(f"  {line}" for line in ["", *lines, ""]))
        return {"changed": False, "bundle": bundle, "brief": brief, "text": lines}
