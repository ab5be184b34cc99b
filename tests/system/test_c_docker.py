"""Docker containers on Calico's network, with the real Docker engine and the stand-in of Calico's plugin for it. A lab of its own (SYSTEM_LAB_DOCKER names it).

The tests build on each other, in this order.
"""

from __future__ import annotations

import ipaddress
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import dcos
from support.agent_restart import started
from support.ansible import ROOT, Run, environment, playbook
from support.apps import one_on_each_agent, tasks
from support.docker_network import CONFIG, CONSENT, DESIRED, NAMES, ON, containers, image, pids, ping, reach_each_other
from support.docker_network import NAME as PLAYBOOK
from support.lab import Host, Lab, eventually, lab_with
from support.workloads import Workloads

pytestmark = pytest.mark.slow

INSTALL = "playbooks/install.yml"
NAME = os.environ.get("SYSTEM_LAB_DOCKER", "docker")
POOL = ipaddress.ip_network("192.168.0.0/16")
DMZ = {"calico_docker_networks": [{"name": "calico"}, {"name": "dmz"}]}
IPV6 = "net.ipv6.conf.default.disable_ipv6"
SYSCTLS = "/etc/sysctl.d/61-calico-docker-network.conf"
# Docker does not start once it has the setting.
REFUSES = "[Service]\nExecStartPre=/bin/sh -c '! grep -q cluster-store /etc/docker/daemon.json'\n"
DROP_IN = "/etc/systemd/system/docker.service.d/99-refuses.conf"


def said(run: Run) -> str:
    """What a run printed, on one line: long messages are folded."""
    return " ".join(run.output.split())


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """Two agents with Calico."""
    with lab_with(NAME, LAB_AGENTS="2", LAB_PUBLIC_AGENTS="0") as made:
        playbook(made.inventory, name=INSTALL, variables=ON).require()
        yield made


def test_the_plugin_runs_where_it_is_desired(lab: Lab) -> None:
    assert playbook(lab.inventory, name=INSTALL, variables=ON).require().changed() == []
    for agent in lab.agents:
        eventually(
            "its sockets are there",
            lambda agent=agent: (
                agent.run("test", "-S", "/run/docker/plugins/calico-ipam.sock", check=False).returncode == 0
            ),
        )


def test_without_the_plugin_nothing_is_touched(lab: Lab) -> None:
    before = pids(lab)
    run = playbook(lab.inventory, name=PLAYBOOK, variables={"calico_node_libnetwork": False})
    assert run.rc != 0 and "calico_node_libnetwork is false" in said(run) and pids(lab) == before


def test_hosts_whose_ipv6_keeps_containers_from_starting_are_named_and_nothing_is_touched(lab: Lab) -> None:
    before = pids(lab)
    assert all(agent.sysctl(IPV6) == "0" for agent in lab.agents)
    run = playbook(lab.inventory, name=INSTALL, variables={**DESIRED, **NAMES})
    (message,) = {str(item["msg"]) for item in run.failed()}
    assert run.rc != 0 and run.changed() == [] and message.count("[docker_ipv6]") == len(lab.agents), message
    run = playbook(
        lab.inventory, name=PLAYBOOK, variables={**DESIRED, **CONSENT, "calico_docker_network_disable_ipv6": False}
    )
    assert (
        run.rc != 0
        and run.changed() == []
        and "calico_docker_network_disable_ipv6" in said(run)
        and pids(lab) == before
    )


def test_hosts_whose_node_has_another_name_are_named_and_nothing_is_touched(lab: Lab) -> None:
    run = playbook(lab.inventory, name=INSTALL, variables={**DESIRED, "calico_docker_network_disable_ipv6": True})
    (message,) = {str(item["msg"]) for item in run.failed()}
    assert run.rc != 0 and run.changed() == [] and message.count("[docker_node_name]") == len(lab.agents), message


def test_containers_that_would_end_are_named_and_nothing_is_touched_without_consent(lab: Lab) -> None:
    before, last = pids(lab), lab.agents[1]
    last.run("docker", "run", "-d", "--name", "busy", "--entrypoint", "/bin/sleep", image(last), "3600")
    try:
        for check in ((), ("--check",)):
            run = playbook(lab.inventory, *check, name=PLAYBOOK, variables=ON)
            assert run.rc != 0 and "busy" in run.output and [item["host"] for item in run.failed()] == [last.name], (
                run.output[-3000:]
            )
        assert pids(lab) == before and "cluster-store" not in lab.agents[0].read(CONFIG) + last.read(CONFIG)
    finally:
        last.run("docker", "rm", "-f", "busy")


