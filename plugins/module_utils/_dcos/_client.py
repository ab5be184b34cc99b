# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One client for all of a cluster's APIs: token, trust, repetition of what is safe to repeat, redirects, errors."""
from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from functools import partialmethod
from typing import Any, NoReturn
from urllib.parse import urljoin, urlsplit

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.dcos.calico.plugins.module_utils._dcos import _answers, _auth, _transport
from ansible_collections.dcos.calico.plugins.module_utils._dcos._answers import ApiError, ConnectionFailed, DcosError, DeadlineExceeded, Response
from ansible_collections.dcos.calico.plugins.module_utils._dcos._options import Options
from ansible_collections.dcos.calico.plugins.module_utils._dcos._transport import REQUESTS_ERROR, Transport
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline

READ = (200,)
WRITTEN = (200, 201, 202, 204)
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 5.0
MOST_REDIRECTS = 5
# 301 and 302 are what a plain-http port answers with; a 303 tells that a write was carried out, so it is none of these.
REDIRECTS = (301, 302, 307, 308)
# Admin Router did not get an answer; with a 503 it did not ask.
NOBODY_KNOWS = (502, 504)
UNCERTAIN = "it may have been carried out all the same"
# A check that is polled: (whether it is done, progress in words)
Check = Callable[[], tuple[bool, str]]


