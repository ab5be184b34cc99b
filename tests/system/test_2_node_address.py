"""How a node comes to its address, on the lab that test_1_install.py left installed. Every test leaves it whole again.

A record of each way is in tests/contract/records/22-node-run-address.jsonl; what calico/node stores is compared with the datastore's own keys.
"""

from __future__ import annotations

import pytest
from support.ansible import playbook
from support.lab import Host, Lab, eventually

CALICOCTL = "/opt/calico/bin/calicoctl"


@pytest.fixture(scope="module", autouse=True)
def installed(lab: Lab) -> None:
    playbook(lab.inventory).require()


def stored(lab: Lab, name: str) -> str:
    """Address with prefix that the datastore has of a node, '' without one."""
    keys = lab.etcd()
    address, network = (keys.get(f"/calico/bgp/v1/host/{name}/{key}", "") for key in ("ip_addr_v4", "network_v4"))
    return f"{address}/{(network or '/32').rpartition('/')[2]}" if address else ""


def image(agent: Host) -> str:
    return agent.out("docker", "inspect", "--format", "{{.Config.Image}}", "calico-node").strip()


def start_by_hand(agent: Host, *options: str) -> None:
    """As the guide does, which knows no unit."""
    node_image = image(agent)
    agent.run("systemctl", "disable", "--now", "calico-node.service")
    agent.run(CALICOCTL, "node", "run", f"--node-image={node_image}", f"--name={agent.address}", *options, timeout=120)


@pytest.mark.slow
def test_a_node_that_was_started_by_hand_is_told_and_mended(lab: Lab) -> None:
    agent = lab.agents[0]
    start_by_hand(agent, f"--ip={agent.address}")
    assert stored(lab, agent.address) == f"{agent.address}/32"
    checked = playbook(lab.inventory, "--check", "--diff").require()
    assert {host for host, _ in checked.changed()} == {agent.name} and stored(
        lab, agent.address
    ) == f"{agent.address}/32"
    mended = playbook(lab.inventory, "--diff").require()
    assert {host for host, _ in mended.changed()} == {agent.name}
    assert (agent.name, f"node {agent.address} in the datastore") in mended.predictions()
    assert stored(lab, agent.address) == f"{agent.address}/24"
    assert playbook(lab.inventory).require().changed() == []


def test_a_node_that_lost_its_resource_falls_back_to_its_own_interface(lab: Lab) -> None:
    """The bridges of DC/OS are what detection would take without a method."""
    agent = lab.agents[-1]
    lab.calicoctl("delete", "node", agent.address)
    agent.run("systemctl", "restart", "calico-node.service", timeout=120)
    eventually(
        "the node is back with its address", lambda: stored(lab, agent.address) == f"{agent.address}/24", seconds=60
    )
    assert playbook(lab.inventory).require().changed() == []


@pytest.mark.slow
def test_a_deleted_resource_is_put_back_and_the_node_restarted(lab: Lab) -> None:
    agent = lab.agents[1]
    lab.calicoctl("delete", "node", agent.address)
    run = playbook(lab.inventory, "--diff").require()
    assert {host for host, _ in run.changed()} == {agent.name} and stored(lab, agent.address) == f"{agent.address}/24"
    assert playbook(lab.inventory).require().changed() == []


@pytest.mark.slow
def test_an_address_that_is_not_the_first_of_its_interface(lab: Lab) -> None:
    agent = lab.agents[2]
    second = agent.address.rpartition(".")[0] + ".250"
    agent.run("ip", "addr", "add", f"{second}/24", "dev", "eth0")
    moved = {"calico_node_ip": f"{second}/24"}
    try:
        run = playbook(lab.inventory, "--limit", agent.name, variables=moved).require()
        assert run.changed() and stored(lab, agent.address) == f"{second}/24"
        agent.run("systemctl", "restart", "calico-node.service", timeout=120)
        assert playbook(lab.inventory, "--limit", agent.name, variables=moved).require().changed() == []
        assert stored(lab, agent.address) == f"{second}/24"
    finally:
        playbook(lab.inventory, "--limit", agent.name).require()
        agent.run("ip", "addr", "del", f"{second}/24", "dev", "eth0")
    assert stored(lab, agent.address) == f"{agent.address}/24"


@pytest.mark.slow
def test_a_host_that_the_datastore_knows_by_another_name_is_said_before_anything_is_touched(lab: Lab) -> None:
    agent = lab.agents[0]
    run = playbook(lab.inventory, "--limit", agent.name, variables={"calico_node_name": "another-name"})
    assert run.rc != 0 and run.changed() == []
    assert f"The Calico node {agent.address} already uses the address {agent.address}/24 of another-name" in run.output
    assert f"set calico_node_name to {agent.address}" in run.output
