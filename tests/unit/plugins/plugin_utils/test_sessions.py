from __future__ import annotations

from typing import Any

from ansible_collections.dcos.calico.plugins.plugin_utils import _sessions
from ansible_collections.dcos.calico.plugins.plugin_utils._findings import failed


def node(number: int, up: list[int], down: list[int]) -> dict[str, Any]:
    """What calicoctl_node returned on 10.0.0.NUMBER."""
    peers = [{"address": f"10.0.0.{other}", "established": other in up} for other in up + down]
    return {"ip": f"10.0.0.{number}/24", "peers": peers, "peers_down": [f"10.0.0.{other}" for other in down]}


def test_a_whole_mesh_is_fine() -> None:
    assert _sessions.down({"a": node(1, [2, 3], []), "b": node(2, [1, 3], []), "c": node(3, [1, 2], [])}) == {}


def test_a_node_that_was_started_later_has_the_last_word() -> None:
    assert _sessions.down({"a": node(1, [2], [3]), "b": node(2, [1], [3]), "c": node(3, [1, 2], [])}) == {}


def test_a_node_outside_the_run_is_named_with_what_to_do() -> None:
    results = {"a": node(1, [2], [9]), "b": node(2, [1], [9])}
    missed = _sessions.down(results)
    assert missed == {"10.0.0.9": ["a", "b"]}
    text = failed(_sessions.HEAD, _sessions.findings(missed, results), "node")["msg"]
    assert (
        "BGP sessions are down with 1 node" in text
        and "10.0.0.9 is no host of this run" in text
        and "calico_node_tolerated_peers" in text
    )


def test_two_hosts_that_both_miss_each_other_are_named() -> None:
    results = {"a": node(1, [3], [2]), "b": node(2, [3], [1]), "c": node(3, [1, 2], [])}
    missed = _sessions.down(results)
    assert missed == {"10.0.0.2": ["a"], "10.0.0.1": ["b"]}
    text = failed(_sessions.HEAD, _sessions.findings(missed, results), "node")["msg"]
    assert "down with 2 nodes" in text and "b (10.0.0.2) is missed by a. Open TCP port 179 between them" in text


def test_who_is_missed_at_one_look_only_was_restarted_by_somebody_else() -> None:
    first = _sessions.down({"a": node(1, [2], [8, 9]), "b": node(2, [1, 8], [9])})
    assert first == {"10.0.0.8": ["a"], "10.0.0.9": ["a", "b"]}
    assert _sessions.down({"a": node(1, [2, 8], [7, 9]), "b": node(2, [1, 9], [8])}, first) == {"10.0.0.9": ["a"]}
    assert _sessions.down({"a": node(1, [2, 8, 9], [7]), "b": node(2, [1, 8, 9], [])}, first) == {}
