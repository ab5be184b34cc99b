from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.playbook.task import Task

from ansible_collections.dcos.calico.plugins.action import plan as plugin
from ansible_collections.dcos.calico.plugins.modules import plan as documented

from ...support import returns

CHANGED = {"plan": {"sysctl": {"changed": True, "names": ["net.ipv4.ip_forward"]}}}
SAME = {"plan": {"sysctl": {"changed": False, "names": []}}}


def run(hostvars: dict[str, Any], variables: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    task = Task()
    task.action = "dcos.calico.plan"
    task.args = {"hosts": sorted(hostvars), "result": "found", **more}
    action = plugin.ActionModule(task, SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)), None, None, None, None)
    result: dict[str, Any] = action.run(
        task_vars={"hostvars": hostvars, "ansible_run_tags": ["all"], "ansible_skip_tags": [], **(variables or {})}
    )
    assert "plan" not in result or returns.faults_of_result(yaml.safe_load(documented.RETURN), result, {}) == []
    return result


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(plugin._untrusted, "show", lambda *texts: lines.extend(texts))
    return lines


def test_the_plan_is_shown_and_says_who_takes_part(shown: list[str]) -> None:
    result = run({"a": {"found": CHANGED}, "b": {"found": SAME}}, {"ansible_run_tags": ["host"]})
    assert result["groups"] == {"a": ["calico_plan_prepare", "calico_plan_start"]}
    assert "  Plan: 1 of 2 hosts changes; 1 has nothing to do." in shown and not result["changed"]


def test_hosts_with_certificates_of_the_cluster_take_part_in_their_play(shown: list[str]) -> None:
    result = run({"a": {"found": SAME, "calico_certificates": "true"}}, {"ansible_run_tags": ["host"]})
    assert result["groups"] == {"a": ["calico_plan_certificates"]} and "certificates" in result["text"][-1]


def test_what_cannot_be_brought_about_is_said_at_once_and_nothing_is_shown(shown: list[str]) -> None:
    result = run(
        {
            host: {"found": {"plan": {"sysctl": {"changed": False, "names": [], "error": "No /proc/sys."}}}}
            for host in "ab"
        }
    )
    assert result["failed"] and shown == []
    assert result["msg"].splitlines() == [
        "Nothing was touched: 2 changes cannot be brought about.", "a:", "  - kernel parameters: No /proc/sys.", "b:", "  - kernel parameters: No /proc/sys.",
    ]  # fmt: skip


def test_it_is_written_as_json(shown: list[str], tmp_path: Path) -> None:
    result = run({"a": {"found": CHANGED}}, json=str(tmp_path / "plan.json"))
    assert json.loads((tmp_path / "plan.json").read_text()) == result["plan"]


def test_a_file_that_cannot_be_written_is_named(shown: list[str], tmp_path: Path) -> None:
    result = run({"a": {"found": CHANGED}}, json=str(tmp_path / "no" / "plan.json"))
    assert (
        result["failed"]
        and "plan.json could not be written: No such file or directory. Make its directory" in result["msg"]
    )


def test_what_a_host_says_does_not_reach_the_terminal_as_it_is(shown: list[str]) -> None:
    name = "/etc/x\x1b[2J"
    result = run({"a": {"found": {"plan": {"sysctl": {"changed": True, "names": [name]}}}}})
    assert "\x1b" not in json.dumps(result, ensure_ascii=False)


def test_a_repair_takes_what_drifted_and_no_certificates(shown: list[str]) -> None:
    def found(installed: str) -> dict[str, Any]:
        return {"plan": {"sysctl": {**CHANGED["plan"]["sysctl"], "installed": installed}}}

    hosts = {
        "a": {"found": found("same"), "calico_certificates": True},
        "b": {"found": found("other"), "calico_certificates": True},
    }
    result = run(hosts, drift=True)
    assert result["groups"] == {"a": ["calico_plan_prepare", "calico_plan_start"]}
    assert result["plan"]["left"] == {"b": {"sysctl": "configured otherwise since it was installed"}}
    assert any(line.startswith("  Repair: 1 of 2 hosts has drifted") for line in shown)
