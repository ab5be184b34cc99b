# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads from a Kubernetes API, and asks it for reviews; nothing is ever written here, that is the business of the collection kubernetes.core."""
from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
import warnings
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.dcos.calico.plugins.module_utils._dcos import _transport
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline
from ansible_collections.dcos.calico.plugins.module_utils._kubernetes._options import Connection, ways

try:
    import requests
    import requests.adapters
    import urllib3
except ImportError as error:
    REQUESTS_ERROR: ImportError | None = error
    Adapter: Any = object
else:
    REQUESTS_ERROR = None
    Adapter = requests.adapters.HTTPAdapter

CHUNK = 1 << 16
MOST_BYTES = 256 << 20
TOKEN = "Give the token of a service account that may do so, such as the package's own, bootstrapper, or a kubeconfig that has one"
# Whom an API takes somebody for who shows nothing, and what it says of a group of kinds that it does not have.
NOBODY = 'User "system:anonymous"'
NOT_SERVED = "404 page not found"
LOGIN = "If it is DC/OS or a load balancer that wants a login, it is not the API itself that answers there"


class ApiFailed(CalicoError):
    """The API did not do what it was asked.

    :ivar kind: unreachable (also not up yet), certificate, unauthorized, forbidden, missing, unserved (objects of that kind), unmanaged (no Kubernetes), other.
    """

    def __init__(self, kind: str, what: str, why: str | None = None, remedy: str | None = None) -> None:
        super().__init__(what, why, remedy)
        self.kind = kind


class _Named(Adapter):
    """Expects a certificate for another name than that of the URL."""

    def __init__(self, name: str) -> None:
        self._name = name
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> Any:
        return super().init_poolmanager(*args, server_hostname=self._name, assert_hostname=self._name, **kwargs)


def _no_authentication(request: Any) -> Any:
    """Given to requests so that it does not look into ~/.netrc, which would replace the token."""
    return request


