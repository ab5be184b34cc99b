"""The execution environment: what the collection tells ansible-builder, and the definition in docs/tower."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import venvs
import yaml
from ansible import release as ansible_release
from described import ROOT, TOWER
from layout import COLLECTIONS
from packaging.specifiers import SpecifierSet

DEFINITION = yaml.safe_load((TOWER / "execution-environment.yml").read_text(encoding="utf-8"))
# A component's own collection, by the name under which roles and playbooks of it call modules.
OPTIONAL = re.compile(r"^\s+(?:- )?(kubernetes\.core|amazon\.aws|google\.cloud|community\.\w+)\.\w+:", re.MULTILINE)


def builder(*arguments: str, directory: Path | None = None) -> str:
    argv = [str(venvs.ensure("builder") / "bin" / "ansible-builder"), *arguments]
    done = subprocess.run(argv, cwd=directory, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_collection_says_what_its_controller_side_needs() -> None:
    found = yaml.safe_load(builder("introspect", str(COLLECTIONS)))
    names = {re.match(r"[\w-]+", line).group() for line in found["python"] if "dcos.calico" in line}  # type: ignore[union-attr]
    assert names == {"requests", "cryptography"} and not found["system"]


def test_the_definition_is_one_that_ansible_builder_takes(tmp_path: Path) -> None:
    builder(
        "create", "-f", str(TOWER / "execution-environment.yml"), "-c", str(tmp_path / "context"), directory=tmp_path
    )
    made = (tmp_path / "context" / "Containerfile").read_text(encoding="utf-8")
    assert "ansible-core>=2.16.0,<2.17" in made and "openssh-clients" in (
        tmp_path / "context" / "_build" / "bindep.txt"
    ).read_text(encoding="utf-8")


def collections_used() -> set[str]:
    texts = [
        path.read_text(encoding="utf-8")
        for directory in ("roles", "playbooks")
        for path in (ROOT / directory).rglob("*.yml")
    ]
    return {name for text in texts for name in OPTIONAL.findall(text)}


def test_it_has_every_collection_that_a_component_calls() -> None:
    listed = {one["name"] for one in DEFINITION["dependencies"]["galaxy"]["collections"]}
    assert collections_used() | {"dcos.calico"} <= listed


def test_it_has_the_version_of_this_collection_and_of_the_others_those_that_are_tried() -> None:
    """Environment `full` has them, where they say of themselves that they work with its core; the last amazon.aws do not."""
    galaxy: dict[str, Any] = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    versions = {one["name"]: one["version"] for one in DEFINITION["dependencies"]["galaxy"]["collections"]}
    assert versions.pop("dcos.calico").startswith(f">={galaxy['version']},<")
    site = Path(importlib.import_module("ansible_collections.kubernetes.core").__path__[0]).parents[1]
    for name, version in versions.items():
        directory = site / name.replace(".", "/")
        manifest = json.loads((directory / "MANIFEST.json").read_text(encoding="utf-8"))
        needed = yaml.safe_load((directory / "meta" / "runtime.yml").read_text(encoding="utf-8"))["requires_ansible"]
        assert manifest["collection_info"]["version"] == version and SpecifierSet(needed).contains(
            ansible_release.__version__
        )


def test_a_project_asks_for_no_collection() -> None:
    """AWX would not install it without a Galaxy credential, and by another core than that of jobs."""
    assert not (TOWER / "project" / "collections").exists()
