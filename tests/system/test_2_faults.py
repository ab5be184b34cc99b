"""What goes wrong on live clusters, on the lab that test_1_install.py left installed. Every test leaves it whole again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from support.ansible import ROOT, Run, environment, playbook
from support.lab import Host, Lab, eventually
from support.wholeness import CNI_DIR, cni_is_whole, halves
from support.workloads import Workloads

STEADY = ("files", "units", "links")
# What settings were before the install, which is another one on a host that was wiped.
HISTORY = "/var/lib/dcos-calico/sysctl.json"
SLOW = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def installed(lab: Lab) -> None:
    """Alone, this file installs first; after test_1_install.py this changes nothing."""
    playbook(lab.inventory).require()


def steady(snapshot: dict[str, Any]) -> dict[str, Any]:
    """The part of a host's snapshot that a repair must bring back to the letter."""
    found = {key: snapshot[key] for key in STEADY}
    return {**found, "files": {path: what for path, what in found["files"].items() if path != HISTORY}}


def repaired(lab: Lab, *arguments: str) -> Run:
    """A run that repairs, followed by one that finds nothing to do."""
    run = playbook(lab.inventory, "--diff", *arguments).require()
    assert playbook(lab.inventory, *arguments).require().changed() == []
    return run


# Each managed thing of an agent, and how a hand could spoil it.
DRIFT: list[tuple[str, list[str]]] = [
    ("/etc/sysctl.d/60-calico.conf", ["sh", "-c", "echo net.ipv4.ip_forward=0 > /etc/sysctl.d/60-calico.conf"]),
    ("net.ipv4.conf.all.rp_filter", ["sh", "-c", "echo 2 > /proc/sys/net/ipv4/conf/all/rp_filter"]),
    ("/etc/modules-load.d/calico.conf", ["rm", "/etc/modules-load.d/calico.conf"]),
    ("/etc/NetworkManager/conf.d/calico.conf", ["chmod", "0600", "/etc/NetworkManager/conf.d/calico.conf"]),
    ("/etc/systemd/network/10-calico.network", ["truncate", "-s", "0", "/etc/systemd/network/10-calico.network"]),
    (
        "/etc/systemd/system/dcos-mesos-slave.service.d/10-calico-rp-filter.conf",
        ["rm", "-r", "/etc/systemd/system/dcos-mesos-slave.service.d/10-calico-rp-filter.conf"],
    ),
    ("/opt/calico/bin/etcd", ["sh", "-c", "cd /opt/calico/bin; mv etcd x; head -c 1000 x > etcd; rm x"]),
    (
        "/etc/systemd/system/calico-etcd-proxy.service",
        ["sed", "-i", "s/Restart=always/Restart=no/", "/etc/systemd/system/calico-etcd-proxy.service"],
    ),
    ("/opt/calico/bin/calicoctl", ["chmod", "-x", "/opt/calico/bin/calicoctl"]),
    ("/etc/calico/calicoctl.cfg", ["sed", "-i", "s/2379/4001/", "/etc/calico/calicoctl.cfg"]),
    (
        "/etc/systemd/system/calico-node.service",
        ["sed", "-i", "s/^Restart=.*/Restart=no/", "/etc/systemd/system/calico-node.service"],
    ),
    (
        "/opt/calico/bin/calico",
        [
            "sh",
            "-c",
            "echo '#!/bin/sh' > /opt/calico/bin/calico.new; mv /opt/calico/bin/calico.new /opt/calico/bin/calico",
        ],
    ),
    ("/opt/mesosphere/active/cni/calico-ipam", ["rm", "/opt/mesosphere/active/cni/calico-ipam"]),
    (f"{CNI_DIR}/calico.cni", ["sed", "-i", "s/calico-ipam/host-local/", f"{CNI_DIR}/calico.cni"]),
]


