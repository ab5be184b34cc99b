"""The process libnetwork-plugin."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import socketserver
import sys
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from ...errors import StandinError
from ...ipam.log import Log
from ..datastore import connect
from .drivers import Ipam, Network

PLUGINS = Path("/run/docker/plugins")
_MIME = "application/vnd.docker.plugins.v1.1+json"
_REFUSED = 500

Answer = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def server(path: Path, implements: str, driver: object) -> socketserver.ThreadingUnixStreamServer:
    """Listening on a socket; /KIND.Method is the driver's method in snake case. One question at a time: the client of etcd is not for threads."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                document, status = self._perform(json.loads(body) if body.strip() else {}), 200
            except (StandinError, OSError, ValueError) as exc:
                document, status = {"Err": str(exc)}, _REFUSED
                print(f"level=error msg={str(exc)!r}", file=sys.stderr, flush=True)
            data = json.dumps(document).encode() + b"\n"
            self.send_response(status)
            self.send_header("Content-Type", _MIME)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _perform(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
            if self.path == "/Plugin.Activate":
                return {"Implements": [implements]}
            kind, _, method = self.path.lstrip("/").partition(".")
            name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in method).lstrip("_")
            answer: Answer | None = (
                getattr(driver, name, None) if kind == implements and not name.startswith("_") else None
            )
            if answer is None:
                raise StandinError(f"{self.path} is not played")
            print(f"level=info msg={self.path}", file=sys.stderr, flush=True)
            with lock:
                return answer(request)

        def address_string(self) -> str:
            return "docker"

        def log_message(self, *_: object) -> None:
            """Its requests are logged above."""

    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    made = socketserver.ThreadingUnixStreamServer(str(path), Handler)
    made.daemon_threads = True
    return made


def main() -> None:
    """Serve both drivers for ever."""
    Path("/proc/self/comm").write_text("libnetwork-plug", encoding="ascii")
    log = Log("INFO", sys.stderr)
    node = os.environ.get("HOSTNAME") or socket.gethostname()  # not NODENAME, which it does not know
    servers = [
        server(PLUGINS / "calico.sock", "NetworkDriver", Network(connect(), node)),
        server(PLUGINS / "calico-ipam.sock", "IpamDriver", Ipam(connect(), node, log)),
    ]
    threads = [threading.Thread(target=each.serve_forever) for each in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
