"""Every record has a test or a reason for having none."""

from __future__ import annotations

import importlib
from pathlib import Path

from harness.records import load, sources
from harness.scenario import CLAIMED
from not_run import NOT_RUN


def test_each_record_is_played_or_listed() -> None:
    for module in sorted(Path(__file__).parent.glob("test_*.py")):
        importlib.import_module(module.stem)
    neither, both = [], []
    for source in sources():
        listed = NOT_RUN.get(source, {})
        for record in load(source):
            claimed = record.key in CLAIMED
            if claimed and record.name in listed:
                both.append((source, record.name))
            elif not claimed and record.name not in listed:
                neither.append((source, record.name))
    assert not neither, f"neither played nor listed: {neither}"
    assert not both, f"played and listed: {both}"


def test_the_list_names_real_records() -> None:
    for source, listed in NOT_RUN.items():
        names = {record.name for record in load(source)}
        assert set(listed) <= names, f"{source}: {sorted(set(listed) - names)}"
        assert all(reason.strip() for reason in listed.values()), source
