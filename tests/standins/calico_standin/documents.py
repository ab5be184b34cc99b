"""YAML text to Python values, with go-yaml's words for what is wrong in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import yaml

_UNRECOGNIZED = "field in document is not recognized or is in the wrong location: {}"
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


class DocumentError(Exception):
    """A text is no YAML, or holds what its reader does not know; str() is go-yaml's wording."""


def parse(text: str) -> Any:
    """The value of one YAML (or JSON) document; None for an empty one."""
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as exc:
        raise DocumentError(_words(exc)) from exc
    except yaml.YAMLError as exc:
        raise DocumentError(f"yaml: {exc}") from exc


def refuse_unknown(content: Mapping[str, Any], known: Collection[str]) -> None:
    """Raise DocumentError for the first field that is not known."""
    for name in content:
        if name not in known:
            raise DocumentError(_UNRECOGNIZED.format(name))


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
