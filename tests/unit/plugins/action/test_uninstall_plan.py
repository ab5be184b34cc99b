from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.playbook.task import Task

from ansible_collections.dcos.calico.plugins.action import uninstall_plan as plugin
from ansible_collections.dcos.calico.plugins.modules import uninstall_plan as documented

from ...support import returns

SEEN: dict[str, Any] = {
    "parts": [{"part": "calico/node", "changes": ["container calico-node"]}],
    "left": [],
    "refusals": [],
    "node": "10.0.0.1",
    "member": False,
    "datastore": {"reached": True, "by_member": False, "nodes": ["10.0.0.1"], "key_count": 30, "error": None},
}


def run(seen: dict[str, Any], check: bool = False, **more: Any) -> dict[str, Any]:
    task = Task()
    task.action, task.check_mode = "dcos.calico.uninstall_plan", check
    task.args = {"hosts": ["agent1"], "result": "found", **more}
    action = plugin.ActionModule(task, SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)), None, None, None, None)
    result: dict[str, Any] = action.run(task_vars={"hostvars": {"agent1": {"found": seen}}})
    assert result.get("failed") or returns.faults_of_result(yaml.safe_load(documented.RETURN), result, {}) == []
    return result


@pytest.fixture(autouse=True)
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(plugin._untrusted, "show", lambda *texts: lines.extend(texts))
    return lines


def test_the_table_is_shown_and_says_who_takes_part(shown: list[str]) -> None:
    result = run(SEEN, components=["mesos_dns"])
    assert result["groups"] == {"agent1": ["calico_uninstall_hosts"]} and not result["changed"]
    assert (
        "    agent1, node 10.0.0.1 loses:" in shown
        and "    Not part of this, and undone as their pages say: mesos_dns." in shown
    )


def test_in_check_mode_nobody_takes_part_in_what_follows(shown: list[str]) -> None:
    result = run(SEEN, check=True)
    assert result["groups"] == {} and result["plan"]["changes"] and shown


def test_what_speaks_against_it_ends_the_run_and_the_table_is_shown_all_the_same(shown: list[str]) -> None:
    result = run({**SEEN, "refusals": ["Containers are on Calico's network"]}, datastore="delete")
    assert result["failed"] and "groups" not in result and "    agent1, node 10.0.0.1 loses:" in shown
    assert result["msg"].splitlines() == [
        "Nothing was touched: 2 problems with this uninstall.",
        "agent1:",
        "  - Containers are on Calico's network.",
        "all hosts:",
        "  - The datastore is to be deleted, and it is not said whether a backup is to be made first. Set calico_backup_file to its file, or"
        " calico_uninstall_without_backup to true.",
    ]


def test_all_options_arrive() -> None:
    more = {"forget_nodes": ["10.0.0.2"], "backup_file": "b.json", "etcd_members": True}
    seen = {**SEEN, "member": True, "datastore": {**SEEN["datastore"], "nodes": ["10.0.0.1", "10.0.0.2"]}}
    result = run(seen, datastore="delete", **more)
    assert result["groups"] == {
        "agent1": [
            "calico_uninstall_hosts",
            "calico_uninstall_last",
            "calico_uninstall_backup",
            "calico_uninstall_members",
        ]
    }
    assert result["plan"]["last"] == "agent1" and result["plan"]["members"] == ["agent1"] and result["plan"]["backup"]
