"""When a package does its work: pure, by tables."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.dcos.calico.plugins.module_utils._dcos import _readiness
from ansible_collections.dcos.calico.plugins.module_utils._dcos._readiness import STEPS, Agent

TASKS = [step.task for step in STEPS]
DONE = (1, 2, 2, 1)
STEPS_OF_A_PLAN = [{"name": "0", "status": "COMPLETE"}, {"name": "1", "status": "PENDING"}]


def agent(number: int, active: bool = True, cpus: float = 4, mem: float = 4096, free: tuple[float, float] = (3, 3000)) -> Agent:
    return Agent(f"S{number}", f"10.0.1.{number}", active, cpus, mem, *free)


def states(*numbers: int) -> dict[str, dict[str, int]]:
    return {task: {"state": number} for task, number in zip(TASKS, numbers)}


@pytest.mark.parametrize(
    ("name", "version", "labels", "kind"),
    [
        ("etcd", "0.0.3", {}, "etcd"),
        ("etcd", "0.1.0-3.3.12", {"DCOS_COMMONS_API_VERSION": "v1"}, "sdk"),
        ("etcd", "0.1.0", None, "marathon"),
        ("calico", "0.4.0", {}, "calico"),
        ("hello", "1.0", {}, "marathon"),
    ],
)
def test_kinds(name: str, version: str, labels: Any, kind: str) -> None:
    assert _readiness.kind_of(name, version, {"labels": labels}) == kind


@pytest.mark.parametrize(
    ("healthy", "members", "ready"),
    [(True, ["a", "b", "c"], True), (True, ["a", "b"], False), (False, ["a", "b", "c"], False), (True, None, True), (False, None, False)],
)
def test_etcd(healthy: bool, members: Any, ready: bool) -> None:
    assert _readiness.etcd(healthy, "said", "scheduler", members, 3).ready is ready


@pytest.mark.parametrize(
    ("numbers", "doing"),
    [
        ((), "etcd proxy waits for its turn"),
        ((6,), "etcd proxy is staging"),
        ((1,), "Docker cluster store waits for its turn"),
        ((1, 1), "Docker cluster store is running"),
        ((1, 3), "Docker cluster store failed and is tried again"),
        ((1, 5), "Docker cluster store was lost and is tried again"),
        ((1, 7), "Docker cluster store is in error and is tried again"),
        ((1, 2, 0), "CNI plugin is starting"),
        ((1, 2, 2, 2), "calico/node has ended and is started again"),
        ((4, 2, 2, 1), "etcd proxy was killed and is tried again"),
    ],
)
def test_what_an_agent_is_at(numbers: tuple[int, ...], doing: str) -> None:
    found = _readiness.calico({"S1": states(*numbers)}, [agent(1)], {}, "scheduler")
    assert not found.ready and found.text == f"0 of 1 agents done; 10.0.1.1: {doing}"


def test_every_agent_that_can_has_to_be_done() -> None:
    all_done = {f"S{number}": states(*DONE) for number in (1, 2)}
    assert _readiness.calico(all_done, [agent(1), agent(2)], {}, "scheduler").ready
    assert not _readiness.calico(all_done, [agent(1), agent(2), agent(3)], {}, "scheduler").ready
    assert _readiness.calico(all_done, [agent(1), agent(2), agent(3, active=False), agent(4, cpus=0.1)], {}, "scheduler").ready
    assert not _readiness.calico(all_done, [], {}, "scheduler").ready


def test_steps_that_are_switched_off_are_not_waited_for() -> None:
    options = {"Etcd Settings": {"run-proxy": False}, "Configure Docker Cluster-Store": {"enable": False}}
    found = _readiness.calico({"S1": {"TaskInstallCalicoCNI": {"state": 2}, "TaskRunCalicoNode": {"state": 1}}}, [agent(1)], options, "scheduler")
    assert found.ready and found.agents[0]["steps"] == {"CNI plugin": "finished", "calico/node": "running"}


def test_an_agent_that_is_full_is_told_with_what_is_missing() -> None:
    found = _readiness.calico({}, [agent(1, free=(0.05, 4000))], {"Etcd Settings": {"cpu-limit": 0.5}}, "scheduler")
    assert "etcd proxy waits for resources (0.5 cpus and 128 MB are needed, 0.05 and 4000 are free)" in found.text


def test_not_more_is_told_than_can_be_read() -> None:
    found = _readiness.calico({}, [agent(number) for number in range(100)], {}, "scheduler")
    assert found.text.startswith("0 of 100 agents done") and found.text.endswith("88 more") and len(found.agents) == 100


@pytest.mark.parametrize("tasks", [None, {"TaskRunEtcdProxy": None}, {"TaskRunEtcdProxy": {"state": "1"}}, {"TaskRunEtcdProxy": {"state": 99}}])
def test_a_strange_status_is_not_done(tasks: Any) -> None:
    assert "etcd proxy waits for its turn" in _readiness.calico({"S1": tasks}, [agent(1)], {}, "scheduler").text


def test_the_status_out_of_tasks_of_mesos() -> None:
    def task(name: str, state: str, agent_id: str = "S1") -> dict[str, str]:
        return {"name": f"Task({name}-4F2A)", "state": f"TASK_{state}", "slave_id": agent_id}

    tasks = [task("RunEtcdProxy", "FAILED"), task("RunEtcdProxy", "RUNNING"), task("RunCalicoNode", "RUNNING"), {"name": "other"}]
    assert _readiness.status_from_tasks(tasks) == {"S1": states(*DONE)}
    tasks = [task("InstallCalicoCNI", "FINISHED", "S2"), task("RunEtcdProxy", "ERROR", "S2"), task("RunEtcdProxy", "STRANGE", "S2")]
    early = _readiness.status_from_tasks(tasks)
    assert early == {"S2": {"TaskInstallCalicoCNI": {"state": 2}, "TaskRunEtcdProxy": {"state": 7}}}


@pytest.mark.parametrize(
    ("status", "plan", "ready", "words"),
    [
        (200, {"status": "COMPLETE", "phases": []}, True, "plan deploy is complete"),
        (202, {"status": "IN_PROGRESS", "phases": [{"name": "node", "steps": STEPS_OF_A_PLAN}]}, False, "plan deploy is in_progress: node/1 pending"),
        (417, {"errors": ["x"]}, False, "has errors: x"),
        (417, {"status": "COMPLETE"}, False, "has errors: none named"),
        (200, {"status": "COMPLETE", "errors": ["x"]}, False, "has errors: x"),
        (200, {"status": "WAITING"}, False, "is waiting"),
        (200, {}, False, "is not known yet"),
    ],
)
def test_sdk(status: int, plan: dict[str, Any], ready: bool, words: str) -> None:
    found = _readiness.sdk(status, plan)
    assert found.ready is ready and words in found.text
