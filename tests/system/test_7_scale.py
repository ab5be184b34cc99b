"""Clusters that differ from the usual lab: twenty agents, and hosts that only the newest ansible-core manages. Each on a lab of its own."""

from __future__ import annotations

import ipaddress
import os

import pytest
from support.ansible import BUDGET_ONCE, playbook
from support.lab import Host, Lab, lab_with
from support.workloads import Workloads

pytestmark = pytest.mark.slow

# The lab's most. An agent takes about 300 MiB; fewer where there is less.
AGENTS = int(os.environ.get("SCALE_AGENTS", "20"))


def sessions(agent: Host) -> int:
    return agent.out("/opt/calico/bin/calicoctl", "node", "status").count("Established")


def works(lab: Lab, agents: list[Host]) -> None:
    with Workloads(lab, "calico", agents) as workloads:
        addresses = {item.address for item in workloads.items}
        assert len(addresses) == len(agents) and all(
            ipaddress.ip_address(address) in ipaddress.ip_network("192.168.0.0/16") for address in addresses
        )
        assert workloads.unreachable() == []


def test_twenty_agents_cost_each_as_much_as_four() -> None:
    with lab_with("durascale", LAB_AGENTS=str(AGENTS - 2), LAB_PUBLIC_AGENTS="2") as lab:
        first = playbook(lab.inventory, timeout=1800).require()
        second = playbook(lab.inventory, timeout=1800)
        print(f"{len(lab.agents)} agents: first run {first.seconds:.1f} s, second run {second.seconds:.1f} s")
        second.require_nothing_done(lab.agents)
        assert len(second.once()) <= BUDGET_ONCE, "what is done once is not done for each agent"
        assert {agent.name: sessions(agent) for agent in lab.agents} == {
            agent.name: len(lab.agents) - 1 for agent in lab.agents
        }
        works(lab, [lab.agents[0], lab.agents[len(lab.agents) // 2], lab.agents[-1]])


def test_the_newest_core_installs_from_nothing_on_modern_hosts() -> None:
    with lab_with("duranew", "modern", LAB_AGENTS="2") as lab:
        before = lab.snapshot()
        predicted = playbook(lab.inventory, "--check", "--diff", core="new").require()
        assert lab.snapshot() == before
        first = playbook(lab.inventory, "--diff", core="new").require()
        assert first.predictions() == predicted.predictions()
        playbook(lab.inventory, core="new").require_nothing_done(lab.agents)
        works(lab, lab.agents)
        assert playbook(lab.inventory).require().changed() == [], "and the main core finds nothing to do"
