"""What the plans for the clouds have in common."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.dcos.calico.plugins.plugin_utils._cloud_plan import Node, Step, listed, nodes_of


def test_nodes_are_those_of_calicoctl_node_info() -> None:
    found = nodes_of(
        [
            {"name": "a", "address": "10.0.0.1", "prefix": 24, "tunnel": None},
            {"name": "10.0.0.2", "address": "10.0.0.2"},
        ]
    )
    assert found == [Node("a", "10.0.0.1", 24), Node("10.0.0.2", "10.0.0.2", 32)]
    assert [node.title() for node in found] == ["a (10.0.0.1)", "10.0.0.2"]
    assert [node.network() for node in found] == ["10.0.0.0/24", "10.0.0.2/32"]


@pytest.mark.parametrize("names, words", [([], ""), (["a", "b"], "a, b"), (["a", "b", "c", "d"], "a, b and 2 more")])
def test_a_long_list_is_cut(names: list[str], words: str) -> None:
    assert listed(names, 2) == words


def test_a_node_is_titled_by_what_tells_it() -> None:
    """Names begin with anything: 1-agent comes before its address, agent behind it."""
    assert [Node(name, "10.0.0.1").title() for name in ("1-agent", "agent", "10.0.0.1")] == [
        "1-agent (10.0.0.1)",
        "agent (10.0.0.1)",
        "10.0.0.1",
    ]


def test_a_node_without_a_prefix_is_a_network_of_its_own() -> None:
    """As calico/node stores it: no other address is taken for its neighbour."""
    assert Node("a", "10.0.0.1").network() == "10.0.0.1/32"


def test_what_was_shown_is_what_is_done() -> None:
    """Neither a node nor a step of a plan changes between the plan and the run."""
    for item, name in ((Node("a", "10.0.0.1"), "address"), (Step("x", None, None, "amazon.aws.ec2_eni", {}), "module")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(item, name, "other")
