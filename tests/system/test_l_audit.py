"""dcos.calico.audit and dcos.calico.decommission on a lab whose datastore has leftovers of each kind.

A lab of its own (SYSTEM_LAB_AUDIT names it).
"""

from __future__ import annotations

import concurrent.futures
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.ansible import Run, playbook
from support.apps import one_on_each_agent
from support.dcos import Control, variables
from support.lab import Host, Lab, eventually, lab_with
from support.leftovers import allocated, changed, die, forget, ghost, lasting, leak, owner, put
from support.whole_hosts import difference, state
from support.workloads import Workloads

pytestmark = pytest.mark.slow

NAME = os.environ.get("SYSTEM_LAB_AUDIT", "audit")
ENV = {"LAB_AGENTS": "3", "LAB_PUBLIC_AGENTS": "0"}
GHOST, GHOST_ADDRESS = "10.66.0.9", "10.66.0.9"
ALL = ["nodes", "blocks", "endpoints", "addresses", "handles"]


# All that is off unless it is asked for; what is on by default is on.
METRICS = {"calico_metrics": True, "calico_metrics_scrapers": ["10.0.9.5"]}


@pytest.fixture(scope="module")
def bare() -> Iterator[Lab]:
    with lab_with(NAME, **ENV) as found:
        yield found


@pytest.fixture(scope="module")
def before(bare: Lab) -> dict[str, dict[str, Any]]:
    """What the agents were before the install."""
    return {agent.name: state(agent) for agent in bare.agents}


@pytest.fixture(scope="module")
def lab(bare: Lab, before: dict[str, dict[str, Any]]) -> Lab:
    """With Calico, and on each agent a block, which stays with its node once it has had a container."""
    playbook(bare.inventory, variables=METRICS).require()
    with Workloads(bare, "calico"):
        pass
    return bare


def audit(lab: Lab, document: Path, *arguments: str, mesos: bool = True, **more: Any) -> tuple[Run, dict[str, Any]]:
    """The run, and what it found."""
    given = {"calico_audit_json": str(document), "calico_audit_wait": 3, **(variables(lab) if mesos else {}), **more}
    run = playbook(lab.inventory, *arguments, name="playbooks/audit.yml", variables=given).require()
    return run, json.loads(document.read_text(encoding="utf-8"))


def names(document: dict[str, Any], kind: str) -> set[str]:
    return {one["name"] for one in document["found"] if one["kind"] == kind}


def test_each_leftover_is_named_and_freed_on_request_and_nothing_else(lab: Lab, tmp_path: Path) -> None:
    document = tmp_path / "audit.json"
    first, second, third = lab.agents
    with Workloads(lab, "calico") as living:
        before = lasting(lab)
        run, found = audit(lab, document)
        assert found["found"] == [] and run.changed() == [] and lasting(lab) == before
        dead, dead_address = die(second)
        handle, leaked = leak(third)
        ghost(lab, GHOST, GHOST_ADDRESS)
        put(lab, "/calico/ipam/v2/handle/calico.nobody", '{"block":{"192.168.9.0/26":1}}')
        # Its container lives, and its endpoint was lost: nothing that a host has is freed.
        orphan = first.launch("calico", "orphan")
        endpoint = f"/v2/keys/calico/v1/host/{first.address}/workload/cni/{orphan['container_id']}/endpoint/eth0"
        lab.masters[0].run("curl", "-fsS", "-X", "DELETE", f"http://{lab.masters[0].address}:2379{endpoint}")
        with_leftovers = lasting(lab)
        run, found = audit(lab, document, "--check", calico_audit_free=ALL)
        assert run.changed() and lasting(lab) == with_leftovers, run.output
        assert names(found, "node") == {GHOST}, run.output
        assert names(found, "endpoint") == {f"{second.address}/cni/{dead}/eth0"}, run.output
        assert leaked in names(found, "address") and orphan["ip"] not in names(found, "address"), run.output
        assert names(found, "handle") == {"calico.nobody"} and found["summary"]["kept"] == 0, run.output
        run, found = audit(lab, document, calico_audit_free=ALL)
        assert run.changed() and {leaked, GHOST, f"{second.address}/cni/{dead}/eth0"} <= set(found["freed"]), run.output
        assert found["left"] == []
        after = lasting(lab)
        mine = [key for key in after if any(word in key for word in (dead, handle, GHOST, "calico.nobody"))]
        assert mine == [], mine
        owned = {
            item
            for block in allocated(after).values()
            for item in block["attributes"] and [a["handle_id"] for a in block["attributes"]]
        }
        assert f"calico.{orphan['container_id']}" in owned, "an address that a host has was freed"
        assert living.unreachable() == []
        run, found = audit(lab, document, calico_audit_free=ALL)
        assert found["found"] == [] and run.changed() == [], run.output
        first.kill(orphan["container_id"])
        assert changed(before, lasting(lab)) == {}


