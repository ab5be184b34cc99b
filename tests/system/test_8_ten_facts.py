"""The ten facts about the real Calico 2.6.6 that the roles must respect: what a run does about each, on the lab that test_1_install.py left installed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from support.ansible import Run, playbook
from support.lab import Host, Lab, eventually
from support.pings import Counted
from support.workloads import Workloads

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def installed(lab: Lab) -> None:
    playbook(lab.inventory).require()


def said(run: Run) -> str:
    return " ".join(str(item["msg"]) for item in run.failed())


def sessions(agent: Host) -> int:
    return agent.run("/opt/calico/bin/calicoctl", "node", "status", check=False).stdout.count("Established")


def containers(lab: Lab) -> dict[str, str]:
    return {
        agent.name: agent.out("docker", "inspect", "--format", "{{.Id}}", "calico-node").strip() for agent in lab.agents
    }


def nothing_to_do(lab: Lab) -> None:
    assert playbook(lab.inventory).require().changed() == []


def show(agent: Host, unit: str, name: str) -> str:
    return agent.out("systemctl", "show", "-p", name, unit).strip().partition("=")[2]


def test_the_address_is_given_where_detection_would_go_wrong(lab: Lab) -> None:
    keys = lab.etcd()
    for agent in lab.agents:
        assert {"spartan", "d-dcos", "m-dcos", "docker0"} <= set(agent.out("ls", "/sys/class/net").split())
        start = show(agent, "calico-node.service", "ExecStart")
        assert "--ip=" not in start and "--ip-autodetection-method=interface=^eth0$" in start
        assert keys[f"/calico/bgp/v1/host/{agent.address}/ip_addr_v4"] == agent.address
        assert keys[f"/calico/bgp/v1/host/{agent.address}/network_v4"].endswith("/24")


def test_units_in_order_with_everything_explicit(lab: Lab) -> None:
    for agent in lab.agents:
        assert {"docker.service", "calico-etcd-proxy.service"} <= set(
            show(agent, "calico-node.service", "After").split()
        )
        start = show(agent, "calico-etcd-proxy.service", "ExecStart")
        assert (
            "--listen-client-urls=http://127.0.0.1:2379" in start and "--data-dir=/var/lib/calico-etcd-proxy" in start
        )
        for unit in ("calico-node.service", "calico-etcd-proxy.service"):
            assert (show(agent, unit, "Restart"), show(agent, unit, "UnitFileState")) == ("always", "enabled")


@contextmanager
def loose_felix(agent: Host) -> Iterator[None]:
    """rp_filter as dcos-mesos-slave leaves it, and a Felix that met it at its start."""
    path = "/proc/sys/net/ipv4/conf/all/rp_filter"
    agent.write(path, "2")
    agent.run("docker", "restart", "calico-node", check=False)
    log = "docker logs --tail 40 calico-node 2>&1; tail -n 40 /var/log/calico/felix/current || true"
    eventually("Felix refuses to stay", lambda: "loose" in agent.out("sh", "-c", log), seconds=40)
    try:
        yield
    finally:
        agent.write(path, "1")


def test_a_felix_that_does_not_stay_is_not_healthy(lab: Lab) -> None:
    """Docker calls the container running and BIRD has its sessions all the while."""
    agent = lab.agents[0]
    with loose_felix(agent):
        run = playbook(
            lab.inventory, "--limit", agent.name, "--tags", "node", variables={"calico_node_health_timeout": 20}
        )
        assert run.rc != 0 and "Felix" in said(run) and "rp_filter" in said(run), run.output[-3000:]
        assert agent.out("docker", "inspect", "--format", "{{.State.Running}}", "calico-node").strip() == "true"
        eventually("BIRD has its sessions", lambda: sessions(agent) == len(lab.agents) - 1, seconds=30)
        run = playbook(lab.inventory, "--diff").require()
        assert (agent.name, "net.ipv4.conf.all.rp_filter") in run.predictions()


def test_a_session_that_is_down_is_not_healthy(lab: Lab) -> None:
    """`node status` says 0 and Felix 204; only the table tells."""
    agent, other = lab.agents[0], lab.agents[1]
    rules = [
        ["iptables", "-I", chain, "-p", "tcp", side, other.address, "-j", "DROP"]
        for chain, side in (("INPUT", "-s"), ("OUTPUT", "-d"))
    ]
    for rule in rules:
        agent.run(*rule)
    try:
        agent.run("systemctl", "restart", "calico-node.service")
        eventually("the session is down", lambda: sessions(agent) == len(lab.agents) - 2, seconds=40)
        assert agent.run("/opt/calico/bin/calicoctl", "node", "status", check=False).returncode == 0
        run = playbook(lab.inventory, "--limit", agent.name, variables={"calico_node_health_timeout": 15})
        assert run.rc != 0 and other.address in said(run), run.output[-3000:]
        assert all(third.address not in said(run) for third in lab.agents[2:])
    finally:
        for rule in rules:
            agent.run(*[{"-I": "-D"}.get(word, word) for word in rule])
    eventually("the session is up", lambda: sessions(agent) == len(lab.agents) - 1, seconds=120)


def image(agent: Host) -> str:
    return agent.run("docker", "inspect", "--format", "{{.Image}}", "calico-node", check=False).stdout.strip()


def test_another_image_under_the_desired_name_is_seen(lab: Lab) -> None:
    """A container of the wrong image with the right name is not what is required."""
    agent = lab.agents[0]
    name, right = agent.out("docker", "inspect", "--format", "{{.Config.Image}} {{.Image}}", "calico-node").split()
    agent.write("/run/Dockerfile", f"FROM {name}\nLABEL other=1\n")
    agent.run(
        "sh",
        "-ec",
        f"mkdir -p /run/other && cp /run/Dockerfile /run/other/ && docker build -q -t {name} /run/other",
        timeout=120,
    )
    agent.run("systemctl", "restart", "calico-node.service")
    eventually("the other image runs", lambda: image(agent) not in ("", right), seconds=40)
    run = playbook(lab.inventory, "--diff").require()
    assert {host for host, _ in run.changed()} == {agent.name}
    assert image(agent) == right
    agent.run("docker", "image", "prune", "-f")


def test_sessions_that_take_their_time_are_waited_for(lab: Lab) -> None:
    """All nodes down at once: a run starts them and ends with every session up, not before."""
    for agent in lab.agents:
        agent.run("systemctl", "stop", "calico-node.service")
    playbook(lab.inventory).require()
    assert {agent.name: sessions(agent) for agent in lab.agents} == {
        agent.name: len(lab.agents) - 1 for agent in lab.agents
    }


def test_a_rolling_restart_is_one_by_one_and_short(lab: Lab) -> None:
    """Every node differs from what is required; workloads keep their traffic while one after the other is restarted."""
    before = containers(lab)
    with Workloads(lab, "calico") as workloads:
        assert workloads.unreachable() == []
        with Counted(workloads) as pings:
            run = playbook(lab.inventory, variables={"calico_node_libnetwork": True}).require()
        assert pings.lost() == 0, [(item["host"], item["time"]) for item in run.results if item["changed"]]
        assert workloads.unreachable() == []
    assert not set(before.values()) & set(containers(lab).values())
    restarts = [item for item in run.results if item["changed"] and "calico/node" in item["task"]]
    assert sorted(item["host"] for item in restarts) == sorted(agent.name for agent in lab.agents)
    times = [item["time"] for item in restarts]
    assert times == sorted(times) and all(later - earlier > 1 for earlier, later in zip(times, times[1:])), (
        "one after the other, each until it is healthy"
    )
    assert max(later - earlier for earlier, later in zip(times, times[1:])) < 120
    playbook(lab.inventory).require()


def test_felix_and_docker_have_one_backend(lab: Lab) -> None:
    """The chains of both are in the same tables, and nothing is dropped in the other ones."""
    for agent in lab.agents:
        legacy = agent.out("iptables-legacy-save")
        assert "DOCKER" in legacy and re.search(r"cali-|felix-", legacy) is not None
        other = agent.run("iptables-nft-save", check=False).stdout
        assert "cali-" not in other and ":FORWARD DROP" not in other


def test_the_proxy_is_named_by_its_address(lab: Lab) -> None:
    for agent in lab.agents:
        assert "etcdEndpoints: http://127.0.0.1:2379" in agent.read("/etc/calico/calicoctl.cfg")
        network = json.loads(agent.read("/opt/mesosphere/etc/dcos/network/cni/calico.cni"))
        assert network["etcd_endpoints"] == "http://127.0.0.1:2379"
        environment = json.loads(agent.out("docker", "inspect", "--format", "{{json .Config.Env}}", "calico-node"))
        assert "ETCD_ENDPOINTS=http://127.0.0.1:2379" in environment


def test_ipip_applied_later_needs_no_restart(lab: Lab) -> None:
    """Also where the kernel has no ipip: keys and addresses are what this shows, not packets."""
    before = containers(lab)
    variables = {
        "calico_ip_pools": [{"cidr": "192.168.0.0/16", "ipip": "always", "nat_outgoing": True}],
        "calico_preflight_ignore": ["kernel"],
    }
    playbook(lab.inventory, "--tags", "datastore", variables=variables).require()
    paths = [f"/calico/v1/host/{agent.address}/config/IpInIpTunnelAddr" for agent in lab.agents]
    keys = eventually(
        "every node has a tunnel address",
        lambda: (lambda keys: keys if all(keys.get(path) for path in paths) else None)(lab.etcd()),
        seconds=20,
    )
    assert keys["/calico/v1/config/IpInIpEnabled"] == "true" and len({keys[path] for path in paths}) == len(paths)
    assert containers(lab) == before
    playbook(lab.inventory, "--tags", "datastore").require()
    assert lab.etcd()["/calico/v1/config/IpInIpEnabled"] == "false"
    eventually("the tunnel addresses are gone", lambda: not [path for path in paths if path in lab.etcd()], seconds=20)
    assert containers(lab) == before
    nothing_to_do(lab)
