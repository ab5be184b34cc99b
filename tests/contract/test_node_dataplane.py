"""Two agents with the image's processes and a real BIRD: mesh, connectivity, policy, iptables, mesh off and on, IPIP."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from harness import Record, Scenario, normal
from node_cluster import ClusterRig, cluster_fixture

_SOURCE = "20-dataplane.jsonl"
_WORKLOADS = {"w1": ("a1", "calico"), "w2": ("a1", "calico"), "w3": ("a2", "calico"), "w4": ("a2", "other")}
_PORT = 8000
_SETTLE = 15
_RESYNC = 2  # seconds in which Felix has seen that an interface went down
_MESH = 25
_HASHES = (
    (re.compile(r'--comment "cali:[\w-]{16}"'), '--comment "cali:<hash>"'),
    (re.compile(r"\b(cali[46]-s:)\S+"), r"\1<hash>"),
)
_SET_NAMES = 6
_OUTSIDE = "outside.log"
_W1 = "192.168.141.128"

scenario = Scenario(_SOURCE)


def prepare(rig: ClusterRig) -> None:
    """What the recording began with: both nodes up, four workloads that serve HTTP."""
    for name in rig.agents:
        rig.start_node(name, CALICO_IPV4POOL_CIDR=rig.text("192.168.0.0/16"))
    for workload, (agent, network) in _WORKLOADS.items():
        rig.attach(agent, workload, network)
        log = rig.directory / f"{workload}.log"
        rig.serve(rig.agents[agent], _PORT, log, "ip", "netns", "exec", rig.text(workload))
    rig.blocks.learn(key for key in rig.keys() if f"/host/{rig.text('a1')}/" in key or "/pool/" in key)
    rig.blocks.learn(rig.keys())
    rig.until(lambda: has_peer_route(rig, "a1") and has_peer_route(rig, "a2"), _MESH)


# Felix lets etcd's usual ports through whichever is in use.
_FAILSAFE_PORTS = (r"\b2379\b", r"\b4001\b")
rig = cluster_fixture(["192.168.141.128/26", "192.168.78.192/26"], prepare, _FAILSAFE_PORTS)


def routes(rig: ClusterRig, agent: str) -> list[str]:
    return [line.strip() for line in rig.agents[agent].check("ip", "-4", "route").splitlines()]


def has_peer_route(rig: ClusterRig, agent: str) -> bool:
    return any(" via " in line and line.endswith("proto bird") for line in routes(rig, agent))


def addresses(rig: ClusterRig) -> dict[str, str]:
    found = {}
    for workload, (agent, _) in _WORKLOADS.items():
        shown = rig.agents[agent].check("ip", "-n", rig.text(workload), "-4", "-o", "addr", "show", "eth0")
        found[workload] = shown.split("inet ")[1].split("/")[0]
    return found


def expect_matrix(rig: ClusterRig, wanted: dict[str, str]) -> None:
    """The connectivity that was recorded, as soon as Felix has programmed it."""
    pairs = {pair: (_WORKLOADS[pair.split("->")[0]][0], pair.split("->")[0]) for pair in wanted}
    found: dict[str, str] = {}

    def settled() -> bool:
        found.update(rig.matrix(pairs, addresses(rig), _PORT))
        return found == wanted

    try:
        rig.until(settled, _SETTLE)
    except AssertionError:
        assert found == wanted


def plain(lines: Iterable[str]) -> str:
    text = "\n".join(" ".join(line.split()) for line in lines)
    for pattern, new in _HASHES:
        text = pattern.sub(new, text)
    return text


def compare_lines(rig: ClusterRig, expected: str, actual: Iterable[str], ordered: bool = True) -> None:
    """Lines with the hashes taken out; routes come in the order of their addresses, which are their own affair."""
    wanted = plain(rig.blocks.recorded(rig.text(line)) for line in expected.splitlines() if line.strip())
    found = plain(rig.blocks.actual(line) for line in actual)
    if not ordered:
        wanted, found = "\n".join(sorted(wanted.splitlines())), "\n".join(sorted(found.splitlines()))
    assert found == wanted


def check_routes(rig: ClusterRig, record: Record) -> None:
    def same() -> bool:
        try:
            compare_lines(rig, record.stdout, routes(rig, "a1"), ordered=False)
        except AssertionError:
            return False
        return True

    try:
        rig.until(same, _MESH)
    except AssertionError:
        compare_lines(rig, record.stdout, routes(rig, "a1"), ordered=False)


def check_host_access(rig: ClusterRig, record: Record) -> None:
    agent = rig.agents[record.extra["machine"]]
    outcome = rig.probe(agent, addresses(rig)["w1"], _PORT)
    assert outcome == ("ok" if record.exit_code == 0 else f"blocked({record.exit_code})")


def check_nat(rig: ClusterRig, record: Record) -> None:
    """From a workload to a server outside the pool, which notes who asked."""
    stop = rig.serve(rig.fabric, _PORT, rig.directory / _OUTSIDE)
    ask = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=2).status)"
    url = f"http://{rig.text('10.97.0.1')}:{_PORT}/"
    program = ["ip", "netns", "exec", rig.text("w1"), sys.executable, "-I", "-c", ask, url]
    try:
        rig.until(lambda: rig.agents["a1"].run(program).stdout.strip() == record.stdout.strip(), _SETTLE)
    finally:
        stop()


def check_source(rig: ClusterRig, record: Record) -> None:
    wanted = rig.text(record.extra["log"]).split()[0]
    requests = [line for line in (rig.directory / _OUTSIDE).read_text().splitlines() if "GET" in line]
    assert {line.split()[0] for line in requests} == {wanted}


def check_iptables(rig: ClusterRig, record: Record) -> None:
    compare_lines(rig, record.stdout, rig.in_image("a1", "iptables-legacy", "-S").splitlines())


def check_ipsets(rig: ClusterRig, record: Record) -> None:
    names = rig.in_image("a1", "ipset", "list", "-n").splitlines()
    assert len(names) == _SET_NAMES
    compare_lines(rig, record.stdout, names, ordered=False)


def check_felix_log(rig: ClusterRig, record: Record) -> None:
    """Felix goes on complaining of the missing device, and goes on."""

    def warnings(text: str) -> set[str]:
        return {normal.output(line).partition("] ")[2] for line in text.splitlines() if "[WARNING]" in line}

    log = rig.directory / "node-a1" / "log" / "felix" / "current"
    rig.until(lambda: warnings(record.stdout) <= warnings(log.read_text()), _SETTLE)
    assert rig.agents["a1"].run(["pgrep", "-x", "calico-felix"]).exit_code == 0


def check_links(rig: ClusterRig, record: Record) -> None:
    def names(text: str) -> set[str]:
        return {line.split()[0].split("@")[0] for line in text.splitlines()}

    assert names(rig.agents["a1"].check("ip", "-br", "link")) == names(rig.text(record.stdout))


def apply_policy(rig: ClusterRig, record: Record) -> None:
    """The policy names the address of a workload."""
    document = (record.stdin or "").replace(_W1, addresses(rig)["w1"])
    rig.compare_result(record, rig.run_record(replace(record, stdin=document)))


def check_wep(rig: ClusterRig, record: Record) -> None:
    result = rig.run_record(record)
    assert result.exit_code == record.exit_code
    compare_lines(rig, record.stdout, [line for line in result.stdout.splitlines() if line.strip()])


def check_status(rig: ClusterRig, record: Record) -> None:
    """BGP's state, as soon as it is the recorded one."""

    def same() -> bool:
        try:
            rig.compare_result(record, rig.run_record(record))
        except AssertionError:
            return False
        return True

    try:
        rig.until(same, _MESH)
    except AssertionError:
        rig.compare_result(record, rig.run_record(record))