def test_a_docker_that_does_not_start_ends_the_roll_with_its_old_file_and_the_next_one_is_untouched(lab: Lab) -> None:
    first, second, before = lab.agents[0], lab.agents[1], pids(lab)
    text = first.read(CONFIG)
    first.run("mkdir", "-p", os.path.dirname(DROP_IN))
    first.write(DROP_IN, REFUSES)
    first.run("systemctl", "daemon-reload")
    try:
        run = playbook(lab.inventory, name=PLAYBOOK, variables={**CONSENT, "calico_docker_network_timeout": 20})
        assert run.rc != 0 and "was put back, and Docker runs with it again" in said(run), run.output[-3000:]
        assert [item["host"] for item in run.failed()] == [first.name]
    finally:
        first.run("rm", DROP_IN)
        first.run("systemctl", "daemon-reload")
    assert first.read(CONFIG) == text and first.out("systemctl", "is-active", "docker.service").strip() == "active"
    assert pids(lab)[second.name] == before[second.name] and "cluster-store" not in second.read(CONFIG)
    eventually(
        "calico/node is back",
        lambda: first.run("docker", "inspect", "calico-node", check=False).returncode == 0,
        seconds=60,
    )


def test_docker_is_restarted_host_by_host_as_predicted_and_other_containers_do_not_notice(lab: Lab) -> None:
    before = {agent.name: json.loads(agent.read(CONFIG)) for agent in lab.agents}
    with Workloads(lab, "calico") as workloads:
        assert workloads.unreachable() == []
        predicted = playbook(lab.inventory, "--check", "--diff", name=PLAYBOOK, variables={**CONSENT, **DMZ}).require()
        run = playbook(lab.inventory, "--diff", name=PLAYBOOK, variables={**CONSENT, **DMZ}).require()
        assert sorted(predicted.changed()) == sorted(run.changed()) and predicted.predictions() == run.predictions()
        assert workloads.unreachable() == []
    for agent in lab.agents:
        assert agent.sysctl(IPV6) == "1" and f"{IPV6} = 1" in agent.read(SYSCTLS)
        assert json.loads(agent.read(CONFIG)) == {**before[agent.name], "cluster-store": "etcd://127.0.0.1:2379"}
    first, second = lab.agents
    assert started(first, "docker.service") < started(first, "calico-node.service") < started(second, "docker.service")


def test_the_second_run_changes_nothing_and_check_mode_knows(lab: Lab) -> None:
    before = pids(lab)
    for check in ((), ("--check",)):
        assert playbook(lab.inventory, *check, name=PLAYBOOK, variables={**ON, **DMZ}).require().changed() == []
    # The whole of it, with this component switched on.
    assert playbook(lab.inventory, variables={**ON, **DMZ}).require().changed() == []
    assert pids(lab) == before


def test_containers_of_two_agents_reach_each_other_and_those_of_mesos(lab: Lab) -> None:
    with containers(lab, "calico") as found, Workloads(lab, "calico") as workloads:
        assert all(ipaddress.ip_address(item["IPAddress"]) in POOL for item in found.values())
        reach_each_other(lab, found)
        for agent in lab.agents:
            for item in workloads.items:
                eventually(
                    "Docker reaches Mesos",
                    lambda agent=agent, item=item: ping(agent, found[agent.name]["name"], item.address),
                )
                target = found[agent.name]["IPAddress"]
                eventually(
                    "Mesos reaches Docker", lambda item=item, target=target: item.agent.ping(item.container, target)
                )
        endpoints(lab, found)
        routes = lab.agents[0].out("docker", "exec", found[lab.agents[0].name]["name"], "ip", "route")
        assert [line.split() for line in routes.splitlines()] == [
            ["default", "via", "169.254.1.1", "dev", "cali0"],
            ["169.254.1.1", "dev", "cali0", "scope", "link"],
        ]
    assert not [key for key in lab.etcd() if "/workload/libnetwork/" in key]


