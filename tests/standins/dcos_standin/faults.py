"""Faults on demand, and the record of what was asked."""

from __future__ import annotations

import fnmatch
import itertools
import re
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

KINDS = ("500", "503", "slow", "cut", "expired_token", "html")
KEPT_REQUESTS = 2000
WRITES = ("POST", "PUT", "DELETE", "PATCH")
# POSTs that only ask, and one that changes nothing of the cluster.
_READ_POSTS = re.compile(
    r"/package/(describe|list|list-versions|render|search|repository/list)$|/cosmos/service/describe$|/ca/api/v2/(info|bundle)$|/mesos/(master/)?api/v1$"
)
_OTHER_POSTS = re.compile(r"/acs/api/v1/auth/login$")


class BadFault(ValueError):
    """Not a fault that can be."""


@dataclass
class Fault:
    """What is to go wrong, where, and how many times more."""

    id: int
    path: str
    kind: str
    times: int = 1
    method: str | None = None
    seconds: float = 30.0

    def hits(self, method: str, path: str) -> bool:
        return self.times > 0 and fnmatch.fnmatchcase(path, self.path) and self.method in (None, method)


class Faults:
    """In the order in which they were asked for."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._ids = itertools.count(1)

    def add(self, said: Mapping[str, Any]) -> Fault:
        """Raises BadFault."""
        kind = str(said.get("kind"))
        if kind not in KINDS:
            raise BadFault(f"kind is one of {', '.join(KINDS)}")
        if not str(said.get("path", "")).startswith(("/", "*")):
            raise BadFault("path is a pattern that begins with / or *")
        fault = Fault(
            next(self._ids), str(said["path"]), kind, int(said.get("times", 1)), said.get("method"), float(said.get("seconds", 30)),
        )  # fmt: skip
        self._faults.append(fault)
        return fault

    def take(self, method: str, path: str, kinds: tuple[str, ...] = KINDS) -> Fault | None:
        """The first that hits this request, used up once."""
        for fault in self._faults:
            if fault.kind in kinds and fault.hits(method, path):
                fault.times -= 1
                if not fault.times:
                    self._faults.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        self._faults.clear()

    def as_json(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self._faults]


def effect(method: str, path: str) -> str:
    """reads, writes or other."""
    if method not in WRITES or _READ_POSTS.search(path):
        return "reads"
    return "other" if _OTHER_POSTS.search(path) else "writes"


class Record:
    """Counters and the last requests: no headers, no bodies."""

    def __init__(self) -> None:
        self._counters: dict[str, Counter[str]] = {name: Counter() for name in ("reads", "writes", "other")}
        self.requests: deque[dict[str, Any]] = deque(maxlen=KEPT_REQUESTS)

    def count(self, method: str, path: str) -> None:
        self._counters[effect(method, path)][f"{method} {path}"] += 1

    def note(self, **entry: Any) -> None:
        self.requests.append(entry)

    def clear(self) -> None:
        for counter in self._counters.values():
            counter.clear()
        self.requests.clear()

    def as_json(self) -> dict[str, Any]:
        return {
            **{name: dict(counter) for name, counter in self._counters.items()},
            "total_writes": sum(self._counters["writes"].values()),
        }
