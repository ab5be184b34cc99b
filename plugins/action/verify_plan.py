# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validate what is to be verified and say what is to be started; what is checked is in plugin_utils/_verify_plan.py, and pure."""

from __future__ import annotations

import os
import secrets
import time
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host._stream import whole
from ansible_collections.dcos.calico.plugins.plugin_utils import _untrusted, _verify_plan
from ansible_collections.dcos.calico.plugins.plugin_utils._action import ControllerAction

ARGUMENT_SPEC = {
    "cluster": {"type": "dict", "required": True},
    "apps": {"type": "list", "elements": "dict", "required": True},
    "networks": {"type": "list", "elements": "str", "default": []},
    "known_networks": {"type": "list", "elements": "dict", "required": True},
    "agents": {"type": "list", "elements": "str"},
    "outside": {"type": "list", "elements": "str"},
    "skip": {"type": "list", "elements": "str", "default": []},
    "cpus": {"type": "float", "default": 0.05},
    "mem": {"type": "float", "default": 64},
    "port": {"type": "int", "default": 17007},
    "denied_port": {"type": "int", "default": 17008},
    "lifetime": {"type": "int", "default": 1800},
    "sweep": {"type": "bool", "default": False},
    "files": {"type": "list", "elements": "str", "default": []},
}
PROC = "/proc"


def started(pid: int | str) -> str | None:
    """When a process was started, in the kernel's ticks, by which two of one number differ; None if it is gone."""
    try:
        with open(f"{PROC}/{pid}/stat", encoding="ascii", errors="replace") as stream:
            fields = str(whole(stream, stream.name)).rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def place() -> str | None:
    """What tells the processes of one kernel and namespace from all others'; None where there is no /proc."""
    try:
        with open(f"{PROC}/sys/kernel/random/boot_id", encoding="ascii") as stream:
            boot = str(whole(stream, stream.name)).strip().replace("-", "")[:12]
        return f"{boot}.{''.join(filter(str.isdigit, os.readlink(f'{PROC}/self/ns/pid')))}"
    except OSError:
        return None


def owner(pid: int) -> str:
    """Who runs this, such that another run can tell whether it still does; empty where nobody could."""
    where, when = place(), started(pid)
    return f"{where}.{pid}.{when}" if where and when else ""


def is_over(text: str) -> bool | None:
    """Whether an owner's process is gone; None if it is, or was, somewhere else."""
    where, _dot, process = text.rpartition(".")[0].rpartition(".")
    if not where or where != place():
        return None
    return started(process) != text.rpartition(".")[2]


def unwritable(files: list[str]) -> list[str]:
    """What stands in the way of writing files on the controller, each a sentence."""
    found = []
    for file in filter(None, files):
        directory = os.path.dirname(os.path.abspath(file))
        if not os.path.isdir(directory):
            found.append(f"{file} cannot be written, because there is no directory {directory}")
        elif os.path.isdir(file) or not os.access(directory, os.W_OK):
            found.append(f"{file} cannot be written")
    return found


class ActionModule(ControllerAction):
    """dcos.calico.verify_plan"""

    SPEC = ARGUMENT_SPEC

    def answer(self, args: dict[str, Any]) -> dict[str, Any]:
        fields = ("outside", "skip", "cpus", "mem", "port", "denied_port")
        known = [str(network["name"]) for network in args["known_networks"] if network.get("state") != "absent"]
        # An agent may be named as the inventory has it.
        agents = [str(self.of_host(name).get("ansible_host", name)) for name in args["agents"] or ()] or None
        desired = _verify_plan.Desired(
            args["networks"] or known[:1], known, agents, **{name: args[name] for name in fields}
        )
        problems = unwritable(args["files"])
        if problems:
            raise CalicoError(
                "Nothing was started, because the result could not be kept",
                "; ".join(problems),
                "Make the directory, or name another file",
            )
        _verify_plan.validate(desired, args["cluster"])
        run, now = f"r{secrets.token_hex(4)}", time.time()
        apps = _verify_plan.definitions(desired, args["cluster"], run, owner(os.getppid()), int(now + args["lifetime"]))
        gone = (
            [str(app["id"]) for app in args["apps"]]
            if args["sweep"]
            else _verify_plan.leftovers(args["apps"], now, is_over)
        )
        result = {
            "start": not self._task.check_mode,
            "run": run,
            "started": now,
            "apps": apps,
            "networks": desired.networks,
            "agents": _verify_plan.chosen(desired, args["cluster"]),
            "leftovers": [{"id": app} for app in gone],
            "runs": sorted({_verify_plan.run_of(app["id"]) for app in args["apps"] if app["id"] not in gone}),
            "outside": [] if "outside" in desired.skip else _verify_plan.outside(desired, args["cluster"]),
        }
        if self._task.check_mode:
            self._show(result, desired)
        return result

    def _show(self, result: dict[str, Any], desired: _verify_plan.Desired) -> None:
        """Say what a real run starts."""
        _untrusted.show(
            f"  {len(result['apps'])} apps below {_verify_plan.GROUP}, each with cpus {desired.cpus:g} and mem {desired.mem:g}, for a while:"
        )
        for app in result["apps"]:
            labels = app["labels"]
            _untrusted.show(
                f"    an echo server on {labels[_verify_plan.AGENT]}, network {labels[_verify_plan.NETWORK]}"
            )
        for app in result["leftovers"]:
            _untrusted.show(f"  {app['id']}, which an earlier run has left, is removed")
