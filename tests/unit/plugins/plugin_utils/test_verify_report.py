from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from ansible_collections.dcos.calico.plugins.plugin_utils import _verify_evaluate as evaluate
from ansible_collections.dcos.calico.plugins.plugin_utils import _verify_report as report
from ansible_collections.dcos.calico.plugins.plugin_utils._verify_plan import CHECKS

from ...support.verify_seen import World

WELL = """\
Calico on DC/OS 1.11.12: network calico, run r1a2b3c4

agent                container       started  probe  address  route  rp_filter  peers  large packets  dns  outside  policy
agent1   10.0.1.11   192.168.11.64   ok       ok     ok       ok     ok         2/2    2/2            ok   ok       ok
agent2   10.0.1.12   192.168.12.64   ok       ok     ok       ok     ok         2/2    2/2            ok   ok       ok
public1  10.0.1.61   192.168.61.64   ok       ok     ok       ok     ok         2/2    2/2            ok   ok       ok

3 agents, 6 of 6 connections between containers, all 30 checks passed (21 s)
"""
BROKEN = """\
Calico on DC/OS 1.11.12: network calico, run r1a2b3c4

agent               container      started  probe  address  route  rp_filter  peers  large packets  dns  outside  policy
agent1   10.0.1.11  192.168.11.64  ok       ok     ok       ok     FAILED     1/2    1/1            ok   ok       ok
agent2   10.0.1.12  -              FAILED   -      -        -      -          -      -              -    -        -
public1  10.0.1.61  192.168.61.64  ok       ok     ok       ok     ok         2/2    2/2            ok   ok       ok

agent1, rp_filter: The kernel does not check where packets of the container come from (rp_filter), so it can forge its address: all is 2, cali11 is 1
    Run dcos.calico.install, which sets it, also after each start of the Mesos agent
agent1, peers: It does not reach 10.0.1.61 (TCP and UDP: no answer): this host has no route to the other's block (it has none)
    See whether calico/node runs on both and its sessions are Established (calicoctl node status); they need TCP 179 between agents
agent2, started: Its app does not start: TASK_FAILED on 10.0.1.12: Command exited with status 127
    Look at the task's stderr in its sandbox

3 agents, 5 of 6 connections between containers, 3 of 21 checks FAILED (21 s)
"""
# What Jenkins' junit-10.xsd lets stand where: {element: (attributes that must be, those that may be, elements inside)}.
SCHEMA: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "disabled", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests"},
        {
            "failures",
            "errors",
            "time",
            "disabled",
            "skipped",
            "timestamp",
            "hostname",
            "id",
            "package",
            "group",
            "file",
            "log",
            "url",
            "version",
        },
        {"testcase", "properties", "system-out", "system-err"},
    ),
    "testcase": (
        {"name"},
        {"classname", "time", "status", "assertions", "group", "file", "line"},
        {"skipped", "failure", "error", "system-out", "system-err"},
    ),
    "skipped": (set(), {"type", "message"}, set()),
    "failure": (set(), {"type", "message"}, set()),
}


def made(world: World, pairs: tuple[int, int] = (6, 6)) -> report.Report:
    return report.Report("r1a2b3c4", "1.11.12", evaluate.evaluate(world.seen()), pairs, "2026-11-22T09:00:00Z", 21.4)


def broken() -> World:
    world = World()
    world.container(11)["host"]["rp_filter"]["all"] = 2
    world.broken(11, 61, route=None)
    world.app(12).update(ready=False, tasks=[], failure="TASK_FAILED on 10.0.1.12: Command exited with status 127")
    return world


def text(found: report.Report) -> str:
    return "".join(f"{line}\n" for line in report.table(found))


def aligned(words: str) -> list[list[str]]:
    return [line.split() for line in words.splitlines()]


def test_a_table_of_what_is_well() -> None:
    shown = text(made(World()))
    assert aligned(shown) == aligned(WELL)
    rows = shown.splitlines()[2:6]
    for title in ("container", "started", "rp_filter", "large packets", "policy"):
        column = rows[0].index(title)
        assert all(row[column - 2 : column] == "  " and row[column] != " " for row in rows), (
            f"the column {title} is not aligned"
        )
    assert max(map(len, rows)) < 140


def test_a_table_of_what_failed() -> None:
    assert text(made(broken(), (6, 5))) == BROKEN