def come_and_go(lab: Lab, agent: Host, going: Callable[[], bool]) -> tuple[list[str], dict[str, set[str]], int]:
    """(those that lived, and that the datastore did not have; of those that died, by id, what they leave; how many there were): one after the other."""
    lost, died, number = [], {}, 0
    while going():
        number += 1
        started = agent.launch("calico", f"comes-{number}")
        container, address = started["container_id"], started["ip"]
        time.sleep(0.3)
        keys = lab.etcd()
        key = next((key for key in keys if key.endswith(f"/{container}/endpoint/eth0")), "")
        if not key or owner(keys, address) != f"calico.{container}":
            lost.append(f"{agent.name} {container} {address}")
        elif number % 5 == 0:
            forget(agent, container)
            died[container] = {f"{key.split('/')[4]}/cni/{container}/eth0", address, f"calico.{container}"}
            continue
        agent.kill(container)
    return lost, died, number


def test_nothing_that_lives_is_freed_while_containers_come_and_go(lab: Lab, tmp_path: Path) -> None:
    """Three audits free all that they can meanwhile; what is found then is what died and was not freed yet, and nothing is left in the end."""
    document, before, audits = tmp_path / "audit.json", lasting(lab), 0
    freed: set[str] = set()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        going = [pool.submit(come_and_go, lab, agent, lambda: audits < 3) for agent in lab.agents[:2]]
        try:
            while audits < 3:
                _run, found = audit(lab, document, calico_audit_free=ALL, calico_audit_wait=1)
                freed |= set(found["freed"])
                audits += 1
        finally:
            audits = 3
        ended = [each.result() for each in going]
    died = {container: names for each in ended for container, names in each[1].items()}
    assert [lost for each in ended for lost in each[0]] == [] and sum(each[2] for each in ended) >= 20, ended
    assert died and freed <= set[str]().union(*died.values()), (freed, died)
    run, found = audit(lab, document, calico_audit_free=ALL)
    endpoints = {name for names in died.values() for name in names if name.endswith("/eth0")}
    assert names(found, "endpoint") == endpoints - freed, run.output
    assert all(any(container in one["name"] + one["why"] for container in died) for one in found["found"]), run.output
    assert changed(before, lasting(lab)) == {}


def away(name: str, directory: Path) -> Path:
    """An inventory in which a host does not answer."""
    path = directory / "away.json"
    path.write_text(json.dumps({"all": {"hosts": {name: {"ansible_port": 1}}}}), encoding="utf-8")
    return path


def test_nothing_is_freed_of_a_host_that_does_not_answer(lab: Lab, tmp_path: Path) -> None:
    document = tmp_path / "audit.json"
    first, second, _third = lab.agents
    dead, _address = die(second)
    handle, leaked = leak(first)
    before = lasting(lab)
    silent = ("-i", str(away(second.name, tmp_path)))
    run, found = audit(lab, document, *silent, calico_audit_free=ALL)
    assert lasting(lab) == before and run.changed() == [], run.output
    assert names(found, "endpoint") == set() and names(found, "address") == {leaked}
    assert second.name in found["not_asked"] and found["summary"]["kept"] == 1, found
    run, found = audit(lab, document, "--limit", first.name, mesos=False, calico_audit_free=ALL)
    assert lasting(lab) == before and run.changed() == [], run.output
    run, found = audit(lab, document, calico_audit_free=ALL)
    assert not [key for key in lasting(lab) if dead in key or handle in key], run.output


def decommission(lab: Lab, *arguments: str, **more: Any) -> Run:
    given = {"calico_audit_wait": 3, "calico_agent_drain_timeout": 5, **METRICS, **variables(lab), **more}
    return playbook(lab.inventory, *arguments, name="playbooks/decommission.yml", variables=given)


def drained(lab: Lab) -> list[str]:
    """Addresses that Mesos has in its maintenance schedule."""
    windows = Control(lab).ask("GET", "/maintenance/schedule").get("windows", [])
    return sorted(machine["ip"] for window in windows for machine in window["machine_ids"])


def of_node(lab: Lab, address: str) -> list[str]:
    """Keys that are a node's, by their names or by their values."""
    return [key for key, value in lab.etcd().items() if f"/{address}/" in f"{key}/" or f'"host:{address}"' in value]


def sessions(lab: Lab, address: str) -> bool:
    """Whether BIRD of any other agent that answers has the node as a peer."""
    others = [agent for agent in lab.agents[:1] if agent.address != address]
    return any(address in agent.out("/opt/calico/bin/calicoctl", "node", "status") for agent in others)


