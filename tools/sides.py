"""Which plugin files run on agents and which on the controller: the list in controller_side.txt, read."""

from __future__ import annotations

import fnmatch
from pathlib import Path, PurePosixPath

from layout import ROOT

LIST = Path(__file__).with_name("controller_side.txt")
REMOTE = ("plugins/modules", "plugins/module_utils")


def globs(listing: Path = LIST) -> list[str]:
    """The list's lines, a directory's as a glob of all below it."""
    lines = (line.strip() for line in listing.read_text(encoding="utf-8").splitlines())
    return [f"{line}*" if line.endswith("/") else line for line in lines if line and not line.startswith("#")]


def is_controller_side(path: str, listing: Path = LIST) -> bool:
    """Whether this file of the collection only ever runs on the controller."""
    return any(fnmatch.fnmatchcase(path, glob) for glob in globs(listing))


def remote_files(root: Path = ROOT) -> list[str]:
    """All that ansible-core may send to a host: modules and module_utils, relative to the collection."""
    found = (path for directory in REMOTE for path in (root / directory).rglob("*.py"))
    return sorted(path.relative_to(root).as_posix() for path in found)


def agent_side_files(root: Path = ROOT) -> list[str]:
    """What runs on agents."""
    return [path for path in remote_files(root) if not is_controller_side(path)]


def controller_side_files(root: Path = ROOT) -> list[str]:
    """What of modules and module_utils runs on the controller only."""
    return [path for path in remote_files(root) if is_controller_side(path)]


def unit_test_of(path: str) -> str:
    """Where the unit tests of a plugin file are; a private name loses its underscore."""
    pure = PurePosixPath(path)
    return str(PurePosixPath("tests/unit") / pure.with_name(f"test_{pure.name.lstrip('_')}"))
