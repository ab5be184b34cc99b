# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of an upgrade is decided over all hosts: its plan, whether a host may be followed by the next, and what an end says; see plugin_utils/_upgrade.py."""

from __future__ import annotations

import os
import time
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.plugin_utils import (
    _backup_file,
    _cluster_plan,
    _found,
    _releases,
    _untrusted,
    _upgrade,
)
from ansible_collections.dcos.calico.plugins.plugin_utils._action import ControllerAction
from ansible_collections.dcos.calico.plugins.plugin_utils._controller_paths import controller_path
from ansible_collections.dcos.calico.plugins.plugin_utils._findings import failed, some
from ansible_collections.dcos.calico.plugins.plugin_utils._status_hosts import at, mapping

ARGUMENT_SPEC = {
    "of": {"type": "str", "required": True, "choices": ["plan", "host", "wait", "cluster", "end"]},
    "hosts": {"type": "list", "elements": "str", "default": []},
    "nodes": {"type": "list", "elements": "str", "default": []},
    "result": {"type": "str", "default": "calico_agent"},
    "release": {"type": "str"},
    "reader": {"type": "str", "default": ""},
    "datastore": {"type": "dict", "default": {}},
    "components": {"type": "list", "elements": "str", "default": []},
    "backup_file": {"type": "str", "default": ""},
    "canary": {"type": "str", "default": ""},
    "soak": {"type": "int", "default": 60},
    "etcd_version": {"type": "str", "default": ""},
    "plan": {"type": "dict", "default": {}},
    "host": {"type": "str", "default": ""},
    "before": {"type": "dict", "default": {}},
    "after": {"type": "dict", "default": {}},
    "node": {"type": "dict", "default": {}},
    "done": {"type": "str", "default": "calico_upgrade_result"},
    "watched": {"type": "bool", "default": False},
    "failure": {"type": "dict", "default": {}},
}
REQUIRED_IF = [("of", "plan", ("release",))]
SHOW_EVERY = 20  # seconds


class ActionModule(ControllerAction):
    """dcos.calico.upgrade"""

    SPEC = ARGUMENT_SPEC
    REQUIRED_IF = REQUIRED_IF

    def answer(self, args: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = getattr(self, f"_{args['of']}")(args)
        return found

    def _plan(self, args: dict[str, Any]) -> dict[str, Any]:
        names, _felix, _known = _cluster_plan.datastore(args["datastore"].get("plan"), [], [])
        path = controller_path(args["backup_file"], write=True) if args["backup_file"] else ""
        options = _upgrade.Options(
            _releases.resolve(args["release"])["release"],
            path,
            self._before(path),
            args["canary"],
            args["soak"],
            args["etcd_version"],
        )
        made = _upgrade.plan(self._hosts(args), options, args["reader"])
        made.components, made.datastore = args["components"], names
        # Plays that follow are run with no tags only.
        look = self._task.check_mode or "all" not in (self.variables.get("ansible_run_tags") or ["all"])
        if look:  # what is asked for is to be seen before a file is named
            made.findings = [finding for finding in made.findings if finding != _upgrade.UNNAMED]
        lines = _upgrade.lines(made)
        _untrusted.show(*(f"  {line}" for line in ["", *lines, ""]))
        return {
            "plan": _upgrade.document(made),
            "groups": {} if made.findings else _upgrade.groups(made, look),
            "text": lines,
            **failed("Nothing was touched: {} with this upgrade", made.findings),
        }

    def _before(self, path: str) -> str:
        """The version of calico/node in a backup that is there already; empty without one."""
        if not path or not os.path.lexists(path):
            return ""
        found = _backup_file.load(path, self._loader._vault)  # no method of the loader gives it
        return str(found["calico_version"]).lstrip("v") or "unknown"

    def _hosts(self, args: dict[str, Any]) -> list[_upgrade.Host]:
        return [
            _upgrade.Host(
                name,
                mapping(_found.whole(self.of_host(name).get(args["result"]))),
                name in args["nodes"],
                frozenset(map(str, self.of_host(name).get("calico_node_tolerated_peers") or ())),
            )
            for name in args["hosts"]
        ]

    def _done(self, args: dict[str, Any]) -> dict[str, str]:
        """Host -> id of its container, of those that were upgraded in this run."""
        found = {name: self.of_host(name) for name in args["plan"]["order"]}
        return {
            name: str(at(own.get("calico_node_result"), "container_id") or "")
            for name, own in found.items()
            if at(own.get(args["done"]), "done") is True
        }

    def _host(self, args: dict[str, Any]) -> dict[str, Any]:
        host, made = args["host"], args["plan"]
        done = [*self._done(args), host]
        waiting = {part["address"] for name, part in made["hosts"].items() if part["between"] and name not in done}
        down = [peer for peer in args["node"].get("peers_down") or () if peer not in waiting]
        found = [f"no BGP session is Established with {some(down)}"] if down else []
        found += _upgrade.cut_off(args["before"], args["after"])
        if found:
            raise CalicoError(f"Not all is well on {host} with Calico {made['release']}", "; ".join(found))
        _untrusted.show(f"  {host} has Calico {made['release']}: {len(done)} of {len(made['order'])} hosts.")
        return {"done": True}

    def _wait(self, args: dict[str, Any]) -> dict[str, Any]:
        end, seconds = time.monotonic() + args["soak"], args["soak"]
        while time.monotonic() < end:
            left = end - time.monotonic()
            _untrusted.show(f"  {args['plan']['order'][0]} is watched: {seconds - left:.0f} of {seconds} seconds.")
            time.sleep(min(left, SHOW_EVERY))
        return {}

    def _cluster(self, args: dict[str, Any]) -> dict[str, Any]:
        made, done = args["plan"], self._done(args)
        found = _upgrade.not_well(self._hosts(args), made, done, args["soak"] if args["watched"] else 0)
        if not found and set(made["order"]) <= set(done):
            _untrusted.show(
                f"  The upgrade to Calico {made['release']} is done. See that all reach each other by dcos.calico.verify."
            )
        upgraded = some(list(done)) or ("etcd" if made["members"] else "")
        return failed("{} after the upgrade" + (f" of {upgraded}" if upgraded else ""), found)

    def _end(self, args: dict[str, Any]) -> dict[str, Any]:
        why = str(args["failure"].get("msg") or "see the task above")
        return {"failed": True, "msg": _upgrade.stopped(args["plan"], args["host"], why, list(self._done(args)))}