def test_several_networks() -> None:
    world = World()
    world.networks = [{"name": "calico"}, {"name": "blue"}]
    found = made(world)
    shown = text(found)
    assert (
        "networks calico, blue" in shown
        and "agent1 on blue, started: Marathon has no app for it" in shown
        and "network" in shown.splitlines()[2].split()
    )
    assert "agent1 on blue: started" in report.message(found)


def test_hosts_that_are_called_by_their_address_are_named_once() -> None:
    world = World()
    world.results = {result["agent"]: result for result in world.results.values()}
    assert text(made(world)).count("10.0.1.11") == 1


def test_one_message() -> None:
    said = report.message(made(broken()))
    assert (
        said.startswith("3 of 21 checks failed. agent1: rp_filter, peers; agent2: started. The kernel")
        and "\n" not in said
    )


def test_json_has_everything() -> None:
    pair = {
        "network": "calico",
        "from": "10.0.1.11",
        "to": "10.0.1.12",
        "ok": True,
        "trouble": None,
        "ms": 0.6,
        "path_mtu": 1500,
    }
    found = json.loads(report.as_json(made(broken(), (6, 5)), [pair]))
    assert found["summary"] == {"agents": 3, "checks": 21, "failed": 3, "skipped": 9, "pairs": 6, "pairs_well": 5}
    assert (found["version"], found["ok"], found["pairs"], found["started"], found["seconds"]) == (
        1,
        False,
        [pair],
        "2026-11-22T09:00:00Z",
        21.4,
    )
    first = found["agents"][0]
    assert (first["host"], first["agent"], first["address"], first["ok"]) == (
        "agent1",
        "10.0.1.11",
        "192.168.11.64",
        False,
    )
    assert first["checks"]["rp_filter"]["status"] == "failed" and set(first["checks"]["rp_filter"]["findings"][0]) == {
        "what",
        "why",
        "remedy",
    }
    assert list(first["checks"]) == list(CHECKS)


def test_json_can_be_read_in_any_script() -> None:
    world = World()
    world.app(11).update(ready=False, tasks=[], failure="größer als λ")
    assert "größer als λ" in report.as_json(made(world), [])


def test_what_goes_to_a_jobs_artifacts_is_little() -> None:
    found = report.stats(made(broken()))
    agents = {"agent1": ["rp_filter (calico)", "peers (calico)"], "agent2": ["started (calico)"], "public1": []}
    assert found == {"run": "r1a2b3c4", "ok": False, "checks": 21, "failed": 3, "agents": agents}


def faults(element: ElementTree.Element) -> list[str]:
    """What the schema does not let be."""
    if element.tag not in SCHEMA:
        return [f"{element.tag} is unknown"]
    needed, allowed, inside = SCHEMA[element.tag]
    found = [f"{element.tag} lacks {name}" for name in needed - set(element.attrib)]
    found += [f"{element.tag} has {name}" for name in set(element.attrib) - needed - allowed]
    found += [f"{element.tag} holds {child.tag}" for child in element if child.tag not in inside]
    return found + [fault for child in element for fault in faults(child)]


@pytest.mark.parametrize("world", [World(), broken()])
def test_junit_is_valid_and_its_numbers_are_those_of_its_cases(world: World) -> None:
    root = ElementTree.fromstring(report.junit(made(world)))
    assert faults(root) == []
    cases = list(root.iter("testcase"))
    assert len(cases) == 3 * len(CHECKS) == int(root.attrib["tests"])
    for suite in root:
        of_suite = list(suite.iter("testcase"))
        counted = {
            name: sum(case.find(tag) is not None for case in of_suite)
            for name, tag in (("failures", "failure"), ("skipped", "skipped"))
        }
        assert {name: int(suite.attrib[name]) for name in counted} == counted and int(suite.attrib["tests"]) == len(
            of_suite
        )
        assert suite.attrib["timestamp"] == "2026-11-22T09:00:00"
    assert int(root.attrib["failures"]) == len(list(root.iter("failure")))
    assert len({(case.attrib["classname"], case.attrib["name"]) for case in cases}) == len(cases)


def test_junit_takes_any_text() -> None:
    world = World()
    world.app(11).update(ready=False, tasks=[], failure='stdout=\'{"msg": "<a> & \x1b[1m"}\'')
    failure = next(ElementTree.fromstring(report.junit(made(world))).iter("failure"))
    assert '<a> & \\x1b[1m"}' in str(failure.text)
