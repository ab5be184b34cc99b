"""Whether a text is a selector: `role == 'db' && has(env) || !(a in {'x', 'y'})`."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TOKEN = r"""(?x)\s*(?:
        (?P<word>all\(\s*\)|has\(\s*[\w./-]+\s*\)|not\s+in\b|in\b|==|!=|&&|\|\||[!(){},])
      | (?P<string>'[^']*'|"[^"]*")
      | (?P<label>[A-Za-z_][\w./-]*)
    )"""


def is_selector(text: str) -> bool:
    """The text is empty or follows the grammar."""
    tokens = _tokens(text)
    if tokens is None:
        return False
    return not tokens or _disjunction(tokens, 0) == len(tokens)


def _tokens(text: str) -> list[str] | None:
    token = re.compile(_TOKEN)
    found, position, end = [], 0, len(text.rstrip())
    while position < end:
        match = token.match(text, position)
        if match is None:
            return None
        kind = match.lastgroup or ""
        found.append(" ".join(match[kind].split()) if kind == "word" else kind)
        position = match.end()
    return found


# Each rule gives the position behind what it matched; -1 when it did not match.
def _disjunction(tokens: Sequence[str], at: int) -> int:
    return _chain(tokens, at, "||", lambda here: _chain(tokens, here, "&&", lambda inner: _term(tokens, inner)))


def _chain(tokens: Sequence[str], at: int, operator: str, part: object) -> int:
    assert callable(part)
    here = int(part(at))
    while 0 <= here < len(tokens) and tokens[here] == operator:
        here = int(part(here + 1))
    return here


def _term(tokens: Sequence[str], at: int) -> int:
    head = tokens[at] if 0 <= at < len(tokens) else ""
    if head == "!":
        return _term(tokens, at + 1)
    if head == "(":
        inside = _disjunction(tokens, at + 1)
        return inside + 1 if 0 <= inside < len(tokens) and tokens[inside] == ")" else -1
    if head.startswith(("all(", "has(")):
        return at + 1
    if head != "label" or at + 2 >= len(tokens):
        return -1
    operator = tokens[at + 1]
    if operator in ("==", "!="):
        return at + 3 if tokens[at + 2] == "string" else -1
    return _set(tokens, at + 2) if operator in ("in", "not in") else -1


def _set(tokens: Sequence[str], at: int) -> int:
    if tokens[at] != "{":
        return -1
    here = at + 1
    while here < len(tokens) and tokens[here] != "}":
        if tokens[here] != "string":
            return -1
        here += 1
        if here < len(tokens) and tokens[here] == ",":
            here += 1
    return here + 1 if here < len(tokens) else -1
