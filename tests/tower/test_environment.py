"""The execution environment: what the collection tells ansible-builder, and the definition in docs/tower."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import venvs
import yaml
from described import ROOT, TOWER
from layout import COLLECTIONS

DEFINITION = yaml.safe_load((TOWER / "execution-environment.yml").read_text(encoding="utf-8"))
# A chapter's own collection, by the name under which roles and playbooks of it call modules.
OPTIONAL = re.compile(r"^\s+(?:- )?(kubernetes\.core|amazon\.aws|google\.cloud|community\.\w+)\.\w+:", re.MULTILINE)


def builder(*arguments: str, folder: Path | None = None) -> str:
    argv = [str(venvs.ensure("builder") / "bin" / "ansible-builder"), *arguments]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_collection_says_what_its_controller_side_needs() -> None:
    found = yaml.safe_load(builder("introspect", str(COLLECTIONS)))
    names = {re.match(r"[\w-]+", line).group() for line in found["python"] if "dcos.calico" in line}  # type: ignore[union-attr]
    assert names == {"requests", "cryptography"} and not found["system"]


def test_the_definition_is_one_that_ansible_builder_takes(tmp_path: Path) -> None:
    builder("create", "-f", str(TOWER / "execution-environment.yml"), "-c", str(tmp_path / "context"), folder=tmp_path)
    made = (tmp_path / "context" / "Containerfile").read_text(encoding="utf-8")
    assert "ansible-core>=2.16.0,<2.17" in made and "openssh-clients" in (tmp_path / "context" / "_build" / "bindep.txt").read_text(encoding="utf-8")


def collections_used() -> set[str]:
    texts = [path.read_text(encoding="utf-8") for folder in ("roles", "playbooks") for path in (ROOT / folder).rglob("*.yml")]
    return {name for text in texts for name in OPTIONAL.findall(text)}


def test_it_has_every_collection_that_a_chapter_calls() -> None:
    listed = {one["name"] for one in DEFINITION["dependencies"]["galaxy"]["collections"]}
    assert collections_used() | {"dcos.calico"} <= listed
    readme = (TOWER / "README.md").read_text(encoding="utf-8")
    assert not [name for name in listed if name not in readme]


@pytest.mark.parametrize("file", ["project/collections/requirements.yml"])
def test_a_project_asks_for_this_collection_and_version(file: str) -> None:
    galaxy: dict[str, Any] = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    (asked,) = yaml.safe_load((TOWER / file).read_text(encoding="utf-8"))["collections"]
    lowest = re.search(r">=(\d+\.\d+\.\d+)", asked["version"])
    assert asked["name"] == "dcos.calico" and lowest and lowest.group(1) == galaxy["version"]
