"""Agents that are drained by Mesos' maintenance: by hand, and before their restart. A lab of its own (SYSTEM_LAB_DRAIN names it), whose Mesos is a stand-in.

The tests build on each other, in this order.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import dcos
from support.agent_restart import OVERRIDE, other_plugin_path, pids, unit
from support.ansible import ROOT, environment, playbook
from support.apps import ask, one_on_each_agent, tasks
from support.lab import Lab, eventually, lab_with

pytestmark = pytest.mark.slow

NAME = os.environ.get("SYSTEM_LAB_DRAIN", "drain")
FOREIGN = {
    "machine_ids": [{"hostname": "elsewhere", "ip": "10.9.9.9"}],
    "unavailability": {"start": {"nanoseconds": 1443830400000000123}},
}
SCHEDULE = "/maintenance/schedule"
ONLY = ("--tags", "node,cni")
GO_ON = {"calico_agent_drain": True, "calico_agent_drain_timeout": 5, "calico_agent_drain_on_timeout": "continue"}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """Two private agents with Calico; something else has scheduled maintenance of a machine that is none of them."""
    with lab_with(NAME, LAB_AGENTS="2", LAB_PUBLIC_AGENTS="0") as made:
        playbook(made.inventory).require()
        dcos.Control(made).ask("POST", SCHEDULE, {"windows": [FOREIGN]})
        yield made


def windows(lab: Lab) -> list[list[str]]:
    """Addresses of each window of Mesos' schedule; that of others is as it was."""
    found = dcos.Control(lab).ask("GET", SCHEDULE)["windows"]
    assert found[0] == FOREIGN
    return [[machine["ip"] for machine in window["machine_ids"]] for window in found[1:]]


def variables(lab: Lab, **more: Any) -> dict[str, Any]:
    return {**dcos.variables(lab), **more}


def test_an_agent_is_drained_by_hand_and_returned(lab: Lab) -> None:
    victim = lab.agents[0]
    limit = ("--limit", victim.name)
    refused = playbook(lab.inventory, name="playbooks/drain.yml", variables=variables(lab))
    assert refused.rc != 0 and "Which agents are to be drained?" in refused.output and windows(lab) == []
    with one_on_each_agent(lab, "drain", "calico"):
        seen = playbook(
            lab.inventory, *limit, "--check", "--diff", name="playbooks/drain.yml", variables=variables(lab)
        )
        assert "1 task is left (marathon has not answered whether it moves its 1 task)" in seen.require().output
        assert windows(lab) == []
        late = playbook(
            lab.inventory, *limit, name="playbooks/drain.yml", variables=variables(lab, calico_agent_drain_timeout=1)
        )
        assert (
            late.rc != 0
            and "Marathon moves no task for maintenance" in late.output
            and windows(lab) == [[victim.address]]
        )
    run = playbook(lab.inventory, *limit, name="playbooks/drain.yml", variables=variables(lab)).require()
    assert run.changed() == [] and "no task is left" in run.output, "it was scheduled already"
    assert (
        playbook(lab.inventory, *limit, "--check", name="playbooks/undrain.yml", variables=variables(lab))
        .require()
        .changed()
    )
    assert windows(lab) == [[victim.address]]
    assert playbook(lab.inventory, name="playbooks/undrain.yml", variables=variables(lab)).require().changed()
    assert windows(lab) == []
    assert playbook(lab.inventory, name="playbooks/undrain.yml", variables=variables(lab)).require().changed() == []


