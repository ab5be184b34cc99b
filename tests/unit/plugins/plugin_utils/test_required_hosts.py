from __future__ import annotations

import pytest

from ansible_collections.dcos.calico.plugins.plugin_utils import _required_hosts

AGENTS = "agents:agents_private:agents_public"
GROUPS = {
    "all": ["a1", "a2", "m1"],
    "ungrouped": [],
    "agents": ["a1", "a2"],
    "agents_private": ["a1", "a2"],
    "masters": ["m1"],
}
CASES = {
    "no host at all": (
        [AGENTS],
        {"all": [], "ungrouped": []},
        [],
        None,
        ["the inventory has no hosts", "-i", "disabled"],
    ),
    "no host at all, and a limit": ([AGENTS], {"all": []}, [], "agents", ["the inventory has no hosts"]),
    "groups of others": (
        [AGENTS],
        {"all": ["x"], "ungrouped": ["y"], "mesos_agents": ["x"], "calico_masters_without_node": ["x"]},
        [],
        None,
        [
            "no host in agents, agents_private or agents_public: its groups are mesos_agents. ",
            "masters, agents_private, agents_public, agents",
        ],
    ),
    "no groups": ([AGENTS], {"all": ["x"], "ungrouped": ["x"]}, [], None, ["its hosts are in no group"]),
    "a limit": (
        [AGENTS],
        GROUPS,
        ["a1", "a2"],
        "masters",
        ["the limit masters leaves none of agents", "there would be a1, a2. ", "do not limit it"],
    ),
    "many hosts": (
        [AGENTS],
        GROUPS,
        [f"a{number}" for number in range(1, 9)],
        "m1",
        ["a1, a2, a3, a4, a5, and 3 more"],
    ),
    "groups that a run makes": (
        ["agents:calico_masters_with_node:!masters", "masters:&calico_wants_mesos_dns"],
        GROUPS,
        ["a1"],
        "m1",
        ["agents, masters with calico/node (calico_masters: true) or masters with calico_mesos_dns: true: "],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_says_why_and_what_to_do(name: str) -> None:
    *arguments, desired = CASES[name]
    text = str(_required_hosts.nobody(*arguments))
    assert text.startswith("Nothing to do, because ") and [words for words in desired if words not in text] == []


@pytest.mark.parametrize(
    ("variables", "is_slice"),
    [
        ({}, False),
        ({"awx_job_template_name": "Calico - site"}, False),
        ({"awx_job_template_name": "Calico - site", "awx_workflow_job_name": "Everything"}, False),
        ({"awx_job_template_name": "Calico - site", "awx_workflow_job_name": "Calico - site"}, True),
    ],
)
def test_a_slice_is_a_workflow_with_its_templates_name(variables: dict[str, str], is_slice: bool) -> None:
    assert _required_hosts.is_slice(variables) is is_slice
