# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What DC/OS answers, what its many kinds of error bodies say, and the exceptions that come of them: who said no, why, and what to do. Pure."""
from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from ansible_collections.dcos.calico.plugins.module_utils._dcos import _shape
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._untrusted import from_json

# What Admin Router, and services behind it, answer while a part of the cluster restarts or elects a leader.
TRANSIENT_STATUS = (502, 503, 504)
# Kinds of ours for answers that carry none of their own; other kinds are the class names and codes that the services give.
NOT_JSON = "NotJson"
SERVICE_NOT_FOUND = "ServiceNotFound"
STALE_CACHE = "StaleCache"
TRANSIENT_KIND = (SERVICE_NOT_FOUND, STALE_CACHE)
MOST_QUOTED = 300
HIDDEN = "********"
Refused = Callable[[str], "tuple[str, str]"]
REMEDIES = {
    SERVICE_NOT_FOUND: "Admin Router learns of a new service within a minute; if the service is up for longer, check its name and label DCOS_SERVICE_NAME",
    STALE_CACHE: "Admin Router cannot reach Marathon, Mesos or Mesos-DNS; see whether the leading master is well",
}
ON_THE_MASTERS = "See the logs of dcos-adminrouter and of the service on the masters"
# DC/OS Enterprise's names, by the path that they let through to.
PERMISSIONS = (
    ("package/", "dcos:adminrouter:package full"),
    ("cosmos/", "dcos:adminrouter:package full"),
    ("capabilities", "dcos:adminrouter:package full"),
    ("service/marathon", "dcos:adminrouter:service:marathon full (and dcos:service:marathon:marathon:services:/ inside Marathon)"),
    ("service/", "dcos:adminrouter:service:NAME full"),
    ("ca/", "dcos:adminrouter:ops:ca:rw full"),
    ("mesos_dns/", "dcos:adminrouter:ops:mesos-dns full"),
    ("mesos/", "dcos:adminrouter:ops:mesos full"),
    ("agent/", "dcos:adminrouter:ops:slave full"),
    ("slave/", "dcos:adminrouter:ops:slave full"),
    ("system/health", "dcos:adminrouter:ops:system-health full"),
    ("net/", "dcos:adminrouter:ops:networking full"),
    ("exhibitor", "dcos:adminrouter:ops:exhibitor full"),
    ("metadata", "dcos:adminrouter:ops:metadata full"),
)


class DcosError(CalicoError):
    """A DC/OS cluster could not be asked, or did not do what it was asked for.

    :ivar status: HTTP status of the answer, None if there was none.
    :ivar kind: what a service calls the error, such as C(PackageNotFound) (Cosmos) or C(ERR_INVALID_CREDENTIALS) (Bouncer); None if it has no name.
    :ivar data: what a service tells about it in structured form, None if nothing.
    """

    def __init__(
        self,
        what: str,
        why: str | None = None,
        remedy: str | None = None,
        status: int | None = None,
        kind: str | None = None,
        data: Any = None,
    ) -> None:
        super().__init__(what, why, remedy)
        self.status = status
        self.kind = kind
        self.data = data

    @property
    def transient(self) -> bool:
        """Whether the same request may succeed a little later, with nobody doing anything."""
        return self.status in TRANSIENT_STATUS or self.kind in TRANSIENT_KIND


class ConnectionFailed(DcosError):
    """No answer: no connection, one that was cut, or none in time.

    :ivar sent: whether the request may have reached the other side all the same.
    """

    def __init__(self, what: str, why: str | None = None, remedy: str | None = None, sent: bool = True) -> None:
        super().__init__(what, why, remedy)
        self.sent = sent

    @property
    def transient(self) -> bool:
        return True


class TlsFailed(DcosError):
    """The other side could not be verified, so nothing was sent."""


class AuthenticationFailed(DcosError):
    """A 401, or a login that was refused: the cluster does not know who asks."""


class PermissionDenied(DcosError):
    """A 403: the cluster knows who asks, and does not let him."""


