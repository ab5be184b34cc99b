"""Calico's selector language: which labels does an expression match?"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from ..errors import StandinError

Labels = Mapping[str, str]
Test = Callable[[Labels], bool]

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>"[^"]*"|'[^']*')
    | (?P<has>!?has\(\s*[\w./-]+\s*\))
    | (?P<all>all\(\s*\))
    | (?P<symbol>==|!=|&&|\|\||!|\(|\)|\{|\}|,)
    | (?P<word>[\w./-]+)
    )""",
    re.VERBOSE,
)


class SelectorError(StandinError):
    """The expression cannot be read."""


def compile_selector(text: str) -> Test:
    """A test for labels; the empty expression matches everything."""
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._position = 0

    def parse(self) -> Test:
        if not self._tokens:
            return lambda labels: True
        test = self._any()
        if self._position != len(self._tokens):
            raise SelectorError(f"unexpected content at end of selector {self._text!r}")
        return test

    def _peek(self) -> str:
        return self._tokens[self._position] if self._position < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        if not token:
            raise SelectorError(f"unexpected end of selector {self._text!r}")
        self._position += 1
        return token

    def _expect(self, wanted: str) -> None:
        if self._next() != wanted:
            raise SelectorError(f"expected {wanted} in selector {self._text!r}")

    def _any(self) -> Test:
        tests = [self._all()]
        while self._peek() == "||":
            self._next()
            tests.append(self._all())
        return lambda labels: any(test(labels) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._peek() == "&&":
            self._next()
            tests.append(self._one())
        return lambda labels: all(test(labels) for test in tests)

    def _one(self) -> Test:
        token = self._next()
        if token == "!":
            inner = self._one()
            return lambda labels: not inner(labels)
        if token == "(":
            inner = self._any()
            self._expect(")")
            return inner
        if token.startswith("all("):
            return lambda labels: True
        if token.startswith(("has(", "!has(")):
            name = token[token.index("(") + 1 : -1].strip()
            wanted = not token.startswith("!")
            return lambda labels: (name in labels) is wanted
        return self._comparison(token)

    def _comparison(self, name: str) -> Test:
        operator = self._next()
        if operator == "==":
            value = self._string()
            return lambda labels: labels.get(name) == value
        if operator == "!=":
            value = self._string()
            return lambda labels: labels.get(name) != value
        negated = operator == "not"
        if negated:
            operator = self._next()
        if operator != "in":
            raise SelectorError(f"expected an operator after {name} in selector {self._text!r}")
        values = self._set()
        return lambda labels: (name in labels and labels[name] in values) is not negated

    def _set(self) -> set[str]:
        self._expect("{")
        values: set[str] = set()
        while self._peek() != "}":
            values.add(self._string())
            if self._peek() == ",":
                self._next()
        self._next()
        return values

    def _string(self) -> str:
        token = self._next()
        if token[0] not in "'\"":
            raise SelectorError(f"expected a string in selector {self._text!r}")
        return token[1:-1]


def _tokens(text: str) -> list[str]:
    found: list[str] = []
    rest = text.strip()
    while rest:
        match = _TOKEN.match(rest)
        if match is None:
            raise SelectorError(f"unexpected characters in selector {text!r}")
        found.append(match.group(0).strip())
        rest = rest[match.end() :].lstrip()
    return found
