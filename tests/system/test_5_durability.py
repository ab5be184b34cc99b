"""What an agent must survive, from nothing to a running cluster: full disks, power cuts, a Docker that restarts, members of etcd that are not there yet or
were replaced. On a lab of its own, whose tests build on each other in this order."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.ansible import ROOT, Run, environment, playbook
from support.collisions import SECONDS, collisions
from support.etcd import another_etcd
from support.lab import Host, Lab, eventually, lab_with
from support.pings import Pings
from support.wholeness import CNI_DIR, cni_is_whole, halves, leftovers
from support.workloads import Workloads

pytestmark = pytest.mark.slow

SERVICES = ("calico-etcd-proxy.service", "calico-node.service")
DNS = "/etc/lab/dns.d/etcd.conf"
# An ssh that waits for a host without power gives up after some seconds.
IMPATIENT = "-o ServerAliveInterval=2 -o ServerAliveCountMax=3"

DOCUMENTS = """
- hosts: agents
  gather_facts: false
  become: true
  tasks:
    - dcos.calico.calicoctl_resource:
        resources:
          - {apiVersion: projectcalico.org/v3, kind: IPPool, metadata: {name: default}, spec: {cidr: 10.251.0.0/16}}
      run_once: true
"""


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """1 master, 3 private agents and 1 public one, with nothing installed."""
    with lab_with("dura") as made:
        yield made


def sessions(agent: Host) -> int:
    """Established BGP sessions, as calicoctl counts them."""
    return agent.run("/opt/calico/bin/calicoctl", "node", "status", check=False).stdout.count("Established")


def recovered(lab: Lab, seconds: float = 90) -> None:
    """Every agent has its units up and a session with every other, without a run."""
    for agent in lab.agents:
        eventually(
            f"{agent.name} has all its sessions",
            lambda agent=agent: sessions(agent) == len(lab.agents) - 1,
            seconds=seconds,
        )
        assert agent.out("systemctl", "is-active", *SERVICES).split() == ["active", "active"]


def nothing_to_do(lab: Lab) -> None:
    assert playbook(lab.inventory).require().changed() == []


def said(run: Run) -> str:
    return " ".join(str(item["msg"]) for item in run.failed())


# ---- Bad input


def test_bad_input_leaves_hosts_that_have_nothing_untouched(lab: Lab, tmp_path: Path) -> None:
    """Where nothing is installed yet: etcd down, a wrong pool, a host that drops forwarded packets, a document of Calico 3."""
    lab.masters[0].run("systemctl", "stop", "lab-etcd.service")
    before = lab.snapshot()
    run = playbook(lab.inventory)
    assert run.rc != 0 and run.changed() == [] and "no etcd member can be reached" in said(run), run.output[-3000:]
    assert lab.snapshot() == before
    lab.masters[0].run("systemctl", "start", "lab-etcd.service")
    before = lab.snapshot()
    agent = lab.agents[1]
    agent.run("iptables-nft", "-P", "FORWARD", "DROP")
    run = playbook(lab.inventory, variables={"calico_ip_pools": [{"cidr": "172.17.0.0/20"}]})
    agent.run("iptables-nft", "-P", "FORWARD", "ACCEPT")
    assert run.rc != 0 and run.changed() == []
    assert [word for word in ("Nothing was touched", "docker0", "nft backend") if word not in said(run)] == [], (
        run.output[-3000:]
    )
    play = tmp_path / "documents.yml"
    play.write_text(DOCUMENTS)
    run = playbook(lab.inventory, name=str(play))
    assert run.rc != 0 and "it is for Calico 3" in said(run), run.output[-3000:]
    assert lab.snapshot() == before


# ---- A full disk

# Directories in the order in which an install writes into them, what is left free in each, and a word of the message. The etcd of the archive is to be cut
# in its middle, so there is room for a part of it.
FULL = [
    ("/etc/sysctl.d", 0, "60-calico.conf"),
    ("/etc/systemd", 0, "10-calico.network"),
    ("/var/lib/dcos-calico", 64, "/var/lib/dcos-calico"),
    ("/opt/calico", 256, "/opt/calico/bin"),
    ("/etc/calico", 0, "/etc/calico"),
    ("/var/lib/docker/tmp", 0, "Docker Root Dir"),
    ("/opt/mesosphere/etc/dcos/network", 0, CNI_DIR),
]


class SmallDisks:
    """File systems of their own over the directories of one host, which can be filled."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def mount(self) -> None:
        for directory, _, _ in FULL:
            mount = f"mount -t tmpfs -o size=200m,mode=$(stat -c %a {directory}) small {directory}"
            self.host.run(
                "sh",
                "-ec",
                f"mkdir -p {directory} /run/kept; cp -a {directory}/. /run/kept; {mount}; cp -a /run/kept/. {directory}; rm -r /run/kept",
            )

    def fill(self, directory: str, left: int) -> None:
        self.host.run(
            "sh",
            "-ec",
            f"fallocate -l $(($(df --output=avail -k {directory} | tail -1) - {left}))k {directory}/ballast",
        )

    def free(self, directory: str) -> None:
        self.host.run("rm", "-f", f"{directory}/ballast")

    def unmount(self) -> None:
        """What was written stays; programs that run go on with the files they have open."""
        for directory, _, _ in FULL:
            self.host.run(
                "sh",
                "-ec",
                f"mkdir /run/kept; cp -a {directory}/. /run/kept; umount -l {directory}; cp -a /run/kept/. {directory}; rm -r /run/kept",
            )


