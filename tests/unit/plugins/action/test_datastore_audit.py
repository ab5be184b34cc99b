"""The action's own part: what it makes of hosts' variables, what the module gets, and what is told of what came of it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.playbook.task import Task

from ansible_collections.dcos.calico.plugins.action import datastore_audit as plugin
from ansible_collections.dcos.calico.plugins.module_utils._calico import _backup
from ansible_collections.dcos.calico.plugins.modules import datastore_audit as documented

from ...support import returns
from ..plugin_utils.test_audit import NODE, ORDER, seen, without_endpoint
from ..plugin_utils.test_ipam import AFTER, BEFORE, BLOCK

ENDPOINT = f"{NODE}/cni/c4/eth0"
KEYS = {key: (entry.value, entry.index) for key, entry in BEFORE.items()}
LIVING = seen(*(name for name in ORDER if name != "c4"))
HOSTS: dict[str, Any] = {
    "agent1": {"found": LIVING, "calico_node_name": NODE},
    "agent2": {"found": {**seen(), **dict.fromkeys(("interfaces", "addresses", "mesos", "container_routes"), [])}},
}
AGENTS = {
    "agents": [
        {"address": "10.99.0.11", "hostname": NODE, "active": True},
        {"address": "agent2", "hostname": "", "active": True},
    ]
}


class Reader(plugin.ActionModule):
    """Answers for the module; C(given) has its arguments at each call."""

    keys: Any = KEYS
    left: list[str] = []

    def _execute_module(self, module_args: Any = None, task_vars: Any = None, **more: Any) -> dict[str, Any]:
        self.given = [*getattr(self, "given", []), module_args]
        if "changes" in module_args:
            made = [change[0] for change in _backup.unpack(module_args["changes"]) if change[0] not in self.left]
            return {"changed": bool(made), "made": made, "left": self.left}
        if not isinstance(self.keys, dict):
            return {"changed": False, "content": _backup.pack(self.keys)}
        return {"changed": False, "content": _backup.pack([[key, *found] for key, found in self.keys.items()])}


@pytest.fixture(autouse=True)
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(plugin._untrusted, "show", lambda *texts: lines.extend(texts))
    return lines


def run(
    hostvars: dict[str, Any] | None = None,
    check: bool = False,
    reader: type[Reader] = Reader,
    variables: Any = None,
    **more: Any,
) -> tuple[dict[str, Any], Reader]:
    hostvars = HOSTS if hostvars is None else hostvars
    task = Task()
    task.action, task.check_mode = "dcos.calico.datastore_audit", check
    task.args = {"hosts": sorted(hostvars), "result": "found", "mesos": AGENTS, "timeout": 9, **more}
    action = reader(task, SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)), None, None, None, None)
    result = action.run(task_vars={"hostvars": hostvars, "groups": {"agents": sorted(hostvars)}, **(variables or {})})
    assert result.get("failed") or returns.faults_of_result(yaml.safe_load(documented.RETURN), result, {}) == []
    return result, action


def test_a_look_tells_and_changes_nothing(tmp_path: Path, shown: list[str]) -> None:
    result, reader = run(json=str(tmp_path / "audit.json"))
    assert [(one["kind"], one["name"]) for one in result["found"]] == [("endpoint", ENDPOINT)]
    assert result["changed"] is False and len(reader.given) == 1 and reader.given[0]["timeout"] == 9
    assert json.loads((tmp_path / "audit.json").read_text())["found"] == result["found"]
    assert "  Audit: 1 leftover in the datastore." in shown and result["brief"]["summary"]["endpoint"] == 1


def test_what_was_found_twice_is_freed_on_request(shown: list[str]) -> None:
    first, _reader = run()
    young, reader = run(free=["endpoints"], earlier=[])
    assert young["changed"] is False and len(reader.given) == 1 and young["summary"]["kept"] == 1
    other, reader = run(free=["addresses", "nodes"], earlier=first["identities"])
    assert other["changed"] is False and len(reader.given) == 1
    looked, reader = run(check=True, free=["endpoints"], earlier=first["identities"])
    assert looked["changed"] is True and len(reader.given) == 1 and looked["freed"] == []
    assert f"  Would be freed: {ENDPOINT}." in shown
    done, reader = run(free=["endpoints"], earlier=first["identities"])
    changes = {change[0]: change[2] for change in _backup.unpack(reader.given[1]["changes"])}
    assert done["changed"] is True and done["freed"] == [ENDPOINT] and changes[BLOCK] == AFTER[BLOCK].value
    assert f"  Freed: {ENDPOINT}." in shown


def test_what_was_changed_meanwhile_is_left_and_told(shown: list[str]) -> None:
    first, _reader = run()
    reader = type("Late", (Reader,), {"left": [f"/calico/v1/host/{NODE}/workload/cni/c4/endpoint/eth0"]})
    done, _reader = run(free=["endpoints"], earlier=first["identities"], reader=reader)
    assert done["freed"] == [] and done["left"] == reader.left
    assert any("Left, because somebody changed it meanwhile" in line for line in shown)


@pytest.mark.parametrize(
    "keys", ["x", [], [["/calico/x", "1"]], [["/etc/x", "1", 1]], [["/calico/x", "1", "2"]], {"a": (1, 2)}]
)
def test_what_is_no_datastore_is_refused(keys: Any) -> None:
    result, _reader = run(reader=type("Strange", (Reader,), {"keys": keys}))
    if keys:
        assert result["failed"] and "Run again" in result["msg"] or "no key of Calico" in result["msg"]
    else:
        assert result["found"] == []


def test_a_part_of_the_inventory_frees_no_address_of_the_rest() -> None:
    keys = {key: (entry.value, entry.index) for key, entry in without_endpoint(BEFORE, "c4").items()}
    other = {"/calico/bgp/v1/host/node2/ip_addr_v4": ("10.99.0.12", 500)}
    reader = type("Two", (Reader,), {"keys": {**keys, **other}})
    one = {"agent1": HOSTS["agent1"]}
    result, _reader = run(one, reader=reader, variables={"ansible_limit": "agent1"})
    assert [(found["kind"], bool(found["kept"])) for found in result["found"]] == [("address", True)]
    assert "which has only a part of the inventory" in result["not_asked"]


def refused(remove: str, hosts: dict[str, Any] | None = None, **more: Any) -> str:
    result, reader = run(hosts, remove=remove, **more)
    assert result["failed"] and len(reader.given) == 1, result
    return str(result["msg"])


def test_what_may_not_go_is_refused_with_all_that_speaks_against_it() -> None:
    silent = {**HOSTS, "agent1": {"calico_node_name": NODE, "found": {"unreachable": True}}}
    talking = {**silent, "agent2": {"found": {**HOSTS["agent2"]["found"], "sessions": ["10.99.0.11"]}}}
    assert "No host is named" in refused("")
    assert "agent9 is no agent of this run" in refused("agent9")
    assert "all agents of this run would go" in refused("agent1,agent2")
    assert "agent1 has containers on Calico's networks: 192.168.200.0" in refused("agent1")
    assert "agent1 does not answer: if it will not come back" in refused("agent1", silent, mesos={})
    assert "its agent is connected to Mesos' master" in refused("agent1", silent, dead="agent1")
    assert "BIRD of agent2 has a session with it" in refused("agent1", talking, dead="agent1", mesos={})
    assert "agent2 is in calico_decommission_dead, and answers" in refused("agent2", dead="agent2")
    assert "and not in calico_decommission_hosts" in refused("agent2", dead="agent1")


def test_a_host_without_a_node_is_told_of() -> None:
    """Under a name that nobody knows its node would stay, and a success would be told."""
    away = {**HOSTS, "agent3": {"ansible_host": "52.1.2.3", "found": {"unreachable": True}}}
    result, _reader = run(away, remove="agent3", dead="agent3", mesos={})
    (warning,) = result["warnings"]
    assert "no node of agent3" in warning and "none of 52.1.2.3, agent3 there" in warning
    quiet = {**HOSTS, "agent1": {"calico_node_name": NODE, "found": HOSTS["agent2"]["found"]}}
    assert "warnings" not in run(quiet, remove="agent1")[0]


def test_names_may_stand_apart() -> None:
    result, _reader = run({**HOSTS, "agent3": {"found": HOSTS["agent2"]["found"]}}, remove="agent2, agent3,")
    assert result["removes"] == ["agent2", "agent3"]


def test_a_name_of_a_stranger_is_one_line_and_no_template(shown: list[str]) -> None:
    name = "{{ x }}\n  Freed: everything\x1b[2J"
    reader = type("Strange", (Reader,), {"keys": {**KEYS, f"/calico/ipam/v2/handle/{name}": ('{"block":{}}', 900)}})
    result, _reader = run(reader=reader)
    (line,) = [line for line in shown if "Freed: everything" in line]
    assert "\n" not in line and "handle" in line
    assert [one["name"] for one in result["found"] if one["kind"] == "handle"] == [name.replace("\x1b", "\\x1b")]


def test_a_dead_host_goes_with_all_that_it_has() -> None:
    silent = {**HOSTS, "agent1": {"calico_node_name": NODE, "found": {"unreachable": True}}}
    first, _reader = run(silent, remove="agent1", dead="agent1", mesos={})
    assert first["removes"] == ["agent1"] and first["lives"] == [] and "10.99.0.11" in first["peers"]
    done, reader = run(
        silent,
        remove="agent1",
        dead="agent1",
        mesos={},
        free=["nodes", "blocks", "addresses"],
        earlier=first["identities"],
    )
    assert done["freed"] == [NODE]
    gone = {change[0] for change in _backup.unpack(reader.given[1]["changes"]) if change[2] is None}
    assert not [
        key for key in KEYS if (NODE in key or "/ipam/v2/" in key) and KEYS[key][0] is not None and key not in gone
    ]