_CHECKS: dict[str, Any] = {
    "weps": check_wep,
    "policy for every endpoint: only from w1 to port 8000": apply_policy,
    "host to workload, same host": check_host_access,
    "host to workload, other host": check_host_access,
    "iptables rules of a1": check_iptables,
    "ipsets of a1": check_ipsets,
    "workload to a host outside (nat-outgoing)": check_nat,
    "source address seen outside with nat-outgoing": check_source,
    "node status with the mesh off": check_status,
    "routes with the mesh off": check_routes,
    "node status with the mesh on again": check_status,
    "felix log, problems": check_felix_log,
    "routes with IPIP on (no tunl0 in this kernel)": check_routes,
    "links with IPIP on": check_links,
    "routes with IPIP off again": check_routes,
}


@pytest.fixture(scope="module")
def has_tunnels() -> bool:
    """The kernel can make IPIP devices, which the recorded one could not."""
    return Path("/proc/sys/net/ipv4/conf/tunl0").exists()


@scenario.parametrize
def test_record(rig: ClusterRig, record: Record, has_tunnels: bool) -> None:
    if has_tunnels and "IPIP on" in record.name:
        pytest.skip("this kernel has IPIP; the recording is of one without")
    if "matrix" in record.extra:
        expect_matrix(rig, record.extra["matrix"])
    elif record.name in _CHECKS:
        _CHECKS[record.name](rig, record)
    else:
        rig.play(record)


