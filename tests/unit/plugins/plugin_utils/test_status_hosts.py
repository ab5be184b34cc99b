"""The checks of one host."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.plugin_utils import _status_hosts

from ...support import status_facts as facts


def row(change: Any = None, node: bool = True) -> _status_hosts.Row:
    found = facts.found(0, 1)
    if change:
        change(found)
    return _status_hosts.row(facts.host(0, found, node), facts.RELEASE)


def test_all_is_well() -> None:
    checked = row()
    assert checked.problems == [] and checked.checks == {
        "host": ("ok", "private, DC/OS 1.11.0"),
        "node": ("ok", "runs 2.6.6"),
        "felix": ("ok", "ready"),
        "etcd": ("ok", "proxy runs, etcd answers"),
        "plugins": ("ok", "network calico"),
        "drift": ("ok", "as desired"),
        "sessions": ("none", "does not apply"),
    }


def at(found: dict[str, Any], *path: str) -> Any:
    for key in path:
        found = found[key]
    return found


# (where, what is put there, check, its state, what the problem is)
FAULTS = [
    (("os",), {"root": False}, "host", "warning", "The host was looked at without the rights of root"),
    (("docker",), {"running": False}, "host", "critical", "Docker does not run"),
    (("mesos_agent",), {"active": "failed"}, "host", "critical", "The Mesos agent is failed"),
    (("calico_node", "container"), {"present": False}, "node", "critical", "There is no calico/node"),
    (("calico_node", "container"), {"running": False}, "node", "critical", "calico/node does not run"),
    (("calico_node", "unit"), {"enabled": False}, "node", "warning", "calico/node is not started with the host"),
    (("calico_node", "felix"), {"ready": False}, "felix", "critical", "Felix is not ready"),
    (("calico_node", "felix"), {"running": False}, "felix", "critical", "Felix does not run"),
    (("proxy",), {"active": "failed"}, "etcd", "critical", "etcd's proxy is failed"),
    (("cni",), {"plugins": {"calico": "/x"}}, "plugins", "critical", "CNI plugins are missing: calico-ipam"),
    (("cni",), {"files": []}, "plugins", "critical", "Mesos knows no network of Calico"),
    (
        ("plan", "sysctl"),
        {"changed": True, "names": ["a"]},
        "drift",
        "notice",
        "The host is not as the inventory has it",
    ),
    (("plan", "sysctl"), {"error": "No /proc."}, "drift", "warning", "It cannot be told what would change"),
]


@pytest.mark.parametrize(("path", "put", "check", "state", "what"), FAULTS, ids=[fault[4] for fault in FAULTS])
def test_a_fault_is_a_state_and_a_problem(
    path: tuple[str, ...], put: dict[str, Any], check: str, state: str, what: str
) -> None:
    checked = row(lambda found: at(found, *path).update(put))
    assert checked.checks[check][0] == state and checked.state == state
    assert [problem.what for problem in checked.problems] == [what]


def test_etcd_that_does_not_answer_where_the_proxy_runs() -> None:
    checked = row(lambda found: found["etcd"][0].update(healthy=False, error="refused"))
    assert checked.checks["etcd"] == ("critical", "does not answer")
    assert (checked.problems[0].what, checked.problems[0].why) == ("etcd does not answer", "refused")


def test_a_proxy_that_is_switched_off_is_not_missed() -> None:
    def change(found: dict[str, Any]) -> None:
        found["proxy"].update(active="inactive")
        found["plan"]["etcd_proxy"]["state"] = "absent"

    assert row(change).checks["etcd"] == ("ok", "answers")


def test_felix_is_no_second_problem_where_calico_node_does_not_run() -> None:
    def change(found: dict[str, Any]) -> None:
        found["calico_node"]["container"]["running"] = False
        found["calico_node"]["felix"]["running"] = False

    checked = row(change)
    assert checked.checks["felix"][0] == "critical" and len(checked.problems) == 1


def test_a_master_without_calico_node_is_asked_for_none() -> None:
    checked = row(lambda found: found.pop("calico_node"), node=False)
    assert checked.problems == [] and checked.checks["node"] == ("none", "does not apply")


def test_text_of_a_host_is_printable_and_short_and_stands_in_no_command() -> None:
    unit = "x; rm -rf / #\x1b[31m"
    checked = row(lambda found: found["mesos_agent"].update(active="failed", unit=unit))
    problem = checked.problems[0]
    assert problem.command is None and "\x1b" not in str(problem)
    long = row(lambda found: found["dcos"].update(version="9" * 5000))
    assert len(long.checks["host"][1]) < 500


@pytest.mark.parametrize("unit", ["-f", "a b", "a'b", "", "a\nb"])
def test_no_command_with_a_unit_that_a_shell_or_systemd_would_take_for_more(unit: str) -> None:
    assert _status_hosts._journal(unit) is None


def test_a_plan_of_another_shape_is_not_known() -> None:
    checked = row(lambda found: found["plan"].update(sysctl={"changed": "yes", "names": "x"}))
    assert checked.checks["drift"] == ("unknown", "not known")


def test_names_are_sorted_as_people_count() -> None:
    assert sorted(["a10", "a9", "b1", "a"], key=_status_hosts.natural) == ["a", "a9", "a10", "b1"]
