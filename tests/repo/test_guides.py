"""docs/guides.md: every row of both guides has a place in the collection and tests, and what it names is there."""

from __future__ import annotations

import re
import sys
from functools import cache
from pathlib import Path

import pytest
from layout import ROOT
from test_roles import ROLES, _options

sys.path.insert(0, str(ROOT / "tests" / "system"))

from support.catalogue import missing  # noqa: E402

PAGE = ROOT / "docs" / "guides.md"
ROWS = [f"S0-{number}" for number in range(1, 23)] + [f"S1-{number}" for number in range(1, 11)]
ROW = re.compile(r"^\| (S[01]-\d+) \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")
PRODUCT = ("plugins", "roles", "playbooks", "tests/lab")


@cache
def rows() -> dict[str, tuple[str, str, str]]:
    """{number: (what the guide says, where it is done, what proves it)}."""
    return {
        number: (says, where, proof) for number, says, where, proof in ROW.findall(PAGE.read_text(encoding="utf-8"))
    }


@cache
def names() -> set[str]:
    """What stands in backticks in the third column: playbooks, roles, modules and variables, and nothing else."""
    found = {
        path.stem
        for folder in ("playbooks", "plugins/modules")
        for path in (ROOT / folder).glob("*.*")
        if path.suffix in (".yml", ".py")
    }
    return found | set(ROLES) | {name for role in ROLES for name in _options(role)}


def test_every_row_of_both_guides_is_here_once_and_in_order() -> None:
    assert [number for number, *_ in ROW.findall(PAGE.read_text(encoding="utf-8"))] == ROWS


@pytest.mark.parametrize("number", ROWS)
def test_what_a_row_names_is_there(number: str) -> None:
    _, where, proof = rows()[number]
    assert [name for name in CODE.findall(where) if name.partition(":")[0] not in names()] == []
    assert [link for link in LINK.findall(where) if not (PAGE.parent / link).is_file()] == []
    assert CODE.findall(where) or LINK.findall(where), "where is it done?"
    tests = CODE.findall(proof)
    assert tests and missing(" ".join(tests)) == []


def test_a_test_that_is_not_there_is_found() -> None:
    """The check itself."""
    assert missing("repo/test_guides.py::test_nothing repo/test_guides.py::rows") == [
        "repo/test_guides.py::test_nothing"
    ]


def test_no_agent_of_ssh_is_forwarded() -> None:
    """The second guide's `ssh -A` hands the operator's keys to every host on the way (S1-10)."""
    texts = {
        path: path.read_text(encoding="utf-8", errors="replace")
        for folder in PRODUCT
        for path in Path(ROOT / folder).rglob("*")
        if path.is_file()
    }
    texts[ROOT / "ansible.cfg"] = (ROOT / "ansible.cfg").read_text(encoding="utf-8")
    assert [
        str(path) for path, text in texts.items() if re.search(r"ForwardAgent|ssh -\w*A\b|agent_forwarding", text)
    ] == []
