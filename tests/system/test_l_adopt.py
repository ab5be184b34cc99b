"""A cluster that was set up by the guide's own commands becomes one that dcos.calico.site manages, while its containers go on."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from support import by_hand, dcos
from support.ansible import Run, environment, playbook
from support.collisions import SECONDS
from support.lab import ROOT, Lab, eventually, lab_with
from support.pings import Counted
from support.workloads import Workloads

VARIABLES: dict[str, Any] = {"calico_preflight_min_private_agents": 1}
FLAVOURS = "agent2=coreos,agent3=modern,*=centos"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with lab_with("adopt", LAB_AGENTS="2", LAB_PUBLIC_AGENTS="0", LAB_FLAVOURS=FLAVOURS) as found:
        for agent in found.agents:
            by_hand.load_image(agent)
            with by_hand.without_bridges(agent):
                by_hand.follow(agent)
        yield found


def adopt(lab: Lab, file: Path, *arguments: str, **variables: Any) -> Run:
    given = {**VARIABLES, "calico_adopt_file": str(file), **variables}
    return playbook(lab.inventory, *arguments, name="playbooks/adopt.yml", variables=given, timeout=1500)


def site(lab: Lab, file: Path, **variables: Any) -> Run:
    given = {**VARIABLES, **variables}
    return playbook(lab.inventory, "-i", str(file), name="playbooks/site.yml", variables=given, timeout=1500)


def cut(lab: Lab, file: Path, task: str, address: str) -> None:
    """An adoption whose controller is gone with all its processes when a host has begun with a task."""
    argv = [environment("2.16") / "ansible-playbook", "-i", lab.inventory, "playbooks/adopt.yml", "-vvv"]
    argv += ["-e", f"calico_adopt_file={file}", *(f"-e {name}={value}" for name, value in VARIABLES.items())]
    env = {**os.environ, "ANSIBLE_NOCOLOR": "1"}
    run = subprocess.Popen(
        [str(word) for word in argv],
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    begun, seen = False, ""
    for line in run.stdout or ():
        seen += line
        begun = line.startswith("TASK [") and task in line or begun and not line.startswith("TASK [")
        if begun and f"<{address}> " in line:
            break
    os.killpg(run.pid, signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL, f"it was over before {task}: {seen[-3000:]}"


def test_what_was_typed_by_hand_is_adopted_without_a_lost_packet(lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "adopted.yml"
    before = lab.etcd()
    proxies = {agent.name: by_hand.proxy_of(agent) for agent in lab.agents}
    with Workloads(lab, "calico") as workloads:
        assert workloads.unreachable(60) == []
        with Counted(workloads) as pings:
            run = adopt(lab, file).require()
        assert pings.lost() == 0 and min(pings.sent.values()) > 50
    assert (
        f"by hand (process {proxies['agent1']})" in run.output and "etcd's proxy taken over from others" in run.output
    )
    kept = yaml.safe_load(file.read_text())["all"]
    assert kept["hosts"] == {agent.name: {"calico_node_name": agent.name} for agent in lab.agents}
    assert kept["vars"]["calico_networks"] == [{"name": "calico", "file": "calico.cni"}]
    for key in (f"/calico/bgp/v1/host/{agent.name}/ip_addr_v4" for agent in lab.agents):
        assert lab.etcd()[key] == before[key]
    for agent in lab.agents:
        assert (
            agent.out("systemctl", "is-active", "calico-etcd-proxy.service", "calico-node.service").split()
            == ["active"] * 2
        )
        assert agent.run("test", "-e", f"/proc/{proxies[agent.name]}", check=False).returncode != 0
    assert site(lab, file).require().changed() == []
    assert adopt(lab, file).require().changed() == []


@pytest.mark.slow
def test_a_guide_left_at_any_step_is_looked_at_then_completed(tmp_path: Path) -> None:
    """One host for each step that somebody has stopped after."""
    file, steps = tmp_path / "adopted.yml", sorted(by_hand.STEPS)
    with lab_with("halves", LAB_AGENTS=str(len(steps)), LAB_PUBLIC_AGENTS="0", LAB_FLAVOURS=FLAVOURS) as lab:
        for agent, last in zip(lab.agents, steps):
            by_hand.load_image(agent)
            with by_hand.without_bridges(agent):
                by_hand.follow(agent, last=last)
        refused = playbook(lab.inventory, name="playbooks/site.yml", variables=VARIABLES, timeout=1500)
        assert refused.rc != 0 and "Run dcos.calico.adopt if it is an etcd proxy that was started by hand" in " ".join(
            refused.output.split()
        )
        before = {agent.name: agent.snapshot() for agent in lab.agents}
        looked = adopt(lab, file, "--tags", "look").require()
        assert re.search(r"agent1 .*by hand \(process \d+\) +none", looked.output) and file.exists()
        adopt(lab, file, "--check").require()
        assert {agent.name: agent.snapshot() for agent in lab.agents} == before
        adopt(lab, file).require()
        assert site(lab, file).require().changed() == []


@pytest.mark.slow
def test_a_takeover_goes_on_by_limit_after_kills_and_after_a_power_cut(tmp_path: Path) -> None:
    file = tmp_path / "adopted.yml"
    with lab_with("cuts", LAB_AGENTS="2", LAB_PUBLIC_AGENTS="0", LAB_FLAVOURS=FLAVOURS) as lab:
        first, second = lab.agents
        for agent in lab.agents:
            by_hand.load_image(agent)
            with by_hand.without_bridges(agent):
                by_hand.follow(agent)
        untouched = {agent.name: agent.snapshot() for agent in lab.agents}
        adopt(lab, file, "--check").require()
        assert {agent.name: agent.snapshot() for agent in lab.agents} == untouched and not file.exists()
        adopt(lab, file, "--limit", first.name).require()
        assert second.snapshot() == untouched[second.name]
        assert list(yaml.safe_load(file.read_text())["all"]["hosts"]) == [first.name]
        # The file is a part of the inventory from here on, and stays whole.
        for task in ("Set kernel parameters", "Run etcd's proxy"):
            cut(lab, file, task, second.address)
        cut(lab, file, "Run calico/node and wait", second.address)
        # What was started in a shell is gone with the power, and Docker starts its container again.
        lab.power(second.name, "restart", hard=True)
        adopt(lab, file, "-i", str(file)).require()
        kept = yaml.safe_load(file.read_text())["all"]
        assert set(kept["hosts"]) == {first.name, second.name}
        assert kept["vars"]["calico_networks"] == [{"name": "calico", "file": "calico.cni"}]
        assert site(lab, file).require().changed() == []
        with Workloads(lab, "calico") as workloads:
            assert workloads.unreachable(60) == []


@pytest.mark.slow
def test_a_power_cut_before_the_takeover_keeps_nobody_from_it(tmp_path: Path) -> None:
    """Nobody starts the guide's proxy anew, and calico/node is back by itself: what it is called is known, and the datastore by its members."""
    file = tmp_path / "adopted.yml"
    with lab_with("dark", LAB_AGENTS="2", LAB_PUBLIC_AGENTS="0", LAB_FLAVOURS=FLAVOURS) as lab:
        for agent in lab.agents:
            by_hand.load_image(agent)
            with by_hand.without_bridges(agent):
                by_hand.follow(agent)
        lab.power(lab.agents[0].name, "restart", hard=True)
        assert by_hand.proxy_of(lab.agents[0]) is None
        adopt(lab, file).require()
        assert yaml.safe_load(file.read_text())["all"]["hosts"] == {
            agent.name: {"calico_node_name": agent.name} for agent in lab.agents
        }
        assert site(lab, file).require().changed() == []