def test_a_full_disk_is_said_leaves_nothing_half_and_needs_no_help_afterwards(lab: Lab) -> None:
    agent = lab.agents[0]
    before = agent.snapshot()
    disks = SmallDisks(agent)
    disks.mount()
    seen: dict[str, Any] = {}
    for directory, left, word in FULL:
        disks.fill(directory, left)
        run = playbook(lab.inventory, "--limit", agent.name)
        assert run.rc != 0, f"{directory} was full and nobody minded"
        assert word in said(run) and "space" in said(run) and "Traceback" not in run.output, run.output[-4000:]
        disks.free(directory)
        seen[directory] = agent.snapshot()
        cni_is_whole(agent)
        assert "calico.cni" not in agent.out("ls", CNI_DIR), "the network comes last, when all it needs is there"
    playbook(lab.inventory, "--limit", agent.name).require()
    after = agent.snapshot()
    assert {directory: halves(before, state, after) for directory, state in seen.items()} == {
        directory: [] for directory in seen
    }
    assert leftovers(agent) == []
    disks.unmount()
    assert playbook(lab.inventory, "--limit", agent.name).require().changed() == []


# ---- Power cuts


def there(path: str) -> Callable[[Host], bool]:
    return lambda host: host.run("test", "-e", path, check=False).returncode == 0


def container_was_made(host: Host) -> bool:
    return host.run("docker", "ps", "-aq", "--filter", "name=calico-node", check=False).stdout != ""


