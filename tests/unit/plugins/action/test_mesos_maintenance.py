"""What the action adds to the module: the names that an inventory has for its hosts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.playbook.task import Task

from ansible_collections.dcos.calico.plugins.action import mesos_maintenance as plugin
from ansible_collections.dcos.calico.plugins.plugin_utils import _progress

HOSTS = {
    "agent1": {"ansible_host": "192.0.2.1", "calico_agent": {"node": {"ip": "10.0.1.11"}}},
    "agent2": {"calico_agent": {"msg": "it does not answer"}},
}


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Any:
    """given(arguments): those that the module gets."""
    seen: list[dict[str, Any]] = []

    def run(self: Any, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        seen.append(self._task.args)
        return {"changed": False}

    def call(variables: dict[str, Any], **arguments: Any) -> dict[str, Any]:
        task = Task()
        task.args = arguments
        action = plugin.ActionModule(task, SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)), None, None, None, None)
        assert action.run(task_vars=variables) == {"changed": False}
        return seen[-1]

    monkeypatch.setattr(_progress.ProgressAction, "run", run)
    return call


def test_a_host_is_looked_for_by_all_its_names(given: Any) -> None:
    args = given(
        {"hostvars": HOSTS}, agents=["agent1", "agent2", "10.0.7.7"], state="up", aliases={"agent1": ["x"], "y": ["z"]}
    )
    assert args["aliases"] == {"agent1": ["10.0.1.11", "192.0.2.1", "agent1", "x"], "agent2": ["agent2"], "y": ["z"]}
    assert args["agents"] == ["agent1", "agent2", "10.0.7.7"] and args["state"] == "up"


@pytest.mark.parametrize("arguments", [{}, {"agents": "agent1"}, {"agents": ["agent1"], "aliases": "agent1"}])
def test_what_is_wrong_is_the_modules_to_say(given: Any, arguments: dict[str, Any]) -> None:
    assert given({}, **arguments).get("agents") == arguments.get("agents")
