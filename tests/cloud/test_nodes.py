"""What is the same in every cloud: who must have a node, what is refused, and what is said."""

from __future__ import annotations

from typing import Any

import pytest
from cluster import ADDRESSES, Cluster, message, said
from metadata_server import MetadataServer

SLOW = pytest.mark.slow


def test_pools_are_kept_when_all_agents_have_a_node(cluster: Cluster) -> None:
    """Check, run, run again; no cloud."""
    predicted = cluster.run("--check", "--diff").require()
    assert cluster.store["documents"].keys() == {"node"}
    done = cluster.run("--diff").require()
    assert sorted(predicted.changed()) == sorted(done.changed()) and done.changed()
    pool = cluster.store["documents"]["ipPool"]["192.168.0.0/16"]
    assert (
        pool["spec"]["ipip"] == {"enabled": True, "mode": "cross-subnet"}
        and cluster.store["settings"]["- ipip -"] == "on"
    )
    assert f"Tunnel addresses that were there before: {', '.join(ADDRESSES)}" in said(done)
    assert "Cloud: none" in said(done) and "detected" not in said(done)
    assert cluster.run().require().changed() == []


def test_who_has_no_node_is_named_and_no_pool_is_touched(cluster: Cluster) -> None:
    cluster.hold(list(ADDRESSES[:2]))
    words = message(cluster.run())
    assert (
        "1 of 3 agents have no node in Calico after 1 seconds: 10.0.1.13" in words
        and "docker logs calico-node" in words
    )
    assert "ipPool" not in cluster.store["documents"]


REFUSED: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
    (
        "an unknown cloud",
        {"calico_public_cloud_provider": "digitalocean"},
        ("the provider digitalocean is not supported", "aws, gce, azure, none"),
    ),
    (
        "IP-in-IP on Azure",
        {"calico_public_cloud_provider": "azure"},
        ("Azure drops IP-in-IP", "192.168.0.0/16 (cross-subnet)", "user-defined routes"),
    ),
    (
        "AWS without credentials",
        {"calico_public_cloud_provider": "aws"},
        ("no credentials for AWS", "AWS_ACCESS_KEY_ID", "which region"),
    ),
    (
        "Google without credentials",
        {"calico_public_cloud_provider": "gce"},
        ("no credentials for Google Cloud", "gce_project", "gce_zones"),
    ),
    (
        "overlapping pools",
        {"calico_ip_pools": [{"cidr": "192.168.0.0/16"}, {"cidr": "192.168.64.0/18"}]},
        ("192.168.0.0/16 and 192.168.64.0/18 overlap",),
    ),
    ("a pool in the overlay", {"calico_ip_pools": [{"cidr": "9.1.0.0/16"}]}, ("overlaps 9.0.0.0/8",)),
    ("a pool of VIPs", {"calico_ip_pools": [{"cidr": "11.0.0.0/16"}]}, ("overlaps 11.0.0.0/8",)),
    (
        "an unknown ipip",
        {"calico_ip_pools": [{"cidr": "192.168.0.0/16", "ipip": "sometimes"}]},
        ("ipip cannot be 'sometimes'",),
    ),
]


def refused(cluster: Cluster, given: dict[str, Any], words: tuple[str, ...]) -> None:
    before = cluster.store_file.read_text()
    text = message(cluster.run(calico_public_cloud_metadata_url="http://127.0.0.1:9", **given))
    assert all(word in text for word in words), text
    assert "Nothing was touched" in text and cluster.store_file.read_text() == before


@pytest.mark.parametrize("given, words", [item[1:] for item in REFUSED[:3]], ids=[item[0] for item in REFUSED[:3]])
def test_refused_before_anything_is_touched(cluster: Cluster, given: dict[str, Any], words: tuple[str, ...]) -> None:
    refused(cluster, given, words)


@SLOW
@pytest.mark.parametrize("given, words", [item[1:] for item in REFUSED[3:]], ids=[item[0] for item in REFUSED[3:]])
def test_more_is_refused(cluster: Cluster, given: dict[str, Any], words: tuple[str, ...]) -> None:
    refused(cluster, given, words)


def test_azure_without_ip_in_ip_goes_on_and_says_what_is_needed(cluster: Cluster, metadata: MetadataServer) -> None:
    """The cloud is detected here."""
    metadata.cloud = "azure"
    plain = [{"cidr": "192.168.0.0/16", "ipip": False, "nat_outgoing": True}]
    given = {"calico_public_cloud_provider": "", "calico_public_cloud_metadata_url": metadata.url}
    run = cluster.run(calico_ip_pools=plain, **given).require()
    assert (
        "Cloud: azure (detected)" in said(run)
        and "Azure delivers packets" in said(run)
        and "No pool has IP-in-IP" in said(run)
    )
    assert cluster.store["settings"].get("- ipip -", "off") == "off"


@SLOW
def test_ip_in_ip_on_azure_passes_with_the_override_and_a_warning(cluster: Cluster) -> None:
    run = cluster.run(calico_public_cloud_provider="azure", calico_public_cloud_azure_ipip=True).require()
    assert "IP-in-IP is required on Azure" in said(run) and cluster.store["settings"]["- ipip -"] == "on"


@SLOW
@pytest.mark.parametrize("cloud", ["gce", "aws", "openstack", None])
def test_the_cloud_is_detected(cluster: Cluster, metadata: MetadataServer, cloud: str | None) -> None:
    metadata.cloud = cloud
    given = {
        "calico_public_cloud_provider": "",
        "calico_public_cloud_metadata_url": metadata.url,
        "calico_public_cloud_manage": False,
    }
    run = cluster.run(**given).require()
    assert f"Cloud: {cloud if cloud in ('gce', 'aws') else 'none'} (detected)" in said(run)


@SLOW
def test_nodes_of_nobody_are_named_or_refused(cluster: Cluster) -> None:
    cluster.hold([*ADDRESSES, "10.0.0.99"])
    assert "Nodes that no agent has (calicoctl delete node NAME, if it is gone for good): 10.0.0.99" in said(
        cluster.run().require()
    )
    assert "no agents of the cluster: 10.0.0.99" in message(cluster.run(calico_public_cloud_extra_nodes="fail"))
    assert "Nodes that no agent has" not in said(
        cluster.run(calico_public_cloud_agents=[*ADDRESSES, "10.0.0.99"]).require()
    )


@SLOW
def test_ip_in_ip_is_turned_off_for_real(cluster: Cluster) -> None:
    cluster.run().require()
    assert cluster.store["settings"]["- ipip -"] == "on"
    run = cluster.run(calico_ip_pools=[{"cidr": "192.168.0.0/16", "ipip": "off", "nat_outgoing": True}]).require()
    assert (
        cluster.store["settings"]["- ipip -"] == "off"
        and "ipip" not in cluster.store["documents"]["ipPool"]["192.168.0.0/16"]["spec"]
    )
    assert run.changed()
