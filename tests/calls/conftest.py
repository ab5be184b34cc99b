"""Modules of this directory are imported by name; at the end of a stage stands how much of what was called has a record."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The sums, where calls were gathered."""
    gathered = sys.modules.get("gathered")
    if gathered is not None:
        from records import covered, exceptions

        shapes = set(gathered.SEEN)
        terminalreporter.section("calls")
        terminalreporter.line(
            f"{len(gathered.NOTES)} calls of {len(shapes)} shapes, {sum(found.product for found in gathered.SEEN.values())} of them the product's own: "
            f"{len(shapes & set(covered()))} have a record, {len(shapes & set(exceptions()))} a reason for having none ({os.environ['LAB_CALLS']})"
        )
