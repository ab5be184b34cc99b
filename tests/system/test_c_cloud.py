"""Playbook public_cloud on a lab of two agents and a master that runs Calico too: who must have a node, and tunnel addresses.

A lab of its own (SYSTEM_LAB_CLOUD names it). The tests build on each other, in this order. What a cloud itself does is in tests/cloud.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from support.ansible import playbook
from support.cloud import IPIP, apply, containers, heart, lines, tunnels, without_confd
from support.dcos import variables
from support.lab import Host, Lab, eventually, lab_with

pytestmark = pytest.mark.slow

NAME = os.environ.get("SYSTEM_LAB_CLOUD", "cloud")
MASTERS: dict[str, Any] = {"calico_masters": True}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """Only the first agent has Calico, for the first test."""
    with lab_with(NAME, LAB_AGENTS="2", LAB_PUBLIC_AGENTS="0") as made:
        playbook(made.inventory, "--limit", "agent1").require()
        yield made


def nodes(lab: Lab) -> list[Host]:
    return [*lab.agents, *lab.masters]


def test_an_agent_that_mesos_has_and_calico_has_not_is_named_and_nothing_is_changed(lab: Lab) -> None:
    """Also with --limit: Mesos is asked, not the inventory."""
    first, second = lab.agents
    before = lab.snapshot()
    run = apply(lab, "always", "--limit", first.name, calico_public_cloud_node_wait=4, **variables(lab))
    words = " ".join(str(item["msg"]) for item in run.failed())
    assert f"1 of 2 agents have no node in Calico after 4 seconds: {second.address}" in " ".join(words.split())
    assert "dcos.calico.install" in words and run.changed() == [] and lab.snapshot() == before


def test_tunnel_addresses_appear_without_a_restart(lab: Lab) -> None:
    """Predicted, done, and nothing the second time; the master's node is none of an agent."""
    playbook(lab.inventory, variables=MASTERS).require()
    given = {**MASTERS, **variables(lab)}
    started, before = containers(nodes(lab)), lab.snapshot()
    predicted = apply(lab, "cross-subnet", "--check", "--diff", **given).require()
    assert lab.snapshot() == before
    done = apply(lab, "cross-subnet", "--diff", **given).require()
    assert sorted(predicted.changed()) == sorted(done.changed()) and predicted.predictions() == done.predictions()
    assert set(tunnels(lab, nodes(lab))) == {host.name for host in nodes(lab)} and lab.etcd()[IPIP] == "true"
    assert containers(nodes(lab)) == started
    assert "appeared by themselves" in lines(done) and "restart of calico/node" not in lines(done)
    assert "Nodes of Calico: 3, of 2 agents and others" in lines(done) and "no agent has" not in lines(done)
    again = apply(lab, "cross-subnet", **given).require()
    assert again.changed() == [] and "were there before" in lines(again)


def test_only_nodes_that_take_none_are_restarted_a_master_too(lab: Lab) -> None:
    """One agent and the master; the other agent keeps running. Check mode says who."""
    kept, victims = lab.agents[0], [lab.agents[1], lab.masters[0]]
    before = containers(nodes(lab))
    with without_confd(lab, victims[0]), without_confd(lab, victims[1]):
        predicted = apply(lab, "cross-subnet", "--check", **MASTERS).require()
        assert {host for host, _task in predicted.changed()} == {host.name for host in victims} and containers(
            nodes(lab)
        ) == before
        done = apply(lab, "cross-subnet", **MASTERS).require()
    assert sorted(predicted.changed()) == sorted(done.changed())
    after = containers(nodes(lab))
    assert after[kept.name] == before[kept.name] and all(after[host.name] != before[host.name] for host in victims)
    assert set(tunnels(lab, nodes(lab))) == {host.name for host in nodes(lab)}
    came = ", ".join(sorted(host.address for host in victims))
    assert f"came with a restart of calico/node: {came}" in lines(
        done
    ) and f"were there before: {kept.address}" in lines(done)
    assert apply(lab, "cross-subnet", **MASTERS).require().changed() == []


def test_a_run_for_some_hosts_names_the_others_that_lack_one(lab: Lab) -> None:
    """As a slice of a job does; it restarts none of them."""
    first, second = lab.agents
    before = containers(nodes(lab))
    with without_confd(lab, second):
        run = apply(
            lab, "cross-subnet", "--limit", first.name, calico_public_cloud_tunnel_wait=1, **variables(lab)
        ).require()
        assert f"Without a tunnel address, on hosts that are not in this run: {second.address}" in lines(run)
    assert run.changed() == [] and containers(nodes(lab)) == before
    eventually("confd takes one again", lambda: second.name in tunnels(lab, [second]), 30)


def test_a_pool_instead_of_the_default_one_leaves_the_default_one_giving_no_addresses(lab: Lab) -> None:
    """The tunnels move to the pool that has IP-in-IP now."""
    pools = [{"cidr": "10.32.0.0/16", "ipip": "always", "nat_outgoing": True}]
    given = {"calico_ip_pools": pools, "calico_ip_pools_unlisted": "disable", **MASTERS}
    apply(lab, "", **given).require()
    store = lab.etcd()
    assert '"disabled":true' in store["/calico/v1/ipam/v4/pool/192.168.0.0-16"].replace(" ", "")
    assert apply(lab, "", **given).require().changed() == []
    apply(lab, "off", calico_ip_pools_unlisted="delete", **MASTERS).require()


def test_ip_in_ip_is_off_for_real(lab: Lab) -> None:
    assert lab.etcd()[IPIP] == "false"
    eventually("tunnel addresses are given back", lambda: tunnels(lab, nodes(lab)) == {}, 20)
    run = apply(lab, "off", **MASTERS).require()
    assert run.changed() == [] and "No pool has IP-in-IP" in lines(run)


def test_the_heart_of_it(lab: Lab) -> None:
    """What the test of everything does on its own lab."""
    heart(lab)
