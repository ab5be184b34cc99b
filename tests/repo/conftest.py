"""The repository's own rules. Parametrised by what exists, so a new module or role is held to them from its first commit."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import tree  # noqa: E402


@pytest.fixture(scope="session")
def texts() -> dict[str, str]:
    """Every text file of the checkout by its path in it."""
    found = {}
    for name in tree.files_of(ROOT):
        path = ROOT / name
        if path.is_symlink():
            continue
        content = path.read_bytes()
        if b"\0" not in content:
            found[name.as_posix()] = content.decode("utf-8")
    return found
