"""site.yml with every component switched on, on a lab that has nothing: predicted, done, done again without a change, and packets that a policy lets through
or stops. A lab of its own (EVERY_LAB names it), Enterprise, with Kubernetes' API beside it."""

from __future__ import annotations

import ipaddress
import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from support import docker_network, kubernetes, mesos_dns, policy
from support.ansible import Run, playbook
from support.dcos import Control
from support.lab import Lab, eventually, lab_with

NAME = os.environ.get("EVERY_LAB", "every")
ENV = {"LAB_DCOS_VARIANT": "enterprise", "LAB_AGENTS": "2"}
BACKEND = ipaddress.ip_network("10.77.0.0/16")
ALL_ON: dict[str, Any] = {
    "calico_public_cloud": True,
    "calico_public_cloud_provider": "none",
    # The lab's kernel need not know ipip; between hosts of one subnet no packet needs it.
    "calico_preflight_ignore": ["kernel"],
    "calico_ip_pools": [
        {"cidr": "192.168.0.0/16", "ipip": "cross-subnet", "nat_outgoing": True},
        {"cidr": str(BACKEND), "ipip": "cross-subnet", "nat_outgoing": True},
    ],
    "calico_policy": True,
    "calico_networks": [
        {"name": "calico", "file": "calico.cni", "profile": "open"},
        {"name": "backend", "ipv4_pools": [str(BACKEND)], "profile": "isolated"},
    ],
    "calico_docker_network": True,
    "calico_docker_network_restart": True,
    "calico_docker_network_disable_ipv6": True,
    **docker_network.NAMES,
    "calico_mesos_dns": True,
    "calico_kubernetes": True,
    "calico_verify": True,
    "calico_verify_networks": ["calico", "backend"],
}


@pytest.fixture(scope="module")
def every() -> Iterator[tuple[Lab, Any, dict[str, Any]]]:
    """(the lab, Kubernetes' API, the variables that switch everything on)."""
    with lab_with(NAME, **ENV) as lab, kubernetes.kubernetes_for(lab) as (api, given):
        yield lab, api, {**given, **ALL_ON}


def site(lab: Lab, given: dict[str, Any], *arguments: str) -> Run:
    return playbook(lab.inventory, *arguments, core=kubernetes.CORE, variables=given)


@pytest.mark.slow
def test_one_wrong_word_in_any_component_is_said_before_anything_is_touched(
    every: tuple[Lab, Any, dict[str, Any]],
) -> None:
    lab, _api, given = every
    control, before = Control(lab), lab.snapshot()
    control.forget()
    wrong = {**given, "calico_kubernetes_version": "2.0.0-1.12.1"}
    for arguments in (("--check",), ()):
        run = site(lab, wrong, *arguments)
        assert run.rc != 0 and "network_provider" in run.output and run.changed() == [], run.output[-4000:]
    assert lab.snapshot() == before and control.writes() == {}


def test_everything_from_nothing_and_again_without_a_change(every: tuple[Lab, Any, dict[str, Any]]) -> None:
    lab, api, given = every
    site(lab, given).require()
    kubernetes.works(lab, api, named_by_host=True)
    store = lab.etcd()
    assert {
        json.loads(value)["cidr"] for key, value in store.items() if key.startswith("/calico/v1/ipam/v4/pool/")
    } == {"192.168.0.0/16", str(BACKEND)}
    for agent in lab.agents:
        assert f"/calico/v1/host/{agent.name}/config/IpInIpTunnelAddr" in store
    assert mesos_dns.sources(lab.masters[0]) == mesos_dns.SWAPPED
    with docker_network.containers(lab, "calico") as found:
        docker_network.reach_each_other(lab, found)
    control = Control(lab)
    control.forget()
    again = site(lab, given).require()
    assert again.changed() == []
    assert [request for request in control.writes() if "/v2/apps" not in request] == [], (
        "but for the containers that verify starts and removes"
    )


def test_packets_are_let_through_and_stopped(every: tuple[Lab, Any, dict[str, Any]]) -> None:
    policy.prove(every[0], variables=ALL_ON)


def test_an_isolated_network_keeps_others_out(every: tuple[Lab, Any, dict[str, Any]]) -> None:
    lab = every[0]
    first, second = lab.agents[:2]
    with (
        policy.container(first, "backend") as inner,
        policy.container(second, "backend") as peer,
        policy.container(second, "calico") as outer,
    ):
        assert ipaddress.ip_address(inner.address) in BACKEND
        policy.reached(peer, inner)
        policy.not_reached(outer, inner)
        eventually("an open network lets everybody in", lambda: inner.reaches(outer), 20)