class ApiError(DcosError):
    """An answer that is not one of those expected."""


class DeadlineExceeded(DcosError):
    """What was waited for did not come in time."""


class Response:
    """One answer.

    :ivar status: its HTTP status.
    :ivar headers: its headers; names are compared without regard to case.
    :ivar text: its body.
    :ivar request: what was asked, such as C(GET https://dcos.example.com:443/mesos/slaves).
    """

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes, request: str) -> None:
        self.status = status
        self.headers = headers
        self.text = body.decode("utf-8", errors="replace")
        self.request = request

    def json(self) -> Any:
        """The body as JSON, whatever its content type: the CA, for one, answers with JSON as text/plain.

        :raises ApiError: of kind NOT_JSON.
        """
        try:
            return from_json(self.text)
        except ValueError as error:
            why = "it is an HTML page, perhaps of a proxy or of a login" if is_html(self.text) else f"{error}: {quote(self.text)}"
            remedy = "Check that the option url is the address of DC/OS' Admin Router"
            raise ApiError(f"{self.request} was answered with {self.status} and something that is not JSON", why, remedy, self.status, NOT_JSON) from None

    def shaped(self, shape: Any) -> Any:
        """The body as JSON, which is as a shape of _shape.py wants it.

        :raises ApiError: naming what is not.
        """
        found = self.json()
        wrong = _shape.problem(found, shape)
        if wrong:
            raise self.strange(wrong)
        return found

    def strange(self, why: str) -> ApiError:
        """The exception for an answer that is none to this question."""
        return ApiError(f"{self.request} was answered with something else than expected", why, "Check that url is that of DC/OS' Admin Router", self.status)


class Cause(NamedTuple):
    """What an error body says: kind (None if it names none), text for people, structured data (None if none)."""

    kind: str | None
    text: str
    data: Any


def is_html(text: str) -> bool:
    """Whether this is a page: Admin Router's 401, 403 and 404 are."""
    return bool(re.match(r"\s*<(!doctype html|html|head|center)", text, re.IGNORECASE))


def quote(text: str, most: int = MOST_QUOTED) -> str:
    """A body in a message: on one line, and not too much of it."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[:most]}..."


def cause_of(text: str) -> Cause:
    """What an error body says. Known are those of Admin Router, Cosmos, Marathon, Bouncer, dcos-oauth and the CA; anything else is quoted."""
    if is_html(text):
        title = re.search(r"<title>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
        return Cause(None, quote(html.unescape(title.group(1))) if title else "", None)
    try:
        body = from_json(text)
    except ValueError:
        return Cause(_kind_of_text(text), quote(text), None)
    return _cause_of_object(body) if isinstance(body, dict) else Cause(None, quote(text), None)


def _kind_of_text(text: str) -> str | None:
    """Admin Router finds services in a cache that lags behind by up to a minute; these are its words for it."""
    if re.search(r"404 Not Found: service not found", text):
        return SERVICE_NOT_FOUND
    if re.search(r"503 Service Unavailable: (invalid .* cache|MesosDNS request has failed)", text):
        return STALE_CACHE
    return None


def _cause_of_object(body: dict[str, Any]) -> Cause:
    if body.get("success") is False and isinstance(body.get("errors"), list):
        return _cause_of_ca(body["errors"])
    words = body.get("message") or body.get("description") or body.get("title")
    if not isinstance(words, str):
        return Cause(None, quote(json.dumps(body)), None)
    kind = body.get("type") or body.get("code")
    if "details" in body:
        words = f"{words} ({_details(body['details'])})"
    data = body.get("data", body.get("details", body.get("deployments")))
    return Cause(str(kind) if kind else None, quote(words, 2 * MOST_QUOTED), data)


def _cause_of_ca(errors: list[Any]) -> Cause:
    """CFSSL's list of errors; its codes are numbers."""
    listed = [error for error in errors if isinstance(error, dict)]
    words = "; ".join(f"{error.get('message')} (code {error.get('code')})" for error in listed)
    return Cause(str(listed[0].get("code")) if listed else None, quote(words or "no reason given"), listed)


