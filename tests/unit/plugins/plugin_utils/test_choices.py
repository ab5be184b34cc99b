from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.dcos.calico.plugins.plugin_utils._choices import unknown_choices

KNOWN: list[dict[str, Any]] = [
    {},
    {"calico_install_method": "universe", "calico_etcd_source": "managed", "calico_node_restart": "always", "calico_agent_restart": "never"},
    {"calico_verify": True, "calico_policy": "yes", "calico_kubernetes": "False", "calico_masters": 1, "calico_mesos_dns": "", "calico_public_cloud": None},
    {"calico_networks": "judged by a role"},
]
UNKNOWN: list[tuple[str, Any, str]] = [
    ("calico_install_method", "Advanced", "may be advanced or universe (did you mean advanced?), and is 'Advanced' on a1, a2."),
    ("calico_install_method", "", "may be advanced or universe, and is '' on"),
    ("calico_install_method", None, "and is 'None' on"),
    ("calico_etcd_source", "mannaged", "may be existing, managed or universe (did you mean managed?)"),
    ("calico_verify", "ture", "may be true or false, and is 'ture' on"),
    ("calico_masters", "{{ not_there }}", "may be true or false"),
    ("calico_kubernetes", ["1.9"], "may be true or false"),
]


@pytest.mark.parametrize("said", KNOWN)
def test_known_choices_are_fine(said: dict[str, Any]) -> None:
    assert unknown_choices(["a1"], {"a1": said, "of another play": {"calico_verify": "ture"}}) == []


@pytest.mark.parametrize(("name", "value", "words"), UNKNOWN)
def test_unknown_ones_are_told_with_what_there_is(name: str, value: Any, words: str) -> None:
    found = unknown_choices(["a1", "a2", "a3"], {"a1": {name: value}, "a2": {name: value}, "a3": {}})
    assert len(found) == 1 and found[0].startswith(name) and words in found[0]


def test_each_value_is_told_once_with_its_hosts() -> None:
    hostvars = {f"a{number}": {"calico_verify": "ja", "calico_policy": "nein"} for number in range(7)}
    assert unknown_choices(sorted(hostvars), hostvars) == [
        "calico_policy may be true or false, and is 'nein' on a0, a1, a2, a3, a4 and 2 more.",
        "calico_verify may be true or false, and is 'ja' on a0, a1, a2, a3, a4 and 2 more.",
    ]


def test_of_something_else_there_is_a_sentence() -> None:
    with pytest.raises(AnsibleFilterError, match="takes a list of hosts"):
        unknown_choices("a1", {})
