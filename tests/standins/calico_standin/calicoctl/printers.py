"""Output formats of `get`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from ..etcd import Etcd
from .model import Kind, Resource

_MIN_WIDTH = 5
_PADDING = 3
_JSON_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}
_AMBIGUOUS = (
    r"(?i:y|n|yes|no|on|off|true|false|null|~|nan|\.nan|[-+]?\.inf|<<|=|"
    r"[-+]?(?:0x[0-9a-f_]+|0b[01_]+|0o?[0-7_]+|[0-9][0-9_]*(?:\.[0-9_]*)?(?:e[-+]?[0-9]+)?|\.[0-9]+)|"
    r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+|\d{4}-\d\d?-\d\d?.*|)"
)
_NOT_PLAIN = r"^[-?:](?=\s|$)|^[,\[\]{}#&*!|>'\"%@`]|: |:$| #|^\s|\s$"


class UnknownFormat(Exception):
    """-o names no format."""


Printer = Callable[[Kind, Sequence[Resource]], None]


def printer(output: str, etcd: Etcd) -> Printer:
    """What prints resources in the format asked for."""
    name, _, value = output.partition("=")
    if output in ("ps", "wide"):
        return _table(etcd, lambda kind: kind.wide if output == "wide" else kind.headings)
    if name == "custom-columns" and value:
        return _table(etcd, lambda kind: value.split(","))
    if output == "yaml":
        return lambda kind, resources: print(to_yaml(_documents(resources)), end="")
    if output == "json":
        return lambda kind, resources: print(to_json(_documents(resources)))
    raise UnknownFormat(f"unrecognized output format '{output}'")


def _documents(resources: Sequence[Resource]) -> list[dict[str, Any]]:
    return [resource.document() for resource in resources]


def to_json(value: Any) -> str:
    """json.MarshalIndent with two blanks."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    for plain, escaped in _JSON_ESCAPES.items():
        text = text.replace(plain, escaped)
    return text


# -- tables ------------------------------------------------------------------------------------


def _table(etcd: Etcd, headings_of: Callable[[Kind], Sequence[str]]) -> Printer:
    known: list[str] = []

    def as_number() -> str:
        if not known:
            known.append(etcd.get("/calico/bgp/v1/global/as_num") or "64512")
        return known[0]

    def show(kind: Kind, resources: Sequence[Resource]) -> None:
        headings = headings_of(kind)
        for heading in headings:
            if heading not in kind.cells:
                print(f"Unknown heading {heading}, valid values are: {', '.join(kind.cells)}")
                return
        rows = [[kind.cells[heading](resource, as_number) for heading in headings] for resource in resources]
        print(aligned([headings, *rows]))

    return show


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Columns as Go's tabwriter makes them, an empty line at the end."""
    widths = [max(_MIN_WIDTH, max(map(len, column)) + _PADDING) for column in zip(*rows)]
    return "".join("".join(cell.ljust(width) for cell, width in zip(row, widths)) + "\n" for row in rows)


# -- YAML --------------------------------------------------------------------------------------


def to_yaml(value: Any) -> str:
    """Block style with sorted keys, lists not indented, as go-yaml writes them."""
    return "\n".join(_yaml_lines(value)) + "\n"


def _yaml_lines(value: Any) -> list[str]:
    if isinstance(value, dict) and value:
        lines = []
        for key in sorted(value):
            nested = value[key]
            head = f"{_scalar(key)}:"
            if isinstance(nested, dict) and nested:
                lines += [head, *(f"  {line}" for line in _yaml_lines(nested))]
            elif isinstance(nested, list) and nested:
                lines += [head, *_yaml_lines(nested)]
            else:
                lines.append(f"{head} {_yaml_lines(nested)[0]}")
        return lines
    if isinstance(value, list) and value:
        lines = []
        for item in value:
            first, *rest = _yaml_lines(item)
            lines += [f"- {first}", *(f"  {line}" for line in rest)]
        return lines
    if isinstance(value, (dict, list)):
        return ["{}" if isinstance(value, dict) else "[]"]
    return [_scalar(value)]


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return str(value)
    if re.fullmatch(_AMBIGUOUS, value) or "\n" in value:
        return json.dumps(value, ensure_ascii=False)
    if re.search(_NOT_PLAIN, value):
        return "'" + value.replace("'", "''") + "'"
    return value
