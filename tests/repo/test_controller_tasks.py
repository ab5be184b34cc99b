"""Tasks on the controller run as the one who started the run, beside ansible-playbook, whatever an inventory says of all hosts or of localhost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from layout import ROOT

FILES = sorted([*(ROOT / "roles").rglob("tasks/*.yml"), *(ROOT / "playbooks").rglob("*.yml")])
# Variables of a task win over those of an inventory, which win over a keyword such as become.
DESIRED = {
    "ansible_become": False,
    "ansible_connection": "local",
    "ansible_python_interpreter": "{{ ansible_playbook_python }}",
}


def on_controller(node: Any) -> Iterator[dict[str, Any]]:
    """Tasks that are delegated there, blocks of such, and plays on localhost alone."""
    if isinstance(node, list):
        for item in node:
            yield from on_controller(item)
    elif isinstance(node, dict):
        if node.get("delegate_to") == "localhost" or node.get("connection") == "local":
            yield node
        for item in node.values():
            yield from on_controller(item)


@pytest.mark.parametrize(
    "path",
    [path for path in sorted((ROOT / "playbooks").rglob("*.yml")) if path.parent.name != "tasks"],
    ids=lambda path: path.name,
)
def test_plays_keep_their_order_under_any_configuration(path: Path) -> None:
    """Strategy free of an ansible.cfg knows neither run_once nor any_errors_fatal."""
    plays = [play for play in yaml.safe_load(path.read_text(encoding="utf-8")) if "hosts" in play]
    assert [play["name"] for play in plays if play.get("strategy") != "ansible.builtin.linear"] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_they_obey_no_inventory(path: Path) -> None:
    for task in on_controller(yaml.safe_load(path.read_text(encoding="utf-8"))):
        assert {name: (task.get("vars") or {}).get(name) for name in DESIRED} == DESIRED, task.get("name")
        assert task.get("become") is False, task.get("name")
