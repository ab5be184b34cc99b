# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What DC/OS answers, and what its many kinds of error bodies say. Pure."""
from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible_collections.dcos.calico.plugins.module_utils._dcos import _shape
from ansible_collections.dcos.calico.plugins.module_utils._dcos._errors import NOT_JSON, SERVICE_NOT_FOUND, STALE_CACHE, ApiError
from ansible_collections.dcos.calico.plugins.module_utils._foreign import from_json

MOST_QUOTED = 300


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