def test_every_route_between_agents_is_bird_s(rig: ClusterRig) -> None:
    for agent in rig.agents:
        between = [line for line in routes(rig, agent) if " via " in line and not line.startswith("default")]
        assert between and all(line.endswith("proto bird") for line in between)


def test_an_interface_has_its_route_whenever_it_comes_up(rig: ClusterRig) -> None:
    """Docker's plugin makes one that is down and brings it up when Felix knows of the endpoint already."""
    agent, name, network = rig.agents["a2"], "calilate", "192.168.250.1/32"
    key = f"/calico/v1/host/{rig.text('a2')}/workload/libnetwork/libnetwork/endpoint/late"
    endpoint = {
        "state": "active",
        "name": name,
        "mac": "ee:ee:ee:ee:ee:ee",
        "profile_ids": ["calico"],
        "ipv4_nets": [network],
        "ipv6_nets": [],
    }
    line = f"{network.partition('/')[0]} dev {name}"
    agent.check("ip", "link", "add", name, "type", "veth", "peer", "name", "late0")
    try:
        rig.etcd.put(key, json.dumps(endpoint))
        rig.until(lambda: name in rig.in_image("a2", "iptables-legacy", "-S"), _SETTLE)
        for _time in range(2):
            agent.check("ip", "link", "set", "late0", "up")
            agent.check("ip", "link", "set", name, "up")
            rig.until(lambda: any(line in route for route in routes(rig, "a2")), _SETTLE)
            agent.check("ip", "link", "set", name, "down")
            assert not any(line in route for route in routes(rig, "a2"))
            time.sleep(_RESYNC)
    finally:
        rig.etcd.delete(key)
        agent.check("ip", "link", "del", name)


def test_metrics_of_one_node_are_served_while_its_own_setting_says_so(rig: ClusterRig) -> None:
    """On all addresses, with names and types that were scraped from the real Felix; it restarts itself for the setting, and only there."""
    agent, key = rig.agents["a2"], f"/calico/v1/host/{rig.text('a2')}/config/PrometheusMetricsEnabled"
    ask = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:9091/metrics', timeout=5).read().decode())"
    listening = "sport = :9091"
    rig.etcd.put(key, "true")
    try:
        rig.until(lambda: "*:9091" in agent.check("ss", "-Hltn", listening), _SETTLE)
        rig.until(lambda: "felix_active_local_endpoints 2" in agent.check(sys.executable, "-c", ask), _SETTLE)
        text = agent.check(sys.executable, "-c", ask)
        assert not rig.agents["a1"].check("ss", "-Hltn", listening)
    finally:
        rig.etcd.delete(key)
    recorded = metric_types((Path(__file__).parent / "records" / "28-felix-metrics.prom").read_text())
    found = {name: kind for name, kind in metric_types(text).items() if name.startswith("felix_")}
    assert found.items() <= recorded.items()
    assert "felix_resync_state 3" in text and "felix_cluster_num_workload_endpoints 4" in text
    assert f'felix_host{{host="{rig.text("a2")}"}} 1' in text
    rig.until(lambda: not agent.check("ss", "-Hltn", listening), _SETTLE)


def metric_types(text: str) -> dict[str, str]:
    return dict(re.findall(r"^# TYPE (\S+) (\w+)$", text, re.MULTILINE))


def test_no_bird_no_traffic(rig: ClusterRig) -> None:
    """BIRD ended on one agent: its peer drops the routes, and traffic to it stops; own traffic goes on."""
    where = addresses(rig)
    pairs = {"w1->w2": ("a1", "w1"), "w1->w3": ("a1", "w1")}
    stopped = rig.agents["a2"]
    first = stopped.check("pgrep", "-o", "-f", "calico_standin.node.main|runsvdir").strip()
    stopped.check("kill", "-STOP", first)
    stopped.check("pkill", "-TERM", "-x", "bird")
    try:
        rig.until(lambda: not has_peer_route(rig, "a1"), _SETTLE)
        found = rig.matrix(pairs, where, _PORT)
        assert found["w1->w2"] == "ok" and found["w1->w3"] != "ok"
    finally:
        stopped.check("kill", "-CONT", first)
    rig.until(lambda: has_peer_route(rig, "a1"), _MESH)
    rig.until(lambda: set(rig.matrix(pairs, where, _PORT).values()) == {"ok"}, _SETTLE)
