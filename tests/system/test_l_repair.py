"""An upgrade of DC/OS and hands that spoil things: what an agent puts back by itself, and what dcos.calico.repair does and leaves."""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import upgrade
from support.ansible import Run, playbook
from support.lab import Host, Lab, eventually, lab_with
from support.pings import sent_and_lost
from support.workloads import Workloads

NETWORK = "/opt/mesosphere/etc/dcos/network/cni/calico.cni"
LINKS = ["/opt/mesosphere/active/cni/calico", "/opt/mesosphere/active/cni/calico-ipam"]
COPIES = "/etc/calico/agent-files"
UNIT = "calico-agent-files"
SLOW = pytest.mark.slow
# Configured, and not rolled out.
NEW = {"calico_host_modules": ["ip_set", "xt_set"]}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A master, an agent with Python 2.7 and one that has only DC/OS' own Python."""
    flavours = "agent1=centos,agent2=coreos,*=centos"
    with lab_with("repair", LAB_AGENTS="2", LAB_PUBLIC_AGENTS="0", LAB_FLAVOURS=flavours) as lab:
        playbook(lab.inventory).require()
        yield lab


def repair(lab: Lab, *arguments: str, **variables: Any) -> Run:
    return playbook(lab.inventory, *arguments, name="playbooks/repair.yml", variables=variables)


def is_back(agent: Host) -> bool:
    return agent.run("test", "-s", NETWORK, check=False).returncode == 0


def said(agent: Host, cursor: str) -> list[str]:
    """What the unit wrote to the journal since."""
    text = agent.out("journalctl", "-u", UNIT, "-o", "json", "--no-pager", "--after-cursor", cursor)
    return [
        item["MESSAGE"]
        for item in (json.loads(line) for line in text.splitlines())
        if item.get("SYSLOG_IDENTIFIER") == "sh"
    ]


def now(agent: Host) -> str:
    agent.run("journalctl", "--sync", check=False)
    return agent.out("journalctl", "-n", "1", "-o", "json", "--no-pager").partition('"__CURSOR":"')[2].partition('"')[0]


def settled(agent: Host) -> None:
    eventually(
        "the unit is done",
        lambda: agent.run("systemctl", "is-active", UNIT, check=False).stdout.strip() == "inactive",
        seconds=30,
    )


class Pings:
    """From a container to another one, ten in a second, and how many came back."""

    def __init__(self, agent: Host, container: str, address: str, log: str) -> None:
        namespace = f"--net=/var/run/mesos/isolators/network/cni/{container}/ns"
        self.agent, self.log = agent, log
        agent.run(
            "sh",
            "-c",
            f"setsid nsenter {namespace} ping -D -i 0.1 {address} > {log} 2>&1 < /dev/null & echo $! > {log}.pid",
        )

    def lost(self) -> int:
        self.agent.run("sh", "-c", f"kill -INT $(cat {self.log}.pid)")
        text = eventually("ping sums up", lambda: self._summary())
        sent, lost = sent_and_lost(text)
        assert sent > 10
        return lost

    def _summary(self) -> str:
        text = self.agent.read(self.log)
        return text if "packets transmitted" in text else ""


def test_an_upgrade_of_dcos_is_repaired_by_the_agents_themselves(lab: Lab) -> None:
    """Containers go on, what was lost is there before the Mesos agent starts, and a run afterwards finds nothing."""
    first, second = lab.agents
    with Workloads(lab, "calico") as workloads:
        assert workloads.unreachable() == []
        pings = Pings(first, workloads.of(first).container, workloads.of(second).address, "/tmp/ping")
        marks = {agent.name: now(agent) for agent in lab.agents}
        for agent in lab.agents:
            upgrade.upgrade(agent)
            assert is_back(agent), "the Mesos agent was started after it"
            with Workloads(lab, "calico", [agent]) as fresh:
                container, target = fresh.items[0].container, workloads.of(second).address
                reach = functools.partial(agent.ping, container, target)
                eventually("a new container reaches others", reach)
        assert pings.lost() == 0
        for agent in lab.agents:
            settled(agent)
            lines = [line for line in said(agent, marks[agent.name]) if " again" in line]
            assert [line.partition(" was")[0] for line in lines] == [*LINKS, NETWORK]
    run = repair(lab).require()
    assert run.changed() == [] and "Repair: nothing to do." in run.output
    assert sum(run.remote()[agent.name] for agent in lab.agents) <= 4, run.executions