def _details(details: Any) -> str:
    """Marathon's details: a text, or objects with a path and what is wrong there."""
    if not isinstance(details, list):
        return str(details)
    said = []
    for detail in details:
        if isinstance(detail, dict) and isinstance(detail.get("errors"), list):
            said.append(f"{detail.get('path', '/')}: {', '.join(map(str, detail['errors']))}")
        else:
            said.append(detail if isinstance(detail, str) else json.dumps(detail))
    return "; ".join(said)


def redact(text: str, secrets: Iterable[str]) -> str:
    """A text without any secret that a server may have sent back."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def redacted(response: Response, secrets: Iterable[str]) -> Response:
    """The same answer, its body without any secret."""
    return Response(response.status, response.headers, redact(response.text, secrets).encode("utf-8"), response.request)


def failure_of(response: Response, refused: Refused, authenticated: bool, secrets: Iterable[str]) -> DcosError:
    """The exception for an answer that was not expected.

    :param refused: why the way to log in is not enough, and the remedy, by the scheme that is asked for.
    :param authenticated: whether a token was sent.
    :param secrets: texts that must not be quoted.
    """
    text = redact(response.text, secrets)
    cause = cause_of(text)
    # Admin Router's own 401 and 403 are HTML pages; JSON comes from a service behind it, which has been let through to.
    behind = cause.text if cause.text and not is_html(text) else ""
    if response.status == 401:
        return _not_authenticated(response, refused, authenticated, behind, cause.kind)
    if response.status == 403:
        return _not_permitted(response, authenticated, behind, cause.kind)
    if response.status == 404 and is_html(text) and _path(response).startswith("service/"):
        # the words of Admin Router before DC/OS 1.10
        cause = Cause(SERVICE_NOT_FOUND, cause.text, None)
    why = f"{cause.kind}: {cause.text}" if cause.kind and cause.kind not in REMEDIES and not cause.kind.isdigit() else cause.text
    return ApiError(
        f"{response.request} was answered with {response.status}", why or None, _remedy(response, cause.kind), response.status, cause.kind, cause.data
    )


def _path(response: Response) -> str:
    return response.request.split("/", 3)[-1]


def _remedy(response: Response, kind: str | None) -> str | None:
    if kind in REMEDIES:
        return REMEDIES[kind]
    if response.status >= 500:
        return ON_THE_MASTERS
    if response.status == 404 and is_html(response.text):
        return "Check url; if it is right, this version of DC/OS, or open DC/OS, does not have that"
    return None


def _not_authenticated(response: Response, refused: Refused, authenticated: bool, behind: str, kind: str | None) -> DcosError:
    challenge = (response.headers.get("WWW-Authenticate") or "").split(" ")[0].lower()
    what = f"{response.request} was refused (401)"
    if behind and authenticated:
        remedy = "Admin Router takes the token and a service behind it does not: log in anew, and see that the services' clocks agree"
        return AuthenticationFailed(what, behind, remedy, 401, kind)
    why, remedy = refused(challenge)
    return AuthenticationFailed(what, f"{why} ({behind})" if behind else why, remedy, 401, kind)


def _not_permitted(response: Response, authenticated: bool, behind: str, kind: str | None) -> DcosError:
    what = f"{response.request} was refused (403)"
    if not authenticated:
        return PermissionDenied(what, behind or "no token was sent", "Give uid and password, service_account, or token", 403, kind)
    # Cosmos hands on that Marathon refused it; its own path was let through to
    path = "service/marathon" if "service [marathon]" in behind else _path(response)
    permission = next((name for prefix, name in PERMISSIONS if path.startswith(prefix)), None)
    why = behind or "Admin Router knows the account and does not let it"
    grant = f"{permission}, " if permission else ""
    return PermissionDenied(what, why, f"Give the account the permission for it: {grant}see DC/OS' permission reference", 403, kind)
