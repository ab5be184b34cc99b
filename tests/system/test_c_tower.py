"""Buttons of AWX on lab hosts: the templates of docs/tower, launched as AWX launches them, by one job and by two slices at once, from nothing.

Two labs, one after the other, at the same addresses (SYSTEM_LAB_TOWER names them). The tests build on each other, in this order.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.lab import eventually, lab_with
from support.tower import Job, Tower, done_once, heart, outcomes
from support.workloads import Workloads

pytestmark = pytest.mark.slow

NAME = os.environ.get("SYSTEM_LAB_TOWER", "tower")
ENV = {
    "LAB_AGENTS": "2",
    "LAB_PUBLIC_AGENTS": "1",
    "LAB_FLAVOURS": "agent1=centos,agent2=coreos,public1=modern,*=centos",
}
# Notes what was made of which archive, and every lab packs its own.
OF_ANOTHER_LAB = ("/var/lib/dcos-calico/receipts.json",)


@dataclasses.dataclass
class Whole:
    """What one job did to a lab that is gone."""

    subnet: str
    collections: Path
    before: dict[str, Any]
    checked: Job
    unchanged: dict[str, Any]
    first: Job
    after: dict[str, Any]
    second: Job
    once: set[str]
    leaks: list[str]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    with lab_with(NAME, **ENV) as lab:
        tower = Tower(lab, tmp_path_factory.mktemp("whole"))
        before = lab.snapshot()
        checked = tower.one("check").require()
        unchanged = lab.snapshot()
        first = tower.one("site").require()
        after = lab.snapshot()
        second = tower.one("site").require()
        agents = [agent.name for agent in lab.agents]
        once = done_once(first, agents) | done_once(second, agents)
        assert not tower.sudo.exists(), tower.sudo.read_text()
        return Whole(
            lab.settings.subnet,
            tower.collections,
            before,
            checked,
            unchanged,
            first,
            after,
            second,
            once,
            tower.leaks(),
        )


@pytest.fixture(scope="module")
def tower(whole: Whole, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tower]:
    """A fresh lab at the addresses of the one before."""
    with lab_with(NAME, **ENV, LAB_SUBNET=whole.subnet) as lab:
        yield Tower(lab, tmp_path_factory.mktemp("sliced"), collections=whole.collections)


def state_of(snapshot: dict[str, Any], host: str) -> dict[str, Any]:
    """What an install left on a host, without what is another one in every lab: ids of containers, keys of the lab."""
    found = snapshot[host]
    files = {
        path: value
        for path, value in found["files"].items()
        if ("calico" in path or "/cni" in path) and path not in OF_ANOTHER_LAB
    }
    containers = sorted(
        (line.split()[0], line.split()[2]) for line in found["docker"]["containers"] if line.startswith("calico")
    )
    return {
        "files": files,
        "sysctls": found["sysctls"],
        "units": found["units"],
        "containers": containers,
        "images": found["docker"]["images"],
    }


def datastore(snapshot: dict[str, Any]) -> dict[str, str]:
    """Pools, settings and nodes; not what Felix reports with the time, nor the name that each datastore gets by chance."""
    found = {key: value for key, value in snapshot["etcd"].items() if not key.endswith("/ClusterGUID")}
    return {
        key: value
        for key, value in found.items()
        if any(word in key for word in ("/ipam/v4/pool/", "/v1/config/", "ip_addr_v4", "network_v4"))
    }


def test_a_check_says_what_site_would_do_and_changes_nothing(whole: Whole) -> None:
    assert whole.before == whole.unchanged
    assert sorted(whole.checked.changed()) == sorted(whole.first.changed()) != []


def test_a_second_job_changes_nothing(whole: Whole) -> None:
    assert whole.second.changed() == []


def test_two_slices_at_once_install_what_one_job_installs(whole: Whole, tower: Tower) -> None:
    lab = tower.lab
    agents = [agent.name for agent in lab.agents]
    first = [job.require() for job in tower.launch("site")]
    assert [set(job.outcomes()) for job in first] == [{"agent1", "public1"}, {"agent2"}], (
        "each slice has its own agents, and masters are for another job"
    )
    after = lab.snapshot()
    for agent in agents:
        found, desired = state_of(after, agent), state_of(whole.after, agent)
        differing = [
            path
            for path in {*found["files"], *desired["files"]}
            if found["files"].get(path) != desired["files"].get(path)
        ]
        assert differing == [] and found == desired and len(found["files"]) > 10
    assert datastore(after) == datastore(whole.after) != {}
    assert outcomes(first, whole.once) == outcomes([whole.first], whole.once)
    with Workloads(lab, "calico") as workloads:
        assert workloads.unreachable() == []


def test_a_second_time_slices_change_nothing_as_one_job_does(whole: Whole, tower: Tower) -> None:
    second = [job.require() for job in tower.launch("site")]
    assert not [job.changed() for job in second if job.changed()]
    assert outcomes(second, whole.once) == outcomes([whole.second], whole.once)
    heart(tower.lab, tower.directory / "heart", whole.collections)


def rows(job: Job) -> dict[str, dict[str, str]]:
    """{host: {check: ok, failed or skipped}} of the hosts that a job has measured."""
    found = [event.get("event_data", {}).get("res") or {} for event in job.events()]
    report = next(result["report"] for result in found if "report" in result)
    return {
        row["host"]: {name: check["status"] for name, check in row["checks"].items()}
        for row in report["agents"]
        if row["host"] in job.outcomes()
    }


def test_verify_says_of_each_agent_in_slices_what_one_job_says(tower: Tower) -> None:
    agents = {agent.name for agent in tower.lab.agents}
    whole = tower.one("verify").require()
    sliced = [job.require() for job in tower.launch("verify")]
    assert {name: row for job in sliced for name, row in rows(job).items()} == rows(whole) and set(
        rows(whole)
    ) == agents
    assert all(row["peers"] == "ok" for row in rows(whole).values())
    once = done_once(whole, agents)
    assert outcomes(sliced, once) == outcomes([whole], once)
    assert not [job.changed() for job in (whole, *sliced) if job.changed()]


def test_an_answer_restarts_every_node_once_and_in_its_turn_in_each_slice(tower: Tower) -> None:
    """AWX gives it as an extra variable, which wins over what plays say."""
    lab = tower.lab
    before = {agent.name: container(agent) for agent in lab.agents}
    jobs = [job.require() for job in tower.launch("site", calico_node_restart="always")]
    assert {agent.name for agent in lab.agents if container(agent) != before[agent.name]} == {
        agent.name for agent in lab.agents
    }
    for job in jobs:
        restarts = [
            host for host, task in job.changed() if task.endswith("Run calico/node and wait until it is healthy")
        ]
        assert len(restarts) == len(set(restarts)) == len(job.outcomes())
        assert starts_in_turn(job)


def container(agent: Any) -> str:
    return agent.out("docker", "inspect", "--format", "{{.Id}}", "calico-node").strip()


def starts_in_turn(job: Job) -> bool:
    """In the play that restarts, a host's task starts when the one's before has ended."""
    running: set[str] = set()
    for event in job.events():
        data = event.get("event_data", {})
        if data.get("play", "").startswith("Restart, one by one, the nodes") and str(data.get("task", "")).endswith(
            "until it is healthy"
        ):
            if event["event"] == "runner_on_start":
                running.add(data["host"])
            elif event["event"].startswith("runner_on_"):
                running.discard(data["host"])
        if len(running) > 1:
            return False
    return True


def test_one_agent_is_repaired_with_a_limit(tower: Tower) -> None:
    lab = tower.lab
    agent = lab.agents[0]
    agent.run("rm", "/opt/mesosphere/etc/dcos/network/cni/calico.cni")
    job = tower.one("repair", limit=agent.name).require()
    assert {host for host, _task in job.changed()} == {agent.name} and set(job.outcomes()) == {agent.name}
    assert json.loads(agent.read("/opt/mesosphere/etc/dcos/network/cni/calico.cni"))["name"] == "calico"


def test_a_slice_that_fails_leaves_the_other_alone(tower: Tower) -> None:
    """Each says what is wrong with its own hosts; nothing is touched where preflight fails."""
    lab = tower.lab
    agent = lab.agents[0]
    agent.write("/opt/mesosphere/etc/dcos/network/cni/broken.conf", "{")
    before = agent.snapshot()
    try:
        failed, good = tower.launch("site")
        assert (
            failed.status == "failed"
            and "broken.conf is no CNI network" in failed.stdout()
            and agent.snapshot() == before
        )
        good.require()
    finally:
        agent.run("rm", "/opt/mesosphere/etc/dcos/network/cni/broken.conf")


def test_nobody_was_root_on_the_controller_and_nothing_was_asked_or_given_away(whole: Whole, tower: Tower) -> None:
    assert not tower.sudo.exists(), tower.sudo.read_text()
    assert whole.leaks == [] and tower.leaks() == []
    for job in (whole.first, whole.second, *tower.jobs):
        assert "assword:" not in job.stdout()
        left = {path.name for path in job.directory.iterdir()}
        assert left <= {"artifacts", "cp", "env", "inventory", "project", ".ansible"}, left
    eventually(
        "the sessions are up",
        lambda: all("Established" in tower.lab.calicoctl("node", "status", host=agent) for agent in tower.lab.agents),
        30,
    )
