"""The action's own part: what it takes of hosts' variables, and where it writes."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.playbook.task import Task

from ansible_collections.dcos.calico.plugins.action import status as plugin
from ansible_collections.dcos.calico.plugins.modules import status as documented

from ...support import returns
from ...support import status_facts as facts


def run(hostvars: dict[str, Any], variables: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    task = Task()
    task.action = "dcos.calico.status"
    task.args = {
        "hosts": sorted(hostvars),
        "nodes": sorted(hostvars),
        "result": "found",
        "release": facts.RELEASE,
        **more,
    }
    action = plugin.ActionModule(task, SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)), None, None, None, None)
    result: dict[str, Any] = action.run(task_vars={"hostvars": hostvars, **(variables or {})})
    assert result.get("failed") or returns.faults_of_result(yaml.safe_load(documented.RETURN), result, {}) == []
    return result


@pytest.fixture(autouse=True)
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(plugin._untrusted, "show", lambda *texts: lines.extend(texts))
    return lines


HOSTS: dict[str, Any] = {f"agent{number}": {"found": facts.found(number, 3)} for number in range(3)}


def test_one_document_is_shown_and_written_as_json_and_as_a_page(tmp_path: Path, shown: list[str]) -> None:
    paths = {name: str(tmp_path / f"status.{name}") for name in ("json", "html")}
    result = run(HOSTS, datastore=facts.datastore(3), **paths)
    assert not result["changed"] and json.loads(Path(paths["json"]).read_text()) == result["status"]
    assert Path(paths["html"]).read_text().startswith("<!DOCTYPE html>")
    assert "  Status: No problem found on 3 hosts." in shown and f"    Written: {paths['html']}" in shown


def test_metrics_and_where_felix_has_its_own_are_written(tmp_path: Path) -> None:
    paths = {"metrics": str(tmp_path / "status.prom"), "targets": str(tmp_path / "targets.json")}
    hosts: dict[str, Any] = {name: {**found, "calico_metrics": True} for name, found in HOSTS.items()}
    hosts["agent1"]["calico_metrics_port"] = 9091
    hosts["agent2"]["calico_metrics"] = "false"
    hosts["silent"] = {"calico_metrics": True, "ansible_host": "10.9.9.9"}
    run({**hosts, "other": {}}, metrics_port=62000, **paths)
    assert "\ndcos_calico_hosts" in Path(paths["metrics"]).read_text()
    assert [group["targets"] for group in json.loads(Path(paths["targets"]).read_text())] == [
        [f"{facts.address(0)}:62000"],
        [f"{facts.address(1)}:9091"],
        ["10.9.9.9:62000"],
    ]


def test_a_job_of_awx_links_to_its_artifact(monkeypatch: pytest.MonkeyPatch, shown: list[str]) -> None:
    """By what AWX puts into the environment of a job."""
    run(HOSTS)
    assert not [line for line in shown if "AWX" in line]
    monkeypatch.setenv("AWX_HOST", "https://awx.example.com/")
    monkeypatch.setenv("JOB_ID", "7")
    run(HOSTS)
    assert "    In AWX: https://awx.example.com/#/jobs/playbook/7/details" in shown


def test_nothing_is_written_unless_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run(HOSTS)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    result = run(HOSTS, html=str(tmp_path / "no" / "x.html"))
    assert result["failed"] and "could not be written" in result["msg"]


def test_a_host_without_a_result_is_a_row() -> None:
    result = run({**HOSTS, "agent3": {}, "agent4": {"found": {"failed": True, "msg": "no Python"}}})
    assert [agent["name"] for agent in result["status"]["agents"]][:2] == ["agent3", "agent4"]
    assert [problem["why"] for problem in result["status"]["problems"]] == [None, "no Python"]


def test_nodes_of_hosts_that_are_known_by_another_name_are_not_left_behind() -> None:
    silent = {"found": {"unreachable": True}, "ansible_host": facts.address(3)}
    named = {"found": {"unreachable": True}, "calico_node_name": facts.address(4)}
    mesos = {"agents": [{"address": facts.address(5), "hostname": "x"}]}
    hosts = {**HOSTS, "a": silent, "b": named}
    assert run(hosts, datastore=facts.datastore(6), mesos=mesos)["status"]["leftovers"] == []
    left = run(hosts, datastore=facts.datastore(6))["status"]["leftovers"]
    assert [one["node"] for one in left] == [facts.address(5)]
    assert run(hosts, {"ansible_limit": "a"}, datastore=facts.datastore(6))["status"]["leftovers"] == []


def test_what_is_documented_is_what_is_taken() -> None:
    options = yaml.safe_load(documented.DOCUMENTATION)["options"]
    assert {
        name: {key: part for key, part in option.items() if key != "description"} for name, option in options.items()
    } == plugin.ARGUMENT_SPEC
