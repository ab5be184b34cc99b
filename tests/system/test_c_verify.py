"""Playbook verify on a lab with agents of all flavours: all is well; then one thing after the other is broken, and exactly the rows fail that it concerns.

A lab of its own (SYSTEM_LAB_VERIFY names it).
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from support import bird
from support.ansible import ROOT, environment, playbook
from support.dcos import Control, variables
from support.lab import Host, Lab, eventually, lab_with
from support.verify import PLAYBOOK, nothing_is_left, prove, verify

pytestmark = pytest.mark.slow

NAME = os.environ.get("SYSTEM_LAB_VERIFY", "verify")
ENV = {"LAB_AGENTS": "2", "LAB_PUBLIC_AGENTS": "1"}
CNI = "/opt/mesosphere/etc/dcos/network/cni/calico.cni"
NETWORKS = {"calico_networks": [{"name": "calico", "file": "calico.cni"}, {"name": "blue"}]}
# Other task results per agent: validated, included; of one of them what is included once.
BUDGET_OTHER = 4


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with lab_with(NAME, **ENV) as found:
        playbook(found.inventory, variables=NETWORKS).require()
        yield found


def app_of(agent: Host) -> str:
    """The label by which policies know its container."""
    return f"a{agent.address.replace('.', '-')}-0"


def test_all_is_well_and_again(lab: Lab) -> None:
    first = prove(lab)
    assert all(first.run.others()[agent.name] <= BUDGET_OTHER for agent in lab.agents), first.run.others()
    assert "6 of 6 connections between containers, all 30 checks passed" in first.said()
    second = prove(lab)
    assert second.statuses() == first.statuses() and second.run.remote() == first.run.remote()


def test_check_mode_starts_nothing(lab: Lab) -> None:
    control = Control(lab)
    control.forget()
    found = verify(lab, "--check", "--diff")
    assert (
        found.run.require().changed() == []
        and control.writes() == {}
        and found.report is None
        and not found.run.remote()
    )
    assert f"an echo server on {lab.agents[0].address}, network calico" in found.said()


def test_slices_say_the_same_of_each_agent(lab: Lab) -> None:
    """Each starts containers on all agents of the cluster, whatever hosts it has; at the same time."""
    whole = verify(lab).statuses()
    first, *others = [agent.name for agent in lab.agents]
    with ThreadPoolExecutor() as pool:
        parts = list(pool.map(lambda limit: verify(lab, "--limit", limit), (first, ":".join(others))))
    assert [part.run.changed() for part in parts] == [[], []], (
        "neither takes what the other has started for left behind"
    )
    assert [set(part.statuses()) for part in parts] == [{first}, set(others)]
    assert {**parts[0].statuses(), **parts[1].statuses()} == whole


def test_several_networks_and_some_agents(lab: Lab) -> None:
    public = next(agent for agent in lab.agents if agent.role == "slave_public")
    some = [lab.agents[0].address, public.name]
    found = verify(lab, given=NETWORKS, calico_verify_networks=["calico", "blue"], calico_verify_agents=some)
    assert found.run.require().changed() == [] and found.failed() == {}
    assert set(found.statuses()) == {
        f"{name}/{network}" for name in (lab.agents[0].name, public.name) for network in ("calico", "blue")
    }
    nothing_is_left(lab)


@contextmanager
def policed(agent: Host, **spec: Any) -> Iterator[None]:
    """A policy for the verification's container of one agent."""
    spec = {"order": 0.1, "selector": f"dcos-calico-verify-app == '{app_of(agent)}'", **spec}
    document = json.dumps({"apiVersion": "v1", "kind": "policy", "metadata": {"name": "test"}, "spec": spec})
    agent.run("/opt/calico/bin/calicoctl", "apply", "-f", "-", stdin=document)
    try:
        yield
    finally:
        agent.run("/opt/calico/bin/calicoctl", "delete", "policy", "test")


def test_a_policy_that_drops(lab: Lab) -> None:
    """The others' rows fail: they do not reach it. It reaches them."""
    victim, *others = lab.agents
    with policed(victim, types=["ingress"], ingress=[{"action": "deny"}]):
        found = verify(lab)
    assert found.run.rc != 0 and found.failed() == {agent.name: ["peers"] for agent in others}
    assert (
        f"It does not reach {victim.address} (TCP and UDP: no answer)" in found.said()
        and "answers its own host and nobody else" in found.said()
    )
    nothing_is_left(lab)


