from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import yaml
from ansible.playbook.task import Task

from ansible_collections.dcos.calico.plugins.action import bgp_sessions_check as plugin
from ansible_collections.dcos.calico.plugins.modules import bgp_sessions_check as documented

from ...support import returns

PEER = {"address": "10.0.0.2", "established": False}


def run(hostvars: dict[str, Any], **more: Any) -> dict[str, Any]:
    task = Task()
    task.action = "dcos.calico.bgp_sessions_check"
    task.args = {"hosts": sorted(hostvars), "result": "node", **more}
    action = plugin.ActionModule(task, SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)), None, None, None, None)
    result = action.run(task_vars={"hostvars": hostvars})
    assert returns.faults_of_result(yaml.safe_load(documented.RETURN), result, {}) == []
    return result


def test_hosts_without_a_result_are_left_out() -> None:
    result = run(
        {"a": {"node": {"ip": "10.0.0.1/24", "peers": [], "peers_down": []}}, "b": {}, "c": {"node": {"skipped": True}}}
    )
    assert result["checked"] == ["a"] and result["down"] == {} and not result.get("failed") and not result["changed"]


def test_a_session_that_is_down_fails() -> None:
    result = run({"a": {"node": {"ip": "10.0.0.1/24", "peers": [PEER], "peers_down": ["10.0.0.2"]}}})
    assert (
        result["failed"]
        and result["down"] == {"10.0.0.2": ["a"]}
        and "10.0.0.2 is no host of this run" in result["msg"]
    )


def test_who_is_missed_for_the_first_time_at_a_second_look_is_not_down() -> None:
    found = {"a": {"node": {"ip": "10.0.0.1/24", "peers": [PEER], "peers_down": ["10.0.0.2"]}}}
    assert not run(found, earlier={"10.0.0.3": ["a"]}).get("failed")
    assert run(found, earlier={"10.0.0.2": ["a"]})["failed"]
