# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say what the measurements of all agents mean, show it as a table, and keep it as files; what they mean is in plugin_utils/_verify_evaluate.py, and pure."""

from __future__ import annotations

import datetime
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.plugin_utils import (
    _agents,
    _controller_paths,
    _untrusted,
    _verify_evaluate,
    _verify_report,
)
from ansible_collections.dcos.calico.plugins.plugin_utils._action import ControllerAction
from ansible_collections.dcos.calico.plugins.plugin_utils._verify_plan import RUN

ARGUMENT_SPEC = {
    "hosts": {"type": "list", "elements": "str", "required": True},
    "result": {"type": "str", "required": True},
    "plan": {"type": "dict", "required": True},
    "cluster": {"type": "dict", "required": True},
    "apps": {"type": "list", "elements": "dict", "required": True},
    "networks": {"type": "list", "elements": "str", "required": True},
    "known_networks": {"type": "list", "elements": "dict", "default": []},
    "pools": {"type": "list", "elements": "dict", "default": []},
    "skip": {"type": "list", "elements": "str", "default": []},
    "needs": {"type": "str", "default": ""},
    "json": {"type": "str", "default": ""},
    "junit": {"type": "str", "default": ""},
    "removed": {"type": "int", "default": 0},
    "fail": {"type": "bool", "default": True},
}
FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def pairs_of(seen: _verify_evaluate.Seen) -> list[dict[str, Any]]:
    """Every connection that was tried."""
    found = []
    for network in seen.networks:
        for host in seen.hosts:
            for peer in (seen.container(host, network) or {}).get("peers", []):
                wrong, large = _verify_evaluate.trouble(peer), peer.get("large") or {}
                ms = (peer.get("tcp") or {}).get("ms")
                found.append({"network": network, "from": seen.agent_of(host), "to": peer["agent"], "ok": wrong is None, "trouble": wrong, "ms": ms,
                              "path_mtu": large.get("path_mtu")})  # fmt: skip
    return found


class ActionModule(ControllerAction):
    """dcos.calico.verify"""

    SPEC = ARGUMENT_SPEC

    def answer(self, args: dict[str, Any]) -> dict[str, Any]:
        seen, now = self._seen(args), datetime.datetime.now(datetime.timezone.utc)
        pairs = pairs_of(seen)
        begin = datetime.datetime.fromtimestamp(args["plan"]["started"], datetime.timezone.utc)
        report = _verify_report.Report(
            seen.run,
            str((args["cluster"].get("dcos") or {}).get("version") or "?"),
            _verify_evaluate.evaluate(seen),
            (len(pairs), sum(pair["ok"] for pair in pairs)),
            begin.strftime(FORMAT),
            (now - begin).total_seconds(),
        )
        files, failures = self._write(args, report, pairs)
        if not report.rows:
            failures.append(
                "No host of this run is an agent that was to be verified. Look at --limit, and at calico_verify_agents."
            )
        if not report.ok:
            failures.insert(0, _verify_report.message(report))
        self._show(report, args["removed"], files)
        message = " ".join(failures)
        return {
            "ok": not failures,
            "message": message,
            "summary": _verify_report.summary(report),
            "report": _verify_report.document(report, pairs),
            "stats": _verify_report.stats(report),
            "files": files,
            **({"failed": True, "msg": message} if failures and args["fail"] else {}),
        }

    @staticmethod
    def _show(report: _verify_report.Report, removed: int, files: list[str]) -> None:
        lines = _verify_report.table(report)
        lines += [f"All {removed} containers that were started are removed again."] if removed else []
        for line in lines + [f"Written: {file}" for file in files]:
            _untrusted.show(f"  {line}" if line else "")

    def _ours(self, args: dict[str, Any]) -> dict[str, set[str]]:
        """By what Mesos may know each host that is an agent: those of the groups, and those that this is about."""
        found = {}
        for host in {*args["hosts"], *_agents.in_inventory(self.variables.get("groups", {}))}:
            known = self.of_host(host)
            said = (known.get(args["result"]) or {}).get("agent") or _agents.detected(known.get("calico_agent"))
            found[host] = _agents.names_of(host, known, said)
        return found

    def _seen(self, args: dict[str, Any]) -> _verify_evaluate.Seen:
        hosts = {
            name: {
                "address": str(self.of_host(name).get("ansible_host", name)),
                "result": self.of_host(name).get(args["result"]),
            }
            for name in args["hosts"]
        }
        run, agents, cluster = args["plan"]["run"], args["plan"]["agents"], args["cluster"]["agents"]
        whole = _agents.is_whole(self.variables)
        compared = _agents.compare(agents, self._ours(args)) if whole else _agents.Compared([], [], [])
        return _verify_evaluate.Seen(
            run=run,
            hosts=hosts,
            agents=agents,
            cluster=cluster,
            apps=[app for app in args["apps"] if app["labels"].get(RUN) == run],
            networks=args["networks"],
            network_pools={
                network["name"]: list(network.get("ipv4_pools") or []) for network in args["known_networks"]
            },
            pools=args["pools"],
            skip=args["skip"],
            needs=args["needs"],
            forgotten=compared.forgotten,
            unknown=compared.unknown if agents == cluster else [],
        )

    def _write(
        self, args: dict[str, Any], report: _verify_report.Report, pairs: list[dict[str, Any]]
    ) -> tuple[list[str], list[str]]:
        """Keep the result: the files that were written, and sentences of what did not work."""
        files, failures = [], []
        for file, text in (
            (args["json"], lambda: _verify_report.as_json(report, pairs)),
            (args["junit"], lambda: _verify_report.junit(report)),
        ):
            if not file or self._task.check_mode:
                continue
            try:
                _controller_paths.write(file, text())
                files.append(file)
            except CalicoError as error:
                failures.append(str(error))
        return files, failures
