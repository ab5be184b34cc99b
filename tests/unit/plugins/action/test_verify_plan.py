from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.playbook.task import Task

from ansible_collections.dcos.calico.plugins.action import verify_plan as plugin
from ansible_collections.dcos.calico.plugins.modules import verify_plan as documented

from ...support import returns
from ...support.verify_seen import agents

CLUSTER = {"agents": agents(), "leader": "10.0.0.11"}
NETWORKS = [{"name": "old", "state": "absent"}, {"name": "calico"}, {"name": "blue"}]


def run(
    monkeypatch: pytest.MonkeyPatch, hostvars: dict[str, Any] | None = None, check: bool = False, **args: Any
) -> tuple[dict[str, Any], str]:
    shown: list[str] = []
    monkeypatch.setattr(
        plugin._untrusted.Display, "display", lambda self, message, *more, **options: shown.append(message)
    )
    task = Task()
    task.action, task.check_mode = "dcos.calico.verify_plan", check
    task.args = {"cluster": CLUSTER, "apps": [], "known_networks": NETWORKS, **args}
    action = plugin.ActionModule(task, SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)), None, None, None, None)
    result = action.run(task_vars={"hostvars": hostvars or {}})
    if not result.get("failed"):
        assert returns.faults_of_result(yaml.safe_load(documented.RETURN), result, {}) == []
    return result, "\n".join(shown)


def test_the_first_network_that_is_desired_and_all_agents(monkeypatch: pytest.MonkeyPatch) -> None:
    result, shown = run(monkeypatch)
    assert (
        result["networks"] == ["calico"]
        and len(result["apps"]) == 3
        and len(result["agents"]) == 3
        and not result["changed"]
        and shown == ""
    )
    assert result["start"]
    assert result["outside"] == ["10.0.0.11:5050"] and result["leftovers"] == [] and result["runs"] == []
    again = run(monkeypatch)[0]
    assert again["run"] != result["run"], "another run has a name of its own"


def test_agents_may_be_named_as_the_inventory_does(monkeypatch: pytest.MonkeyPatch) -> None:
    result, _shown = run(
        monkeypatch,
        {"agent1": {"ansible_host": "10.0.1.11"}},
        agents=["agent1", "10.0.1.61"],
        networks=["blue"],
        skip=["outside"],
    )
    assert (
        [agent["address"] for agent in result["agents"]] == ["10.0.1.11", "10.0.1.61"]
        and result["networks"] == ["blue"]
        and result["outside"] == []
    )


def test_bad_input_is_one_message(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    result, _shown = run(monkeypatch, networks=["old"], agents=["10.9.9.9"])
    assert (
        result["failed"]
        and "calico_verify_networks has old" in result["msg"]
        and "10.9.9.9" in result["msg"]
        and "apps" not in result
    )
    result, _shown = run(
        monkeypatch, files=["", str(tmp_path / "none" / "x.json"), str(tmp_path), str(tmp_path / "x.xml")]
    )
    assert (
        result["failed"]
        and "there is no directory" in result["msg"]
        and f"{tmp_path} cannot be written" in result["msg"]
        and "x.xml" not in result["msg"]
    )


def test_check_mode_starts_nothing_and_shows_what_would_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    left = {"id": "/dcos-calico-verify/r0/a", "labels": {"CALICO_VERIFY_UNTIL": "1"}}
    result, shown = run(monkeypatch, check=True, apps=[left])
    assert (
        not result["start"]
        and result["leftovers"] == [{"id": "/dcos-calico-verify/r0/a"}]
        and "3 apps below /dcos-calico-verify" in shown
    )
    assert (
        "an echo server on 10.0.1.61, network calico" in shown
        and "/dcos-calico-verify/r0/a, which an earlier run has left, is removed" in shown
    )


def test_apps_of_runs_that_go_on_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process goes on; one that was started at another time under its number does not."""
    mine = plugin.owner(os.getpid())
    other = f"{mine.rpartition('.')[0]}.1"
    far = {"CALICO_VERIFY_OWNER": "another.1.2.3", "CALICO_VERIFY_UNTIL": "99999999999"}
    apps = [
        {"id": "/dcos-calico-verify/r1/a", "labels": {"CALICO_VERIFY_OWNER": mine, "CALICO_VERIFY_UNTIL": "1"}},
        {
            "id": "/dcos-calico-verify/r2/a",
            "labels": {"CALICO_VERIFY_OWNER": other, "CALICO_VERIFY_UNTIL": "99999999999"},
        },
        {"id": "/dcos-calico-verify/r3/a", "labels": far},
    ]
    result, _shown = run(monkeypatch, apps=apps)
    assert result["leftovers"] == [{"id": "/dcos-calico-verify/r2/a"}] and result["runs"] == ["r1", "r3"]
    assert len(run(monkeypatch, apps=apps, sweep=True)[0]["leftovers"]) == 3


def test_where_there_is_no_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin, "PROC", "/nonexistent")
    assert plugin.owner(1) == "" and plugin.is_over("a.1.2") is None and plugin.is_over("") is None
