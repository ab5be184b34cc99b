"""Documents as Python values, with go-yaml's words for what is wrong in them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

_UNRECOGNIZED = "field in document is not recognized or is in the wrong location: {}"


class DocumentError(Exception):
    """A text is no YAML, or holds what its reader does not know; str() is go-yaml's wording."""


def parse(text: str) -> Any:
    """The value of one YAML (or JSON) document; None for an empty one."""
    # Here and not above: loading the parser takes longer than most commands that need none.
    from . import yaml_reader

    return yaml_reader.read(text)


def refuse_unknown(content: Mapping[str, Any], known: Collection[str]) -> None:
    """Raise DocumentError for the first field that is not known."""
    for name in content:
        if name not in known:
            raise DocumentError(_UNRECOGNIZED.format(name))
