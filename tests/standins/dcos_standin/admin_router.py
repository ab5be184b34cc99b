"""What Admin Router decides before a request reaches a service: token, permission, error pages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from starlette.responses import Response

from .config import Config
from .iam import Iam, TokenRefused

COOKIE = "dcos-acs-auth-cookie"
_TITLES = {
    401: "401 Unauthorized",
    403: "403 Forbidden",
    404: "404 Not Found",
    500: "500 Internal Server Error",
    502: "502 Bad Gateway",
    503: "503 Service Unavailable",
}
_TEXTS = {
    401: "Log in to DC/OS, and try again.",
    403: "Your account lacks a permission for this page. Ask your administrator.",
}
# Longest prefix first. What is not here needs a token, and in Enterprise nothing else.
_PERMISSIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"/mesos(/|$)", ("dcos:adminrouter:ops:mesos",)),
    (r"/(agent|slave)/", ("dcos:adminrouter:ops:slave",)),
    (r"/mesos_dns(/|$)", ("dcos:adminrouter:ops:mesos-dns",)),
    (r"/system/health", ("dcos:adminrouter:ops:system-health",)),
    (r"/(net|navstar)/", ("dcos:adminrouter:ops:networking",)),
    (r"/exhibitor(/|$)", ("dcos:adminrouter:ops:exhibitor",)),
    (r"/metadata$", ("dcos:adminrouter:ops:metadata",)),
    (r"/(package/|cosmos/|capabilities$)", ("dcos:adminrouter:package",)),
    (r"/(service/)?marathon(/|$)", ("dcos:adminrouter:service:marathon",)),
    # The documents disagree on ro and rw: both are taken.
    (r"/ca/api/v2/(sign|newkey|newcert|bundle)$", ("dcos:adminrouter:ops:ca:rw", "dcos:adminrouter:ops:ca:ro")),
    (r"/pkgpanda/", ("dcos:adminrouter:ops:pkgpanda",)),
)
_OPEN = (
    r"/acs/api/v1/auth/",
    r"/dcos-metadata/",
    r"/ca/dcos-ca\.crt$",
    r"/ca/cacerts\.jks$",
    r"/ca/api/v2/info$",
    r"/$",
    r"/(login|assets|ui-config)",
)


@dataclass(frozen=True)
class Decision:
    """200 with the uid, 401 with the challenge, or 403."""

    status: int
    uid: str | None = None
    challenge: str | None = None


def token_of(headers: Mapping[str, str]) -> str | None:
    """The token: `token=`, `Bearer`, or the cookie where there is no Authorization header."""
    given = headers.get("authorization")
    if given is not None:
        for prefix in ("token=", "bearer "):
            if given.lower().startswith(prefix):
                return given[len(prefix) :].strip().strip('"')
        return None
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return cookie.value if cookie else None


class AdminRouter:
    """Decides on requests by path and headers."""

    def __init__(self, config: Config, iam: Iam) -> None:
        self._config = config
        self._iam = iam
        self._open = list(_OPEN) + ([r"/exhibitor(/|$)"] if config.release.open_exhibitor else [])

    def is_open(self, path: str) -> bool:
        return any(re.match(pattern, path) for pattern in self._open)

    def decide(self, path: str, headers: Mapping[str, str]) -> Decision:
        """What to answer to a request for this path, before any service sees it."""
        if self.is_open(path) or not self._config.auth_enabled:
            return Decision(200)
        token = token_of(headers)
        try:
            uid = self._iam.verify(token) if token else None
        except TokenRefused:
            uid = None
        if uid is None:
            return Decision(401, challenge=self._config.release.challenge)
        needed = self._needed(path)
        return Decision(200 if not needed or self._iam.may(uid, *needed) else 403, uid)

    def _needed(self, path: str) -> tuple[str, ...]:
        for pattern, resources in _PERMISSIONS:
            if re.match(pattern, path):
                return resources
        service = re.match(r"/service/([^/]+)", path)
        if service:
            return (f"dcos:adminrouter:service:{service.group(1)}",)
        return ()


def page(status: int, headers: Mapping[str, str] | None = None) -> Response:
    """An HTML page as nginx or Admin Router sends it."""
    title = _TITLES.get(status, str(status))
    text = _TEXTS.get(status, "The service behind this address did not answer as it should.")
    html = f"<!DOCTYPE html>\n<html>\n<head><title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n<p>{text}</p>\n</body>\n</html>\n"
    return Response(html, status, dict(headers or {}), media_type="text/html; charset=UTF-8")


def refusal(decision: Decision) -> Response:
    """The page of a 401 or 403."""
    return page(decision.status, {"WWW-Authenticate": decision.challenge} if decision.challenge else None)