@contextmanager
def without_sessions(agent: Host) -> Iterator[None]:
    """BIRD of an agent has no session any more, and the others take its routes back at once."""
    bird.tell(agent, 'disable "Mesh_*"')
    try:
        yield
    finally:
        bird.tell(agent, 'enable "Mesh_*"')


def test_bgp_that_is_down(lab: Lab) -> None:
    victim, *others = lab.agents
    # The first containers give each host a block, for which its BIRD gets another filter and begins every session anew, the disabled ones as well.
    verify(lab).run.require()
    with without_sessions(victim):
        eventually(
            "the others take back their routes",
            lambda: all("via " + victim.address not in agent.out("ip", "route") for agent in others),
            30,
        )
        found = verify(lab)
    assert found.run.rc != 0 and found.failed() == {agent.name: ["peers"] for agent in lab.agents}
    rows = {row["host"]: row["checks"]["peers"]["text"] for row in (found.report or {})["agents"]}
    assert rows == {victim.name: "0/2", **{agent.name: "1/2" for agent in others}}
    assert "this host has no route to the other's block" in found.said() and "calicoctl node status" in found.said()
    eventually(
        "BIRD's routes are back",
        lambda: all("via " + victim.address in agent.out("ip", "route") for agent in others),
        60,
    )


def test_rp_filter_that_is_loose(lab: Lab) -> None:
    victim = lab.agents[1]
    victim.write("/proc/sys/net/ipv4/conf/all/rp_filter", "2")
    try:
        found = verify(lab)
    finally:
        victim.write("/proc/sys/net/ipv4/conf/all/rp_filter", "1")
    assert found.run.rc != 0 and found.failed() == {victim.name: ["rp_filter"]} and "all is 2" in found.said()


def test_names_that_are_missing(lab: Lab) -> None:
    """Records stay as they were, so that no agent's container has one."""
    master = lab.masters[0]
    master.run("systemctl", "stop", "lab-dns-follow.service")
    try:
        found = verify(lab, calico_verify_dns_wait=2)
    finally:
        master.run("systemctl", "start", "lab-dns-follow.service")
    assert (
        found.run.rc != 0
        and found.failed() == {agent.name: ["dns"] for agent in lab.agents}
        and "knows no such name" in found.said()
    )


def test_a_name_server_that_one_container_does_not_reach(lab: Lab) -> None:
    victim = lab.agents[0]
    rules = [{"action": "deny", "protocol": "udp", "destination": {"ports": [53]}}, {"action": "pass"}]
    with policed(victim, types=["egress"], egress=rules):
        found = verify(lab, calico_verify_dns_wait=2)
    assert (
        found.run.rc != 0
        and found.failed() == {victim.name: ["dns"]}
        and f"{lab.masters[0].address} port 53: timed out" in found.said()
    )
    assert "that no policy closes port 53" in found.said()


def test_an_mtu_that_is_too_large(lab: Lab) -> None:
    victim = lab.agents[0]
    before = victim.read(CNI)
    victim.write(CNI, json.dumps({**json.loads(before), "mtu": 9000}))
    try:
        found = verify(lab)
    finally:
        victim.write(CNI, before)
    assert found.run.rc != 0 and found.failed() == {victim.name: ["large"]}
    assert (
        "an MTU of 9000, and packets of more than 1500 bytes do not come back" in found.said()
        and "Set mtu: 1500" in found.said()
    )


def test_a_task_that_cannot_start(lab: Lab) -> None:
    victim = next(agent for agent in lab.agents if agent.role == "slave_public")
    before = victim.read(CNI)
    victim.run("rm", CNI)
    try:
        found = verify(lab)
    finally:
        victim.write(CNI, before)
        victim.run("chmod", "600", CNI)
    assert (
        found.run.rc != 0
        and found.failed() == {victim.name: ["started"]}
        and "Unknown CNI network 'calico'" in found.said()
    )
    others = [checks for host, checks in found.statuses().items() if host != victim.name]
    assert len(others) == len(lab.agents) - 1 and all(set(checks.values()) == {"ok"} for checks in others)
    nothing_is_left(lab)


