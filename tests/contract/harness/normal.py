"""What two runs of one tool may differ in: ids, MACs, times, the order of -e options, Go's words for a refusal."""

from __future__ import annotations

import json
import re
from typing import Any

from . import rebuild
from .config import real_artifacts

USAGE = "<usage text>"
_PATTERNS = (
    (re.compile(r"\b[0-9a-f]{2}(:[0-9a-f]{2}){5}\b"), "<mac>"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "<guid>"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d{4})?"), "<time>"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "<time>  "),
    (re.compile(r"\d{8}_\d{6}"), "<stamp>"),
    (re.compile(r"\]\[\d+\]|\[(INFO|ERROR|WARNING|DEBUG)\]\[\d+\]"), r"[\1][<pid>]"),
    (re.compile(r"build [0-9a-f]{7,8}\b|(?<=Git commit:)(\s+)[0-9a-f]{7,8}"), "<commit>"),
    (re.compile(r"(?<=Build date:)\s+\S+"), "<time>"),
    (re.compile(r"calico\d{9}\b"), "calico<number>"),
    (re.compile(r"\b(getsockopt|connect): (connection refused|no route to host|network is unreachable)"), r"\2"),
    (re.compile(r"(dial tcp: lookup \S+?):? .*"), r"\1 <dns>"),
    (re.compile(r"0xc[0-9a-f]{9}"), "<pointer>"),
)
_OPTIONS = re.compile(r"(?: -[ev] \S+)+")
_CLUSTER_ERROR = re.compile(r"; error #\d+: ")


def output(text: str) -> str:
    """Output that may be compared literally."""
    if real_artifacts():
        text = rebuild.output(text)
    for pattern, new in _PATTERNS:
        text = pattern.sub(new, text)
    text = _OPTIONS.sub(_sorted_options, text)
    return "\n".join(_sorted_errors(part) for part in text.split("\n\n")) if "; error #" in text else text


def value(text: str) -> Any:
    """An etcd value: parsed when it is JSON, with ids and MACs taken out."""
    try:
        return json.loads(output(text))
    except ValueError:
        return output(text)


def _sorted_options(match: re.Match[str]) -> str:
    words = match.group(0).split(" -")[1:]
    return "".join(f" -{word}" for word in sorted(words))


def _sorted_errors(text: str) -> str:
    head, *errors = _CLUSTER_ERROR.split(text)
    return head + "".join(f"; error #N: {error.strip()}" for error in sorted(errors))
