# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was found on a host, as a run keeps it of each host until it ends. Pure.

It is hundreds of small values, which make the process grow by 100 kB for each host, and each worker is a fork of that process. As one text it is 7 kB.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

TEXT = "found"
# What templates of this collection read.
PLAIN = ("node", "containers")


def _plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    node = facts.get("calico_node")
    container = node.get("container") if isinstance(node, Mapping) else None
    present = container.get("present") if isinstance(container, Mapping) else None
    return {
        **{name: facts[name] for name in PLAIN if name in facts},
        "calico_node": {"container": {"present": present}},
    }


def packed(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What agent_info found on a host, as one text but for what templates read."""
    return {**_plain(facts), TEXT: json.dumps(facts, separators=(",", ":"))}


def whole(result: Any) -> Any:
    """A result with all of it again, beside what else the result says; any other value as it is, also one that a host says itself."""
    try:
        facts = json.loads(result[TEXT])
    except (KeyError, TypeError, ValueError, RecursionError):
        return result
    if not isinstance(facts, dict):
        return result
    instead = {TEXT, *_plain(facts)}
    return {**facts, **{name: value for name, value in result.items() if name not in instead}}
