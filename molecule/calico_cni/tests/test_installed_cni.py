"""The CNI plugins, the network that Mesos reads, and a container on it."""

from __future__ import annotations

import ipaddress
import json
import uuid
from typing import Any

import pytest

testinfra_hosts = ["ansible://agents"]
NETWORKS = "/opt/mesosphere/etc/dcos/network/cni"
POOL = ipaddress.ip_network("192.168.0.0/16")
AGENT_PROGRAM = "/opt/lab/dcos-mesos-slave"


def test_the_network_is_that_of_this_node(host: Any, address: str) -> None:
    file = host.file(f"{NETWORKS}/calico.cni")
    assert (file.user, file.group, file.mode) == ("root", "root", 0o644)
    config = json.loads(file.content_string)
    named = {key: config[key] for key in ("name", "type", "nodename", "etcd_endpoints", "ipam")}
    assert named == {
        "name": "calico",
        "type": "calico",
        "nodename": address,
        "etcd_endpoints": "http://127.0.0.1:2379",
        "ipam": {"type": "calico-ipam"},
    }


def test_mesos_reads_nothing_but_networks(host: Any) -> None:
    for name in host.file(NETWORKS).listdir():
        assert json.loads(host.file(f"{NETWORKS}/{name}").content_string)["name"], name


@pytest.mark.parametrize(
    "name, digest", [("calico", "calico_cni_plugin_sha256"), ("calico-ipam", "calico_cni_ipam_sha256")]
)
def test_mesos_finds_the_plugin(host: Any, variables: dict[str, Any], name: str, digest: str) -> None:
    file = host.file(f"/opt/calico/bin/{name}")
    assert (file.user, file.group, file.mode, file.sha256sum) == ("root", "root", 0o755, variables[digest])
    assert host.file(f"/opt/mesosphere/active/cni/{name}").linked_to == file.path


def test_a_container_gets_an_address_of_the_pool_which_the_datastore_knows(host: Any, etcd: Any, address: str) -> None:
    name = f"molecule-{uuid.uuid4().hex[:8]}"
    with host.sudo():
        started = json.loads(host.check_output("%s launch calico --name %s", AGENT_PROGRAM, name))
        try:
            endpoints = etcd.below(f"/calico/v1/host/{address}/workload")
        finally:
            host.check_output("%s kill %s", AGENT_PROGRAM, started["container_id"])
    assert ipaddress.ip_address(started["ip"]) in POOL
    assert any(f"{started['ip']}/32" in json.loads(value)["ipv4_nets"] for value in endpoints.values())
