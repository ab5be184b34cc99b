"""dcos_calico_framework through its real main(): the scheduler ends first, and the package goes only when no task is left."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.dcos.calico.plugins.modules import dcos_calico_framework as module

from ...support.framework import APP, Framework
from ...support.universe import Universe

Json = dict[str, Any]


@pytest.fixture
def run(run_module: Any, universe: Universe) -> Any:
    def call(state: str, check: bool = False, **args: Any) -> Json:
        universe.api.requests.clear()
        return run_module(module, universe.args(state=state, wait_timeout=60, **args), check=check, diff=True)

    return call


def test_the_scheduler_ends_and_its_tasks_go_on(run: Any, universe: Universe) -> None:
    framework = Framework(universe)
    planned = run("suspended", check=True)
    assert planned["changed"] and universe.writes == []
    assert (
        planned["text"]
        == f"package calico 0.4.0 ({APP}), 1 instances of its scheduler; 4 tasks on 2 agents (10.0.1.1, 10.0.1.2)"
    )
    result = run("suspended")
    assert (
        result["changed"]
        and universe.writes == [f"PUT /service/marathon/v2/apps{APP}"]
        and result["diff"] == planned["diff"]
    )
    assert universe.sent(f"/service/marathon/v2/apps{APP}") == {"instances": 0} and not framework.active()
    assert (result["tasks"], result["agents"], result["app_id"], result["version"]) == (
        4,
        ["10.0.1.1", "10.0.1.2"],
        APP,
        "0.4.0",
    )
    again = run("suspended")
    assert not again["changed"] and universe.writes == [] and "0 instances" in again["text"]


def test_mesos_is_waited_for(run: Any, universe: Universe) -> None:
    """A framework whose scheduler has ended is active until the master has seen its connection close."""
    framework = Framework(universe)
    framework.late = 3
    assert run("suspended")["changed"] and framework.late == 0
    Framework(universe).late = 10**6
    failed = run("suspended")
    assert (
        failed["failed"]
        and "the end of the scheduler" in failed["msg"]
        and "Mesos takes the framework for active" in failed["msg"]
    )


def test_the_package_stays_while_a_task_runs(run: Any, universe: Universe) -> None:
    framework = Framework(universe)
    result = run("absent")
    assert result["changed"] and universe.writes == [f"PUT /service/marathon/v2/apps{APP}"] and result["app_id"] == APP
    del framework.tasks[:3]
    left = run("absent")
    assert not left["changed"] and universe.writes == [] and left["text"].endswith("1 task on 1 agent (10.0.1.2)")


def test_the_package_goes_with_the_last_task(run: Any, universe: Universe) -> None:
    framework = Framework(universe)
    run("suspended")
    framework.ending = 2
    result = run("absent")
    assert result["changed"] and universe.writes == ["POST /package/uninstall"]
    assert (result["app_id"], result["version"], result["tasks"]) == (
        None,
        None,
        0,
    ) and "no package calico is installed" in result["text"]
    assert not run("absent")["changed"] and universe.writes == []


def test_check_mode_predicts_a_package_without_tasks(run: Any, universe: Universe) -> None:
    Framework(universe).tasks.clear()
    planned = run("absent", check=True)
    assert planned["changed"] and universe.writes == [] and len(planned["diff"]) == 2
    assert run("absent")["diff"] == planned["diff"]


def test_there_is_none(run: Any, universe: Universe) -> None:
    for state in ("suspended", "absent"):
        result = run(state)
        assert (
            not result["changed"]
            and universe.writes == []
            and result["text"] == "no package calico is installed; no task of it runs"
        )


def test_a_scheduler_that_no_package_has_started_is_told(run: Any, universe: Universe) -> None:
    framework = Framework(universe)
    universe.state["apps"].clear()
    framework.late = 10**6
    for state in ("suspended", "absent"):
        failed = run(state)
        assert failed["failed"] and "no package of it is installed" in failed["msg"] and universe.writes == []
    framework.late = 0
    assert run("suspended")["tasks"] == 4, "one that was uninstalled, whose tasks Mesos ends a week later"


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("InstallCalicoCNI", "Wait until it has done its work"),
        ("RunCalicoLibnetwork", "docker rm -f the container of the image calico/node-libnetwork"),
    ],
)
def test_what_is_not_taken_over_is_told_first(run: Any, universe: Universe, kind: str, words: str) -> None:
    Framework(universe).tasks.append(("S2", kind))
    for check in (True, False):
        failed = run("suspended", check=check)
        assert failed["failed"] and f"{kind} on 10.0.1.2" in failed["msg"] and words in failed["msg"]
        assert universe.writes == []


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {"frameworks": {}},
        {"frameworks": [{"name": "calico", "tasks": [3]}]},
        {"slaves": [{"id": 1}]},
        {"frameworks": [{"active": "yes"}]},
    ],
)
def test_a_strange_master(run: Any, universe: Universe, answer: Any) -> None:
    universe.api.on("GET", "/mesos/state", answer)
    failed = run("suspended")
    assert failed["failed"] and "/mesos/state" in failed["msg"] and universe.writes == []


def test_an_agent_that_is_away_and_what_it_calls_itself() -> None:
    tasks = [{"state": "TASK_RUNNING", "slave_id": name} for name in ("S1", "S9", "S2")]
    slaves = [{"id": "S1", "hostname": "{{ x }}"}, {"id": "S2", "pid": "slave(1)@10.0.1.2:5051"}]
    found = module.find(
        {
            "frameworks": [{"name": "calico", "tasks": tasks}, {"name": "marathon", "active": True, "tasks": tasks}],
            "slaves": slaves,
        }
    )
    assert not found.active and found.agents == ["10.0.1.2", "S1", "an agent that is away"]
