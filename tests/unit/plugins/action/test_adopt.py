"""The action's own part: what it takes of hosts' variables, and where it writes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.playbook.task import Task

from ansible_collections.dcos.calico.plugins.action import adopt as plugin
from ansible_collections.dcos.calico.plugins.modules import adopt as documented

from ...support import returns
from ...support.adopt_facts import info

HOSTS = {"agent1": {"found": info(1)}, "agent2": {"found": info(2), "calico_node_name": "two"}}


def run(file: Path | str, hostvars: dict[str, Any] | None = None, check: bool = False) -> dict[str, Any]:
    hostvars = HOSTS if hostvars is None else hostvars
    task = Task()
    task.action, task.check_mode = "dcos.calico.adopt", check
    task.args = {"hosts": sorted(hostvars), "result": "found", "file": str(file)}
    action = plugin.ActionModule(task, SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)), None, None, None, None)
    result: dict[str, Any] = action.run(task_vars={"hostvars": hostvars})
    assert result.get("failed") or returns.faults_of_result(yaml.safe_load(documented.RETURN), result, {}) == []
    return result


@pytest.fixture(autouse=True)
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(plugin._untrusted, "show", lambda *texts: lines.extend(texts))
    return lines


def test_the_variables_are_shown_and_written_once(tmp_path: Path, shown: list[str]) -> None:
    file = tmp_path / "adopted.yml"
    checked = run(file, check=True)
    assert checked["changed"] and not file.exists()
    first = run(file)
    assert (
        first["changed"]
        and yaml.safe_load(file.read_text()) == first["inventory"]
        and first["diff"]["after"] == file.read_text()
    )
    assert checked["diff"]["after"] == file.read_text() and not run(file)["changed"]
    assert "  Found:" in shown and any("calico_node_name: one" in line for line in shown)
    assert first["variables"]["agent2"]["calico_node_name"] == "two"


def test_a_part_of_the_hosts_leaves_the_others_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "adopted.yml"
    run(file)
    again = run(file, {"agent1": HOSTS["agent1"]})
    assert not again["changed"] and set(again["inventory"]["all"]["hosts"]) == {"agent1", "agent2"}


def test_what_cannot_be_adopted_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    file = tmp_path / "adopted.yml"
    result = run(file, {"agent1": {"found": info(1, framework=True)}, "agent2": {"found": {}}})
    assert result["failed"] and not result["changed"] and not file.exists()
    assert result["msg"].startswith(
        "Nothing was touched: 2 problems found on 2 hosts that cannot be adopted.\nagent1:\n"
    )
    assert "agent2:\n  - this host cannot be looked at" in result["msg"]


@pytest.mark.parametrize(
    ("content", "words"), [(None, "calico_adopt_file"), ("all: {}\n", "dcos.calico.adopt has not written it")]
)
def test_a_file_that_is_not_ours_is_left_alone(tmp_path: Path, content: str | None, words: str) -> None:
    file = tmp_path / "hosts.yml"
    if content is not None:
        file.write_text(content)
    result = run("" if content is None else file)
    assert result["failed"] and words in result["msg"] and (content is None or file.read_text() == content)