class DcosClient:
    """A cluster, as seen through Admin Router.

    A path begins with C(/). Reading is repeated on 502, 503, 504 and connection errors for as long as the option timeout allows; writing only if the
    caller says that this is safe, or if the request cannot have reached anybody. A 401 in the middle gets a new token once, where the method of login
    can, and repeats the request.

    :ivar requests: count of requests sent, by method; logins and redirects included.
    :ivar warnings: what the user should be told about the options.
    :raises ValidationError: for options that cannot be right; nothing is asked yet.
    """

    def __init__(self, options: Options, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep) -> None:
        if REQUESTS_ERROR is not None:
            raise DcosError(f"{options.host_port} cannot be asked", missing_required_lib("requests", reason="to talk to DC/OS"))
        self.options = options
        self.warnings = options.check()
        self.requests: Counter[str] = Counter()
        self._clock = clock
        self._sleep = sleep
        self._method = _auth.method_of(options)
        self._method.validate()
        self._token: str | None = None
        self._logged_in = False
        self._trust_file: _transport.TrustFile | None = None
        self._transport = Transport()
        self._verify: _transport.Verify | None = None
        trust = _transport.without_asking(options)
        if isinstance(trust, _transport.Pinned):
            self._verify = self._trust(trust)
        else:
            self._verify = trust

    def get(
        self, path: str, params: Mapping[str, Any] | None = None, expected: Collection[int] = READ, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Read; C(path) may also be the whole address of something in the cluster, which never gets the token.

        :raises DcosError: each of its kinds.
        """
        return self._request("GET", path, None, expected, headers, params, True)

    def _send(
        self,
        method: str,
        path: str,
        body: Any = None,
        expected: Collection[int] = WRITTEN,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        safe_to_repeat: bool = False,
    ) -> Response:
        """Send a body: text or bytes as they are, anything else as JSON. Say C(safe_to_repeat) where a POST only reads."""
        return self._request(method, path, body, expected, headers, params, safe_to_repeat)

    post = partialmethod(_send, "POST")
    put = partialmethod(_send, "PUT")
    delete = partialmethod(_send, "DELETE")

    def deadline(self, seconds: float) -> Deadline:
        """A deadline by this client's clock."""
        return Deadline(seconds, self._clock, self._sleep)

    def wait_until(self, check: Check, deadline: Deadline, what: str, every: float = 5.0) -> str:
        """Poll C(check) until it is done; return its last progress text.

        Errors that may pass by themselves (a master restarts, a leader is elected, Admin Router does not know a new service yet) count as progress.

        :param what: what is waited for, to complete "... was not reached".
        :raises DeadlineExceeded: with the last progress.
        """
        while True:
            try:
                done, progress = check()
            except DcosError as error:
                if not error.transient:
                    raise
                done, progress = False, str(error)
            if done:
                return progress
            if not deadline.pause(every):
                raise DeadlineExceeded(
                    f"{self.options.host_port}: {what} was not reached within {deadline.seconds:g} seconds",
                    f"last seen: {progress}" if progress else None,
                    "If it makes progress, wait longer; else see what the progress names",
                )

    def close(self) -> None:
        """Close connections, remove the file with the pinned bundle."""
        self._transport.close()
        if self._trust_file is not None:
            self._trust_file.close()

    def _request(
        self,
        method: str,
        path: str,
        body: Any,
        expected: Collection[int],
        headers: Mapping[str, str] | None,
        params: Mapping[str, Any] | None,
        repeat: bool,
    ) -> Response:
        own = path.startswith("/")
        url = self.options.base + path if own else path
        deadline = self.deadline(self.options.timeout)
        pause, renewed = FIRST_PAUSE, False
        data, headers = _encoded(body, headers)
        while True:
            try:
                token = self._current_token(deadline) if own else None
                response = self._follow(method, url, data, headers, params, token, deadline)
            except ConnectionFailed as error:
                failure: DcosError = error
                safe = repeat or not error.sent
            else:
                if response.status in expected:
                    return response
                if response.status == 401 and token and self._method.RENEWABLE and not renewed:
                    self._logged_in, renewed = False, True
                    continue
                failure = _answers.failure_of(response, self._method.refused, bool(token), self._secrets())
                safe = repeat
            if not safe:
                raise _uncertain(failure)
            if failure.status == 404 or not failure.transient or not deadline.pause(pause):
                raise failure
            pause = min(pause * 2, LONGEST_PAUSE)

    def _secrets(self) -> set[str]:
        return self._method.secrets() | ({self._token} if self._token else set())

    def _current_token(self, deadline: Deadline) -> str | None:
        if not self._logged_in:
            self._token = self._method.login(lambda path, body: self._login(path, body, deadline))
            self._logged_in = True
        return self._token

    def _login(self, path: str, body: Mapping[str, Any], deadline: Deadline) -> Response:
        """One answer to a login, whatever its status; repeated while there is none, because a second token does no harm."""
        data, headers = _encoded(body, None)
        pause = FIRST_PAUSE
        while True:
            try:
                response = self._follow("POST", self.options.base + path, data, headers, None, None, deadline)
                failure = _answers.failure_of(response, self._method.refused, False, self._secrets())
                if response.status == 200 or not failure.transient:
                    return _answers.redacted(response, self._secrets()) if response.status != 200 else response
            except ConnectionFailed as error:
                failure = error
            if not deadline.pause(pause):
                raise failure
            pause = min(pause * 2, LONGEST_PAUSE)

    def _follow(
        self,
        method: str,
        url: str,
        data: bytes | None,
        headers: Mapping[str, str],
        params: Mapping[str, Any] | None,
        token: str | None,
        deadline: Deadline,
    ) -> Response:
        """One answer, redirects followed: the token goes to the configured host alone, and a body nowhere else."""
        first = url
        for _hop in range(MOST_REDIRECTS + 1):
            to_own_host = url == first or not self._transport.is_other_host(self.options.base, url)
            sent = dict(headers, Authorization=f"token={token}") if token and to_own_host else dict(headers)
            self.requests[method] += 1
            # before the transport is asked, which a bundle that is fetched now replaces
            verify = self._verification(url, deadline)
            response = self._transport.send(method, url, data, sent, params, verify, deadline.left())
            if response.status not in REDIRECTS or not response.headers.get("Location"):
                return response
            target, params = urljoin(url, response.headers["Location"]), None
            self._validate_redirect(method, response, url, target)
            url = target
        raise ApiError(f"{response.request} redirects without an end", None, "Check that url is the address of DC/OS' Admin Router", response.status)

    def _validate_redirect(self, method: str, response: Response, url: str, target: str) -> None:
        what = f"{response.request} redirects to {target}"
        if urlsplit(target).scheme not in ("http", "https"):
            _refuse(what, response.status, "that is no address to ask")
        if urlsplit(url).scheme == "https" and urlsplit(target).scheme == "http":
            _refuse(what, response.status, "that would leave TLS")
        if method != "GET" and self._transport.is_other_host(self.options.base, target):
            _refuse(what, response.status, "what is written is sent to the configured host only")

    def _verification(self, url: str, deadline: Deadline) -> _transport.Verify:
        """What to verify an answer with; the bundle is fetched when the first https request needs it."""
        if not url.startswith("https:"):
            return True
        if self._verify is None:
            self.requests["GET"] += 1
            seconds = min(deadline.left(), _transport.MOST_BUNDLE_SECONDS)
            answer = self._transport.send("GET", self.options.base + _transport.BUNDLE_PATH, None, {}, None, False, seconds, _transport.MOST_BUNDLE_BYTES)
            self._verify = self._trust(_transport.pinned_bundle(answer, self.options.ca_fingerprint or ""))
        return self._verify

    def _trust(self, pinned: _transport.Pinned) -> _transport.Verify:
        """What to verify by from now on, which is what is pinned."""
        # a connection that was not verified must not be used again
        self._transport.close()
        self._transport = Transport(pinned)
        self._trust_file = _transport.TrustFile(pinned.pem)
        return self._trust_file.path


def make_client(module: AnsibleModule) -> DcosClient:
    """A module's client; warns of what its options do not protect.

    :raises CalicoError: for options that cannot be right and for libraries that are missing.
    """
    client = DcosClient(Options.from_module(module))
    for warning in client.warnings:
        module.warn(warning)
    return client


def _encoded(body: Any, headers: Mapping[str, str] | None) -> tuple[bytes | None, dict[str, str]]:
    desired = {"Accept": "application/json", **(headers or {})}
    if body is None or isinstance(body, bytes):
        return body, desired
    if isinstance(body, str):
        return body.encode("utf-8"), desired
    return json.dumps(body).encode("utf-8"), {"Content-Type": "application/json", **desired}


def _uncertain(failure: DcosError) -> DcosError:
    """A write that got no answer of its service may have been carried out, so it is not repeated, and the user has to know."""
    if isinstance(failure, ConnectionFailed) or failure.status in NOBODY_KNOWS:
        failure.why = f"{failure.why}; {UNCERTAIN}" if failure.why else UNCERTAIN
        failure.remedy = "Run again: what was done already is seen and left alone"
    return failure


def _refuse(what: str, status: int, why: str) -> NoReturn:
    raise ApiError(what, why, "Give the address that it redirects to as url, if it is that of the cluster", status)
