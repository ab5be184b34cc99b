from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.plugin_utils import _agents
from ansible_collections.dcos.calico.plugins.plugin_utils._findings import Verdict


def agent(address: str, **more: Any) -> dict[str, Any]:
    """As dcos_agent_info lists it."""
    return {
        "id": f"S-{address}",
        "address": address,
        "hostname": address,
        "public": False,
        "active": True,
        "recovered": False,
        **more,
    }


def test_the_same_by_name_address_or_ip_detect() -> None:
    agents = [agent("10.0.0.1"), agent("10.0.0.2", hostname="node2.example.com"), agent("10.0.0.3"), agent("10.0.0.4")]
    hosts = {
        "a1": _agents.names_of("a1", {"ansible_host": "10.0.0.1"}, None),
        "node2.example.com": _agents.names_of("node2.example.com", {}, None),
        "a3": _agents.names_of("a3", {"ansible_host": "203.0.113.7"}, "10.0.0.3"),
        "a9": _agents.names_of("a9", {}, None),
    }
    found = _agents.compare(agents, hosts)
    assert [one["address"] for one in found.forgotten] == ["10.0.0.4"] and found.away == [] and found.unknown == ["a9"]


def test_an_agent_that_came_back_with_another_id_is_one() -> None:
    """The old id stays for some minutes, not connected."""
    agents = [agent("10.0.0.1", id="old", active=False), agent("10.0.0.1", id="new")]
    assert [one["id"] for one in _agents.compare(agents, {}).forgotten] == ["new"]


def test_an_agent_without_address_or_name_is_nobodys_host() -> None:
    """What calls itself something that is neither has both empty, and an empty name is no match."""
    found = _agents.compare(
        [agent("", id="S-"), agent("", id="S-2")], {"a1": _agents.names_of("a1", {"ansible_host": ""}, "")}
    )
    assert len(found.forgotten) == 2 and found.unknown == ["a1"] and _agents.called(found.forgotten[0]) == "S-"


@pytest.mark.parametrize(
    ("variables", "whole"),
    [
        ({}, True),
        ({"ansible_limit": "a1"}, False),
        ({"awx_job_template_name": "Site", "awx_workflow_job_name": "Site"}, False),
        ({"awx_job_template_name": "Site", "awx_workflow_job_name": "Everything"}, True),
    ],
)
def test_a_run_is_whole_without_limit_and_slices(variables: dict[str, str], whole: bool) -> None:
    assert _agents.is_whole(variables) is whole


def test_many_are_not_listed_in_full() -> None:
    verdict = Verdict()
    left_out = _agents.check(verdict, {"agents": [agent(f"10.0.0.{number}") for number in range(1, 10)]}, {}, True)
    [finding] = verdict.warnings
    assert (
        finding.what.startswith("Mesos has 9 agents")
        and finding.what.endswith("10.0.0.5 and 4 more")
        and len(left_out) == 9
    )
