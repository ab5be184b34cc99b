"""A client of the etcd v2 keys API that behaves as the Go v2 client of the real tools does.

Endpoints are tried in random order. A create (`prevExist=false`) is one-shot: a failing endpoint is
its caller's problem, no other one is tried. Every other request goes from endpoint to endpoint and,
when none answers, fails with one line per endpoint.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, quote, urlencode, urljoin, urlsplit

from .errors import (
    CompareFailed,
    EtcdError,
    EtcdUnavailable,
    InvalidAnswer,
    KeyExists,
    KeyNotFound,
)
from .http1 import Connection, MalformedAnswer
from .settings import Settings, load_settings
from .timing import scaled
from .transport import open_connection, parse_endpoint, translate

if TYPE_CHECKING:
    import ssl

HEADER_TIMEOUT = 30.0
_MAX_REDIRECTS = 10
_UNAVAILABLE = "client: etcd cluster is unavailable or misconfigured"
_INVALID_JSON = "client: response is invalid json. The endpoint is probably not valid etcd cluster endpoint."
_STATUS_WORDS = {501: "Not Implemented", 502: "Bad Gateway", 504: "Gateway Timeout"}
_ERRORS: dict[int, type[EtcdError]] = {100: KeyNotFound, 101: CompareFailed, 105: KeyExists}

Node = dict[str, Any]


class Etcd:
    """The keys under one etcd cluster, by absolute path ("/calico/v1/Ready")."""

    def __init__(
        self,
        endpoints: Sequence[str],
        ca: str | None = None,
        cert: str | None = None,
        key: str | None = None,
        timeout: float = HEADER_TIMEOUT,
    ) -> None:
        self._timeout = scaled(timeout)
        self._tls = _tls_context(ca, cert, key) if ca or cert or key else None
        self._endpoints = [parse_endpoint(endpoint) for endpoint in endpoints]
        random.shuffle(self._endpoints)
        self._pinned = 0
        self._open: dict[SplitResult, Connection] = {}

    # -- reads ------------------------------------------------------------------------------

    def get(self, path: str) -> str | None:
        """The value of a key; None when it is absent or a directory."""
        node = self.node(path)
        if node is None or node.get("dir"):
            return None
        return str(node.get("value", ""))

    def node(self, path: str, recursive: bool = False) -> Node | None:
        """etcd's own record of a key or directory (key, value, dir, nodes, modifiedIndex); None when absent."""
        query = {"quorum": "true", "recursive": _flag(recursive), "sorted": _flag(recursive)}
        try:
            return self._request("GET", path, query)
        except KeyNotFound:
            return None

    def ls(self, path: str, recursive: bool = False) -> dict[str, str | None]:
        """What is under a directory, by absolute path: the value of a key, None for a directory."""
        top = self.node(path, recursive=recursive)
        found: dict[str, str | None] = {}
        pending = list((top or {}).get("nodes", ()))
        while pending:
            node = pending.pop()
            found[node["key"]] = None if node.get("dir") else node.get("value", "")
            pending.extend(node.get("nodes", ()))
        return dict(sorted(found.items()))

    # -- writes -----------------------------------------------------------------------------

    def set(self, path: str, value: str) -> None:
        """Write a key whether it exists or not."""
        self._request("PUT", path, {}, {"value": value})

    def update(self, path: str, value: str) -> None:
        """Write a key that exists; KeyNotFound otherwise."""
        self._request("PUT", path, {"prevExist": "true"}, {"value": value})

    def create(self, path: str, value: str) -> None:
        """Write a key that does not exist; KeyExists otherwise. Never tried on a second endpoint."""
        self._request("PUT", path, {"prevExist": "false"}, {"value": value}, one_shot=True)

    def cas(self, path: str, value: str, previous: str | None = None, index: int | None = None) -> None:
        """Write a key that still has a value or a modifiedIndex; CompareFailed otherwise."""
        query = _condition(previous, index)
        self._request("PUT", path, query, {"value": value})

    def mkdir(self, path: str) -> None:
        """Make a directory; KeyExists when it is there."""
        self._request("PUT", path, {"dir": "true", "prevExist": "false"}, {}, one_shot=True)

    def delete(
        self,
        path: str,
        recursive: bool = False,
        dir: bool = False,
        previous: str | None = None,
        index: int | None = None,
    ) -> None:
        """Remove a key (or, with `dir`, an empty directory; with `recursive`, a tree). Never tried on a second endpoint."""
        query = {"recursive": _flag(recursive), "dir": _flag(dir), **_condition(previous, index)}
        self._request("DELETE", path, query, one_shot=True)

    # -- the wire ---------------------------------------------------------------------------

    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        form: Mapping[str, str] | None = None,
        one_shot: bool = False,
    ) -> Node:
        wanted = urlencode({name: value for name, value in query.items() if value})
        target = "/v2/keys" + quote(path) + (f"?{wanted}" if wanted else "")
        body = None if form is None else urlencode(form)
        failures: list[EtcdError] = []
        count = len(self._endpoints)
        for step in range(count):
            position = (self._pinned + step) % count
            endpoint = self._endpoints[position]
            try:
                status, answer = self._exchange(endpoint, method, target, body)
                _refuse_server_error(endpoint, status)
            except EtcdError as exc:
                if one_shot:
                    self._pinned = (position + 1) % count
                    raise
                failures.append(exc)
                continue
            self._pinned = position
            return _decode(status, answer)
        lines = "".join(f"; error #{number}: {failure}\n" for number, failure in enumerate(failures))
        raise EtcdUnavailable(_UNAVAILABLE + lines)

    def _exchange(self, endpoint: SplitResult, method: str, target: str, body: str | None) -> tuple[int, bytes]:
        location, address = target, endpoint
        for _ in range(_MAX_REDIRECTS):
            status, answer, moved = self._round_trip(address, method, location, body)
            if not moved or status not in (301, 302, 303, 307):
                return status, answer
            absolute = urlsplit(urljoin(address.geturl(), moved))
            address = SplitResult(absolute.scheme, absolute.netloc, "", "", "")
            location = absolute.path + (f"?{absolute.query}" if absolute.query else "")
        raise EtcdError("client: too many redirects")

    def _round_trip(
        self, endpoint: SplitResult, method: str, target: str, body: str | None
    ) -> tuple[int, bytes, str | None]:
        connection = self._open.pop(endpoint, None)
        if connection is None:
            connection = open_connection(endpoint, self._tls, self._timeout)
        try:
            answer = connection.request(method, target, body)
        except (OSError, MalformedAnswer) as exc:
            connection.close()
            raise translate(exc, endpoint) from exc
        if answer.reusable:
            self._open[endpoint] = connection
        else:
            connection.close()
        return answer.status, answer.body, answer.headers.get("location")


