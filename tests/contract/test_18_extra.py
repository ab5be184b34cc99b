"""No docker at all, lists that fail half-way, seeded and broken keys, and one of three members down."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable

from harness import Record, Rig, Scenario
from harness.cluster import Cluster
from harness.host import Result

POOL = "/calico/v1/ipam/v4/pool"
SEEDED = '{"cidr":"192.168.0.0/16","ipip":"","masquerade":true,"ipam":true,"disabled":false}'
CROSS_SUBNET = '{"cidr":"10.0.0.0/8","ipip":"tunl0","ipip_mode":"cross-subnet","masquerade":false,"ipam":true}'
SHORT = 5


def no_docker(rig: Rig) -> None:
    """A PATH with everything but docker; nothing on it touches this machine's kernel."""
    directory = rig.scratch / "nodocker"
    directory.mkdir()
    (directory / "calicoctl").symlink_to(rig.artifacts / "calicoctl")
    for name in ("hostname", "ip", "sh", "sed", "echo"):
        (directory / name).symlink_to(shutil.which(name) or f"/bin/{name}")
    (directory / "modprobe").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    (directory / "modprobe").chmod(0o755)


def keys(*pairs: tuple[str, str], wipe: bool = True) -> Callable[[Rig], None]:
    """Have these keys, and no others unless `wipe` is off."""

    def write(rig: Rig) -> None:
        if wipe:
            rig.etcd.wipe()
        for path, value in pairs:
            rig.etcd.put(rig.substitution.text(path), rig.substitution.text(value))

    return write


# -- a cluster without one member --------------------------------------------------------------


def start_cluster(rig: Rig) -> None:
    cluster = Cluster(rig)
    clusters[rig.mode] = cluster


clusters: dict[str, Cluster] = {}


def stop_one(rig: Rig) -> None:
    clusters[rig.mode].stop(1)


def check_always(rig: Rig, record: Record, result: Result) -> None:
    """Every run succeeds, whichever endpoint is tried first."""
    results = [result, *(rig.run_record(record) for _ in range(SHORT))]
    assert [done.exit_code for done in results] == [0] * len(results), results


def check_sometimes(rig: Rig, record: Record, _: Result) -> None:
    """A third of the runs fail, in the recorded words; that none of thirty does happens once in 190,000 times."""
    codes = set()
    for _attempt in range(record.extra["of"]):
        done = rig.run_record(record)
        codes.add(done.exit_code)
        if done.exit_code != 0:
            assert done.exit_code == 1
            rig.compare_output(next(iter(record.extra["failures"])) + "\n", done.stdout)
        if codes == {0, 1}:
            return
    raise AssertionError(f"only {codes} in {record.extra['of']} runs")


def check_plugin(rig: Rig, record: Record, _: Result) -> None:
    """Attaching and detaching workloads goes on."""
    endpoints = rig.substitution.text(",".join(f"http://127.0.0.1:{port}" for port in (3370, 3371, 3372)))
    pool = "apiVersion: v1\nkind: ipPool\nmetadata: {cidr: 192.168.0.0/16}\n"
    assert rig.run(["calicoctl", "apply", "-f", "-"], {"ETCD_ENDPOINTS": endpoints}, pool).exit_code == 0
    config = json.dumps(
        {"name": "calico", "type": "calico", "etcd_endpoints": endpoints, "ipam": {"type": "calico-ipam"}}
    )
    for number in range(SHORT):
        name = f"many{number}"
        rig.host.check("ip", "netns", "add", name)
        for command in ("ADD", "DEL"):
            env = {
                "CNI_COMMAND": command,
                "CNI_CONTAINERID": name,
                "CNI_NETNS": f"/run/netns/{name}",
                "CNI_IFNAME": "eth0",
                "CNI_PATH": "/rig/bin",
            }
            done = rig.run(["/rig/bin/calico"], env, config)
            assert done.exit_code == 0, f"{command}: {done}"


scenario = Scenario(
    "18-extra.jsonl",
    before={
        "node run, docker not installed (really)": no_docker,
        "apply pool on an empty store": keys(),
        "get a seeded pool without ipip_mode": keys((f"{POOL}/192.168.0.0-16", SEEDED)),
        "get a corrupt pool": keys((f"{POOL}/192.168.0.0-16", "not json")),
        "get a corrupt pool and a good one": keys((f"{POOL}/10.0.0.0-8", CROSS_SUBNET), wipe=False),
        "get nodes: bgp key only, no /calico/v1/host/X/metadata": keys(
            ("/calico/bgp/v1/host/seeded/ip_addr_v4", "10.1.1.1")
        ),
        "get nodes: metadata and ip_addr_v4, no network_v4": keys(
            ("/calico/v1/host/seeded/metadata", "{}"), wipe=False
        ),
        "get nodes: with network_v4": keys(("/calico/bgp/v1/host/seeded/network_v4", "10.1.1.0/24"), wipe=False),
        "get nodes: a host with bird_ip only": keys(("/calico/v1/host/onlyhost/bird_ip", "10.1.1.2"), wipe=False),
        "3 members healthy: apply node": start_cluster,
        "3 endpoints, one member down, 30 runs: get nodes -o wide": stop_one,
    },
    check={
        "3 endpoints, one member down, 30 runs: get nodes -o wide": check_always,
        "3 endpoints, one member down, 30 runs: apply node": check_sometimes,
        "3 endpoints, one member down, 30 runs: apply ipPool": check_always,
        "3 endpoints, one member down, 30 runs: config set asNumber": check_always,
        "3 endpoints, one member down, 30 runs: delete --skip-not-exists ipPool": check_always,
        "3 endpoints, one member down, 30 runs: create policy (PrevNoExist)": check_sometimes,
        "3 endpoints, one member down: 30 CNI ADDs": check_plugin,
    },
)
rig = scenario.rig_fixture()


@scenario.parametrize
def test_record(rig: Rig, record: Record) -> None:
    scenario.play(rig, record)