def test_what_drifted_is_repaired_and_what_was_configured_anew_is_left(lab: Lab) -> None:
    """One host drifted in three things while something else is configured, and not rolled out."""
    first, second = lab.agents
    started = {
        agent.name: agent.out("docker", "inspect", "-f", "{{.State.StartedAt}}", "calico-node") for agent in lab.agents
    }
    modules = first.read("/etc/modules-load.d/calico.conf")
    first.run(
        "sh", "-c", f"echo 2 > /proc/sys/net/ipv4/conf/all/rp_filter; rm {LINKS[0]}; rm /etc/calico/calicoctl.cfg"
    )
    run = repair(lab, "--diff", **NEW).require()
    assert {host for host, _ in run.changed()} == {first.name}
    assert {name for _, name in run.predictions()} == {
        "net.ipv4.conf.all.rp_filter",
        LINKS[0],
        "/etc/calico/calicoctl.cfg",
    }
    assert run.planned() == run.predictions()
    assert run.plan()["left"] == {
        agent.name: {"agent_files": "configured otherwise since it was installed"} for agent in lab.agents
    }
    assert first.read("/etc/modules-load.d/calico.conf") == modules
    after = {
        agent.name: agent.out("docker", "inspect", "-f", "{{.State.StartedAt}}", "calico-node") for agent in lab.agents
    }
    assert after == started
    assert repair(lab).require().changed() == []


@SLOW
def test_a_check_of_a_repair_says_what_it_would_do_and_does_nothing(lab: Lab) -> None:
    first = lab.agents[0]
    first.run("rm", NETWORK)
    before = lab.snapshot()
    run = repair(lab, "--check", "--diff").require()
    assert {name for _, name in run.predictions()} == {NETWORK} == {name for _, name in run.planned()}
    assert lab.snapshot() == before
    assert {host for host, _ in repair(lab).require().changed()} == {first.name}


@SLOW
def test_a_node_that_somebody_stopped_is_started_and_no_other_is_touched(lab: Lab) -> None:
    """Somebody stopped one node for good, and the other goes on as it is."""
    first, second = lab.agents
    untouched = second.out("docker", "inspect", "-f", "{{.State.StartedAt}}", "calico-node")
    first.run("systemctl", "disable", "--now", "calico-node")
    run = repair(lab, **NEW).require()
    assert {host for host, _ in run.changed()} == {first.name}
    assert second.out("docker", "inspect", "-f", "{{.State.StartedAt}}", "calico-node") == untouched
    assert run.plan()["changing"][first.name]["steps"] == {"start": ["calico/node"]}


@SLOW
def test_a_host_that_was_never_installed_is_named_and_left(lab: Lab) -> None:
    """As one is whose notes are gone."""
    first, second = lab.agents
    notes = "/var/lib/dcos-calico/installed.json"
    kept = second.read(notes)
    second.run("rm", notes, NETWORK, "/etc/sysctl.d/60-calico.conf")
    first.run("rm", NETWORK)
    run = repair(lab).require()
    assert {host for host, _ in run.changed()} == {first.name}
    assert set(run.plan()["left"][second.name]) == {"sysctl", "cni_network"} and not is_back(second)
    second.write(notes, kept)
    assert {host for host, _ in repair(lab).require().changed()} == {second.name}


@SLOW
def test_a_killed_repair_is_finished_by_the_next_one(lab: Lab) -> None:
    first = lab.agents[0]
    before = first.snapshot()["files"]
    first.run("rm", NETWORK, *LINKS, "/etc/calico/calicoctl.cfg", "/etc/systemd/system/calico-agent-files.path")
    for seconds in (8, 14):
        try:
            playbook(lab.inventory, name="playbooks/repair.yml", timeout=seconds)
        except Exception as error:
            assert type(error).__name__ == "TimeoutExpired"
    repair(lab).require()
    after = first.snapshot()["files"]
    ours = [path for path in before if path.startswith(("/opt/", "/etc/calico", "/etc/systemd"))]
    assert {path: after.get(path) for path in ours} == {path: before[path] for path in ours}
    assert repair(lab).require().changed() == []


@SLOW
@pytest.mark.parametrize("between", [0, 4])
def test_a_swap_under_a_running_agent_is_seen(lab: Lab, between: float) -> None:
    """No unit is started by anybody but the watch."""
    for agent in lab.agents:
        upgrade.swap(agent, between)
        eventually("the network is back", lambda agent=agent: is_back(agent), seconds=20)
        settled(agent)
        assert [agent.out("readlink", link).strip() for link in LINKS] == [
            "/opt/calico/bin/calico",
            "/opt/calico/bin/calico-ipam",
        ]
    with Workloads(lab, "calico") as workloads:
        assert workloads.unreachable() == []


