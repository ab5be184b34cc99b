"""The action plugin of an upgrade: what it takes of hosts' variables, what it shows, and who takes part."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.parsing.vault import VaultLib
from ansible.playbook.task import Task

from ansible_collections.dcos.calico.plugins.action import upgrade as plugin
from ansible_collections.dcos.calico.plugins.module_utils._calico import _backup
from ansible_collections.dcos.calico.plugins.modules import upgrade as documented

from ...support import returns
from ..plugin_utils.test_upgrade import IDS, WORKS, seen

NAMES = [f"agent{number}" for number in IDS]


def run(
    of: str, variables: dict[str, dict[str, Any]] | None = None, check: bool = False, tags: Any = None, **args: Any
) -> dict[str, Any]:
    task = Task()
    task.action, task.check_mode, task.args = "dcos.calico.upgrade", check, {"of": of, **args}
    connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))
    action = plugin.ActionModule(task, connection, None, SimpleNamespace(_vault=VaultLib()), None, None)
    result: dict[str, Any] = action.run(
        task_vars={"hostvars": variables or found(), "ansible_run_tags": tags or ["all"]}
    )
    assert result.get("failed") or returns.faults_of_result(yaml.safe_load(documented.RETURN), result, {}) == []
    return result


def found(**more: Any) -> dict[str, dict[str, Any]]:
    return {name: {"calico_agent": seen(number), **more} for number, name in enumerate(NAMES, 1)}


def plan(**more: Any) -> dict[str, Any]:
    return run("plan", **{"hosts": NAMES, "nodes": NAMES, "release": "2.6.12", "reader": "agent1", **more})


@pytest.fixture(autouse=True)
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(plugin._untrusted, "show", lambda *texts: lines.extend(texts))
    return lines


def test_the_table_is_shown_and_says_who_takes_part(shown: list[str], tmp_path: Path) -> None:
    result = plan(backup_file=str(tmp_path / "b.json"), components=["kubernetes"])
    assert result["plan"]["order"] == NAMES and result["groups"]["agent2"][0] == "calico_upgrade_others"
    assert "  Upgrade to Calico 2.6.12: 3 of 3 hosts change, one after the other." in shown
    assert any("dcos.calico.kubernetes" in line for line in shown)


def test_check_mode_needs_no_file_and_reads_the_datastore_where_one_is_named(tmp_path: Path) -> None:
    assert plan(check=True)["groups"] == {}
    assert plan(check=True, backup_file=str(tmp_path / "b"))["groups"] == {"agent1": ["calico_upgrade_backup"]}
    assert not plan(tags=["look"]).get("failed")
    refused = plan()
    assert refused["failed"] and "groups" in refused and refused["groups"] == {}
    assert "Set calico_upgrade_backup_file" in refused["msg"]


def test_a_backup_that_is_there_is_of_an_upgrade_that_was_cut_short(tmp_path: Path, shown: list[str]) -> None:
    path = tmp_path / "b.json"
    nodes = [[_backup.CALICO_VERSION, "v2.6.6", None]]
    read = {"cluster_id": "c", "index": 7, "index_end": 7, "nodes": nodes}
    path.write_text(_backup.render(_backup.document(read, "2026-11-29T11:00:00Z")))
    assert not plan(backup_file=str(path)).get("failed")
    assert any("is kept from an earlier run" in line for line in shown)
    path.write_text("mine")
    assert "is no whole backup" in plan(backup_file=str(path))["msg"]


def test_peers_that_may_be_down_are_those_of_each_host(tmp_path: Path) -> None:
    variables = found(calico_node_tolerated_peers=[IDS[2]])
    variables["agent1"]["calico_agent"]["calico_node"]["bgp"]["peers"][0]["established"] = False
    args = {"hosts": NAMES, "nodes": NAMES, "release": "2.6.12", "reader": "agent1", "backup_file": str(tmp_path / "b")}
    assert not run("plan", variables, **args).get("failed")
    del variables["agent1"]["calico_node_tolerated_peers"]
    assert "No BGP session is Established with 10.0.0.2" in run("plan", variables, **args)["msg"]


def of_host(made: dict[str, Any], **more: Any) -> dict[str, Any]:
    args = {"host": "agent1", "plan": made, "before": WORKS, "after": WORKS, "node": {"peers_down": []}, **more}
    return run("host", **args)


def test_a_host_that_is_well_is_counted(shown: list[str], tmp_path: Path) -> None:
    made = plan(backup_file=str(tmp_path / "b"))["plan"]
    assert of_host(made)["done"] and shown[-1] == "  agent1 has Calico 2.6.12: 1 of 3 hosts."
    assert "no BGP session is Established with 10.0.0.2" in of_host(made, node={"peers_down": ["10.0.0.2"]})["msg"]
    made["hosts"]["agent2"]["between"] = True
    assert of_host(made, node={"peers_down": ["10.0.0.2"]})["done"]
    gone = {**WORKS, "container_routes": []}
    assert "Not all is well on agent1" in of_host(made, after=gone)["msg"]


def test_a_wait_is_told(shown: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = plan(backup_file=str(tmp_path / "b"))["plan"]
    clock = [0.0]
    monkeypatch.setattr(plugin.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(plugin.time, "sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    shown.clear()
    run("wait", plan=made, soak=45)
    assert shown == [f"  agent1 is watched: {seconds} of 45 seconds." for seconds in (0, 20, 40)] and clock[0] == 45


def done(*numbers: int) -> dict[str, dict[str, Any]]:
    """Hosts of which some have the release."""
    variables = found()
    for number in numbers:
        variables[f"agent{number}"] = {
            "calico_agent": seen(number, "2.6.12", steps=False),
            "calico_node_result": {"container_id": f"c{number}"},
            "calico_upgrade_result": {"done": True},
        }
    return variables


def test_all_hosts_together(shown: list[str], tmp_path: Path) -> None:
    made = plan(backup_file=str(tmp_path / "b"))["plan"]
    args = {"hosts": NAMES, "nodes": NAMES, "plan": made}
    shown.clear()
    assert not run("cluster", done(1), watched=True, **args).get("failed") and shown == []
    assert not run("cluster", done(1, 2, 3), **args).get("failed") and "is done" in shown[0]
    again = done(1)
    again["agent1"]["calico_node_result"]["container_id"] = "another"
    assert run("cluster", again, **args)["msg"].splitlines() == [
        "1 problem after the upgrade of agent1.",
        "agent1:",
        "  - calico/node was restarted since.",
    ]


def test_an_end_says_who_has_the_release(tmp_path: Path) -> None:
    made = plan(backup_file=str(tmp_path / "b"))["plan"]
    result = run("end", done(1), plan=made, host="agent2", failure={"msg": "The image is broken."})
    assert result["failed"] and result["msg"].splitlines()[:4] == [
        "The upgrade to Calico 2.6.12 ends here, at agent2: The image is broken.",
        "  It is done on agent1.",
        "  agent2 may be between the releases.",
        "  Not touched: agent3.",
    ]
    assert "see the task above" in run("end", done(), plan=made)["msg"]
