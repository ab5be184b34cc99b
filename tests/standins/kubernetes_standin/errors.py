"""Refusals as a Kubernetes API words them: an object of kind Status."""

from __future__ import annotations

from typing import Any

REASONS = {
    400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed", 409: "Conflict", 415: "UnsupportedMediaType",
    422: "Invalid", 500: "InternalError", 503: "ServiceUnavailable",
}  # fmt: skip


class Refused(Exception):
    """An answer other than success."""

    def __init__(self, code: int, message: str, reason: str | None = None, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.body: Any = status(code, message, REASONS[code] if reason is None else reason, details)
        self.media = "application/json"


def status(code: int, message: str, reason: str, details: dict[str, Any] | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
    }
    details = {key: value for key, value in (details or {}).items() if value}
    if reason:
        body["reason"] = reason
    return {**body, **({"details": details} if details or code == 404 else {}), "code": code}


class Page(Refused):
    """An answer that is no JSON."""

    def __init__(self, code: int, text: str, media: str) -> None:
        super().__init__(code, text)
        self.body, self.media = text, media


def unserved() -> Page:
    """Of a group that is not served; a version or a kind of one that is gets a Status."""
    return Page(404, "404 page not found\n", "text/plain; charset=utf-8")


def unauthorized(release: tuple[int, int]) -> Refused:
    """Of who shows something wrong, or nothing where that is wrong."""
    return (
        Refused(401, "Unauthorized") if release >= (1, 8) else Page(401, "Unauthorized\n", "text/plain; charset=utf-8")
    )


# Status and media type as the real ones have them.
DOWN = {
    "kubectl proxy": (
        500, "Error: 'dial tcp 127.0.0.1:6443: getsockopt: connection refused'\nTrying to reach: 'https://127.0.0.1:6443/version'", "text/plain; charset=utf-8",
    ),
    "HAProxy": (
        503, "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n", "text/html",
    ),
}  # fmt: skip


def down(proxy: str) -> Page:
    return Page(*DOWN[proxy])


def undecodable(kind: str, api_version: str, why: str) -> Refused:
    """Of a body that does not fit the kind's Go type."""
    return Refused(400, f'{kind} in version "{api_version.rpartition("/")[2]}" cannot be handled as a {kind}: {why}')


def not_found(plural: str, group: str, name: str) -> Refused:
    what = f"{plural}.{group}" if group else plural
    return Refused(404, f'{what} "{name}" not found', name=name, group=group, kind=plural)


def conflict(plural: str, group: str, name: str) -> Refused:
    what = f"{plural}.{group}" if group else plural
    message = f'Operation cannot be fulfilled on {what} "{name}": the object has been modified; please apply your changes to the latest version and try again'
    return Refused(409, message, name=name, group=group, kind=plural)


def invalid(kind: str, group: str, name: str, field: str, message: str) -> Refused:
    what = f"{kind}.{group}" if group else kind
    cause = {"reason": "FieldValueInvalid", "message": message, "field": field}
    return Refused(
        422, f'{what} "{name}" is invalid: {field}: {message}', name=name, group=group, kind=kind, causes=[cause]
    )
