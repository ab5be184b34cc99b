from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.plugin_utils._found import packed, whole

FACTS: dict[str, Any] = {
    "node": {"ip": "10.0.0.5", "prefix": 24},
    "containers": ["192.168.0.1"],
    "os": {"id": "debian", "name": "{{ 6 * 7 }} ü"},
    "calico_node": {"container": {"present": True, "image": "calico/node"}, "bgp": {"peers": [{"established": True}]}},
}


def test_what_was_found_is_one_text_beside_what_templates_read() -> None:
    kept = packed(FACTS)
    assert isinstance(kept.pop("found"), str)
    assert kept == {
        "node": FACTS["node"],
        "containers": ["192.168.0.1"],
        "calico_node": {"container": {"present": True}},
    }


def test_all_of_it_comes_back_with_what_else_the_result_has() -> None:
    plan = {"sysctl": {"changed": False}}
    facts = {**FACTS, "changed": False}
    assert whole({"changed": True, "plan": plan, **packed(facts)}) == {**FACTS, "changed": True, "plan": plan}


@pytest.mark.parametrize(
    "facts", [{}, {"calico_node": None}, {"calico_node": {"container": None}}, {"calico_node": "x"}]
)
def test_a_host_of_which_little_is_known(facts: dict[str, Any]) -> None:
    assert whole(packed(facts)) == facts


@pytest.mark.parametrize(
    "result",
    [
        None, {}, FACTS, "text", {"failed": True, "msg": "x"}, {"found": ["a list"]}, {"found": "no JSON"}, {"found": "[]"}, {"found": "[" * 100000},
    ],
)  # fmt: skip
def test_another_result_is_as_it_is(result: Any) -> None:
    assert whole(result) is result
