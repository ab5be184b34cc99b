"""confd: keeps BIRD's configuration and the node's tunnel address in step with the datastore."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from pathlib import Path

from ..errors import EtcdError, StandinError
from ..ipam.allocator import Allocator
from ..ipam.log import Bare, Log
from .bird_config import render_v4, render_v6, tunnelled_pools
from .datastore import Datastore, Snapshot, Watch, connect
from .paths import BIRD_CONFIG, BIRD_CONTROL
from .startup import node_name

_POLL = 10.0
_RETRY = 1.0
_CONTROL_DEADLINE = 5
_RENDERERS: dict[int, Callable[[Snapshot, str], str | None]] = {4: render_v4, 6: render_v6}


class Confd:
    """One instance for one node."""

    def __init__(self, etcd: Datastore, node: str, log: Log) -> None:
        self._etcd = etcd
        self._node = node
        self._log = log

    def refresh(self) -> int:
        """Bring everything up to date once; the index of the snapshot used."""
        snapshot = self._etcd.snapshot()
        ensure_tunnel_address(self._etcd, snapshot, self._node, self._log)
        for version, render in _RENDERERS.items():
            text = render(snapshot, self._node)
            if text is not None and _write(BIRD_CONFIG[version], text):
                self._log.info("resource.go 220", f"Target config {BIRD_CONFIG[version]} has been updated")
                self._reload(version)
        return snapshot.index

    def _reload(self, version: int) -> None:
        try:
            answer = _tell_bird(BIRD_CONTROL[version], "configure")
        except OSError as exc:
            self._log.info("resource.go 224", "BIRD is not there to be reloaded", error=Bare(exc))
            return
        if not any(code in answer for code in ("0003", "0004")):
            self._log.error("resource.go 226", f"BIRD refused its configuration: {answer.strip()}")


def ensure_tunnel_address(etcd: Datastore, snapshot: Snapshot, node: str, log: Log) -> None:
    """An address for the tunnel as long as a pool has IPIP; none otherwise."""
    path = f"/calico/v1/host/{node}/config/IpInIpTunnelAddr"
    current = snapshot.values.get(path, "")
    pools = [ip_network(cidr) for cidr in tunnelled_pools(snapshot)]
    if current and any(ip_address(current) in pool for pool in pools):
        return
    if not current and not pools:
        return
    allocator = Allocator(etcd, node, log)
    if current:
        allocator.release_address(ip_address(current))
        etcd.delete(path)
    if not pools:
        return
    addresses = allocator.auto_assign(1, 4, None, pools)
    if addresses:
        etcd.set(path, str(addresses[0]))
        log.info("allocate_ipip_addr.go 126", "Set IPIP tunnel address", IP=str(addresses[0]))


def _write(path: Path, text: str) -> bool:
    """Replace a file when its content differs; whether it did."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_name(f".{path.name}")
    staged.write_text(text, encoding="utf-8")
    os.replace(staged, path)
    return True


def _tell_bird(control: Path, command: str) -> str:
    """Send one command to BIRD's control socket; its whole answer."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(_CONTROL_DEADLINE)
        line.connect(str(control))
        reader = line.makefile("r", encoding="utf-8")
        reader.readline()
        line.sendall(f"{command}\n".encode())
        answer = ""
        for text in reader:
            answer += text
            if text[:4].isdigit() and text[4:5] == " ":
                break
        return answer


def once(log: Log) -> None:
    """What runs before the services: the tunnel's address and, saying nothing, a first configuration."""
    try:
        etcd, node = connect(), node_name()
        ensure_tunnel_address(etcd, etcd.snapshot(), node, log)
        Confd(etcd, node, Log("ERROR", sys.stdout)).refresh()
    except StandinError as exc:
        log.error("config.go 100", f"{exc}")


def main() -> None:
    """Run until killed."""
    log = Log("INFO", sys.stdout)
    confd = Confd(connect(), node_name(), log)
    watch = Watch()
    watch.start()
    while True:
        wait = _POLL
        watch.changed.clear()
        try:
            watch.seen(confd.refresh())
        except EtcdError as exc:
            log.error("client.go 120", f"{exc}")
            wait = _RETRY
        watch.changed.wait(wait)


if __name__ == "__main__":
    main()