def from_environment(env: Mapping[str, str], config_path: str | None) -> Etcd:
    """The client that calicoctl makes of a config file or, when there is none, of the environment."""
    return from_settings(load_settings(env, config_path))


def from_settings(settings: Settings) -> Etcd:
    """The client for settings that are already loaded."""
    return Etcd(settings.endpoint_list(), settings.ca_cert_file, settings.cert_file, settings.key_file)


def _tls_context(ca: str | None, cert: str | None, key: str | None) -> ssl.SSLContext:
    from .tls import TlsFiles

    return TlsFiles(ca, cert, key).context()


def _flag(value: bool) -> str:
    return "true" if value else ""


def _condition(previous: str | None, index: int | None) -> dict[str, str]:
    return {
        "prevValue": previous or "",
        "prevIndex": "" if index is None else str(index),
    }


def _refuse_server_error(endpoint: SplitResult, status: int) -> None:
    if status // 100 != 5:
        return
    where = f"client: etcd member {endpoint.geturl()}"
    if status in (500, 503):
        raise EtcdError(f"{where} has no leader")
    raise EtcdError(f"{where} returns server error [{_STATUS_WORDS.get(status, '')}]")


def _decode(status: int, answer: bytes) -> Node:
    try:
        document = json.loads(answer)
    except ValueError as exc:
        raise InvalidAnswer(_INVALID_JSON) from exc
    if not isinstance(document, dict):
        raise InvalidAnswer(_INVALID_JSON)
    if status in (200, 201):
        return dict(document.get("node") or {})
    code = int(document.get("errorCode", 0))
    message = f"{code}: {document.get('message', '')} ({document.get('cause', '')}) [{document.get('index', 0)}]"
    raise _ERRORS.get(code, EtcdError)(message)
