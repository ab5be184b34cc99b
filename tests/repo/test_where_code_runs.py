"""Where code runs: what an agent gets must not lean on what only a controller has."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
import sanity_ignore
import sides
from layout import ROOT

UTILS = "ansible_collections.dcos.calico.plugins.module_utils"
# Gone or on their way out in newer cores.
DEPRECATED = ("ansible.module_utils.six", "ansible.module_utils._text")
# What a payload of ansible-core carries along; everything else on an agent is Python's own.
CARRIED = ("ansible.module_utils", UTILS)
# Python's own on one of the Pythons only.
STANDARD_ONCE = {"ConfigParser", "Queue", "StringIO", "__builtin__", "httplib", "urllib2", "urlparse"}


def imports_of(path: Path) -> set[str]:
    """Every name a file imports, as module or module.member."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: a relative import; ansible-core finds whole names only"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def _standard(name: str) -> bool:
    return name.partition(".")[0] in sys.stdlib_module_names | STANDARD_ONCE


@pytest.mark.parametrize("path", sides.agent_side_files())
def test_agent_side_imports(path: str) -> None:
    strange = sorted(
        name
        for name in imports_of(ROOT / path)
        if name.startswith(DEPRECATED) or not (_standard(name) or name.startswith(CARRIED))
    )
    assert not strange, (
        "an agent has the standard library, ansible.module_utils and our module_utils; test_layers says which of them"
    )


@pytest.mark.parametrize(
    "path", sorted((ROOT / "plugins").rglob("__init__.py")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_packages_are_empty(path: Path) -> None:
    assert path.read_bytes() == b"", "it would be part of every payload"


def test_sanity_ignores_are_those_of_the_list() -> None:
    """Run python3 tools/sanity_ignore.py after a change of controller-side files."""
    desired = sanity_ignore.files()
    assert {
        path: path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "sanity").glob("ignore-*.txt")
    } == desired


def test_newest_core_is_the_one_that_ignores_are_for() -> None:
    assert f"ansible-core~={sanity_ignore.NEWEST}." in (ROOT / "tests" / "requirements" / "core-new.txt").read_text(
        encoding="utf-8"
    )
