#!/usr/bin/env python3
"""Fetch the libraries of the stand-in DC/OS, once; print the directory for PYTHONPATH.

    service_libraries.py

They are those that tests/requirements/dcos.txt names for the service, built for the lab's Python.
"""

from __future__ import annotations

import fcntl
import hashlib
import re
import shutil
import subprocess
from pathlib import Path

from build import CACHE, python_with_pip

REQUIREMENTS = Path(__file__).resolve().parents[1] / "requirements" / "dcos.txt"
PYTHON = "3.11"
OF_THE_TESTS = {"pytest", "pytest-xdist", "requests"}
_DEADLINE = 600


def requirements() -> list[str]:
    """What the service imports."""
    lines = [line.strip() for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines()]
    return [
        line
        for line in lines
        if line and not line.startswith("#") and re.split(r"[<>=~! ]", line)[0] not in OF_THE_TESTS
    ]


def fetch() -> Path:
    """The directory; pip asks for it only if it is not there."""
    wanted = requirements()
    digest = hashlib.sha256("\n".join([PYTHON, *wanted]).encode()).hexdigest()[:12]
    target = CACHE.parent / "service-libraries" / digest
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            staged = target.with_suffix(".new")
            shutil.rmtree(staged, ignore_errors=True)
            options = ["--quiet", "--only-binary=:all:", f"--python-version={PYTHON}", f"--target={staged}"]
            subprocess.run(
                [python_with_pip(), "-m", "pip", "install", *options, *wanted],
                check=True,
                timeout=_DEADLINE,
                stdout=subprocess.DEVNULL,
            )
            staged.rename(target)
    return target


if __name__ == "__main__":
    print(fetch())
