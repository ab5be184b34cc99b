"""What a kubelet's CNI plugin finds on an agent: the list of plugins, and how it logs in to the API of Kubernetes."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

testinfra_hosts = ["ansible://agents"]
NETWORKS = "/opt/mesosphere/etc/dcos/network/cni"
PLACE = "/etc/calico/kubernetes"


@pytest.fixture
def calico(host: Any) -> dict[str, Any]:
    """Calico's part of the list."""
    with host.sudo():
        found = json.loads(host.file(f"{NETWORKS}/cni.conflist").content_string)
    assert found["name"] == "kube-cni" and [plugin["type"] for plugin in found["plugins"]] == ["calico", "portmap"]
    return found["plugins"][0]


def test_the_list_is_that_of_this_node(calico: dict[str, Any], address: str) -> None:
    assert (calico["nodename"], calico["etcd_endpoints"], calico["ipam"]["type"]) == (
        address,
        "http://127.0.0.1:2379",
        "calico-ipam",
    )
    assert calico["policy"] == {"type": "k8s"}


def test_its_plugins_are_there(host: Any, calico: dict[str, Any]) -> None:
    for name in (calico["type"], calico["ipam"]["type"]):
        assert host.file(f"/opt/mesosphere/active/cni/{name}").exists, name


def test_it_logs_in_with_files_that_it_can_read(host: Any, calico: dict[str, Any]) -> None:
    with host.sudo():
        config = yaml.safe_load(host.file(calico["kubernetes"]["kubeconfig"]).content_string)
        assert config["clusters"][0]["cluster"]["server"] == "https://apiserver.kubernetes.l4lb.thisdcos.directory:6443"
        user = config["users"][0]["user"]
        key, certificate = user["client-key"], user["client-certificate"]
        assert host.check_output("openssl pkey -pubout -in %s", key) == host.check_output(
            "openssl x509 -noout -pubkey -in %s", certificate
        )
        host.check_output(
            "openssl verify -CAfile %s %s", config["clusters"][0]["cluster"]["certificate-authority"], certificate
        )


def test_nobody_else_reads_the_key(host: Any) -> None:
    with host.sudo():
        key = host.file(f"{PLACE}/calico.key")
        assert (key.user, key.group, key.mode) == ("root", "root", 0o600)


def test_the_network_of_mesos_is_left_alone(host: Any, address: str) -> None:
    own = json.loads(host.file(f"{NETWORKS}/calico.cni").content_string)
    assert (own["name"], own["nodename"]) == ("calico", address)
    assert {name for name in host.file(NETWORKS).listdir() if name.startswith((".", "c"))} == {
        "calico.cni",
        "cni.conflist",
    }
