"""The recorded behaviour of the real tools."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from . import releases
from .config import RECORDS


@dataclass(frozen=True)
class Record:
    """One line of a records/*.jsonl file."""

    source: str
    index: int
    name: str
    argv: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    exit_code: int | None = None
    seconds: float = 0
    stdout: str = ""
    stderr: str = ""
    values: Mapping[str, str] | None = None
    release: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, int]:
        """What identifies a record; names repeat."""
        return self.source, self.index

    @property
    def holds(self) -> bool:
        """Whether it tells of the release under test."""
        return self.release in (None, releases.under_test())

    @property
    def is_keys(self) -> bool:
        """The record is the list of keys in etcd at that point."""
        return bool(self.argv) and self.argv[0] == "etcdctl"


_FIELDS = ("name", "argv", "env", "stdin", "files", "exit_code", "seconds", "stdout", "stderr", "values", "release")


@cache
def load(source: str) -> tuple[Record, ...]:
    """Every record of a file, in order."""
    found = []
    for index, line in enumerate((RECORDS / source).read_text(encoding="utf-8").splitlines()):
        raw = json.loads(line)
        known = {name: raw[name] for name in _FIELDS if raw.get(name) is not None}
        extra = {name: value for name, value in raw.items() if name not in _FIELDS}
        found.append(Record(source=source, index=index, extra=extra, **known))
    return tuple(found)


def sources() -> list[str]:
    """The names of all record files."""
    return sorted(path.name for path in RECORDS.glob("*.jsonl"))
