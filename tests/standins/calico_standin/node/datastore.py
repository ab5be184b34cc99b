"""etcd as the long-running parts of calico/node use it: whole snapshots, and a watch that wakes them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import EtcdError
from ..etcd import HEADER_TIMEOUT, Etcd, Node
from ..settings import settings_from_environment

ROOT = "/calico"
_WATCH_TIMEOUT = 20.0
_RETRY = 1.0


@dataclass(frozen=True)
class Snapshot:
    """All keys under /calico at one moment."""

    values: dict[str, str]
    index: int

    def get(self, path: str, default: str = "") -> str:
        """The value of a key."""
        return self.values.get(ROOT + path, default)

    def under(self, path: str) -> Iterator[tuple[str, str]]:
        """Path below a directory, and value, of each key in it."""
        prefix = f"{ROOT}{path}/"
        for key, value in sorted(self.values.items()):
            if key.startswith(prefix):
                yield key[len(prefix) :], value

    def hosts(self) -> list[str]:
        """Every node that BGP knows, by name."""
        return sorted({name.split("/", 1)[0] for name, _ in self.under("/bgp/v1/host")})


class Datastore(Etcd):
    """A client with the two reads that daemons need besides the plain ones."""

    def require(self, path: str) -> Node:
        """A key or directory with everything below it; KeyNotFound, in etcd's words, when it is absent."""
        return self._request("GET", path, {"recursive": "true", "sorted": "true", "quorum": "true"})

    def snapshot(self) -> Snapshot:
        """Everything under /calico."""
        values: dict[str, str] = {}
        index = 0
        pending = [self.node(ROOT, recursive=True) or {}]
        while pending:
            node = pending.pop()
            index = max(index, int(node.get("modifiedIndex", 0)))
            if "value" in node:
                values[node["key"]] = node["value"]
            pending.extend(node.get("nodes", ()))
        return Snapshot(values, index)

    def wait(self, after: int) -> int:
        """Wait for a change later than an index; its index."""
        query = {"wait": "true", "recursive": "true", "waitIndex": str(after + 1)}
        node = self._request("GET", ROOT, query)
        return int(node.get("modifiedIndex", after + 1))


def connect(timeout: float = HEADER_TIMEOUT) -> Datastore:
    """A client of the datastore that the container's variables name."""
    settings = settings_from_environment(os.environ)
    return Datastore(settings.endpoint_list(), settings.ca_cert_file, settings.cert_file, settings.key_file, timeout)


class Watch(threading.Thread):
    """Sets `changed` whenever something under /calico changes, and every now and then besides."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.changed = threading.Event()
        self._etcd = connect(_WATCH_TIMEOUT)
        self._index = 0

    def seen(self, index: int) -> None:
        """Changes up to this index need no waking."""
        self._index = max(self._index, index)

    def run(self) -> None:
        while True:
            try:
                self._index = max(self._index, self._etcd.wait(self._index))
            except EtcdError as exc:
                if "exceeded header timeout" not in str(exc):
                    time.sleep(_RETRY)
                if str(exc).startswith("401:"):
                    self._index = 0
            self.changed.set()
