"""As much of Go's text/template as is useful with `get -o go-template`: fields, range, if, else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

_ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)


class TemplateError(Exception):
    """The template cannot be parsed or does not fit the data."""


def render(template: str, data: Any) -> str:
    """The text a template makes of some data."""
    pieces = _ACTION.split(template)
    nodes = [(index % 2 == 1, piece) for index, piece in enumerate(pieces)]
    text, position, _ = _block(nodes, 0, data, True, ())
    if position != len(nodes):
        raise TemplateError("template: get:1: unexpected {{end}}")
    return text


Nodes = Sequence[tuple[bool, str]]


def _block(nodes: Nodes, at: int, dot: Any, active: bool, ends: tuple[str, ...]) -> tuple[str, int, str]:
    """Render up to one of the words that end the block; the text, the position of that word, the word."""
    parts: list[str] = []
    while at < len(nodes):
        is_action, text = nodes[at]
        word = text.split(None, 1)[0] if is_action and text else ""
        if not is_action:
            parts.append(text if active else "")
            at += 1
        elif word in ("end", "else"):
            if word not in ends:
                raise TemplateError(f"template: get:1: unexpected {{{{{word}}}}}")
            return "".join(parts), at, word
        elif word in ("range", "if"):
            rendered, at = _control(nodes, at, dot, active)
            parts.append(rendered)
        else:
            parts.append(_show(_value(text, dot)) if active else "")
            at += 1
    if ends:
        raise TemplateError("template: get:1: unexpected EOF")
    return "".join(parts), at, ""


def _control(nodes: Nodes, at: int, dot: Any, active: bool) -> tuple[str, int]:
    word, _, operand = nodes[at][1].partition(" ")
    value = _value(operand.strip(), dot) if active else None
    items = list(_items(value)) if word == "range" else ([dot] if value else [])
    rendered = []
    for item in items:
        text, end, closing = _block(nodes, at + 1, item, True, ("end", "else"))
        rendered.append(text)
    if not items:
        _, end, closing = _block(nodes, at + 1, dot, False, ("end", "else"))
    if closing == "else":
        text, end, _ = _block(nodes, end + 1, dot, active and not items, ("end",))
        rendered.append(text)
    return "".join(rendered), end + 1


def _items(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        return iter([value[key] for key in sorted(value)])
    return iter(value or ())


def _value(expression: str, dot: Any) -> Any:
    if expression.startswith('"') and expression.endswith('"'):
        return expression[1:-1].replace("\\n", "\n").replace("\\t", "\t")
    if not expression.startswith("."):
        raise TemplateError(f'template: get:1: function "{expression.split(None, 1)[0]}" not defined')
    value = dot
    for name in filter(None, expression.split(".")):
        value = _field(value, name)
    return value


def _field(value: Any, name: str) -> Any:
    """A Go field by its name, which differs from the document's in case and dashes only."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise TemplateError(f"template: get:1: can't evaluate field {name}")
    wanted = name.lower()
    return next((item for key, item in value.items() if key.replace("-", "").lower() == wanted), None)


def _show(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{' '.join(_show(item) for item in value)}]"
    return "" if value is None else str(value)
