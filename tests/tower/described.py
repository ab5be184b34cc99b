"""What docs/tower says, read as Ansible reads it: !unsafe is a text, and templates of plain variables are resolved."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
TOWER = ROOT / "docs" / "tower"
PROJECT = TOWER / "project"


class Loader(yaml.SafeLoader):
    """With Ansible's own tags."""


Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader)


def playbook_of(template: dict[str, Any]) -> Path:
    """The collection's playbook that a template's one imports, behind the one that waits for other buttons."""
    _wait, play = read(PROJECT / template["playbook"])
    return ROOT / "playbooks" / (str(play["import_playbook"]).removeprefix("dcos.calico.") + ".yml")


def imported(path: Path) -> set[Path]:
    """A playbook and all that it imports."""
    found = {path}
    for name in re.findall(r"import_playbook: (\S+\.yml)", path.read_text(encoding="utf-8")):
        found |= imported(path.parent / name)
    return found


def roles_of(path: Path) -> set[str]:
    """Roles of the collection that a playbook names, itself or by what it imports, those that these roles import, and those whose variables they read."""
    text = "".join(one.read_text(encoding="utf-8") for one in imported(path))
    named = set(re.findall(r"dcos\.calico\.(calico_\w+)", text))
    tasks = "".join(
        file.read_text(encoding="utf-8") for role in named for file in (ROOT / "roles" / role / "tasks").glob("*.yml")
    )
    linked = {path.stem for role in named for path in (ROOT / "roles" / role / "defaults" / "main").glob("calico*.yml")}
    return named | set(re.findall(r"name: dcos\.calico\.(calico_\w+)", tasks)) | linked | {"calico"}


def defaults_of_playbook(path: Path) -> dict[str, Any]:
    """{variable: default} of what playbooks themselves read, such as calico_roll_serial."""
    text = "".join(one.read_text(encoding="utf-8") for one in imported(path))
    return {
        name: yaml.safe_load(value)
        for name, value in re.findall(r"\{\{ (calico_\w+_serial) \| default\(([^()]+)\) \}\}", text)
    }
