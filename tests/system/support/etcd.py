"""Members of etcd besides the lab's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from support.lab import Host


@contextmanager
def another_etcd(master: Host, client_port: int, peer_port: int, *flags: str) -> Iterator[str]:
    """A cluster of one member, empty, with the lab's program; its URL for clients."""
    unit = f"etcd-{client_port}"
    url, peer = (f"http://{master.address}:{port}" for port in (client_port, peer_port))
    program = master.out("systemctl", "show", "-p", "ExecStart", "lab-etcd.service").partition("path=")[2].split(" ")[0]
    listen = [
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
    ]
    master.run(
        "systemd-run",
        f"--unit={unit}",
        program,
        f"--name={unit}",
        f"--data-dir=/run/{unit}",
        *listen,
        f"--initial-cluster={unit}={peer}",
        *flags,
    )
    try:
        yield url
    finally:
        master.run("systemctl", "stop", f"{unit}.service")
        master.run("rm", "-rf", f"/run/{unit}")
