# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request and its answer, by the library requests. What it raises leaves this file as DcosError."""
from __future__ import annotations

import http.cookiejar
import queue
import re
import threading
import time
import warnings
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.dcos.calico.plugins.module_utils._dcos import _tls
from ansible_collections.dcos.calico.plugins.module_utils._dcos._answers import Response
from ansible_collections.dcos.calico.plugins.module_utils._dcos._errors import ApiError, ConnectionFailed, TlsFailed
from ansible_collections.dcos.calico.plugins.module_utils._dcos._options import PORTS

try:
    import requests
    import urllib3
except ImportError as error:
    REQUESTS_ERROR: ImportError | None = error
else:
    REQUESTS_ERROR = None

# Seconds for a connection to come about; a master that is down drops packets, and another attempt may reach another one.
CONNECT_SECONDS = 10.0
SHORTEST = 0.1
CHUNK = 4096
# An answer is held in memory. The state of a cluster with thousands of agents is some tens of MB.
MOST_BYTES = 256 * 1024 * 1024
# How much longer than a socket's own time-out a whole answer is waited for, because that says more.
GRACE_SECONDS = 0.5
RESTARTING = "See whether Admin Router is being restarted on that master"


def _no_authentication(request: Any) -> Any:
    """Given to requests so that it does not look into ~/.netrc, which would replace the token."""
    return request


def _adapter(pinned: _tls.Pinned) -> Any:
    """What makes the connections of a session that trusts what is pinned; the certificate itself comes with each request."""

    class Adapter(requests.adapters.HTTPAdapter):
        def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
            super().init_poolmanager(*arguments, ssl_context=_context(pinned), **more)

        def proxy_manager_for(self, *arguments: Any, **more: Any) -> Any:
            return super().proxy_manager_for(*arguments, ssl_context=_context(pinned), **more)

    return Adapter()


def _context(pinned: _tls.Pinned) -> Any:
    context = urllib3.util.ssl_.create_urllib3_context()
    pinned.prepare(context)
    return context


class Transport:
    """A session without cookies, of which each request says how it is to be verified."""

    def __init__(self, pinned: _tls.Pinned | None = None) -> None:
        self._session = requests.Session()
        if pinned is not None:
            self._session.mount("https://", _adapter(pinned))
        self._session.auth = _no_authentication
        self._session.headers["User-Agent"] = "dcos.calico"
        # Bouncer sets the token as a cookie, and cookies know no ports
        self._session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))

    def close(self) -> None:
        self._session.close()

    def is_other_host(self, own: str, url: str) -> bool:
        """Whether a token for the one must not go to the other; https instead of http on the usual ports is no other host."""
        return bool(self._session.should_strip_auth(own, url))

    def send(
        self,
        method: str,
        url: str,
        data: bytes | None,
        headers: Mapping[str, str],
        params: Mapping[str, Any] | None,
        verify: _tls.Verify,
        seconds: float,
        most: int = MOST_BYTES,
    ) -> Response:
        """Ask once and read the whole answer.

        A socket's time-out begins anew with each byte, so another thread asks, and is left alone with an answer that does not end.

        :param verify: given with each request, because requests takes that of the environment before that of the session.
        :param seconds: for all of it, from the look-up of the name to the last byte.
        :param most: bytes that the answer may have.
        :raises ConnectionFailed, TlsFailed: naming host and port.
        """
        what = f"{method} {describe(url)}"
        left = max(seconds, SHORTEST)
        answers: queue.SimpleQueue[Response | Exception] = queue.SimpleQueue()

        def ask() -> None:
            try:
                arguments = {"params": params, "data": data, "headers": dict(headers), "verify": verify, "timeout": (min(left, CONNECT_SECONDS), left)}
                with self._session.request(method, url, allow_redirects=False, stream=True, **arguments) as answer:
                    body = _read(answer, what, left, most)
                answers.put(Response(answer.status_code, answer.headers, body, what))
            except Exception as error:  # it belongs to the thread that asked for it
                answers.put(error)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", urllib3.exceptions.InsecureRequestWarning)
            threading.Thread(target=ask, daemon=True).start()
            try:
                found = answers.get(timeout=left + GRACE_SECONDS)
            except queue.Empty:
                raise _incomplete(what, seconds) from None
        if isinstance(found, requests.exceptions.RequestException):
            raise failure_of(found, what, url, seconds) from None
        if isinstance(found, Exception):
            raise found
        return found


