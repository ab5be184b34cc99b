"""What was called on the hosts of labs: notes of tests/lab/files/usercustomize.py and calico_standin/calls.py, as the labs' end gathered them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapes

ROOT = Path(__file__).resolve().parents[2]
UNIT = "plugins/module_utils/_calico/_node.py"  # writes the unit by which systemd calls
SYSTEMD = ("/sbin/init", "/lib/systemd/systemd")


@dataclass(frozen=True)
class Seen:
    """A shape that was called: where the call is made, and one such call."""

    place: str
    example: str
    product: bool

    def __str__(self) -> str:
        return f"made by {self.place}\nfor example {self.example}"


def read(directory: Path) -> list[dict[str, Any]]:
    """All notes below a directory; a line that a power cut left half written is passed over."""
    found = []
    for path in sorted(directory.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
    return found


def _of_a_unit(caller: str) -> list[str]:
    """The product's line that says what systemd calls, if it was systemd."""
    text = (ROOT / UNIT).read_text(encoding="utf-8").splitlines() if caller.startswith(SYSTEMD) else []
    return [f"{UNIT}:{number}" for number, line in enumerate(text, 1) if line.startswith("def unit_text(")]


def seen(notes: Iterable[dict[str, Any]]) -> dict[str, Seen]:
    """{shape: where it was seen}; the product's own line is preferred to the process that called."""
    found: dict[str, Seen] = {}
    for note in notes:
        lines = note.get("lines") or _of_a_unit(note.get("caller") or "")
        place = " < ".join(lines) or note.get("caller") or "a test"
        example = " ".join([*note["argv"], *([f"< {note['stdin'][:400]}"] if note.get("stdin") else [])])
        for shape in shapes.shapes(note["argv"], note.get("env") or {}, note.get("stdin")):
            if shape not in found or lines and not found[shape].product:
                found[shape] = Seen(place, example, bool(lines))
    return found
