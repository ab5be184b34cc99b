"""Felix' health port: /liveness and /readiness, on all addresses."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def serve(port: int, ready: Callable[[], bool]) -> None:
    """Answer in the background: 204 for alive, and for ready as soon as `ready` says so."""
    server = _Server(("::", port), _handler(ready))
    threading.Thread(target=server.serve_forever, daemon=True).start()


class _Server(ThreadingHTTPServer):
    address_family = socket.AF_INET6
    daemon_threads = True

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


def _handler(ready: Callable[[], bool]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802 - the name http.server asks for
            known = {"/liveness": True, "/readiness": ready()}
            if self.path not in known:
                self.send_error(404)
                return
            self.send_response(204 if known[self.path] else 503)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as inherited
            return

    return Handler