def _read(answer: Any, what: str, seconds: float, most: int) -> bytes:
    """The body of an answer, which is not taken for longer than it may be."""
    end = time.monotonic() + seconds
    body = bytearray()
    for chunk in answer.iter_content(CHUNK):
        if time.monotonic() > end:
            raise _incomplete(what, seconds)
        body += chunk
        if len(body) > most:
            raise ApiError(f"{what}: the answer has more than {most} bytes", None, "Check that url is the address of DC/OS' Admin Router")
    _check_length(answer, bytes(body), what)
    return bytes(body)


def _incomplete(what: str, seconds: float) -> ConnectionFailed:
    return ConnectionFailed(f"{what}: the answer was not complete within {round(seconds, 1):g} seconds", None, "Raise timeout if the network is that slow")


def _check_length(answer: Any, body: bytes, what: str) -> None:
    """Older libraries below requests take what came before a cut for the whole."""
    announced = answer.headers.get("Content-Length", "")
    if announced.isdigit() and not answer.headers.get("Content-Encoding") and len(body) < int(announced):
        raise ConnectionFailed(f"{what}: the connection was cut", f"{len(body)} of {announced} bytes came", RESTARTING)


def describe(url: str) -> str:
    """An address with its port and without its query, for messages."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}:{parts.port or PORTS.get(parts.scheme, 0)}{parts.path}"


def failure_of(error: Exception, what: str, url: str, seconds: float) -> ConnectionFailed | TlsFailed:
    """An exception of requests in words."""
    said = str(error)
    host = urlsplit(url).hostname or ""
    if isinstance(error, requests.exceptions.ProxyError):
        remedy = "Check HTTPS_PROXY and HTTP_PROXY in the environment, or name the host in NO_PROXY"
        return ConnectionFailed(f"{what} did not get through the proxy", _reason(said), remedy, sent=False)
    if isinstance(error, requests.exceptions.SSLError) and "EOF" not in said:
        why, remedy = _tls.reason(error, host)
        return TlsFailed(f"{what}: the other side could not be verified", why, remedy)
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return ConnectionFailed(f"{what}: no connection in time", "nothing answers there", _check(host), sent=False)
    if isinstance(error, requests.exceptions.Timeout):
        return ConnectionFailed(f"{what} was not answered within {round(seconds, 1):g} seconds", None, "See whether the masters are well, or raise timeout")
    if isinstance(error, requests.exceptions.InvalidSchema) and "SOCKS" in said:
        remedy = "Install the Python library PySocks beside requests, or name the host in NO_PROXY"
        return ConnectionFailed(f"{what} cannot go through the SOCKS proxy of the environment", "this Python has no support for SOCKS", remedy, sent=False)
    if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema)):
        return ConnectionFailed(f"{what} is no address", _reason(said), "Check url", sent=False)
    if isinstance(error, requests.exceptions.ConnectionError) and "NewConnectionError" in repr(error) + said or "NameResolution" in said:
        return ConnectionFailed(f"{what}: no connection", _reason(said), _check(host), sent=False)
    return ConnectionFailed(f"{what}: the connection was cut", _reason(said), RESTARTING)


def _check(host: str) -> str:
    return f"Check url, that {host} is a master that is up, and that nothing between drops the packets"


def _reason(said: str) -> str:
    """The operating system's words, or else the innermost ones, in requests' nested exceptions."""
    numbered = re.search(r"\[Errno -?\d+\] ([^'\")]+)", said)
    if numbered:
        return numbered.group(1)
    quoted = re.findall(r"\(['\"]([^'\"]+)['\"]\)", said)
    return quoted[-1] if quoted else said
