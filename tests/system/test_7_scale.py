"""Clusters that differ from the usual lab: twenty agents, and hosts that only the newest ansible-core manages. Each on a lab of its own."""

from __future__ import annotations

import ipaddress
import os

import pytest
from support.ansible import playbook
from support.lab import Host, Lab, lab_with
from support.workloads import Workloads

pytestmark = pytest.mark.slow

# The lab's most. An agent takes about 300 MiB; fewer where there is less.
AGENTS = int(os.environ.get("SCALE_AGENTS", "20"))
# design: remote executions and other task results per unchanged agent, however many there are
BUDGET_REMOTE, BUDGET_OTHER = 7, 10
ONCE = {"calicoctl_resource", "calicoctl_resource_info", "calicoctl_config"}


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
        second = playbook(lab.inventory, timeout=1800).require()
        print(f"{len(lab.agents)} agents: first run {first.seconds:.1f} s, second run {second.seconds:.1f} s")
        assert second.changed() == []
        for agent in lab.agents:
            modules = [item["module"].rsplit(".", 1)[-1] for item in second.executions if item["host"] == agent.name]
            assert len([name for name in modules if name not in ONCE]) == BUDGET_REMOTE, modules
            assert second.others()[agent.name] <= BUDGET_OTHER
        once = [item["host"] for item in second.executions if item["module"].rsplit(".", 1)[-1] in ONCE]
        assert len(once) == len(ONCE), "the datastore is looked at once, not once for each agent"
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
        second = playbook(lab.inventory, core="new").require()
        assert second.changed() == []
        assert all(second.remote()[agent.name] <= BUDGET_REMOTE + len(ONCE) for agent in lab.agents)
        works(lab, lab.agents)
        assert playbook(lab.inventory).require().changed() == [], "and the main core finds nothing to do"
