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
        self.body = status(code, message, reason or REASONS[code], details)


def status(code: int, message: str, reason: str, details: dict[str, Any] | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "reason": reason}
    return {**body, **({"details": details} if details else {}), "code": code}


def not_found(plural: str, group: str, name: str) -> Refused:
    what = f"{plural}.{group}" if group else plural
    return Refused(404, f'{what} "{name}" not found', name=name, group=group, kind=plural)


def conflict(plural: str, group: str, name: str) -> Refused:
    what = f"{plural}.{group}" if group else plural
    message = (
        f'Operation cannot be fulfilled on {what} "{name}": the object has been modified; please apply your changes to the latest version and try again'
    )
    return Refused(409, message, name=name, group=group, kind=plural)


def invalid(kind: str, group: str, name: str, field: str, message: str) -> Refused:
    what = f"{kind}.{group}" if group else kind
    cause = {"reason": "FieldValueInvalid", "message": message, "field": field}
    return Refused(422, f'{what} "{name}" is invalid: {field}: {message}', name=name, group=group, kind=kind, causes=[cause])