def framework(lab: Lab) -> dict[str, Any]:
    """Of what the stand-in's master knows."""
    found = dcos.Control(lab).ask("GET", "/state")["frameworks"]
    return next((one for one in found if one["name"] == "calico"), {})


@pytest.mark.slow
def test_the_framework_of_the_universe_ends_when_its_hosts_are_taken_over(tmp_path: Path) -> None:
    file, notes = tmp_path / "adopted.yml", "/etc/calico/installer"
    with lab_with("framework", LAB_AGENTS="2", LAB_PUBLIC_AGENTS="0", LAB_DCOS_API="1", LAB_FLAVOURS=FLAVOURS) as lab:
        first, second = lab.agents
        own = dcos.variables(lab)
        package = {**VARIABLES, **own, "calico_universe_docker_cluster_store": True}
        playbook(
            lab.inventory, "--tags", "calico", name="playbooks/universe.yml", variables=package, timeout=1500
        ).require()
        for agent in lab.agents:
            eventually(
                "calico/node is up",
                lambda a=agent: "started successfully" in a.run("docker", "logs", "calico-node", check=False).stdout,
                60,
            )
        old = {agent.name: by_hand.proxy_of(agent) for agent in lab.agents}
        assert "this run cannot ask DC/OS" in " ".join(adopt(lab, file).output.split())
        looked = adopt(lab, file, "--tags", "look", **own).require()
        assert f"framework (process {old['agent1']})" in looked.output and framework(lab)["active"]
        assert "4 tasks on 2 agents" in looked.output
        with Workloads(lab, "calico") as workloads:
            assert workloads.unreachable(60) == []
            with Counted(workloads) as pings:
                adopt(lab, file, "--limit", first.name, **own).require()
                half = framework(lab)
                assert not half["active"] and len(half["tasks"]) == 2
                assert by_hand.proxy_of(second) == old["agent2"] and first.run("test", "-d", notes).returncode == 0
                run = adopt(lab, file, **own).require()
            assert pings.lost() <= 10 * SECONDS and min(pings.sent.values()) > 50
        assert framework(lab)["tasks"] == [] and "no package calico is installed" in run.output
        for agent in lab.agents:
            assert agent.run("test", "-e", notes, check=False).returncode != 0
            assert agent.out("systemctl", "is-active", "calico-etcd-proxy.service", "calico-node.service").split() == [
                "active",
                "active",
            ]
        kept = yaml.safe_load(file.read_text())["all"]
        assert kept["hosts"] == {
            agent.name: {"calico_node_name": agent.name, "calico_node_libnetwork": True} for agent in lab.agents
        }
        assert site(lab, file, **own).require().changed() == []
        assert adopt(lab, file, **own).require().changed() == []


@pytest.mark.slow
def test_a_member_on_the_proxys_port_is_told_before_anything_is_touched(lab: Lab, tmp_path: Path) -> None:
    agent = lab.agents[0]
    if agent.run("systemctl", "cat", "calico-etcd-proxy.service", check=False).returncode:
        adopt(lab, tmp_path / "before.yml").require()  # in make test another test did
    agent.run("systemctl", "stop", "calico-etcd-proxy.service")
    agent.run(
        "systemd-run",
        "--unit=own-etcd",
        "/opt/lab/etcd/etcd",
        "--data-dir=/tmp/own",
        "--listen-peer-urls=http://127.0.0.1:23800",
    )
    try:
        eventually("a member", lambda: by_hand.proxy_of(agent))
        run = adopt(lab, tmp_path / "adopted.yml")
    finally:
        agent.run("systemctl", "stop", "own-etcd")
        agent.run("systemctl", "start", "calico-etcd-proxy.service")
    said = " ".join(run.output.split())
    assert (
        run.rc != 0
        and "It is a member of etcd" in said
        and run.changed() == []
        and not (tmp_path / "adopted.yml").exists()
    )
