"""calico/node: the container, its unit, its node in the datastore and its sessions."""

from __future__ import annotations

import ipaddress
import time
from typing import Any

import pytest

testinfra_hosts = ["ansible://agents"]
UNIT = "calico-node.service"
SECONDS = 40


@pytest.fixture
def container(host: Any) -> dict[str, Any]:
    """What `docker inspect` says."""
    with host.sudo():
        return host.docker("calico-node").inspect()


def test_it_runs_now_and_after_a_boot(host: Any) -> None:
    assert host.check_output("systemctl is-active %s", UNIT) == "active"
    assert host.check_output("systemctl is-enabled %s", UNIT) == "enabled"
    assert host.check_output("systemctl show --property=NeedDaemonReload %s", UNIT) == "NeedDaemonReload=no"


def test_the_container_is_of_the_release(container: dict[str, Any], variables: dict[str, Any]) -> None:
    assert container["State"]["Running"]
    assert container["Config"]["Image"].endswith(f"calico/node:v{variables['calico_release']}")


def test_the_container_has_the_host_s_network_and_rights(container: dict[str, Any]) -> None:
    config = container["HostConfig"]
    assert config["NetworkMode"] == "host" and config["Privileged"]
    assert config["RestartPolicy"]["Name"] in ("", "no"), "systemd restarts it"
    assert {"/lib/modules", "/var/run/calico", "/var/log/calico"} <= {bind.split(":")[0] for bind in config["Binds"]}


def test_the_container_knows_its_node(container: dict[str, Any], address: str) -> None:
    """Its address it takes from the datastore."""
    env = dict(item.split("=", 1) for item in container["Config"]["Env"])
    assert (env["NODENAME"], env["ETCD_ENDPOINTS"]) == (address, "http://127.0.0.1:2379")
    assert "IP" not in env and env["IP_AUTODETECTION_METHOD"] == "interface=^eth0$"


def test_the_datastore_knows_its_node(etcd: Any, address: str) -> None:
    keys = etcd.below(f"/calico/bgp/v1/host/{address}")
    assert keys[f"/calico/bgp/v1/host/{address}/ip_addr_v4"] == address
    assert keys[f"/calico/bgp/v1/host/{address}/network_v4"] == str(ipaddress.ip_network(f"{address}/24", strict=False))


def test_no_node_is_known_by_another_name(etcd: Any, agents: dict[str, str]) -> None:
    assert {key.split("/")[5] for key in etcd.below("/calico/bgp/v1/host")} == set(agents.values())


def test_felix_is_live_and_ready(host: Any) -> None:
    for question in ("liveness", "readiness"):
        host.check_output("curl -fsS --max-time 5 http://127.0.0.1:62092/%s", question)


def test_bird_has_a_session_with_every_other_agent(host: Any, agents: dict[str, str], address: str) -> None:
    """As the kernel sees them; the others may just have been restarted."""
    desired, deadline = set(agents.values()) - {address}, time.monotonic() + SECONDS
    while (found := sessions(host)) != desired and time.monotonic() < deadline:
        time.sleep(1)
    assert found == desired


def sessions(host: Any) -> set[str]:
    """The other ends of established connections of BGP."""
    rows = host.check_output("ss -Htn state established '( sport = :179 or dport = :179 )'").splitlines()
    return {row.split()[3].rpartition(":")[0] for row in rows}