def test_what_lives_is_not_decommissioned(lab: Lab, tmp_path: Path) -> None:
    first, _second, third = lab.agents
    before = lasting(lab)
    everybody = ",".join(agent.name for agent in lab.agents)
    run = decommission(lab, calico_decommission_hosts=everybody)
    assert run.rc != 0 and "all agents of this run would go" in run.output, run.output
    silent = ("-i", str(away(third.name, tmp_path)))
    run = decommission(lab, *silent, calico_decommission_hosts=third.name, calico_decommission_dead=third.name)
    assert run.rc != 0 and f"BIRD of {first.name}" in run.output, run.output
    # What no drain takes away is refused before there is one.
    other = "/opt/mesosphere/etc/dcos/network/cni/other.conf"
    third.write(other, json.dumps({"name": "other", "type": "bridge", "ipam": {"type": "calico-ipam"}}))
    try:
        run = decommission(lab, calico_decommission_hosts=third.name)
    finally:
        third.run("rm", other)
    said = " ".join(run.output.split())
    assert run.rc != 0 and run.changed() == [] and drained(lab) == [], run.output
    assert f"Calico could not be taken off {third.name}" in said and f"The network of {other} uses" in said, run.output
    with Workloads(lab, "calico"):
        running = lasting(lab)
        run = decommission(lab, calico_decommission_hosts=third.name)
        assert run.rc != 0 and f"{third.name} has containers on Calico's networks" in run.output, run.output
        assert f"{third.name} stays drained" in run.output and drained(lab) == [third.address]
        run = decommission(lab, calico_decommission_hosts=third.name, calico_decommission_drain=False)
        assert run.rc != 0 and "Drain it first, or end them" in run.output, run.output
        assert changed(running, lasting(lab)) == {}
    playbook(lab.inventory, "--limit", third.name, name="playbooks/undrain.yml", variables=variables(lab)).require()
    assert drained(lab) == []
    assert changed(before, lasting(lab)) == {}


def test_an_agent_that_answers_is_drained_and_decommissioned(lab: Lab, before: dict[str, dict[str, Any]]) -> None:
    first, second, third = lab.agents
    going = {"calico_decommission_hosts": second.name}
    leak(second)
    with one_on_each_agent(lab, "decommission", "calico"):
        looked = decommission(lab, "--check", **going).require()
        predicted = [task.partition(" : ")[2] for host, task in looked.changed() if host == second.name]
        assert predicted == ["Drain the Mesos agents", "Take Calico off the host"]
        assert of_node(lab, second.address) and sessions(lab, second.address), looked.output
        assert drained(lab) == [] and "1 task is left" in looked.output
        late = decommission(lab, **going)
        assert late.rc != 0 and "Tasks did not leave within 5 seconds" in late.output, late.output
        late = decommission(lab, **going, calico_agent_drain_on_timeout="continue")
        assert late.rc != 0 and "They have not left it: end them" in late.output, late.output
        assert sessions(lab, second.address) and drained(lab) == [second.address]
    run = decommission(lab, **going).require()
    assert of_node(lab, second.address) == [] and not sessions(lab, second.address), run.output
    assert difference(before[second.name], state(second)) == []
    assert f"dcos.calico.undrain --limit {second.name}" in run.output and drained(lab) == [second.address]
    with Workloads(lab, "calico", [first, third]) as living:
        assert living.unreachable() == []
    again = decommission(lab, **going).require()
    assert again.changed() == [] and of_node(lab, second.address) == []
    alone = decommission(lab, "--check", **going, calico_dcos_url="")
    assert "no calico_dcos_url says where Mesos is" in alone.output, alone.output


def test_an_agent_that_is_dead_is_decommissioned(lab: Lab) -> None:
    first, second, third = lab.agents
    die(third)
    third.launch("calico", "dies-with-its-host")
    leak(third)
    lab.power(third.name, "stop", hard=True)
    try:
        run = decommission(lab, calico_decommission_hosts=third.name)
        assert run.rc != 0 and f"{third.name} does not answer" in run.output, run.output
        dead = {"calico_decommission_hosts": third.name, "calico_decommission_dead": third.name}
        kept = set(of_node(lab, first.address))
        eventually("nobody has a session with it", lambda: decommission(lab, "--check", **dead).rc == 0, seconds=400)
        # With one that answers, and is drained as before; of it nothing is left.
        both = {**dead, "calico_decommission_hosts": f"{second.name}, {third.name}"}
        run = decommission(lab, **both).require()
        assert of_node(lab, third.address) == [] and not sessions(lab, third.address), run.output
        assert set(of_node(lab, first.address)) == kept and drained(lab) == [second.address]
        assert decommission(lab, **both).require().changed() == []
    finally:
        lab.power(third.name, "start")
