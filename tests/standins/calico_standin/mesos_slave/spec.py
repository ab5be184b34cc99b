"""The messages of Mesos' CNI spec.proto, read from JSON as its protobuf reader does: unknown fields are passed over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import StandinError

_KINDS = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}


class ParseError(StandinError):
    """Not JSON, or JSON that is not the message."""


@dataclass(frozen=True)
class Field:
    """One field: a string, or another message; possibly required, possibly repeated."""

    message: Mapping[str, Field] | None = None
    required: bool = False
    repeated: bool = False


_DNS = {
    "nameservers": Field(repeated=True),
    "domain": Field(),
    "search": Field(repeated=True),
    "options": Field(repeated=True),
}
_ROUTE = {"dst": Field(required=True), "gw": Field()}
_IP = {
    "ip": Field(required=True),
    "gateway": Field(),
    "routes": Field(_ROUTE, repeated=True),
}
NETWORK_CONFIG: Mapping[str, Field] = {
    "cniVersion": Field(),
    "name": Field(required=True),
    "type": Field(required=True),
    "ipam": Field({"type": Field(required=True)}),
    "dns": Field(_DNS),
}
NETWORK_INFO: Mapping[str, Field] = {
    "cniVersion": Field(),
    "ip4": Field(_IP),
    "ip6": Field(_IP),
    "dns": Field(_DNS),
}


def parse(text: str, message: Mapping[str, Field]) -> dict[str, Any]:
    """The whole JSON object, once it is known to hold the message."""
    try:
        document = json.loads(text)
    except ValueError as exc:
        raise ParseError(f"JSON parse failed: syntax error: {exc}") from exc
    if not isinstance(document, dict):
        raise ParseError(f"JSON parse failed: unexpected JSON type parsed: {_kind(document)}")
    missing: list[str] = []
    _check(document, message, "", missing)
    if missing:
        raise ParseError(f"Protobuf parse failed: Missing required fields: {', '.join(missing)}")
    return document


def _check(document: Mapping[str, Any], message: Mapping[str, Field], prefix: str, missing: list[str]) -> None:
    for name, field in message.items():
        value = document.get(name)
        if value is None:
            if field.required:
                missing.append(prefix + name)
            continue
        if isinstance(value, list) is not field.repeated:
            raise _unexpected(value, name)
        for item in value if field.repeated else (value,):
            if field.message is None and not isinstance(item, str):
                raise _unexpected(item, name)
            if field.message is not None:
                if not isinstance(item, dict):
                    raise _unexpected(item, name)
                _check(item, field.message, f"{prefix}{name}.", missing)


def _unexpected(value: object, name: str) -> ParseError:
    return ParseError(f"Protobuf parse failed: Not expecting a JSON {_kind(value)} for field '{name}'")


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "null")
