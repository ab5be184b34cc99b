"""Typed fields of resource documents: decoding with the words of Go's decoders, and Go's `omitempty`.

A decoded structure is a dict in the field order of the Go type, without its empty fields.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_interface
from typing import Any

from .. import documents
from ..documents import DocumentError
from .cli import parse_as_number

_GO_KINDS = {dict: "object", list: "array", str: "string", bool: "bool", int: "number", float: "number"}


class Type:
    """How a value is read; `always` marks what is shown even when empty."""

    always = False

    def decode(self, value: Any, where: str) -> Any:
        """The normal form of a value, or DocumentError."""
        raise NotImplementedError


@dataclass(frozen=True)
class Scalar(Type):
    """A plain Go type: string, bool, int, float64."""

    go_name: str
    always: bool = False

    def decode(self, value: Any, where: str) -> Any:
        if isinstance(value, (dict, list)):
            raise _mismatch(value, self.go_name)
        if self.go_name == "string":
            return _as_text(value)
        if self.go_name == "bool":
            if isinstance(value, bool):
                return value
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            return int(value) if float(value).is_integer() else value
        raise DocumentError(f"cannot parse string '{_as_text(value)}' into field {where} of type {self.go_name}")


@dataclass(frozen=True)
class Text(Type):
    """A Go type of its own that is written as a string or number."""

    parse: Callable[[Any], Any]

    def decode(self, value: Any, where: str) -> Any:
        if isinstance(value, (dict, list)):
            raise _mismatch(value, "string")
        return self.parse(value)


@dataclass(frozen=True)
class List(Type):
    """A slice."""

    item: Type

    def decode(self, value: Any, where: str) -> Any:
        if not isinstance(value, list):
            raise _mismatch(value, "[]string" if isinstance(self.item, Scalar) else "slice")
        return [self.item.decode(item, where) for item in value]


@dataclass(frozen=True)
class Labels(Type):
    """map[string]string."""

    def decode(self, value: Any, where: str) -> Any:
        if not isinstance(value, dict):
            raise _mismatch(value, "map[string]string")
        return {str(name): _as_text(item) for name, item in sorted(value.items())}


@dataclass(frozen=True)
class Struct(Type):
    """A Go struct; a `pointer` to one is left out when absent."""

    go_name: str
    fields: Mapping[str, Type]
    pointer: bool = False

    @property
    def always(self) -> bool:  # type: ignore[override]
        return not self.pointer

    def decode(self, value: Any, where: str) -> Any:
        content = {} if value is None else value
        if not isinstance(content, dict):
            raise _mismatch(content, f"api.{self.go_name}")
        documents.refuse_unknown(content, self.fields)
        found = {
            name: kind.decode(content[name], f"{self.go_name}.{name}")
            for name, kind in self.fields.items()
            if content.get(name) is not None
        }
        return self.trim(found)

    def trim(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """The same without empty fields, and with the structs that are always there."""
        trimmed: dict[str, Any] = {}
        for name, kind in self.fields.items():
            value = content.get(name)
            if isinstance(kind, Struct):
                if value is not None or kind.always:
                    trimmed[name] = kind.trim(value or {})
            elif isinstance(value, list) and isinstance(kind, List) and isinstance(kind.item, Struct):
                if value:
                    trimmed[name] = [kind.item.trim(item) for item in value]
            elif isinstance(kind, Scalar) and kind.always:
                trimmed[name] = value or ""
            elif value or (value == 0 and name in _KEEP_ZERO and value is not None and value is not False):
                trimmed[name] = value
        return trimmed


# Pointers in Go: 0 is a value of theirs.
_KEEP_ZERO = ("order", "type", "code", "asNumber")


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _mismatch(value: Any, wanted: str) -> DocumentError:
    return DocumentError(f"json: cannot unmarshal {_GO_KINDS.get(type(value), 'value')} into Go value of type {wanted}")


def _network(value: Any) -> str:
    text = _as_text(value)
    if not text:
        return ""
    try:
        return str(ip_interface(text))
    except ValueError as exc:
        raise DocumentError(f"invalid IP address: {text}") from exc


def _address(value: Any) -> str:
    text = _as_text(value)
    try:
        return str(ip_address(text)) if text else ""
    except ValueError as exc:
        raise DocumentError(f"invalid IP address: {text}") from exc


def _as_number(value: Any) -> int:
    found = parse_as_number(_as_text(value))
    if found is None:
        raise DocumentError(f"invalid AS Number format ({value})")
    return found


def _port(value: Any) -> int | str:
    if isinstance(value, int) and not isinstance(value, bool):
        if not 0 <= value <= 65535:
            raise DocumentError(f"json: cannot unmarshal number {value} into Go value of type uint16")
        return value
    parts: Sequence[str] = _as_text(value).split(":")
    if len(parts) > 2 or not all(part.isdecimal() and int(part) <= 65535 for part in parts):
        raise DocumentError(f"invalid port format ({value})")
    if len(parts) == 2 and int(parts[0]) > int(parts[1]):
        raise DocumentError(f"minimum port number ({parts[0]}) is greater than maximum port number ({parts[1]})")
    return int(parts[0]) if len(parts) == 1 else ":".join(parts)


def _protocol(value: Any) -> int | str:
    if isinstance(value, int) and not isinstance(value, bool):
        if not 0 <= value <= 255:
            raise DocumentError(f"json: cannot unmarshal number {value} into Go value of type uint8")
        return value
    return _as_text(value)


STRING, BOOL, INT, FLOAT = Scalar("string"), Scalar("bool"), Scalar("int"), Scalar("float64")
NETWORK, ADDRESS, AS_NUMBER = Text(_network), Text(_address), Text(_as_number)
PORT, PROTOCOL = Text(_port), Text(_protocol)