def test_everything_that_drifts_is_seen_and_repaired(lab: Lab) -> None:
    agent = lab.agents[0]
    before = agent.snapshot()
    for _thing, spoil in DRIFT:
        agent.run(*spoil)
    run = repaired(lab)
    seen = {name for host, name in run.predictions() if host == agent.name}
    assert [thing for thing, _ in DRIFT if thing not in seen] == []
    assert run.planned() == run.predictions()
    after = agent.snapshot()
    assert steady(after) == steady(before)
    assert after["sysctls"] == before["sysctls"]
    assert {host for host, _ in run.changed()} == {agent.name}


@SLOW
def test_a_container_removed_by_hand_comes_back(lab: Lab) -> None:
    agent = lab.agents[-1]
    agent.run("systemctl", "stop", "calico-node.service")
    agent.run("docker", "rm", "-f", "calico-node", check=False)
    agent.run("systemctl", "disable", "calico-node.service")
    run = repaired(lab)
    assert {host for host, _ in run.changed()} == {agent.name}
    assert "calico-node" in agent.out("docker", "ps", "--format", "{{.Names}}")


def test_rp_filter_stays_right_when_dcos_restarts_its_agent(lab: Lab) -> None:
    with Workloads(lab, "calico") as workloads:
        for agent in lab.agents:
            unit = "dcos-mesos-slave-public.service" if agent.role == "slave_public" else "dcos-mesos-slave.service"
            agent.run("systemctl", "restart", unit)
            names = agent.out("ls", "/proc/sys/net/ipv4/conf").split()
            values = {name: agent.read(f"/proc/sys/net/ipv4/conf/{name}/rp_filter").strip() for name in names}
            ours = {name: value for name, value in values.items() if name == "all" or name.startswith("cali")}
            assert set(ours.values()) == {"1"} and len(ours) > 1, values
            assert values["eth0"] == "2"
        assert workloads.unreachable() == []


def test_a_rebooted_agent_comes_back_by_itself(lab: Lab) -> None:
    agent = lab.agents[0]
    lab.power(agent.name, "restart")
    eventually("every session is up again", lambda: sessions(agent) == len(lab.agents) - 1, seconds=60)
    assert agent.sysctl("net.ipv4.conf.all.rp_filter") == "1"
    with Workloads(lab, "calico") as workloads:
        assert workloads.unreachable() == []
    assert playbook(lab.inventory).require().changed() == []


@SLOW
def test_the_etcd_proxy_stays_down_while_its_port_cannot_be_closed_at_boot(lab: Lab) -> None:
    """No user of the agent finds it open meanwhile, and it comes up by itself once the rules can be made."""
    agent = lab.agents[0]
    directory = "/etc/systemd/system/calico-etcd-proxy-port.service.d"
    agent.run("mkdir", directory)
    agent.write(f"{directory}/broken.conf", "[Service]\nExecStart=/usr/bin/test -e /run/mended\n")
    lab.power(agent.name, "restart", wait=False)
    try:
        eventually(
            "the proxy was started twice",
            lambda: (
                agent.run("journalctl", "-u", "calico-etcd-proxy", "-b", check=False).stdout.count("holdoff") > 1
                or agent.run("journalctl", "-u", "calico-etcd-proxy", "-b", check=False).stdout.count(
                    "Scheduled restart"
                )
                > 1
            ),
            seconds=90,
        )
        assert "2379" not in agent.out("ss", "-Hltn", "src", "127.0.0.1")
        assert (
            agent.run(
                "systemctl", "is-active", "calico-etcd-proxy-port", "calico-etcd-proxy", check=False
            ).stdout.split()[1]
            != "active"
        )
        agent.run("touch", "/run/mended")
        ask = [
            "curl",
            "-s",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            "--max-time",
            "3",
            "http://127.0.0.1:2379/v2/keys",
        ]
        eventually("the proxy serves", lambda: agent.run(*ask, check=False).stdout == "200", seconds=60)
        assert agent.run("setpriv", "--reuid=65534", "--clear-groups", *ask, check=False).stdout == "000"
        eventually(
            "calico/node runs", lambda: "calico-node" in agent.out("docker", "ps", "--format", "{{.Names}}"), seconds=90
        )
    finally:
        agent.run("rm", "-r", directory)
        agent.run("systemctl", "daemon-reload")
    assert playbook(lab.inventory).require().changed() == []


