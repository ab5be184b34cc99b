"""Each call on the hosts of a stage's labs has a record of the real tools. Run at the end of a stage; LAB_CALLS is the directory that the labs left."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from notes import read, seen
from records import covered, exceptions

NOTES = read(Path(os.environ["LAB_CALLS"]))
SEEN = seen(NOTES)


def test_calls_were_noted() -> None:
    """Of a product that called nothing there is nothing to be said; then the notes are broken."""
    assert any(found.product for found in SEEN.values()), (
        f"no call of the product was noted in {os.environ['LAB_CALLS']}"
    )


@pytest.mark.parametrize("shape", sorted(SEEN))
def test_a_record_covers(shape: str) -> None:
    if shape not in covered() and shape not in exceptions():
        pytest.fail(f"no record of the real tools covers this call:\n{shape}\n{SEEN[shape]}", pytrace=False)