def test_a_host_that_cannot_be_logged_in_to(lab: Lab) -> None:
    """Its container runs, and what was started is removed all the same."""
    with tempfile.TemporaryDirectory() as directory:
        text = lab.inventory.read_text()
        inventory = Path(directory) / "hosts.yml"
        inventory.write_text(
            re.sub(
                rf'(?m)^( +)ansible_host: "?{re.escape(lab.agents[1].address)}"?$', r"\g<0>\n\g<1>ansible_port: 1", text
            )
        )
        assert inventory.read_text() != text
        found = verify(lab, inventory=inventory)
    assert (
        found.run.rc != 0
        and found.failed() == {lab.agents[1].name: ["probe"]}
        and "cannot be logged in to" in found.said()
    )
    nothing_is_left(lab)


def policies(lab: Lab) -> list[str]:
    return [key for key in lab.etcd() if "/policy/tier/default/policy/dcos-calico-verify" in key]


def test_what_a_killed_run_left_is_removed_by_the_next(lab: Lab) -> None:
    """Killed with its modules while a policy of an agent was being tried: apps and policies stay, and the next run finds them."""
    with tempfile.TemporaryDirectory() as directory:
        extra = Path(directory) / "extra.json"
        extra.write_text(json.dumps({**variables(lab), "calico_verify_wait": 30}))
        argv = [str(environment("2.16") / "ansible-playbook"), "-i", str(lab.inventory), "-e", f"@{extra}", PLAYBOOK]
        process = subprocess.Popen(
            argv,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            eventually("a policy is tried", lambda: policies(lab), 120, pause=0.05)
            victim = next(agent for agent in lab.agents if any(key.endswith(app_of(agent)) for key in policies(lab)))
            victim.kill_module(check=False)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    time.sleep(1)
    # Of agents whose module went on, the policies are gone by now, or will be.
    found = verify(lab)
    changed = {task.rpartition(": ")[2] for _host, task in found.run.changed()}
    assert found.failed() == {} and "Remove what earlier runs have left" in changed
    assert changed <= {"Remove what earlier runs have left", "Measure what each container sees"}
    nothing_is_left(lab)
    assert prove(lab).run.changed() == []


def bad(**more: Any) -> dict[str, Any]:
    return more


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (bad(calico_verify_networks=["red"]), "calico_verify_networks has red"),
        (bad(calico_verify_agents=["10.9.9.9"]), "no agent of the cluster has that address"),
        (bad(calico_verify_skip=["peer"]), "which is none of address, route, rp_filter"),
        (bad(calico_verify_json="/nonexistent/x.json"), "there is no directory /nonexistent"),
    ],
)
def test_bad_input_starts_nothing(lab: Lab, given: dict[str, Any], words: str) -> None:
    control = Control(lab)
    control.forget()
    found = verify(lab, **given)
    assert found.run.rc != 0 and words in found.said() and control.writes() == {} and not found.run.remote()


def test_an_agent_that_the_inventory_has_not(lab: Lab) -> None:
    """Registered with Mesos and forgotten: verify is red and names it, site installs the others, names it before and after, and its end is no failure."""
    forgotten, kept = lab.agents[-1], [agent.name for agent in lab.agents[:-1]]
    with tempfile.TemporaryDirectory() as directory:
        found, inventory = yaml.safe_load(lab.inventory.read_text()), Path(directory) / "hosts.json"
        for group in found["all"]["children"]["agents"]["children"].values():
            group["hosts"].pop(forgotten.name, None)
        inventory.write_text(json.dumps(found))
        result = verify(lab, inventory=inventory)
        part = verify(lab, "--limit", ":".join(kept), inventory=inventory)
        whole = playbook(inventory, variables={**variables(lab), **NETWORKS}).require()
        limited = playbook(inventory, "--limit", kept[0], variables={**variables(lab), **NETWORKS}).require()
    assert result.run.rc != 0 and result.failed() == {forgotten.address: ["probe"]}
    assert [row["host"] for row in (result.report or {})["agents"] if not row["inventory"]] == [forgotten.address]
    assert f"Mesos has the agent {forgotten.address} (public), and the inventory has not" in result.said()
    part.run.require()
    assert part.failed() == {} and set(part.statuses()) == set(kept), "of a part of the inventory nobody is missed"
    said = " ".join(whole.output.split())
    assert (
        whole.changed() == [] and f"Mesos has an agent that the inventory has not: {forgotten.address} (public)" in said
    )
    assert f"Nothing was done on {forgotten.address} (public)" in " ".join(
        " ".join(text.split()) for _when, text in whole.lines[-30:]
    )
    assert forgotten.address not in limited.output
    nothing_is_left(lab)
