"""Run ansible-test sanity over a copy of the product: python3 tools/sanity.py 2.16|new [ansible-test arguments]

Core 2.16 compiles and imports agent-side files on every Python from 2.7 on, the newest core on every Python that it knows.
Tools and test infrastructure are left to ruff and mypy.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pythons
import seed_getpip
import tree
import venvs
from layout import BUILD

CORES = ("2.16", "new")
SECONDS = 1500


def run(core: str, arguments: Sequence[str]) -> int:
    """Prepare what ansible-test needs and run it; its exit code."""
    venv = venvs.ensure(core)
    seed_getpip.seed(Path.home())
    first = [venv / "bin"]
    if core == "2.16":
        first.append(venvs.ensure("py2.7") / "bin")
    copy = tree.copy(BUILD / f"tree-{core}", desired=tree.product)
    env = {**os.environ, "PATH": pythons.search_path(first), "VIRTUALENV_NO_PERIODIC_UPDATE": "1"}
    argv = [str(venv / "bin" / "ansible-test"), "sanity", "--color", "no", *arguments]
    return subprocess.run(argv, cwd=copy, env=env, stdin=subprocess.DEVNULL, timeout=SECONDS, check=False).returncode


def main() -> int:
    """The command line."""
    if len(sys.argv) < 2 or sys.argv[1] not in CORES:
        print(f"usage: sanity.py {'|'.join(CORES)} [ansible-test arguments]", file=sys.stderr)
        return 2
    try:
        return run(sys.argv[1], sys.argv[2:])
    except (venvs.SetupFailed, pythons.MissingPython, subprocess.SubprocessError) as failure:
        print(f"sanity {sys.argv[1]}: {failure}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