@SLOW
def test_an_agent_that_boots_after_a_swap_has_all_before_mesos_starts(lab: Lab) -> None:
    first = lab.agents[0]
    first.run("systemctl", "stop", f"{UNIT}.path")
    upgrade.swap(first)
    assert not is_back(first)
    lab.power(first.name, "restart")
    assert is_back(first)
    order = first.out(
        "systemctl",
        "show",
        UNIT,
        "dcos-mesos-slave",
        "-p",
        "ExecMainExitTimestampMonotonic",
        "-p",
        "ExecMainStartTimestampMonotonic",
    )
    unit, mesos = (dict(line.split("=") for line in block.splitlines()) for block in order.strip().split("\n\n"))
    assert 0 < int(unit["ExecMainExitTimestampMonotonic"]) <= int(mesos["ExecMainStartTimestampMonotonic"])
    assert repair(lab).require().changed() == []


@SLOW
def test_stopped_on_one_host_for_now_it_does_nothing_there(lab: Lab) -> None:
    """By what the page says."""
    page = Path(__file__).parents[2].joinpath("docs", "repair.md").read_text(encoding="utf-8")
    command = page.partition('ansible agent1 -b -a "touch ')[2].partition('"')[0]
    agent = lab.agents[0]
    agent.run("touch", command)
    upgrade.upgrade(agent)
    assert not is_back(agent)
    agent.run("rm", command)
    agent.run("systemctl", "start", UNIT)
    assert is_back(agent)


@SLOW
def test_where_nothing_is_wrong_nothing_is_written_or_said(lab: Lab) -> None:
    for agent in lab.agents:
        mark, before = now(agent), agent.snapshot()
        agent.run("systemctl", "start", UNIT)
        assert agent.snapshot() == before and said(agent, mark) == []


@SLOW
def test_killed_in_the_middle_it_is_finished_by_the_next_start(lab: Lab) -> None:
    agent = lab.agents[1]
    for pause in (0.05, 0.15, 0.3, 0.6):
        agent.run("systemctl", "stop", f"{UNIT}.path")
        upgrade.swap(agent)
        agent.run("systemctl", "start", "--no-block", UNIT)
        time.sleep(pause)
        agent.run("systemctl", "kill", "-s", "KILL", UNIT, check=False)
        names = agent.out("ls", "-A", str(Path(NETWORK).parent)).split()
        assert not [name for name in names if name.startswith(".")]
        agent.run("systemctl", "reset-failed", UNIT, check=False)
        agent.run("systemctl", "restart", UNIT)
        assert is_back(agent)
        assert ".dcos-calico" not in agent.out("ls", "-A", str(Path(NETWORK).parent.parent))
    assert {name for _, name in repair(lab, "--diff").require().predictions()} == {f"{UNIT}.path"}


@SLOW
def test_what_a_run_removes_does_not_come_back(lab: Lab) -> None:
    networks = [{"name": "calico", "file": "calico.cni"}, {"name": "second", "file": "second.cni"}]
    other = f"{Path(NETWORK).parent}/second.cni"
    playbook(lab.inventory, variables={"calico_networks": networks}).require()
    agent = lab.agents[0]
    assert agent.run("test", "-e", f"{COPIES}{other}").returncode == 0
    networks[1]["state"] = "absent"
    playbook(lab.inventory, variables={"calico_networks": networks}).require()
    upgrade.upgrade(agent)
    assert is_back(agent) and agent.run("test", "-e", other, check=False).returncode == 1
    playbook(lab.inventory).require()


@SLOW
def test_switched_off_an_agent_waits_for_a_run(lab: Lab) -> None:
    off = playbook(lab.inventory, variables={"calico_keep_files": False}).require()
    agent = lab.agents[0]
    assert {host for host, _ in off.changed()} == {each.name for each in lab.agents}
    files = f"/etc/systemd/system/{UNIT}.service /etc/systemd/system/{UNIT}.path /opt/calico/bin/{UNIT}"
    assert agent.run("sh", "-c", f"ls {files}; find {COPIES} ! -type d", check=False).stdout == ""
    assert playbook(lab.inventory, variables={"calico_keep_files": False}).require().changed() == []
    upgrade.upgrade(agent)
    time.sleep(3)
    assert not is_back(agent)
    run = repair(lab, calico_keep_files=False).require()
    assert {host for host, _ in run.changed()} == {agent.name} and is_back(agent)
    playbook(lab.inventory).require()
    assert agent.out("systemctl", "is-active", f"{UNIT}.path").strip() == "active"
