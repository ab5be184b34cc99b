"""The wait before a restart, shown while it lasts."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.dcos.calico.plugins.action import calicoctl_node
from ansible_collections.dcos.calico.plugins.plugin_utils import _push, _untrusted

EARLY = {"failed": True, "msg": "calico/node is not restarted", "waits_for": "the BIRD of 10.0.0.12 \x1b[1mhas"}


class Action(calicoctl_node.ActionModule):
    """The action of a host whose module gives these answers, and takes as long as it may."""

    def __init__(self, args: dict[str, Any], answers: Iterator[dict[str, Any]], clock: list[float]) -> None:
        self._task = SimpleNamespace(args=args, check_mode=False, async_val=0, diff=False)  # type: ignore[assignment]
        self.answers, self.clock, self.waits = answers, clock, []

    def _execute_module(self, *, module_args: dict[str, Any], **_unused: Any) -> dict[str, Any]:  # type: ignore[override]
        self.waits.append(module_args["restart_wait"])
        answer = next(self.answers)
        if "waits_for" in answer:
            self.clock[0] += module_args["restart_wait"] + 1
        return dict(answer)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    """run(args, answers): (result, seconds that each execution waits, lines shown)."""
    clock, shown = [1000.0], []
    monkeypatch.setattr(_push.ActionBase, "run", lambda self, tmp, task_vars: {})
    monkeypatch.setattr(calicoctl_node.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(_untrusted, "show", shown.append)

    def run(args: dict[str, Any], answers: list[dict[str, Any]]) -> tuple[dict[str, Any], list[float], list[str]]:
        action = Action(args, iter(answers), clock)
        return action.run(task_vars={"inventory_hostname": "agent1"}), action.waits, shown

    return run


def test_one_execution_is_all_where_nobody_is_waited_for(run: Any) -> None:
    assert run({"name": "a"}, [{"changed": True}]) == ({"changed": True}, [20.0], [])


def test_whom_it_waits_for_is_shown_while_it_does(run: Any) -> None:
    result, waits, shown = run({}, [EARLY, EARLY, {"changed": True}])
    assert result == {"changed": True} and waits == [20.0] * 3
    assert shown == ["  agent1 waits with its restart: the BIRD of 10.0.0.12 \x1b[1mhas"] * 2


@pytest.mark.parametrize(("seconds", "waits"), [(50, [20.0, 20.0, 8.0]), ("0", [0.0])])
def test_the_time_is_that_of_all_executions(run: Any, seconds: Any, waits: list[float]) -> None:
    result, waited, shown = run({"restart_wait": seconds}, [EARLY] * len(waits))
    assert result == EARLY and waited == waits and len(shown) == len(waits) - 1


def test_what_is_no_number_is_for_the_module_to_refuse(run: Any) -> None:
    assert run({"restart_wait": "soon"}, [{"failed": True}]) == ({"failed": True}, ["soon"], [])
