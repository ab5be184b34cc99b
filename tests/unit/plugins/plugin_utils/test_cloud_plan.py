"""What the plans for the clouds have in common."""

from __future__ import annotations

import pytest

from ansible_collections.dcos.calico.plugins.plugin_utils._cloud_plan import Node, listed, nodes_of


def test_nodes_are_those_of_calicoctl_node_info() -> None:
    found = nodes_of([{"name": "a", "address": "10.0.0.1", "prefix": 24, "tunnel": None}, {"name": "10.0.0.2", "address": "10.0.0.2"}])
    assert found == [Node("a", "10.0.0.1", 24), Node("10.0.0.2", "10.0.0.2", 32)]
    assert [node.title() for node in found] == ["a (10.0.0.1)", "10.0.0.2"]
    assert [node.network() for node in found] == ["10.0.0.0/24", "10.0.0.2/32"]


@pytest.mark.parametrize("names, words", [([], ""), (["a", "b"], "a, b"), (["a", "b", "c", "d"], "a, b and 2 more")])
def test_a_long_list_is_cut(names: list[str], words: str) -> None:
    assert listed(names, 2) == words