class Client:
    """One API. Use it in a with statement: certificates lie in a directory of their own meanwhile, which is the form that requests takes."""

    def __init__(self, connection: Connection, service: str, timeout: float) -> None:
        self.connection = connection
        self._service = service
        self._timeout = timeout
        self._session = requests.Session()
        self._session.auth = connection.basic or _no_authentication
        self._session.headers.update({"User-Agent": "dcos.calico", "Accept": "application/json"})
        if connection.token:
            self._session.headers["Authorization"] = f"Bearer {connection.token}"
        if connection.server_name:
            self._session.mount("https://", _Named(connection.server_name))
        self._verify: str | bool = False
        self._cert: tuple[str, str] | None = None

    @contextlib.contextmanager
    def opened(self) -> Iterator[Client]:
        """This client, with its files in place."""
        with tempfile.TemporaryDirectory(prefix="dcos-calico-") as directory:
            self._verify = self._trust(directory)
            if self.connection.cert and self.connection.key:
                self._cert = _file(directory, "cert.pem", self.connection.cert), _file(directory, "key.pem", self.connection.key)
            try:
                yield self
            finally:
                self._session.close()

    def _trust(self, directory: str) -> str | bool:
        if not self.connection.verify:
            return False
        return _file(directory, "ca.pem", self.connection.ca) if self.connection.ca else _transport.system_trust()

    def find(self, path: str) -> dict[str, Any] | None:
        """The object that a path stands for, None if there is none. Raises ApiFailed."""
        try:
            return self.get(path)
        except ApiFailed as error:
            if error.kind == "missing":
                return None
            raise

    def get(self, path: str) -> dict[str, Any]:
        """The object that a path stands for.

        :raises ApiFailed: naming the server, why, and what can be done.
        """
        return self._ask("GET", path)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """What the API says to something that it does not keep, such as a review. Raises as get()."""
        return self._ask("POST", path, body)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        url, waits = self.connection.server + path, (min(self._timeout, 10.0), self._timeout)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", urllib3.exceptions.InsecureRequestWarning)
                options: dict[str, Any] = {"timeout": waits, "allow_redirects": False, "verify": self._verify, "cert": self._cert, "stream": True}
                with self._session.request(method, url, json=body, **options) as answer:
                    said = self._whole(answer)
        except (requests.exceptions.RequestException, OSError) as error:
            raise self._failure(error)
        return self._read(answer, said, path)

    def _whole(self, answer: Any) -> bytes:
        """The body of an answer, which has as long as its beginning, and no more bytes than any API has objects."""
        deadline, found = Deadline(self._timeout), bytearray()
        for piece in answer.iter_content(CHUNK):
            found += piece
            if len(found) > MOST_BYTES:
                what = f"What answers at {self.connection.server} is no API of Kubernetes"
                raise ApiFailed("unmanaged", what, f"the answer has more than {MOST_BYTES} bytes", ways(self._service))
            if deadline.passed():
                raise requests.exceptions.Timeout
        return bytes(found)

    def _failure(self, error: Exception) -> ApiFailed:
        server, said = self.connection.server, str(error)
        if isinstance(error, requests.exceptions.SSLError) and "EOF" not in said:
            why, unused = _transport.reason(error, urlsplit(server).hostname or "")
            if "alert" in said.lower():
                why = f"it does not accept the client certificate ({why})"
            remedy = f"Give the CA that signed its certificate as ca_file, and an address that the certificate is for. {ways(self._service)}"
            return ApiFailed("certificate", f"The API of Kubernetes at {server} could not be verified", why, remedy)
        timed_out = isinstance(error, requests.exceptions.Timeout)
        why = f"no answer within {self._timeout:g} seconds" if timed_out else _innermost(said)
        return ApiFailed("unreachable", f"The API of Kubernetes at {server} cannot be reached", why, ways(self._service))

    def _read(self, answer: Any, said: bytes, path: str) -> dict[str, Any]:
        text = said.decode("utf-8", errors="replace")
        server, code, kind = self.connection.server, answer.status_code, answer.headers.get("Content-Type", "no type")
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = None
        message = str(found.get("message") or "") if isinstance(found, dict) else ""
        if code in (401, 403) and kind.startswith("text/plain"):
            message = _first_words(text)  # as an API before 1.8 refuses
        if code in (429, 500, 502, 503, 504):
            # The API itself, which may be starting, or a proxy before it, whose page is no JSON.
            why = message or f"a proxy answers: {_first_words(text)}"
            raise ApiFailed("unreachable", f"The API of Kubernetes at {server} is not reachable yet: {code} for {path}", why, ways(self._service))
        if code == 401 or (code == 403 and NOBODY in message):
            what = f"The API of Kubernetes at {server} does not know who asks ({code})"
            raise ApiFailed("unauthorized", what, message or None, f"{TOKEN}. {LOGIN}. {ways(self._service)}")
        if code == 403:
            raise ApiFailed("forbidden", f"The API of Kubernetes at {server} refuses {path} (403)", message or None, f"{TOKEN}. {LOGIN}")
        if code == 404 and (text.strip() == NOT_SERVED or (message and not (found.get("details") or {}).get("name"))):
            remedy = "kubectl api-versions names those that it has"
            raise ApiFailed("unserved", f"The API of Kubernetes at {server} has no such objects: 404 for {path}", message or NOT_SERVED, remedy)
        if not isinstance(found, dict) or code in (301, 302, 303, 307, 308):
            raise ApiFailed("unmanaged", f"At {server} no API of Kubernetes answers", f"status {code}, {kind}", ways(self._service))
        if code >= 400:
            reason = "missing" if found.get("reason") == "NotFound" else "other"
            raise ApiFailed(reason, f"The API of Kubernetes at {server} answered {code} for {path}", message or None)
        return found


def _innermost(said: str) -> str:
    """The words of the operating system in the nested exceptions of requests."""
    for mark in ("[Errno ", "Failed to resolve", "Name or service not known"):
        if mark in said:
            text = said[said.index(mark) :]
            text = text.partition("] ")[2] or text
            return text.strip("'\")( ")
    return said


def _first_words(text: str) -> str:
    """What a page says, without its marks."""
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())[:120] or "an empty page"


def _file(directory: str, name: str, content: bytes) -> str:
    path = os.path.join(directory, name)
    with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as handle:
        handle.write(content)
    return path
