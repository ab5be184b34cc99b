"""A cluster that was set up by the guide's own commands becomes one that dcos.calico.site manages, while its containers go on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from support import by_hand
from support.ansible import Run, playbook
from support.collisions import SECONDS, collisions
from support.lab import Lab, eventually, lab_with
from support.pings import Counted
from support.workloads import Workloads

VARIABLES = {"calico_preflight_min_private_agents": 1}
FLAVOURS = "agent2=coreos,agent3=modern,*=centos"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with lab_with("adopt", LAB_AGENTS="2", LAB_PUBLIC_AGENTS="0", LAB_FLAVOURS=FLAVOURS) as found:
        for agent in found.agents:
            by_hand.load_image(agent)
            with by_hand.without_bridges(agent):
                by_hand.follow(agent)
        yield found


def adopt(lab: Lab, file: Path, *arguments: str, name: str = "playbooks/adopt.yml") -> Run:
    return playbook(
        lab.inventory, *arguments, name=name, variables={**VARIABLES, "calico_adopt_file": str(file)}, timeout=1500
    )


def site(lab: Lab, file: Path) -> Run:
    return playbook(lab.inventory, "-i", str(file), name="playbooks/site.yml", variables=VARIABLES, timeout=1500)


def test_what_was_typed_by_hand_is_adopted_without_a_lost_packet(lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "adopted.yml"
    before = lab.etcd()
    proxies = {agent.name: by_hand.proxy_of(agent) for agent in lab.agents}
    with Workloads(lab, "calico") as workloads:
        assert workloads.unreachable(60) == []
        with collisions(lab, by_hand.calicoctl_of(lab.agents[0])) as met, Counted(workloads) as pings:
            run = adopt(lab, file).require()
        print(f"sent {pings.sent}, received {pings.received}, BIRDs that met {met}")
        # calico/node of 2.6 restarts without a lost packet, unless its BIRD and a peer's connect to each other at once.
        assert pings.lost(but=met) == 0 and pings.lost() <= 10 * SECONDS * len(met) and min(pings.sent.values()) > 50
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
def test_a_member_on_the_proxys_port_is_told_before_anything_is_touched(lab: Lab, tmp_path: Path) -> None:
    agent = lab.agents[0]
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