def test_an_agent_is_drained_before_its_restart_and_returned_after_it(lab: Lab) -> None:
    """While it is drained Mesos lists it so; its tasks live through the restart all the same."""
    victim, before = lab.agents[0], pids(lab)
    desired = variables(lab, **GO_ON)
    with one_on_each_agent(lab, "drain", "calico") as tasks_before:
        other_plugin_path(victim)
        predicted = playbook(lab.inventory, *ONLY, "--check", variables=desired).require()
        assert f"{victim.name}: drained first, Mesos agent" in predicted.output and windows(lab) == []
        dcos.Control(lab).forget()
        run = playbook(lab.inventory, *ONLY, variables=desired).require()
        assert "1 task is left" in run.output and windows(lab) == []
        # once in, once out
        assert dcos.Control(lab).writes() == {"POST /mesos/maintenance/schedule": 2}
        assert [name for name in before if pids(lab)[name] != before[name]] == [victim.name]
        assert [task["id"] for task in tasks(lab, "drain")] == [task["id"] for task in tasks_before]
        dcos.Control(lab).forget()
        assert playbook(lab.inventory, *ONLY, variables=desired).require().changed() == []
        assert dcos.Control(lab).writes() == {}


def test_tasks_that_do_not_leave_stop_the_run_before_the_restart(lab: Lab) -> None:
    victim, before = lab.agents[0], pids(lab)
    victim.run("rm", OVERRIDE)
    with one_on_each_agent(lab, "drain", "calico"):
        desired = variables(lab, **{**GO_ON, "calico_agent_drain_on_timeout": "fail"})
        run = playbook(lab.inventory, *ONLY, variables=desired)
        assert run.rc != 0 and "Tasks did not leave within 5 seconds" in run.output
        assert pids(lab) == before and windows(lab) == [], "and it is returned"


def test_an_agent_that_does_not_come_back_is_returned_too(lab: Lab) -> None:
    victim = lab.agents[0]
    directory = f"/etc/systemd/system/{unit(victim)}.d"
    victim.run("mkdir", "-p", directory)
    victim.write(f"{directory}/99-broken.conf", "[Service]\nExecStartPre=/bin/false\n")
    victim.run("systemctl", "daemon-reload")
    try:
        run = playbook(lab.inventory, *ONLY, variables=variables(lab, **GO_ON, calico_agent_restart_timeout=10))
        assert run.rc != 0 and unit(victim) in run.output and windows(lab) == []
    finally:
        victim.run("rm", "-f", f"{directory}/99-broken.conf")
        victim.run("systemctl", "daemon-reload")
        victim.run("systemctl", "restart", unit(victim))


def test_what_a_killed_run_leaves_the_next_one_returns(lab: Lab, tmp_path: Path) -> None:
    """It is killed while it waits; its agent needs no restart any more when the next one comes."""
    victim = lab.agents[0]
    other_plugin_path(victim)
    with one_on_each_agent(lab, "drain", "calico"):
        patient = variables(lab, **{**GO_ON, "calico_agent_drain_timeout": 600})
        extra = tmp_path / "extra.json"
        extra.write_text(json.dumps(patient))
        argv = [str(environment("2.16") / "ansible-playbook"), "-i", str(lab.inventory), "site.yml", *ONLY]
        run = subprocess.Popen(
            [*argv, "-e", f"@{extra}"],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            eventually("the agent is drained", lambda: windows(lab) == [[victim.address]], seconds=240)
        finally:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
    victim.run("rm", OVERRIDE)
    assert windows(lab) == [[victim.address]]
    again = playbook(lab.inventory, *ONLY, variables=variables(lab, **GO_ON)).require()
    assert windows(lab) == [] and [task.rpartition(" : ")[2] for _host, task in again.changed()] == [
        "Return the Mesos agents"
    ]


def test_what_an_operator_has_drained_stays_so_over_a_restart(lab: Lab) -> None:
    victim, before = lab.agents[0], pids(lab)
    playbook(lab.inventory, "--limit", victim.name, name="playbooks/drain.yml", variables=variables(lab)).require()
    other_plugin_path(victim)
    try:
        playbook(lab.inventory, *ONLY, variables=variables(lab, **GO_ON)).require()
        assert pids(lab)[victim.name] != before[victim.name] and windows(lab) == [[victim.address]]
    finally:
        victim.run("rm", OVERRIDE)
    playbook(lab.inventory, name="playbooks/undrain.yml", variables=variables(lab)).require()
    assert windows(lab) == [] and ask(lab, "GET", "/apps")["apps"] == []
