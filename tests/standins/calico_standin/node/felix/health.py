"""Felix' ports, on all addresses: /liveness and /readiness of its health, /metrics of its metrics."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = tuple[int, str]


def serve_health(port: int, ready: Callable[[], bool]) -> None:
    """Answer in the background: 204 for alive, and for ready as soon as `ready` says so."""
    serve(port, {"/liveness": lambda: (204, ""), "/readiness": lambda: (204 if ready() else 503, "")})


def serve(port: int, answers: Mapping[str, Callable[[], Answer]]) -> None:
    """Answer in the background what there is for each path."""
    server = _Server(("::", port), _handler(answers))
    threading.Thread(target=server.serve_forever, daemon=True).start()


class _Server(ThreadingHTTPServer):
    address_family = socket.AF_INET6
    daemon_threads = True

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


def _handler(answers: Mapping[str, Callable[[], Answer]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802 - the name http.server asks for
            if self.path not in answers:
                self.send_error(404)
                return
            status, body = answers[self.path]()
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as inherited
            return

    return Handler
