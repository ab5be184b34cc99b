"""Felix' health port: /liveness and /readiness, on all addresses."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Health:
    """Answers 204 for alive, and for ready once the dataplane has been programmed."""

    def __init__(self) -> None:
        self.ready = False

    def serve(self, port: int) -> None:
        """Listen in the background."""
        server = _Server(("::", port), _handler(self))
        threading.Thread(target=server.serve_forever, daemon=True).start()


class _Server(ThreadingHTTPServer):
    address_family = socket.AF_INET6
    daemon_threads = True

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


def _handler(health: Health) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802 - the name http.server asks for
            known = {"/liveness": True, "/readiness": health.ready}
            if self.path not in known:
                self.send_error(404)
                return
            self.send_response(204 if known[self.path] else 503)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as inherited
            return

    return Handler
