"""HTTP/1.1 over one connection: what a client of etcd needs, without what loading http.client costs each command."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

_LINE_LIMIT = 65536


class ConnectionEnded(OSError):
    """The other side closed the connection before its answer was whole."""


class MalformedAnswer(Exception):
    """What came is not HTTP."""


class Answer:
    """A response; `reusable` says whether the connection is."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes, reusable: bool) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.reusable = reusable


class Connection:
    """A connection to HOST:PORT, by TLS when there is a context for it."""

    def __init__(self, host: str, port: int, timeout: float, tls: ssl.SSLContext | None = None) -> None:
        self._timeout = timeout
        self._authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        # As bytes: a name as text is put through IDNA, whose tables take longer to load than etcd to answer.
        name = host.encode() if host.isascii() else host
        plain = socket.create_connection((name, port), timeout)  # type: ignore[arg-type]
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket = tls.wrap_socket(plain, server_hostname=host) if tls else plain
        except BaseException:
            plain.close()
            raise
        self._stream = self._socket.makefile("rb")

    def close(self) -> None:
        """End the connection."""
        self._stream.close()
        self._socket.close()

    def request(self, method: str, target: str, form: str | None = None) -> Answer:
        """Send a request and read its answer; TimeoutError when its head does not come in time."""
        body = (form or "").encode()
        head = [f"{method} {target} HTTP/1.1", f"Host: {self._authority}"]
        if form is not None:
            head += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
        deadline = time.monotonic() + self._timeout
        self._socket.settimeout(self._timeout)
        self._socket.sendall("\r\n".join([*head, "", ""]).encode("latin-1") + body)
        status, headers = self._head(deadline)
        chunked = headers.get("transfer-encoding", "").lower() == "chunked"
        sized = chunked or "content-length" in headers
        content = self._chunks() if chunked else self._sized(headers) if sized else self._stream.read()
        reusable = sized and headers.get("connection", "").lower() != "close"
        return Answer(status, headers, content, reusable)

    def _head(self, deadline: float) -> tuple[int, dict[str, str]]:
        words = self._line(deadline).split(None, 2)
        if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdigit():
            raise MalformedAnswer(" ".join(words))
        headers: dict[str, str] = {}
        while line := self._line(deadline):
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        if words[0] == "HTTP/1.0":
            headers.setdefault("connection", "close")
        return int(words[1]), headers

    def _line(self, deadline: float | None = None) -> str:
        if deadline is not None:
            self._socket.settimeout(max(0.001, deadline - time.monotonic()))
        line = self._stream.readline(_LINE_LIMIT)
        if not line.endswith(b"\n"):
            raise ConnectionEnded("EOF")
        return line.decode("latin-1").rstrip("\r\n")

    def _sized(self, headers: dict[str, str]) -> bytes:
        return self._exactly(int(headers["content-length"]))

    def _chunks(self) -> bytes:
        parts = []
        while size := int(self._line().partition(";")[0] or "0", 16):
            parts.append(self._exactly(size))
            self._line()
        while self._line():
            continue
        return b"".join(parts)

    def _exactly(self, size: int) -> bytes:
        content = self._stream.read(size)
        if len(content) < size:
            raise ConnectionEnded("EOF")
        return content