def endpoints(lab: Lab, found: dict[str, dict[str, str]]) -> None:
    """The keys that the plugin's own tests expect (libnetwork-plugin, tests/default_environment)."""
    keys = lab.etcd()
    for agent in lab.agents:
        item = found[agent.name]
        key = f"/calico/v1/host/{agent.name}/workload/libnetwork/libnetwork/endpoint/{item['EndpointID']}"
        assert json.loads(keys[key]) == {
            "state": "active",
            "name": f"cali{item['EndpointID'][:11]}",
            "active_instance_id": "",
            "mac": "ee:ee:ee:ee:ee:ee",
            "profile_ids": ["calico"],
            "ipv4_nets": [f"{item['IPAddress']}/32"],
            "ipv6_nets": [],
        }


def test_with_ipv6_on_the_host_a_container_does_not_start(lab: Lab) -> None:
    """Why it is refused. Not even a setting of the container's own helps."""
    agent = lab.agents[0]
    for number, options in enumerate(([], ["--sysctl", "net.ipv6.conf.all.disable_ipv6=1"])):
        before = allocated(lab)
        agent.write(f"/proc/sys/{IPV6.replace('.', '/')}", "0")
        try:
            name = ["--name", f"v6-{number}"]
            done = agent.run(
                "docker",
                "run",
                "--net",
                "calico",
                *name,
                *options,
                "--entrypoint",
                "/bin/sleep",
                image(agent),
                "0",
                check=False,
            )
        finally:
            agent.write(f"/proc/sys/{IPV6.replace('.', '/')}", "1")
            agent.run("docker", "rm", "-f", f"v6-{number}", check=False)
        assert (
            done.returncode != 0
            and 'routes to ["169.254.1.1/32" "fe80::' in done.stderr.replace("\\", "")
            and "permission denied" in done.stderr
        )
        assert allocated(lab) == before, "its address is given back"
    before = allocated(lab)
    agent.run("docker", "run", "--rm", "--net", "calico", "--entrypoint", "/bin/sleep", image(agent), "0")
    assert allocated(lab) == before


def allocated(lab: Lab) -> set[tuple[str, int]]:
    """(block, place in it) of each address that Calico has given away."""
    found = set()
    for key, value in lab.etcd().items():
        if key.startswith("/calico/ipam/v2/assignment/ipv4/block/"):
            found |= {(key, place) for place, owner in enumerate(json.loads(value)["allocations"]) if owner is not None}
    return found


def test_another_network_is_another_profile(lab: Lab) -> None:
    with containers(lab, "calico") as found, containers(lab, "dmz", prefix="dmz") as others:
        reach_each_other(lab, others)
        for one, other in zip(found, reversed(list(others)), strict=True):
            assert not ping(lab.hosts[one], found[one]["name"], others[other]["IPAddress"])
    assert json.loads(lab.etcd()["/calico/v1/policy/profile/dmz/tags"]) == ["dmz"]


def test_a_network_with_a_pool_or_in_use_stays_as_it_is(lab: Lab) -> None:
    networks = lab.agents[0].out("docker", "network", "ls", "--no-trunc")
    run = playbook(
        lab.inventory,
        name=PLAYBOOK,
        variables={**ON, "calico_docker_networks": [{"name": "dmz", "pool": "192.168.0.0/16"}]},
    )
    assert run.rc != 0 and "2.6.10 or later" in said(run)
    gone = {**ON, "calico_docker_networks": [{"name": "calico", "state": "absent"}, {"name": "dmz", "state": "absent"}]}
    with containers(lab, "dmz", prefix="dmz"):
        run = playbook(lab.inventory, name=PLAYBOOK, variables=gone)
        assert run.rc != 0 and "dmz-agent1" in run.output
    assert lab.agents[0].out("docker", "network", "ls", "--no-trunc") == networks
    playbook(lab.inventory, name=PLAYBOOK, variables=gone).require()
    assert playbook(lab.inventory, name=PLAYBOOK, variables=gone).require().changed() == []
    for agent in lab.agents:
        assert "dmz" not in agent.out("docker", "network", "ls")


# ---- drained first


def without_store(agent: Host) -> None:
    """Its Docker has no store, so that the next run restarts it."""
    values = json.loads(agent.read(CONFIG))
    values.pop("cluster-store", None)
    agent.write(CONFIG, json.dumps(values))
    agent.run("systemctl", "restart", "docker.service", timeout=120)
    eventually(
        "calico/node is back",
        lambda: agent.run("docker", "inspect", "calico-node", check=False).returncode == 0,
        seconds=60,
    )


def draining(lab: Lab, **more: Any) -> dict[str, Any]:
    return {
        **CONSENT,
        **dcos.variables(lab),
        "calico_agent_drain": True,
        "calico_agent_drain_timeout": 5,
        "calico_agent_drain_on_timeout": "continue",
        **more,
    }


