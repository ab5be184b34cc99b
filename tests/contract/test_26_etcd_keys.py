"""What a backup of the datastore stands on: etcd answers a recursive read with the state of one moment, whatever others write meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.config import patience
from harness.etcd_server import EtcdServer
from harness.host import Host

_BETWEEN = 3000  # keys that a read passes from the first that is written to the last
_READS = 30


@pytest.fixture
def etcd(etcd_binary: Path, tmp_path: Path) -> Iterator[EtcdServer]:
    host = Host("agent1", tmp_path)
    try:
        server = EtcdServer(host, etcd_binary, tmp_path / "etcd")
        server.start()
        yield server
    finally:
        host.close()


def test_a_recursive_read_is_of_one_moment(etcd: EtcdServer) -> None:
    """First and last are written in turn, so that in each moment the first is equal to the last, or one ahead."""
    ended = threading.Event()

    def write() -> None:
        number = 0
        while not ended.is_set():
            number += 1
            etcd.put("/calico/a/first", str(number))
            etcd.put("/calico/z/last", str(number))

    for number in range(_BETWEEN):
        etcd.put(f"/calico/m/{number}", "x" * 100)
    etcd.put("/calico/a/first", "0")
    etcd.put("/calico/z/last", "0")
    writer = threading.Thread(target=write)
    writer.start()
    try:
        reads = [etcd.tree("/calico")[0] for _number in range(_READS)]
    finally:
        ended.set()
        writer.join(patience(30))
    seen = [(int(values["/calico/a/first"]), int(values["/calico/z/last"])) for values in reads]
    assert len({first for first, _last in seen}) > _READS // 2, "hardly anything was written meanwhile"
    assert [pair for pair in seen if pair[0] - pair[1] not in (0, 1)] == []
