"""Extra variables win over everything, and AWX gives a survey's answers as such: what a playbook decides must not be in their reach."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from layout import ROOT
from test_examples import OPTIONS

# A role that uses another one for something of its own hands it what it wants, such as calico_kubernetes to calico_certificates.
FILES = sorted([*ROOT.glob("*.yml"), *(ROOT / "playbooks").rglob("*.yml")])


def decided(node: Any) -> Iterator[str]:
    """Names in the vars of plays, roles, blocks and tasks, at any depth."""
    if isinstance(node, list):
        for item in node:
            yield from decided(item)
    elif isinstance(node, dict):
        variables = node.get("vars")
        yield from variables if isinstance(variables, dict) else ()
        for key, item in node.items():
            if key != "vars":
                yield from decided(item)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_variable_of_an_operator_is_set_by_us(path: Any) -> None:
    """`calico_node_restart: never` of a play would be `auto` for whoever launches with that, and a whole cluster would restart at once."""
    found = sorted({name for name in decided(yaml.safe_load(path.read_text(encoding="utf-8"))) if name in OPTIONS})
    assert not found, "give it another name, with two underscores before it, that the role prefers where it is set"