def sessions(agent: Host) -> int:
    """Established BGP sessions, as calicoctl counts them."""
    return agent.run("/opt/calico/bin/calicoctl", "node", "status", check=False).stdout.count("Established")


@pytest.mark.parametrize(
    "seconds", [pytest.param(3, marks=SLOW), 6, pytest.param(9, marks=SLOW), pytest.param(13, marks=SLOW)]
)
def test_a_killed_run_leaves_things_old_or_new_and_the_next_one_finishes(lab: Lab, seconds: float) -> None:
    agent = lab.agents[1]
    before = {host.name: host.snapshot() for host in lab.agents}
    for host in lab.agents:
        host.run("systemctl", "stop", "calico-node.service")
        host.run("rm", "-rf", "/opt/calico", "/etc/calico", f"{CNI_DIR}/calico.cni", "/var/lib/dcos-calico")
    wiped = {host.name: host.snapshot() for host in lab.agents}
    argv = [str(environment("2.16") / "ansible-playbook"), "-i", str(lab.inventory), "site.yml"]
    run = subprocess.Popen(
        argv,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(seconds)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    seen = {host.name: host.snapshot() for host in lab.agents}
    for host in lab.agents:
        cni_is_whole(host)
    repaired(lab)
    after = {host.name: host.snapshot() for host in lab.agents}
    now, then = steady(after[agent.name])["files"], steady(before[agent.name])["files"]
    assert {path: (then.get(path), now.get(path)) for path in {*now, *then} if now.get(path) != then.get(path)} == {}
    assert steady(after[agent.name]) == steady(before[agent.name])
    assert {name: halves(wiped[name], seen[name], after[name]) for name in seen} == {name: [] for name in seen}


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        pytest.param("truncated", "could not be fetched", marks=SLOW),
        pytest.param("html", "HTML page", marks=SLOW),
    ],
)
def test_a_bad_download_is_said_and_changes_nothing(lab: Lab, fault: str, words: str) -> None:
    agent = lab.agents[2]
    agent.run("mv", "/opt/calico/bin/calicoctl", "/opt/calico/bin/calicoctl.kept")
    variables = {"calico_calicoctl_url": f"https://mirror.lab/faults/{fault}/calicoctl/v1.6.3/calicoctl"}
    run = playbook(lab.inventory, "--limit", agent.name, "--tags", "ctl", variables=variables)
    assert run.rc != 0 and words in str(run.failed()[0]["msg"]), run.output[-2000:]
    there = agent.out("ls", "-A", "/opt/calico/bin").split()
    assert there == ["calico", "calico-agent-files", "calico-ipam", "calicoctl.kept", "etcd"]
    agent.run("rm", "/opt/calico/bin/calicoctl.kept")
    repaired(lab)


def test_a_wrong_digest_keeps_the_old_file_and_stops_everybody(lab: Lab) -> None:
    before = lab.snapshot()
    run = playbook(lab.inventory, variables={"calico_cni_plugin_sha256": "0" * 64})
    (failure,) = run.failed()
    assert failure["host"] == lab.agents[0].name, "the canary fails, and nobody after it"
    assert "is not the expected file" in failure["msg"] and "0" * 64 in failure["msg"]
    touched = {item["host"] for item in run.results if "calico/node" in item["task"]}
    assert touched == {lab.agents[0].name}
    after = lab.snapshot()
    for agent in lab.agents:
        assert steady(after[agent.name]) == steady(before[agent.name])


