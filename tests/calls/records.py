"""Which shapes records of the real tools cover."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import shapes

HERE = Path(__file__).resolve().parent
RECORDS = HERE.parent / "contract" / "records"


def load() -> Iterator[dict[str, Any]]:
    """Every record, with the file that holds it as `source`."""
    for path in sorted(RECORDS.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield {**json.loads(line), "source": path.name}


def given(record: dict[str, Any]) -> str | None:
    """What the tool was given to read: standard input, or the file that it was named."""
    if record.get("stdin"):
        return str(record["stdin"])
    files = record.get("files") or {}
    return next(
        (text for name, text in files.items() if any(word.endswith(f"/{name}") for word in record["argv"])), None
    )


@cache
def covered() -> dict[str, str]:
    """Shape -> the first record of it, as FILE: NAME."""
    found: dict[str, str] = {}
    for record in load():
        argv = record.get("argv") or []
        for shape in shapes.shapes(argv, record.get("env") or {}, given(record)):
            found.setdefault(shape, f"{record['source']}: {record['name']}")
    return found


@cache
def exceptions() -> dict[str, str]:
    """Shape -> why no record of it can be had."""
    listed = tomllib.loads((HERE / "exceptions.toml").read_text(encoding="utf-8")).get("call", [])
    return {each["shape"]: each["reason"] for each in listed}
