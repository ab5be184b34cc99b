"""What the last verification wrote, against what the cluster itself says; and that nothing of it is left."""

from __future__ import annotations

import ipaddress
import json
import os
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

testinfra_hosts = ["ansible://masters"]
POOL = ipaddress.ip_network("192.168.0.0/16")
ENDPOINTS = "/calico/v1/host"
POLICIES = "/calico/v1/policy/tier/default/policy"
DIRECTORY = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return json.loads((DIRECTORY / "verified.json").read_text(encoding="utf-8"))


def test_every_check_of_every_agent_is_well(report: dict[str, Any], agents: dict[str, str]) -> None:
    assert {row["host"]: row["agent"] for row in report["agents"]} == agents
    statuses = {
        f"{row['host']} {name}": check["status"] for row in report["agents"] for name, check in row["checks"].items()
    }
    assert len(statuses) == 10 * len(agents) and set(statuses.values()) == {"ok"}, statuses
    assert report["ok"] and report["summary"]["pairs"] == report["summary"]["pairs_well"] == len(agents) * (
        len(agents) - 1
    )


def test_each_container_had_an_address_of_its_agents_block(report: dict[str, Any], etcd: Any) -> None:
    """Blocks stay where their agents are when the containers are gone."""
    for row in report["agents"]:
        address = ipaddress.ip_address(row["address"])
        blocks = [
            key.rpartition("/")[2].replace("-", "/")
            for key in etcd.below(f"/calico/ipam/v2/host/{row['agent']}/ipv4/block")
        ]
        assert address in POOL and [block for block in blocks if address in ipaddress.ip_network(block)], (
            address,
            blocks,
        )


def test_junit_says_the_same(report: dict[str, Any]) -> None:
    suites = ElementTree.parse(DIRECTORY / "verified.xml").getroot()
    cases = list(suites.iter("testcase"))
    assert len(cases) == report["summary"]["checks"] and not list(suites.iter("failure"))


def test_nothing_of_it_is_left(host: Any, etcd: Any) -> None:
    """No app of Marathon, no endpoint, no policy."""
    apps = json.loads(
        host.check_output(
            "curl -fsS --max-time 5 http://%s:8080/v2/apps", host.check_output("/opt/mesosphere/bin/detect_ip")
        )
    )["apps"]
    assert apps == []
    assert [key for key in etcd.below(ENDPOINTS) if "/workload/" in key] == [] and etcd.below(POLICIES) == {}
