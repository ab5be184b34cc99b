"""Run the unit tests on one Python: python3 tools/units.py VERSION [pytest arguments]; UNITS_SIDE=controller or agents: those of one side.

On 2.7 and 3.6, agents' Pythons that no ansible-core of today installs on, the module_utils of ansible-core 2.16 stand in for it: they are all
that an agent ever gets, and they still run there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import debian
import pythons
import setup
import venvs
from layout import BUILD, COLLECTIONS, NAME, NAMESPACE, ROOT

ENVIRONMENTS = {"2.7": "py2.7", "3.6": "py3.6", "3.11": "2.16", "3.13": "new"}
OLD = ("2.7", "3.6")
# Rules of a real kernel; the page of a status in a real browser, which needs one Python only.
PROGRAMS = {"3.11": ("iptables", "chromium")}
EVERYWHERE = ("iptables",)
SECONDS = 1500


def _package(directory: Path, *search: Path) -> None:
    """An importable package without code; other directories may be searched for its parts."""
    directory.mkdir(parents=True, exist_ok=True)
    listed = [str(path) for path in (directory, *search)]
    (directory / "__init__.py").write_text(f"__path__ = {listed!r}\n", encoding="utf-8")


def old_import_path() -> Path:
    """A directory from which a Python without namespace packages imports the collection and ansible.module_utils."""
    core = next((venvs.ensure("2.16") / "lib").glob("python3.*/site-packages/ansible/module_utils"))
    shim = BUILD / "import-old"
    _package(shim / "ansible", core.parent)
    collection = shim / "ansible_collections" / NAMESPACE / NAME
    _package(shim / "ansible_collections")
    _package(collection.parent)
    _package(collection, ROOT)
    _package(collection / "plugins", ROOT / "plugins")
    _package(collection / "plugins" / "modules", ROOT / "plugins" / "modules")
    return shim


def run(version: str, arguments: Sequence[str]) -> int:
    """Run pytest over tests/unit with this Python; pytest's exit code."""
    interpreter = venvs.ensure(ENVIRONMENTS[version]) / "bin" / "python"
    debian.ensure(PROGRAMS.get(version, EVERYWHERE))
    if version in OLD:
        import_path = old_import_path()
    else:
        setup.link_collection()
        import_path = COLLECTIONS
    env = {**os.environ, "PYTHONPATH": str(import_path), "PYTHONDONTWRITEBYTECODE": "1"}
    argv = [
        str(interpreter),
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        *(arguments or ["-q", "--durations=10", "tests/unit"]),
    ]
    return subprocess.run(argv, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, timeout=SECONDS, check=False).returncode


def main() -> int:
    """The command line."""
    if len(sys.argv) < 2 or sys.argv[1] not in ENVIRONMENTS:
        print(f"usage: units.py {'|'.join(ENVIRONMENTS)} [pytest arguments]", file=sys.stderr)
        return 2
    try:
        return run(sys.argv[1], sys.argv[2:])
    except (venvs.SetupFailed, pythons.MissingPython, debian.NotInstalled) as failure:
        print(f"units {sys.argv[1]}: {failure}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