def drained(lab: Lab) -> list[str]:
    """Addresses in Mesos' maintenance schedule."""
    windows = dcos.Control(lab).ask("GET", "/maintenance/schedule").get("windows", [])
    return sorted(machine["ip"] for window in windows for machine in window["machine_ids"])


def test_an_agent_is_drained_before_its_docker_restarts_and_returned_after_it(lab: Lab) -> None:
    victim, desired = lab.agents[0], draining(lab)
    playbook(lab.inventory, name=PLAYBOOK, variables=ON).require()
    without_store(victim)
    before = pids(lab)
    with one_on_each_agent(lab, "drain-docker", "calico") as tasks_before:
        predicted = playbook(lab.inventory, "--check", name=PLAYBOOK, variables=desired).require()
        assert "1 task is left" in predicted.output and drained(lab) == [] and pids(lab) == before
        dcos.Control(lab).forget()
        run = playbook(lab.inventory, name=PLAYBOOK, variables=desired).require()
        assert "1 task is left" in run.output and drained(lab) == []
        # once in, once out
        assert dcos.Control(lab).writes() == {"POST /mesos/maintenance/schedule": 2}
        assert [name for name in before if pids(lab)[name] != before[name]] == [victim.name]
        assert [task["id"] for task in tasks(lab, "drain-docker")] == [task["id"] for task in tasks_before]
        dcos.Control(lab).forget()
        assert playbook(lab.inventory, name=PLAYBOOK, variables=desired).require().changed() == []
        assert dcos.Control(lab).writes() == {}


def test_tasks_that_do_not_leave_stop_the_run_before_docker_restarts(lab: Lab) -> None:
    victim = lab.agents[0]
    without_store(victim)
    before = pids(lab)
    with one_on_each_agent(lab, "drain-docker", "calico"):
        run = playbook(lab.inventory, name=PLAYBOOK, variables=draining(lab, calico_agent_drain_on_timeout="fail"))
    assert run.rc != 0 and "Tasks did not leave within 5 seconds" in said(run), run.output[-3000:]
    assert pids(lab) == before and drained(lab) == [], "and it is returned"


def test_an_agent_whose_docker_does_not_come_back_is_returned_too(lab: Lab) -> None:
    victim = lab.agents[0]
    victim.run("mkdir", "-p", os.path.dirname(DROP_IN))
    victim.write(DROP_IN, REFUSES)
    victim.run("systemctl", "daemon-reload")
    try:
        run = playbook(lab.inventory, name=PLAYBOOK, variables=draining(lab, calico_docker_network_timeout=20))
        assert run.rc != 0 and "was put back, and Docker runs with it again" in said(run), run.output[-3000:]
    finally:
        victim.run("rm", DROP_IN)
        victim.run("systemctl", "daemon-reload")
    assert drained(lab) == []


def test_what_a_run_leaves_that_is_killed_the_next_one_returns(lab: Lab, tmp_path: Path) -> None:
    """Whether its Docker still has to be restarted then, or not any more."""
    victim = lab.agents[0]
    for restarted in (False, True):
        with one_on_each_agent(lab, "drain-docker", "calico"):
            killed_while_it_waits(lab, victim, tmp_path)
        before = pids(lab)
        if restarted:
            playbook(lab.inventory, name=PLAYBOOK, variables=CONSENT).require()
            assert drained(lab) == [victim.address] and pids(lab)[victim.name] != before[victim.name]
        run = playbook(lab.inventory, name=PLAYBOOK, variables=draining(lab)).require()
        assert drained(lab) == [] and pids(lab)[victim.name] != before[victim.name]
        returned = [task.rpartition(" : ")[2] for _host, task in run.changed()]
        assert returned == ["Return the Mesos agents"] if restarted else "Return the Mesos agents" in returned
        without_store(victim)


def killed_while_it_waits(lab: Lab, victim: Host, directory: Path) -> None:
    """A run that is killed once it has drained an agent."""
    extra = directory / "extra.json"
    extra.write_text(json.dumps(draining(lab, calico_agent_drain_timeout=600)), encoding="utf-8")
    argv = [str(environment("2.16") / "ansible-playbook"), "-i", str(lab.inventory), PLAYBOOK, "-e", f"@{extra}"]
    run = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        eventually("the agent is drained", lambda: drained(lab) == [victim.address], seconds=240)
    finally:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
