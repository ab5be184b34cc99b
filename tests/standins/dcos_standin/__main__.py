"""python -m dcos_standin --config FILE"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn

from . import app, config
from .cluster import Cluster

READY = "ready.json"


class Server(uvicorn.Server):
    """One of several in a process: signals are the process' business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _listen(address: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((address, port))
    listening.listen(128)
    return listening


async def serve(settings: config.Config) -> None:
    """Until SIGTERM or SIGINT."""
    cluster = Cluster(settings)
    outer = app.build(cluster)
    servers: list[Server] = []
    sockets: list[socket.socket] = []
    told: list[dict[str, Any]] = []
    for listener in settings.listen:
        listening = _listen(listener["address"], int(listener["port"]))
        pair = settings.tls if listener.get("tls") else None
        options: dict[str, Any] = {"ssl_certfile": pair["certificate"], "ssl_keyfile": pair["key"]} if pair else {}
        servers.append(
            Server(
                uvicorn.Config(
                    app.Listener(outer, listener["as"]),
                    lifespan="off",
                    log_level="critical",
                    access_log=False,
                    server_header=False,
                    **options,
                )
            )
        )
        sockets.append(listening)
        scheme, port = ("https" if pair else "http"), listening.getsockname()[1]
        told.append({"as": listener["as"], "url": f"{scheme}://{listener['address']}:{port}"})
    inside = [entry["url"] for entry in told if entry["as"] == "mesos"] or [entry["url"] for entry in told]
    cluster.scheduler_url = settings.scheduler_url or inside[0]
    cluster.start()
    running = [
        asyncio.ensure_future(server.serve(sockets=[listening]))
        for server, listening in zip(servers, sockets, strict=True)
    ]

    def end() -> None:
        for server in servers:
            server.should_exit = server.force_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end)
    while not all(server.started for server in servers) and not any(one.done() for one in running):
        await asyncio.sleep(0.02)
    staged = settings.state_dir / f"{READY}.new"
    staged.write_text(json.dumps({"listeners": told, "cluster_id": settings.cluster_id}), encoding="utf-8")
    staged.replace(settings.state_dir / READY)
    try:
        await asyncio.gather(*running)
    finally:
        (settings.state_dir / READY).unlink(missing_ok=True)
        await cluster.stop()


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="dcos_standin", description="A stand-in DC/OS; see README.md beside this file."
    )
    parser.add_argument("--config", type=Path, required=True, metavar="FILE")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    try:
        settings = config.load(arguments.config)
    except (OSError, ValueError) as error:
        print(f"dcos_standin: {arguments.config}: {error}", file=sys.stderr)
        return 2
    asyncio.run(serve(settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
