"""The second life of every record: other node names, networks, container ids and ports.

Replacements are as long as what they replace and sort alike among themselves, so that tables keep
their columns and lists their order. A tool that looked recorded answers up would fail on them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

_TABLE = (
    # Node names.
    (r"calico-agent(\d)", r"argon-node-0\1"),
    (r"calico-bare", "argon-plain"),
    (r"calico-nobgp", "argon-zero01"),
    (r"calico-ghost", "argon-spirit"),
    (r"\bagent-x\b", "host-yz"),
    (r"\breal-node\b", "solid-one"),
    (r"\bghost\b", "ivory"),
    (r"\bonlyhost\b", "justhost"),
    (r"\bseeded\b", "sprout"),
    (r"\bnope\b", "nada"),
    # Addresses and networks.
    (r"\b10\.99\.0\.", "10.88.7."),
    (r"\b10\.98\.0\.", "10.87.6."),
    (r"(?<=_)10_98_0_", "10_87_6_"),
    (r"\b10\.97\.0\.", "10.86.5."),
    (r"\b10\.6([0-2])\.", r"10.7\1."),
    (r"\b10\.50\.", "10.55."),
    (r"\b10\.1([01])\.0\.0", r"10.2\1.0.0"),
    (r"\b10\.9\.0\.0", "10.8.0.0"),
    (r"\b10\.0\.0\.0([/-])8", r"11.0.0.0\g<1>8"),
    (r"\b192\.168\.", "193.167."),
    (r"\b172\.31\.", "172.29."),
    (r"\bfd00:", "fd77:"),
    # Autonomous systems and ports.
    (r"\b64600\b", "65100"),
    (r"\b64700\b", "64811"),
    (r"\b6456([78])\b", r"6432\1"),
    (r"\b2379\b", "2397"),
    (r"\b2479\b", "2497"),
    (r"\b2579\b", "2597"),
    (r"\b2679\b", "2697"),
    (r"\b4001\b", "4014"),
    (r"\b499([789])\b", r"488\1"),
    (r"\b337([012])\b", r"338\1"),
    (r"\b6379\b", "7391"),
    # Policies, profiles, container ids.
    (r"\ballow-tcp-", "admit-tcp-"),
    (r"\bdatabase\b", "archives"),
    (r"\bfrontend\b", "doorstep"),
    (r"\b4a5e9f0c-mesos-uuid\b", "7b1d3c8e-mesos-uuid"),
)


class Substitution:
    """A table of replacements, applied to any text or structure."""

    def __init__(self, enabled: bool, extra: Iterable[tuple[str, str]] = (), keep: Iterable[str] = ()) -> None:
        kept = set(keep)
        rows = [*extra, *_TABLE] if enabled else []
        self._rows = [(re.compile(pattern), new) for pattern, new in rows if pattern not in kept]

    def text(self, value: str) -> str:
        """A text with everything replaced."""
        for pattern, new in self._rows:
            value = pattern.sub(new, value)
        return value

    def any(self, value: Any) -> Any:
        """A string, list or mapping with everything replaced, keys too."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(key): self.any(item) for key, item in value.items()}
        if isinstance(value, (list, tuple, set)):
            return type(value)(self.any(item) for item in value)
        return value
