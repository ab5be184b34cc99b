"""All that Calico could leave on a host, looked at by whole_host.py, and compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from support.lab import Host

LOOK = Path(__file__).with_name("whole_host.py").read_text(encoding="utf-8")


def state(host: Host) -> dict[str, Any]:
    return json.loads(host.out("/opt/lab/bin/python3", "-", stdin=LOOK, timeout=180))


def difference(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What is not the same, each in words."""
    return [
        f"{section}: {name}: {before[section].get(name)} -> {after[section].get(name)}"
        for section in before
        for name in sorted(set(before[section]) | set(after[section]))
        if before[section].get(name) != after[section].get(name)
    ]
