"""Docker: the store of its networks, in its configuration and in the running engine, and calico/node beside it."""

from __future__ import annotations

import json
from typing import Any

testinfra_hosts = ["ansible://agents"]
STORE = "etcd://127.0.0.1:2379"


def test_it_keeps_its_networks_in_etcd(host: Any) -> None:
    with host.sudo():
        assert json.loads(host.file("/etc/docker/daemon.json").content_string)["cluster-store"] == STORE
        assert host.check_output("docker info --format '{{.ClusterStore}}'") == STORE


def test_calico_node_is_back_with_its_plugin(host: Any) -> None:
    with host.sudo():
        assert host.docker("calico-node").is_running
        assert host.file("/run/docker/plugins/calico.sock").is_socket
