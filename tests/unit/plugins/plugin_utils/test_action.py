"""The frame of actions on the controller."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ansible.playbook.task import Task

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.plugin_utils._action import ControllerAction

SPEC = {
    "host": {"type": "str", "required": True},
    "options": {"type": "dict", "apply_defaults": True, "options": {"a": {"type": "int", "default": 1}}},
}


class Echo(ControllerAction):
    SPEC = SPEC

    def answer(self, args: dict[str, Any]) -> dict[str, Any]:
        if args["host"] == "broken":
            raise CalicoError("It broke", "\x1b[2J", "Mend it", kind="broken")
        return {"args": args, "said": self.of_host(args["host"]).get("x")}


def run(host: str, **hostvars: Any) -> dict[str, Any]:
    task = Task()
    task.args = {"host": host}
    result: dict[str, Any] = Echo(
        task, SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)), None, None, None, None
    ).run(task_vars={"hostvars": hostvars})
    return result


def test_arguments_are_checked_and_filled_in_and_hosts_asked() -> None:
    assert run("a", a={"x": "\x1b"}) == {"changed": False, "args": {"host": "a", "options": {"a": 1}}, "said": "\\x1b"}
    assert run("unknown")["said"] is None and "default" not in SPEC["options"]


def test_an_error_is_a_failure_with_its_details() -> None:
    assert run("broken") == {"changed": False, "failed": True, "msg": "It broke: \\x1b[2J. Mend it.", "kind": "broken"}
