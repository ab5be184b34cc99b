"""A lab for the whole session, up before the first test and gone after the last.

SYSTEM_LAB names it; SYSTEM_LAB_KEEP=1 leaves it up (and uses one that is up) while one works on a test.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from support.lab import Lab, lab_command, settings  # noqa: E402

NAME = os.environ.get("SYSTEM_LAB", "system")
KEEP = os.environ.get("SYSTEM_LAB_KEEP") == "1"


def pytest_configure(config: pytest.Config) -> None:
    """What `make test` leaves to `make test-long`."""
    config.addinivalue_line("markers", "slow: only in make test-long")


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """1 master, 3 private agents and 1 public one, of all flavours."""
    if not (KEEP and settings.load(NAME, os.environ)):
        lab_command("up", "--name", NAME)
    try:
        yield Lab(NAME)
    finally:
        if not KEEP:
            lab_command("down", "--name", NAME)
