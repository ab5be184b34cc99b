"""Which records have a test and which have a reason for having none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .records import load, sources

_PLAYED = "test_record["


def every_record() -> set[tuple[str, int]]:
    """The keys of all records there are."""
    return {record.key for source in sources() for record in load(source)}


def summary_lines(stats: Mapping[str, Sequence[Any]]) -> Iterator[str]:
    """The table printed at the end of a run."""
    from not_run import NOT_RUN

    played = {
        outcome: sum(1 for report in stats.get(outcome, ()) if _PLAYED in report.nodeid)
        for outcome in ("passed", "failed", "error")
    }
    total = len(every_record())
    skipped = sum(len(names) for names in NOT_RUN.values())
    yield f"recorded {total}, with a test {total - skipped}, without {skipped}"
    yield "replays, as recorded and substituted: " + ", ".join(f"{count} {what}" for what, count in played.items())
    for source, names in sorted(NOT_RUN.items()):
        for name, reason in names.items():
            yield f"not run: {source}: {name}: {reason}"
