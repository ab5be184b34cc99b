from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from ansible.playbook.task import Task

from ansible_collections.dcos.calico.plugins.action import verify as plugin
from ansible_collections.dcos.calico.plugins.modules import verify as documented

from ...support import returns
from ...support.verify_seen import POOL, RUN, World


def run(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    check: bool = False,
    task_vars: dict[str, Any] | None = None,
    **args: Any,
) -> tuple[dict[str, Any], str]:
    """The result and what is shown."""
    shown: list[str] = []
    monkeypatch.setattr(
        plugin._untrusted.Display, "display", lambda self, message, *more, **options: shown.append(message)
    )
    task = Task()
    task.action = "dcos.calico.verify"
    task.check_mode = check
    plan = {"run": RUN, "agents": world.agents, "started": 1795334400.0}
    cluster = {"agents": world.cluster, "dcos": {"version": "1.11.12"}}
    task.args = {"hosts": list(world.results), "result": "probe", "plan": plan, "cluster": cluster, "apps": world.apps, "networks": ["calico"],
                 "known_networks": world.networks, "pools": [POOL], **args}  # fmt: skip
    hostvars = {name: {"ansible_host": name, "probe": result} for name, result in world.results.items()}
    action = plugin.ActionModule(task, SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)), None, None, None, None)
    given = task_vars or {}
    result = action.run(task_vars={**given, "hostvars": {**hostvars, **given.get("hostvars", {})}})
    assert (
        returns.faults_of_result(
            yaml.safe_load(documented.RETURN),
            {key: value for key, value in result.items() if key not in ("failed", "msg")},
            {},
        )
        == []
    )
    return result, "\n".join(shown)


def test_all_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    result, shown = run(World(), monkeypatch, removed=3)
    assert (
        result["ok"]
        and not result.get("failed")
        and not result["changed"]
        and result["message"] == ""
        and result["files"] == []
    )
    assert "6 of 6 connections" in shown and "All 3 containers that were started are removed again." in shown
    assert (
        result["stats"]["agents"] == {"agent1": [], "agent2": [], "public1": []} and len(result["report"]["pairs"]) == 6
    )
    pair = {
        "network": "calico",
        "from": "10.0.1.11",
        "to": "10.0.1.12",
        "ok": True,
        "trouble": None,
        "ms": 0.6,
        "path_mtu": 1500,
    }
    assert result["report"]["pairs"][0] == pair and result["report"]["started"] == "2026-11-22T08:00:00Z"


def test_a_failure_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.broken(11, 12)
    result, shown = run(world, monkeypatch)
    assert (
        result["failed"]
        and not result["ok"]
        and result["msg"] == result["message"]
        and "agent1: peers" in result["msg"]
    )
    assert "5 of 6 connections" in shown and "agent1, peers: It does not reach 10.0.1.12" in shown
    assert not run(world, monkeypatch, fail=False)[0].get("failed")


def test_files_are_written_on_request_and_not_in_check_mode(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    world, files = World(), {"json": str(tmp_path / "x.json"), "junit": str(tmp_path / "x.xml")}
    world.broken(11, 12)
    assert run(world, monkeypatch, check=True, **files)[0]["files"] == [] and list(tmp_path.iterdir()) == []
    result, shown = run(world, monkeypatch, **files)
    assert result["files"] == list(files.values()) and f"Written: {files['json']}" in shown
    assert json.loads(Path(files["json"]).read_text()) == result["report"]
    assert ElementTree.parse(files["junit"]).getroot().attrib["failures"] == "1"


def test_a_file_that_cannot_be_written_is_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    result, _shown = run(World(), monkeypatch, junit=str(tmp_path / "none" / "x.xml"))
    assert result["failed"] and "could not be written: No such file or directory" in result["msg"]


def test_nothing_verified_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.agents = []
    result, _shown = run(world, monkeypatch)
    assert result["failed"] and "No host of this run is an agent" in result["msg"]


def test_a_host_without_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    result, _shown = run(World(), monkeypatch, hosts=["agent1", "agent9"])
    assert result["failed"] and "agent9: started" in result["msg"]


def test_an_agent_that_the_inventory_has_not_is_a_failed_row(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In the table, the JSON and the message, and so in the exit code."""
    world, file = World(), tmp_path / "x.json"
    del world.results["public1"]
    result, shown = run(world, monkeypatch, json=str(file), fail=False)
    assert (
        not result["ok"]
        and not result["stats"]["ok"]
        and "Mesos has the agent 10.0.1.61 (public), and the inventory has not" in result["message"]
    )
    [row] = [line for line in shown.splitlines() if line.split()[:1] == ["10.0.1.61"]]
    assert row.split()[1:5] == ["-", "ok", "FAILED", "-"], "its container runs, and nobody looked at it"
    [found] = [one for one in json.loads(file.read_text())["agents"] if not one["inventory"]]
    assert (found["host"], found["agent"], found["ok"]) == ("10.0.1.61", "10.0.1.61", False) and "agents_public" in str(
        found["checks"]["probe"]
    )


def test_an_agent_is_known_by_the_groups_of_the_inventory_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was not to be verified, by the address that its own ip-detect gave."""
    world = World()
    del world.results["public1"]
    groups, more = (
        {"agents_public": ["edge"]},
        {"edge": {"ansible_host": "bastion", "calico_agent": {"node": {"ip": "10.0.1.61"}}}},
    )
    assert run(world, monkeypatch, task_vars={"groups": groups, "hostvars": more})[0]["ok"]


@pytest.mark.parametrize(
    "part", [{"ansible_limit": "agent1,agent2"}, {"awx_job_template_name": "Verify", "awx_workflow_job_name": "Verify"}]
)
def test_a_run_on_a_part_says_nothing_of_others(part: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    del world.results["public1"]
    assert run(world, monkeypatch, task_vars=part)[0]["ok"]


def test_an_agent_that_is_not_to_be_verified_or_not_there_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    del world.results["public1"]
    world.agents = world.agents[:2]
    assert run(world, monkeypatch)[0]["ok"]
    world = World()
    del world.results["public1"]
    world.agents[2]["active"] = world.cluster[2]["active"] = False
    assert run(world, monkeypatch)[0]["ok"]
