"""Kubernetes on DC/OS Enterprise, on real systemd hosts: all of it on a lab that has Calico, from nothing; Mesos is not disturbed; and what is refused.

A lab of its own (SYSTEM_LAB_KUBERNETES names it). The Kubernetes API is a stand-in on this machine, whose node is the first agent. The tests build on each
other, in this order.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from support.dcos import Control
from support.kubernetes import (
    CONFLIST,
    PLACE,
    PROFILES,
    complains,
    digest,
    installed,
    kubernetes_for,
    profiles,
    run,
    subject,
    works,
)
from support.lab import Lab, lab_with

pytestmark = pytest.mark.slow

NAME = os.environ.get("SYSTEM_LAB_KUBERNETES", "kubernetes")
ENV = {"LAB_AGENTS": "2", "LAB_PUBLIC_AGENTS": "0", "LAB_DCOS_VARIANT": "enterprise"}


@pytest.fixture(name="lab", scope="module")
def lab_with_calico() -> Iterator[Lab]:
    with lab_with(NAME, **ENV) as lab:
        installed(lab)
        yield lab


@pytest.fixture(name="kubernetes", scope="module")
def kubernetes_of_lab(lab: Lab) -> Iterator[tuple[Any, dict[str, Any]]]:
    with kubernetes_for(lab) as found:
        yield found


def test_what_is_refused_touches_nothing(lab: Lab, kubernetes: tuple[Any, dict[str, Any]]) -> None:
    api, given = kubernetes
    control = Control(lab)
    control.forget()
    before = lab.snapshot()
    plugin = "/opt/mesosphere/active/cni/portmap"
    for change, words in (
        ({"calico_kubernetes_version": "2.0.0-1.12.1"}, ["2.0.0-1.12.1 cannot be used"]),
        ({"calico_kubernetes_network": "dcos"}, ["calico_networks has calico"]),
        ({"calico_kubernetes_api": {"kubeconfig": "/not/there"}}, ["cannot be read"]),
    ):
        refused = run(lab, given, **change)
        message = " ".join(str(item["msg"]) for item in refused.failed())
        assert refused.rc != 0 and not [word for word in words if word not in " ".join(message.split())], message
    assert lab.snapshot() == before and control.writes() == {} and api.writes() == []
    last = lab.agents[-1]
    last.run("mv", plugin, "/tmp/portmap")
    try:
        refused = run(lab, given)
        assert (
            refused.rc != 0
            and f"{last.name}:" in refused.output
            and "The CNI plugin portmap is in none of" in refused.output
        )
        assert refused.changed() == []
    finally:
        last.run("mv", "/tmp/portmap", plugin)


def test_everything_from_nothing(lab: Lab, kubernetes: tuple[Any, dict[str, Any]]) -> None:
    api, given = kubernetes
    control = Control(lab)
    control.forget()
    before = lab.snapshot()
    predicted = run(lab, given, "--check", "--diff").require()
    assert lab.snapshot() == before and control.writes() == {} and api.writes() == []
    first = run(lab, given, "--diff").require()
    assert sorted(predicted.changed()) == sorted(first.changed())
    assert control.writes() == {"POST /package/install": 1, "POST /ca/api/v2/sign": len(lab.agents)}
    assert profiles(lab) >= PROFILES
    works(lab, api)
    assert len({digest(agent, f"{PLACE}/calico.key") for agent in lab.agents}) == len(lab.agents), (
        "each agent has a key of its own"
    )
    assert {subject(agent).rpartition("CN")[2].strip(" =") for agent in lab.agents} == {"calico"}
    again = run(lab, given, "--diff").require()
    assert again.changed() == [] and control.writes() == {
        "POST /package/install": 1,
        "POST /ca/api/v2/sign": len(lab.agents),
    }
    assert run(lab, given, "--check").require().changed() == []
    assert "PRIVATE KEY" not in first.output + again.output


def test_mesos_says_that_it_does_not_know_lists_and_goes_on(lab: Lab, kubernetes: tuple[Any, dict[str, Any]]) -> None:
    """Also when it reads its directory anew."""
    api, _given = kubernetes
    agent = lab.agents[0]
    agent.run("systemctl", "restart", "dcos-mesos-slave.service")
    works(lab, api)
    assert "Failed to parse CNI network configuration file" in complains(agent)


def test_what_dcos_wipes_in_an_upgrade_comes_back(lab: Lab, kubernetes: tuple[Any, dict[str, Any]]) -> None:
    api, given = kubernetes
    agent = lab.agents[-1]
    agent.run("rm", "-f", CONFLIST)
    repaired = run(lab, given, "--limit", agent.name).require()
    assert [host for host, _task in repaired.changed()] == [agent.name]
    works(lab, api)
    assert run(lab, given).require().changed() == []


def test_another_network_is_refused_once_it_is_installed(lab: Lab, kubernetes: tuple[Any, dict[str, Any]]) -> None:
    _api, given = kubernetes
    networks = [{"name": "calico", "file": "calico.cni"}, {"name": "second", "file": "second.cni"}]
    refused = run(lab, given, calico_networks=networks, calico_kubernetes_network="second")
    message = " ".join(" ".join(str(item["msg"]) for item in refused.failed()).split())
    assert (
        refused.rc != 0
        and "network_provider calico, and second is required: the option is immutable" in message
        and refused.changed() == []
    )
