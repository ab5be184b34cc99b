"""Dialling an etcd endpoint, with failures worded as Go's net and crypto/tls word them."""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from .errors import ConfigError, EtcdError
from .http1 import Connection, ConnectionEnded, MalformedAnswer

if TYPE_CHECKING:
    import ssl

_CONNECT_WORDS = {
    errno.ECONNREFUSED: "getsockopt: connection refused",
    errno.EHOSTUNREACH: "getsockopt: no route to host",
    errno.ENETUNREACH: "connect: network is unreachable",
    errno.EADDRNOTAVAIL: "connect: cannot assign requested address",
}


class HeaderTimeout(EtcdError):
    """The endpoint gave no response header in time."""


def parse_endpoint(endpoint: str) -> SplitResult:
    """Split an endpoint as Go's url.Parse does, refusing what it refuses."""
    head = endpoint.split("/", 1)[0]
    if ":" in head and not endpoint.split(":", 1)[0].isalpha():
        raise ConfigError(f"parse {endpoint}: first path segment in URL cannot contain colon")
    return urlsplit(endpoint)


def open_connection(endpoint: SplitResult, tls: ssl.SSLContext | None, timeout: float) -> Connection:
    """Connect to an endpoint; failures are EtcdError with Go's wording."""
    if endpoint.scheme not in ("http", "https"):
        raise EtcdError(f'unsupported protocol scheme "{endpoint.scheme}"')
    if endpoint.scheme == "http":
        tls = None
    elif tls is None:
        from .tls import TlsFiles

        tls = TlsFiles().context()
    try:
        return Connection(endpoint.hostname or "", _port(endpoint), timeout, tls)
    except OSError as exc:
        raise translate(exc, endpoint) from exc


def translate(exc: Exception, endpoint: SplitResult) -> EtcdError:
    """The error Go's HTTP transport would have returned for this failure."""
    if isinstance(exc, TimeoutError):
        return HeaderTimeout(f"client: endpoint {endpoint.geturl()} exceeded header timeout")
    if isinstance(exc, socket.gaierror):
        return EtcdError(f"dial tcp: lookup {endpoint.hostname}: no such host")
    if isinstance(exc, MalformedAnswer):
        return EtcdError(f'net/http: HTTP/1.x transport connection broken: malformed HTTP response "{exc}"')
    if endpoint.scheme == "https":
        from .tls import failure_words

        words = failure_words(exc, endpoint.hostname or "")
        if words:
            return EtcdError(words)
    if isinstance(exc, (ConnectionEnded, ConnectionResetError, BrokenPipeError)):
        return EtcdError("EOF")
    if isinstance(exc, OSError):
        words = _CONNECT_WORDS.get(exc.errno or 0, f"getsockopt: {os.strerror(exc.errno or 0).lower()}")
        return EtcdError(f"dial tcp {_address(endpoint)}: {words}")
    raise exc


def _port(endpoint: SplitResult) -> int:
    return endpoint.port or (443 if endpoint.scheme == "https" else 80)


def _address(endpoint: SplitResult) -> str:
    """The first address Go would dial for the endpoint, as `IP:PORT`."""
    port = _port(endpoint)
    found = socket.getaddrinfo(endpoint.hostname, port, type=socket.SOCK_STREAM)
    address = found[0][4][0]
    return f"[{address}]:{port}" if ":" in str(address) else f"{address}:{port}"
