"""JSON as Go's encoding/json writes it, and its words for what it cannot read."""

from __future__ import annotations

import json
from typing import Any

from ..errors import StandinError

_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


class DecodeError(StandinError):
    """Not JSON."""


def decode(text: str) -> Any:
    """Parse a document."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as exc:
        raise DecodeError(_words(text, exc)) from exc


def compact(value: object) -> str:
    """json.Marshal."""
    return _escaped(json.dumps(value, separators=(",", ":"), ensure_ascii=False))


def indented(value: object) -> str:
    """json.MarshalIndent with four blanks, as CNI results are printed."""
    return _escaped(json.dumps(value, indent=4, ensure_ascii=False))


def _escaped(text: str) -> str:
    for plain, escaped in _ESCAPES.items():
        text = text.replace(plain, escaped)
    return text


def _words(text: str, exc: json.JSONDecodeError) -> str:
    if exc.pos >= len(text.rstrip()) or exc.msg.startswith("Unterminated string"):
        return "unexpected end of JSON input"
    found = text[exc.pos]
    if exc.msg == "Extra data":
        return f"invalid character '{found}' after top-level value"
    if exc.msg == "Expecting property name enclosed in double quotes":
        return f"invalid character '{found}' looking for beginning of object key string"
    if exc.msg == "Expecting ':' delimiter":
        return f"invalid character '{found}' after object key"
    if exc.msg == "Expecting ',' delimiter":
        return f"invalid character '{found}' after {_container(text, exc.pos)}"
    return f"invalid character '{found}' looking for beginning of value"


def _container(text: str, position: int) -> str:
    """What the value before `position` was part of."""
    depth = 0
    for character in reversed(text[:position]):
        if character in "]}":
            depth += 1
        elif character in "[{":
            if depth == 0:
                return "array element" if character == "[" else "object key:value pair"
            depth -= 1
    return "object key:value pair"