@contextmanager
def running(lab: Lab, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A run in the background, dead at the end."""
    argv = [
        str(environment("2.16") / "ansible-playbook"),
        "-i",
        str(lab.inventory),
        "site.yml",
        f"--ssh-extra-args={IMPATIENT}",
    ]
    env = {**os.environ, "ANSIBLE_NOCOLOR": "1"}
    with log.open("wb") as output:
        run = subprocess.Popen(
            argv, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
        try:
            yield run
        finally:
            if run.poll() is None:
                os.killpg(run.pid, signal.SIGKILL)
            run.wait()


CUTS: list[tuple[str, str, Callable[[Host], bool]]] = [
    ("agent2", "while every host is prepared", there("/opt/calico/bin/etcd")),
    ("agent3", "while the other nodes are started", container_was_made),
    ("public1", "between the plugins and the network", there("/opt/calico/bin/calico")),
]


def test_a_power_cut_in_the_middle_of_an_install_needs_no_help_afterwards(lab: Lab, tmp_path: Path) -> None:
    before = {agent.name: agent.snapshot() for agent in lab.agents}
    seen = {}
    for name, _moment, arrived in CUTS:
        victim = lab.hosts[name]
        with running(lab, tmp_path / f"{name}.log") as run:
            eventually(
                f"the run has come to {name}",
                lambda victim=victim, arrived=arrived: arrived(victim),
                seconds=60,
                pause=0.05,
            )
            lab.power(name, "restart", hard=True)
            run.wait(timeout=180)
        assert "Traceback (most recent call last)" not in (tmp_path / f"{name}.log").read_text()
        seen[name] = victim.snapshot()
        cni_is_whole(victim)
    playbook(lab.inventory).require()
    after = {agent.name: agent.snapshot() for agent in lab.agents}
    assert {name: halves(before[name], state, after[name]) for name, state in seen.items()} == {
        name: [] for name in seen
    }
    assert [path for agent in lab.agents for path in leftovers(agent)] == []
    recovered(lab)
    nothing_to_do(lab)
    with Workloads(lab, "calico") as workloads:
        assert workloads.unreachable() == []


def test_an_agent_that_loses_its_power_comes_back_by_itself_and_the_others_go_on(lab: Lab) -> None:
    victim, others = lab.agents[0], lab.agents[1:]
    with Workloads(lab, "calico", others) as workloads:
        assert workloads.unreachable() == []
        with Pings(workloads) as pings:
            lab.power(victim.name, "restart", hard=True)
            recovered(lab)
        assert pings.longest_silence() < 2, pings.silences()
    assert victim.sysctl("net.ipv4.conf.all.rp_filter") == "1"
    nothing_to_do(lab)
    with Workloads(lab, "calico") as workloads:
        assert workloads.unreachable() == []


# ---- Docker restarts


def test_docker_restarts_under_running_nodes(lab: Lab) -> None:
    with Workloads(lab, "calico") as workloads:
        assert workloads.unreachable() == []
        with collisions(lab) as met, Pings(workloads) as pings:
            for agent in lab.agents[:2]:
                agent.run("systemctl", "restart", "docker.service")
                recovered(lab)
        assert pings.longest_silence(but=met) < 2, (pings.worst(), met)
        assert pings.longest_silence() < SECONDS, (pings.worst(), met)
        assert workloads.unreachable() == []
    nothing_to_do(lab)


# ---- Members of etcd that are not there yet, or others


def serves(agent: Host) -> bool:
    return (
        agent.run(
            "curl", "-fsS", "--max-time", "3", "http://127.0.0.1:2379/v2/keys/calico/v1/Ready", check=False
        ).returncode
        == 0
    )


def test_an_agent_that_starts_before_the_members_of_etcd_and_their_records_exist(lab: Lab) -> None:
    master, agent = lab.masters[0], lab.agents[1]
    master.run("systemctl", "stop", "lab-etcd.service")
    master.run("mv", DNS, "/run/etcd.conf")
    master.run("systemctl", "restart", "lab-dns.service")
    try:
        lab.power(agent.name, "restart", hard=True, wait=False)
        eventually(
            "the agent is up",
            lambda: agent.run("systemctl", "is-active", "docker.service", check=False).stdout.strip() == "active",
            seconds=60,
        )
        run = playbook(lab.inventory, "--limit", agent.name, "--tags", "etcd", variables={"calico_etcd_wait": 6})
        assert run.rc != 0 and "no SRV records" in said(run), run.output[-3000:]
        assert not serves(agent)
    finally:
        master.run("mv", "/run/etcd.conf", DNS)
        master.run("systemctl", "restart", "lab-dns.service")
        master.run("systemctl", "start", "lab-etcd.service")
    eventually("the proxy serves", lambda: serves(agent), seconds=60)
    recovered(lab)
    nothing_to_do(lab)
    with Workloads(lab, "calico") as workloads:
        assert workloads.unreachable() == []


def test_members_that_were_replaced_by_others_elsewhere_are_found(lab: Lab) -> None:
    """New members at other addresses, empty: what the proxies noted of the old ones is of no use."""
    master = lab.masters[0]
    records = master.read(DNS)
    master.run("systemctl", "stop", "lab-etcd.service")
    with another_etcd(master, 12379, 12380) as url:
        master.write(DNS, records.replace("2380", "12380").replace("2379", "12379"))
        master.run("systemctl", "restart", "lab-dns.service")
        try:
            playbook(lab.inventory).require()
            recovered(lab)
            nothing_to_do(lab)
            with Workloads(lab, "calico") as workloads:
                assert workloads.unreachable() == []
            nodes = json.loads(master.out("curl", "-fsS", f"{url}/v2/keys/calico/bgp/v1/host"))["node"]["nodes"]
            assert len(nodes) == len(lab.agents)
        finally:
            master.write(DNS, records)
            master.run("systemctl", "restart", "lab-dns.service")
            master.run("systemctl", "start", "lab-etcd.service")