BAD = [
    ({"calico_release": "2.6.4"}, ["Calico 2.6.4 must not be installed", "2.6.5"]),
    ({"calico_release": "3.0.1"}, ["no Calico release 3.0.1"]),
    ({"calico_calicoctl_sha256": ""}, ["calico_calicoctl_sha256"]),
    (
        {
            "calico_ip_pools": [
                {"cidr": "192.168.5.7/16"},
                {"cidr": "192.169.0.0/27"},
                {"cidr": "172.17.0.0/20"},
                {"cidr": "172.29.0.0/16"},
            ]
        },
        ["192.168.5.7/16", "host bits", "192.169.0.0/27", "172.17.0.0", "docker0", "172.29.0.0/16"],
    ),
    ({"calico_networks": [{"name": "with space"}]}, ["with space"]),
    ({"calico_networks": [{"name": "dcos"}]}, ["dcos.cni", "mesos-cni-port-mapper", "would be overwritten"]),
    ({"calico_node_name": "same"}, ["same"]),
]


IN_CI = {"calico_ip_pools-3", "calico_networks-5"}  # unit tests have the others, too
NAMED = {f"{next(iter(variables))}-{number}": (variables, words) for number, (variables, words) in enumerate(BAD)}


@pytest.mark.parametrize(
    ("variables", "words"),
    [pytest.param(*case, id=name, marks=() if name in IN_CI else SLOW) for name, case in NAMED.items()],
)
def test_bad_input_is_refused_before_anything_is_touched(lab: Lab, variables: dict[str, Any], words: list[str]) -> None:
    before = lab.snapshot()
    run = playbook(lab.inventory, variables=variables)
    assert run.rc != 0
    said = " ".join(str(item["msg"]) for item in run.failed()) or run.output
    assert [word for word in words if word not in said] == [], said
    assert run.changed() == []
    assert lab.snapshot() == before


def test_bad_hosts_are_all_named_in_one_message(lab: Lab) -> None:
    first, second, third = lab.agents[:3]
    first.write(f"{CNI_DIR}/notes.txt", "not JSON")
    second.write(f"{CNI_DIR}/other.conf", json.dumps({"name": "calico", "type": "bridge"}))
    starts = restarts(third)
    third.run("systemctl", "stop", "docker.service", "docker.socket")
    try:
        eventually("calico/node is tried again", lambda: restarts(third) > starts, seconds=30)
        assert third.run("systemctl", "is-active", "docker.service", check=False).stdout.strip() == "inactive", (
            "what was stopped by hand stays stopped"
        )
        run = playbook(lab.inventory)
        assert run.rc != 0 and run.changed() == []
        (message,) = {str(item["msg"]) for item in run.failed()}
        for host, word in ((first, "notes.txt"), (second, "other.conf"), (third, "Docker")):
            assert host.name in message and word in message, message
    finally:
        first.run("rm", f"{CNI_DIR}/notes.txt")
        second.run("rm", f"{CNI_DIR}/other.conf")
        third.run("systemctl", "start", "docker.socket", "docker.service")
        third.run("systemctl", "start", "calico-node.service")
    repaired(lab)


def restarts(agent: Host) -> int:
    """How often systemd has started calico/node again."""
    return int(agent.out("systemctl", "show", "-p", "NRestarts", "--value", "calico-node.service"))


@SLOW
def test_the_etcd_proxy_starts_before_its_members(lab: Lab) -> None:
    master, agent = lab.masters[0], lab.agents[0]
    master.run("systemctl", "stop", "lab-etcd.service")
    agent.run("systemctl", "restart", "calico-etcd-proxy.service")
    master.run("systemctl", "start", "lab-etcd.service")
    eventually("the proxy serves", lambda: serves(agent), seconds=40)
    assert playbook(lab.inventory).require().changed() == []


def serves(agent: Host) -> bool:
    return (
        agent.run(
            "curl", "-fsS", "--max-time", "3", "http://127.0.0.1:2379/v2/keys/calico/v1/Ready", check=False
        ).returncode
        == 0
    )


def test_no_temporary_file_is_left_anywhere(lab: Lab) -> None:
    for agent in lab.agents:
        found = agent.out(
            "find", "/etc", "/opt/calico", "/opt/mesosphere", "/var/lib/dcos-calico", "-name", ".dcos-calico.*"
        )
        assert found == "", Path(found.split("\n", 1)[0])
