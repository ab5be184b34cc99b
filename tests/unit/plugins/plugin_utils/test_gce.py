"""Google Compute Engine: the firewall rule, and who may forward packets."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.plugin_utils import _gce
from ansible_collections.dcos.calico.plugins.plugin_utils._cloud_plan import Node

HERE = _gce.Options(
    project="my-project",
    zones=("europe-west1-b", "europe-west1-c"),
    auth_kind="serviceaccount",
    service_account_file="/k.json",
)
REACH = {"project": "my-project", "auth_kind": "serviceaccount", "service_account_file": "/k.json"}
NODES = [Node("10.132.0.2", "10.132.0.2", 32), Node("agent2", "10.132.0.3", 32), Node("agent3", "10.132.0.9", 32)]
RANGES = ["10.132.0.2/31", "10.132.0.9/32"]


def rule(**more: Any) -> dict[str, Any]:
    """As the API answers."""
    allowed = [{"IPProtocol": "tcp", "ports": ["179"]}, {"IPProtocol": "4"}]
    network = "https://www.googleapis.com/compute/v1/projects/my-project/global/networks/default"
    return {
        "name": "calico",
        "network": network,
        "allowed": allowed,
        "sourceRanges": RANGES,
        "disabled": False,
        "priority": 1000,
        **more,
    }


def test_each_zone_is_asked() -> None:
    assert _gce.queries(HERE) == [{**REACH, "zone": "europe-west1-b"}, {**REACH, "zone": "europe-west1-c"}]
    assert _gce.firewall_query(HERE) == {**REACH, "filters": ["name = calico"]}


def test_a_new_rule_is_for_the_nodes_own_networks() -> None:
    (step,) = _gce.firewall(NODES, [], True, HERE)
    assert (
        step.before is None
        and step.module == "google.cloud.gcp_compute_firewall"
        and step.name == "firewall rule calico"
    )
    assert step.arguments == {
        **REACH,
        "name": "calico",
        "description": "BGP and IP-in-IP between the nodes of Calico (dcos.calico)",
        "network": {"selfLink": "global/networks/default"},
        "direction": "INGRESS",
        "disabled": False,
        "allowed": [{"ip_protocol": "tcp", "ports": ["179"]}, {"ip_protocol": "4"}],
        "source_ranges": RANGES,
    }


def test_what_is_given_wins() -> None:
    options = dataclasses.replace(
        HERE,
        source_ranges=("10.132.0.0/20",),
        target_tags=("dcos",),
        network="global/networks/dcos",
        firewall="dcos-calico",
    )
    (step,) = _gce.firewall(NODES, [rule()], False, options)
    assert step.arguments["source_ranges"] == ["10.132.0.0/20"] and step.arguments["target_tags"] == ["dcos"]
    assert step.arguments["network"] == {"selfLink": "global/networks/dcos"} and step.arguments["allowed"] == [
        {"ip_protocol": "tcp", "ports": ["179"]}
    ]


SAME = [
    {},
    {"allowed": [{"IPProtocol": "ipip"}, {"IPProtocol": "tcp", "ports": ["179"]}]},
    {"sourceRanges": RANGES[::-1]},
    {"priority": 900, "description": "somebody's"},
]
DIFFERENT = [
    {"allowed": [{"IPProtocol": "tcp", "ports": ["179"]}]},
    {"allowed": [{"IPProtocol": "tcp"}, {"IPProtocol": "4"}]},
    {"sourceRanges": ["10.132.0.2/32"]},
    {"targetTags": ["web"]},
    {"disabled": True},
    {"network": "https://www.googleapis.com/compute/v1/projects/my-project/global/networks/other"},
]


@pytest.mark.parametrize("change", SAME)
def test_a_rule_that_does_is_left_alone(change: dict[str, Any]) -> None:
    assert _gce.firewall(NODES, [rule(name="calico-2", disabled=True), rule(**change)], True, HERE) == []


@pytest.mark.parametrize("change", DIFFERENT)
def test_a_rule_that_does_not_is_mended(change: dict[str, Any]) -> None:
    (step,) = _gce.firewall(NODES, [rule(**change)], True, HERE)
    assert step.before and step.before != step.after


def instance(name: str, address: str, forwards: bool) -> dict[str, Any]:
    return {"name": name, "canIpForward": forwards, "networkInterfaces": [{"networkIP": address}]}


def test_who_may_forward_is_told_and_who_was_not_found() -> None:
    plan = _gce.plan(
        NODES, [instance("one", "10.132.0.2", True), instance("two", "10.132.0.3", False)], [rule()], True, HERE
    )
    assert [(item["node"], item["instance"], item["can_ip_forward"]) for item in plan.instances] == [
        ("10.132.0.2", "one", True),
        ("agent2", "two", False),
    ]
    assert plan.steps == [] and plan.between == ["calico"]
    missing, held = plan.notes
    assert (
        "europe-west1-b, europe-west1-c" in missing
        and "agent3 (10.132.0.9)" in missing
        and "calico_public_cloud_gce_zones" in missing
    )
    assert "canIpForward is off for two" in held and "ipip always" in held
    assert _gce.plan(NODES[:1], [instance("one", "10.132.0.2", True)], [rule()], True, HERE).notes == []
