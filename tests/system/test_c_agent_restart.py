"""When Mesos agents are restarted, one by one, and what that leaves as it was. A lab of its own (SYSTEM_LAB_AGENT_RESTART names it).

The tests build on each other, in this order.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import dcos
from support.agent_restart import OVERRIDE, heart, is_strict, other_plugin_path, pids, started, unit
from support.ansible import playbook
from support.apps import one_on_each_agent, tasks
from support.lab import Host, Lab, eventually, lab_with

pytestmark = pytest.mark.slow

NAME = os.environ.get("SYSTEM_LAB_AGENT_RESTART", "agentrestart")
ALWAYS: dict[str, Any] = {"calico_agent_restart": "always"}
SECOND = {"calico_networks": [{"name": "calico", "file": "calico.cni"}, {"name": "second"}]}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A private agent and a public one."""
    with lab_with(NAME, LAB_AGENTS="1", LAB_PUBLIC_AGENTS="1") as made:
        yield made


def test_an_install_restarts_no_agent(lab: Lab) -> None:
    before = pids(lab)
    playbook(lab.inventory).require()
    assert pids(lab) == before


def test_a_changed_plugin_path_restarts_that_agent_only_and_its_tasks_live_on(lab: Lab) -> None:
    heart(lab)


def test_check_mode_tells_and_never_is_never(lab: Lab) -> None:
    before = pids(lab)
    other_plugin_path(lab.agents[0])
    try:
        run = playbook(lab.inventory, "--check", "--diff").require()
        assert [item["task"] for item in run.results if item["changed"]], run.output[-3000:]
        assert "MESOS_NETWORK_CNI_PLUGINS_DIR" in run.output
        run = playbook(lab.inventory, variables={"calico_agent_restart": "never"}).require()
        assert run.changed() == [] and pids(lab) == before
    finally:
        lab.agents[0].run("rm", OVERRIDE)


def test_an_agent_that_was_started_with_what_is_no_more_is_put_right(lab: Lab) -> None:
    victim = lab.agents[0]
    other_plugin_path(victim)
    victim.run("systemctl", "restart", unit(victim))
    victim.run("rm", OVERRIDE)
    before = pids(lab)
    playbook(lab.inventory).require()
    after = pids(lab)
    assert [name for name in before if after[name] != before[name]] == [victim.name]
    assert playbook(lab.inventory).require().changed() == []


def test_always_restarts_them_one_by_one_after_a_change_of_a_network_and_no_more(lab: Lab) -> None:
    before, desired = pids(lab), {**ALWAYS, **SECOND}
    with one_on_each_agent(lab, "agent-restart", "calico") as tasks_before:
        predicted = playbook(lab.inventory, "--check", "--diff", variables=desired).require()
        run = playbook(lab.inventory, "--diff", variables=desired).require()
        assert sorted(predicted.changed()) == sorted(run.changed()) and predicted.predictions() == run.predictions()
        after = pids(lab)
        assert not set(after.values()) & set(before.values())
        assert [(task["id"], task["startedAt"], task["state"]) for task in tasks(lab, "agent-restart")] == [
            (task["id"], task["startedAt"], "TASK_RUNNING") for task in tasks_before
        ]
        for agent in lab.agents:
            is_strict(agent)
    times = sorted(started(agent, unit(agent)) for agent in lab.agents)
    assert times[1] - times[0] > 1_000_000  # a gate lies between them
    assert playbook(lab.inventory, variables=desired).require().changed() == []
    assert playbook(lab.inventory, "--check", variables=desired).require().changed() == []
    assert pids(lab) == after


ASK = """
- hosts: agents
  gather_facts: false
  tasks:
    - ansible.builtin.import_role: {name: dcos.calico.calico_agent_restart, tasks_from: ask_mesos}
      vars: {calico_agent_restart_timeout: 10, calico_agent_restart_result: {agent_id: "{{ agent_id }}"}}
"""


def test_mesos_says_whether_an_agent_that_tells_nobody_is_back(lab: Lab, tmp_path: Path) -> None:
    play, agent = tmp_path / "ask.yml", lab.agents[0]
    play.write_text(ASK)
    known = agent.read("/var/lib/mesos/slave/meta/agent_id").strip()
    playbook(
        lab.inventory, "--limit", agent.name, name=str(play), variables={**dcos.variables(lab), "agent_id": known}
    ).require()
    run = playbook(
        lab.inventory, "--limit", agent.name, name=str(play), variables={**dcos.variables(lab), "agent_id": "another"}
    )
    assert run.rc != 0 and [item["task"].rpartition(" : ")[2] for item in run.failed()] == [
        "Wait until the agent is registered again"
    ]


def broken(host: Host, fails: bool) -> None:
    """Let the agent of a host not start, or start again."""
    directory = f"/etc/systemd/system/{unit(host)}.d"
    host.run("mkdir", "-p", directory)
    host.run("rm", "-f", f"{directory}/99-broken.conf")
    if fails:
        host.write(f"{directory}/99-broken.conf", "[Service]\nExecStartPre=/bin/false\n")
    host.run("systemctl", "daemon-reload")
    if not fails:
        host.run("systemctl", "restart", unit(host))


def test_an_agent_that_does_not_come_back_ends_the_roll_and_the_next_one_is_untouched(lab: Lab) -> None:
    first, second, before = lab.agents[0], lab.agents[1], pids(lab)
    desired = {**ALWAYS, "calico_networks": [*SECOND["calico_networks"], {"name": "third"}]}
    broken(first, True)
    try:
        run = playbook(lab.inventory, variables={**desired, "calico_agent_restart_timeout": 10})
        assert run.rc != 0 and [item["host"] for item in run.failed()] == [first.name], run.output[-3000:]
        assert unit(first) in run.output and pids(lab)[second.name] == before[second.name]
    finally:
        broken(first, False)
    eventually(
        "the agent is back",
        lambda: first.run("systemctl", "is-active", unit(first), check=False).stdout.strip() == "active",
    )
    playbook(lab.inventory, variables=desired).require()
    assert pids(lab)[second.name] != before[second.name]
    assert playbook(lab.inventory, variables=desired).require().changed() == []
