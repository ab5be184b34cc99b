"""Small helpers for answers and requests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response


class BadBody(ValueError):
    """A request's body is no JSON."""


def as_json(
    value: Any, status: int = 200, headers: Mapping[str, str] | None = None, media: str = "application/json"
) -> Response:
    """JSON, written compactly as the JVM and C++ services do."""
    content = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    return Response(content, status, dict(headers or {}), media_type=media)


def as_text(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(text, status, dict(headers or {}), media_type="text/plain")


async def body_of(request: Request) -> Any:
    """The request's JSON; raises BadBody."""
    content = await request.body()
    try:
        return json.loads(content or b"")
    except ValueError as error:
        raise BadBody(str(error)) from error
