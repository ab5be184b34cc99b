"""Reading YAML, the one user of the library for it."""

from __future__ import annotations

from typing import Any

import yaml

from .documents import DocumentError

_GO_WORDS = (
    ("expected <block end>", "did not find expected key"),
    ("expected the node content", "did not find expected node content"),
    ("expected ',' or '}'", "did not find expected ',' or '}'"),
    ("expected ',' or ']'", "did not find expected ',' or ']'"),
    ("that cannot start any token", "found character that cannot start any token"),
    ("mapping values are not allowed", "mapping values are not allowed in this context"),
    ("could not find expected ':'", "could not find expected ':'"),
    ("found unexpected end of stream", "found unexpected end of stream"),
    ("found undefined alias", "unknown anchor"),
)


def read(text: str) -> Any:
    """The value of one document; DocumentError in go-yaml's words."""
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as exc:
        raise DocumentError(_words(exc)) from exc
    except yaml.YAMLError as exc:
        raise DocumentError(f"yaml: {exc}") from exc


class _Loader(yaml.SafeLoader):
    """SafeLoader without timestamps: a date stays the string it is written as."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _words(exc: yaml.MarkedYAMLError) -> str:
    problem = exc.problem or ""
    words = next((go for ours, go in _GO_WORDS if ours in problem), problem)
    line = exc.problem_mark.line if exc.problem_mark else 0
    return f"yaml: line {line or 1}: {words}"
