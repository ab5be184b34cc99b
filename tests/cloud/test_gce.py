"""Google Compute Engine: google.cloud's own modules against a copy of the part of the API that they ask for. It has not run against the real one."""

from __future__ import annotations

from typing import Any

import pytest
from cluster import ADDRESSES, Cluster, message, said
from gce import PROJECT, ZONE, Gce

SLOW = pytest.mark.slow
GIVEN: dict[str, Any] = {
    "calico_public_cloud_provider": "gce",
    "calico_public_cloud_gce_project": PROJECT,
    "calico_public_cloud_gce_zones": [ZONE],
    "calico_public_cloud_gce_source_ranges": ["10.0.0.0/23"],
}
RULE = {
    "kind": "compute#firewall",
    "name": "calico",
    "description": "BGP and IP-in-IP between the nodes of Calico (dcos.calico)",
    "allowed": [{"IPProtocol": "tcp", "ports": ["179"]}, {"IPProtocol": "4"}],
    "direction": "INGRESS",
    "disabled": False,
    "network": f"https://www.googleapis.com/compute/v1/projects/{PROJECT}/global/networks/default",
    "priority": 1000,
    "sourceRanges": ["10.0.0.0/23"],
}


@pytest.fixture
def agents(gce: Gce) -> None:
    for number, address in enumerate(ADDRESSES):
        gce.instance(f"agent-{number}", address, forwards=number > 0)


@pytest.mark.usefixtures("agents")
def test_check_run_and_run_again(cluster: Cluster, gce: Gce) -> None:
    """The rule is made once, as its modules send it; who may not forward packets is told each time."""
    predicted = cluster.run("--check", "--diff", env=gce.env, **GIVEN).require()
    assert gce.bodies == [] and "firewall rule calico" in said(predicted)
    done = cluster.run("--diff", env=gce.env, **GIVEN).require()
    assert sorted(predicted.changed()) == sorted(done.changed()) and predicted.predictions() == done.predictions()
    assert gce.bodies == [RULE]
    assert "canIpForward is off for agent-0." in said(done) and "Changed in the cloud: firewall rule calico" in said(
        done
    )
    again = cluster.run("--diff", env=gce.env, **GIVEN).require()
    assert again.changed() == [] and len(gce.bodies) == 1 and "canIpForward is off for agent-0." in said(again)
    assert {method for method, _path in gce.requests} == {"GET", "POST"}


@SLOW
@pytest.mark.usefixtures("agents")
def test_a_rule_that_somebody_changed_is_mended(cluster: Cluster, gce: Gce) -> None:
    gce.firewalls["calico"] = {**RULE, "allowed": [{"IPProtocol": "tcp", "ports": ["179"]}]}
    gce.firewalls["other"] = {**RULE, "name": "other", "disabled": True}
    cluster.run(env=gce.env, **GIVEN).require()
    assert gce.firewalls["calico"]["allowed"] == RULE["allowed"] and gce.firewalls["other"]["disabled"]
    assert ("PATCH", f"/compute/v1/projects/{PROJECT}/global/firewalls/calico") in gce.requests


@SLOW
@pytest.mark.usefixtures("agents")
def test_a_refusal_of_google_is_told_and_no_pool_is_touched(cluster: Cluster, gce: Gce) -> None:
    gce.refuse = "Required 'compute.firewalls.create' permission"
    words = message(cluster.run(env=gce.env, **GIVEN))
    assert (
        "google.cloud.gcp_compute_firewall failed; nothing was changed by this task" in words
        and "compute.firewalls.create" in words
    )
    words = message(cluster.run(env=gce.env | {"GCP_ACCESS_TOKEN": "expired"}, **GIVEN))
    assert "google.cloud.gcp_compute_instance_info failed" in words and "credentials" in words
    assert "ipPool" not in cluster.store["documents"] and gce.firewalls == {}


@SLOW
def test_nodes_of_other_zones_are_named_and_tags_are_used(cluster: Cluster, gce: Gce) -> None:
    gce.instance("agent-0", ADDRESSES[0], forwards=True)
    given = {"calico_public_cloud_gce_target_tags": ["dcos"], "calico_public_cloud_gce_network": "global/networks/dcos"}
    run = cluster.run(env=gce.env, **GIVEN, **given).require()
    assert f"No instance in {ZONE} has the address of these nodes: 10.0.0.12, 10.0.1.13." in said(run)
    assert gce.bodies[0]["targetTags"] == ["dcos"] and gce.bodies[0]["network"].endswith("/global/networks/dcos")
