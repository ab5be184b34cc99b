# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that were not expected, as exceptions: who said no, why, and what to do. Pure."""
from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.dcos.calico.plugins.module_utils._dcos._answers import Cause, Response, cause_of, is_html
from ansible_collections.dcos.calico.plugins.module_utils._dcos._auth import Method
from ansible_collections.dcos.calico.plugins.module_utils._dcos._errors import (
    SERVICE_NOT_FOUND,
    STALE_CACHE,
    ApiError,
    AuthenticationFailed,
    DcosError,
    PermissionDenied,
)

HIDDEN = "********"
REMEDIES = {
    SERVICE_NOT_FOUND: "Admin Router learns of a new service within a minute; if the service is up for longer, check its name and label DCOS_SERVICE_NAME",
    STALE_CACHE: "Admin Router cannot reach Marathon, Mesos or Mesos-DNS; see whether the leading master is well",
}
ON_THE_MASTERS = "See the logs of dcos-adminrouter and of the service on the masters"


def redact(text: str, secrets: Iterable[str]) -> str:
    """A text without any secret that a server may have sent back."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def redacted(response: Response, secrets: Iterable[str]) -> Response:
    """The same answer, its body without any secret."""
    return Response(response.status, response.headers, redact(response.text, secrets).encode("utf-8"), response.request)


def failure_of(response: Response, method: Method, authenticated: bool, secrets: Iterable[str]) -> DcosError:
    """The exception for an answer that was not expected.

    :param authenticated: whether a token was sent.
    :param secrets: texts that must not be quoted.
    """
    text = redact(response.text, secrets)
    cause = cause_of(text)
    # Admin Router's own 401 and 403 are HTML pages; JSON comes from a service behind it, which has been let through to.
    behind = cause.text if cause.text and not is_html(text) else ""
    if response.status == 401:
        return _not_authenticated(response, method, authenticated, behind, cause.kind)
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


def _not_authenticated(response: Response, method: Method, authenticated: bool, behind: str, kind: str | None) -> DcosError:
    challenge = (response.headers.get("WWW-Authenticate") or "").split(" ")[0].lower()
    what = f"{response.request} was refused (401)"
    if behind and authenticated:
        remedy = "Admin Router takes the token and a service behind it does not: log in anew, and see that the services' clocks agree"
        return AuthenticationFailed(what, behind, remedy, 401, kind)
    why, remedy = method.refused(challenge)
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
