"""Restarts of calico/node while containers ping each other: none loses a packet, whoever is gone, killed or amid a restart meanwhile.

All hosts share their seconds (tests/standins/calico_standin/node/clock.py), as they do with the real programs: two BIRDs that both may connect do so at once
every few restarts.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from dcoslab.process import scaled
from support import bird
from support.ansible import Run, playbook
from support.lab import Host, Lab, eventually, lab_with
from support.pings import Counted
from support.workloads import Workloads

pytestmark = pytest.mark.slow

ROUNDS = 4
GONE = "gone"
GONE_ADDRESS = 250  # the last number of an address that no host has


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with lab_with(
        "restart", LAB_AGENTS="3", LAB_PUBLIC_AGENTS="0", LAB_FLAVOURS="agent1=centos,agent2=coreos,*=modern"
    ) as found:
        for agent in found.agents:
            agent.run("mkdir", "-p", "/var/run/calico")
            agent.run("touch", "/var/run/calico/shared-seconds")
        playbook(found.inventory).require()
        yield found


@pytest.fixture
def workloads(lab: Lab) -> Iterator[Workloads]:
    with Workloads(lab, "calico") as found:
        assert found.unreachable(60) == []
        yield found


def restart(lab: Lab, *arguments: str, **variables: Any) -> Run:
    """Restart every node, as a roll does."""
    return playbook(lab.inventory, *arguments, variables={"calico_node_restart": "always", **variables})


def started(lab: Lab) -> dict[str, str]:
    return {
        agent.name: agent.out("docker", "inspect", "-f", "{{.State.StartedAt}}", "calico-node") for agent in lab.agents
    }


def rules(agent: Host) -> list[str]:
    """Those about BGP's port."""
    return [line for line in agent.out("iptables", "-t", "mangle", "-S", "INPUT").splitlines() if "--dport 179" in line]


def clean(lab: Lab) -> bool:
    return not any(rules(agent) for agent in lab.agents)


def test_restarts_one_after_the_other(lab: Lab, workloads: Workloads) -> None:
    before = started(lab)
    with Counted(workloads) as pings:
        for _ in range(ROUNDS):
            run = restart(lab).require()
            assert {host for host, task in run.changed()} == set(before) and clean(lab)
    assert pings.lost() == 0 and min(pings.sent.values()) > 100
    assert not set(before.values()) & set(started(lab).values())
    assert playbook(lab.inventory).require().changed() == []


def test_a_peer_that_is_gone_holds_nobody_up(lab: Lab, workloads: Workloads) -> None:
    """Its node is in the datastore, and BIRD of each host would wait for it 240 seconds after each restart."""
    address = lab.agents[0].address.rpartition(".")[0] + f".{GONE_ADDRESS}"
    node = f"apiVersion: v1\nkind: node\nmetadata: {{name: {GONE}}}\nspec: {{bgp: {{ipv4Address: {address}/24}}}}\n"
    lab.agents[0].run("/opt/calico/bin/calicoctl", "apply", "-f", "-", stdin=node)
    try:
        for agent in lab.agents:
            eventually(
                "BIRD knows it", lambda agent=agent: address.replace(".", "_") in bird.tell(agent, "show protocols")
            )
        with Counted(workloads) as pings:
            run = restart(lab, calico_node_tolerated_peers=[address]).require()
            again = restart(lab, calico_node_tolerated_peers=[address]).require()
        assert pings.lost() == 0 and max(run.seconds, again.seconds) < scaled(200) and clean(lab)
        for agent in lab.agents:
            assert "recovery in progress" not in bird.tell(agent, "show status")
    finally:
        lab.calicoctl("delete", "node", GONE)


def test_a_restart_waits_for_that_of_a_peer(lab: Lab, workloads: Workloads) -> None:
    """agent2's calico/node is stopped, and comes back after a while."""
    first, second = lab.agents[:2]
    with Counted(workloads) as pings:
        second.run("systemctl", "stop", "calico-node.service")
        back = threading.Timer(45, lambda: second.run("systemctl", "start", "calico-node.service"))
        back.start()
        begin, run = time.monotonic(), restart(lab, "--limit", first.name)
        assert time.monotonic() - begin > 45
        run.require()
        back.join()
    assert pings.lost() == 0
    assert (
        f"{first.name} waits with its restart: the BIRD of {second.address} has not sent all of its routes"
        in run.output
    )


def test_what_a_killed_run_closes_is_opened_by_the_next_and_by_a_reboot(lab: Lab) -> None:
    first = lab.agents[0]
    for mend in ("run", "reboot"):
        run = threading.Thread(target=restart, args=(lab, "--limit", first.name), daemon=True)
        run.start()
        eventually("the port is closed", lambda: rules(first), seconds=120, pause=0.05)
        first.kill_module()
        run.join()
        assert len(rules(first)) == 1
        eventually(
            "its own connections work",
            lambda: bird.tell(first, "show protocols", check=False).count("Established") == 2,
            seconds=60,
        )
        if mend == "run":
            looked = playbook(lab.inventory, name="playbooks/plan.yml").require()
            assert "port 179" in str(looked.planned()) or "port 179" in looked.output
            playbook(lab.inventory).require()
        else:
            lab.power(first.name, "restart", hard=True)
        assert clean(lab)
