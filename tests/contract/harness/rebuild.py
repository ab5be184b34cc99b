"""What another build of the same sources changes in what a tool says, a rule each with its reason.

The real tools under test are built by another Go than those that were recorded. Where CALICO_ARTIFACTS names them, the rules are
applied to the record and to the answer alike; the stand-ins are held to the records literally. `test_rebuild.py` shows for each
rule what it makes equal, and what it leaves apart.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

_ERROR = r"(?<=error #\d: )"
_PLUGINS = ("calico", "calico-ipam")
_HELP_EXIT_CODES = (0, 2)


@dataclass(frozen=True)
class Rule:
    """Texts that differ between builds, and what stands for all of them; `why` they differ."""

    name: str
    why: str
    pattern: re.Pattern[str]
    new: str


RULES = (
    Rule(
        "source position",
        "A log line names the file and line of its caller's caller, which is another one when the compiler puts a function into its caller.",
        re.compile(r"(\[(?:DEBUG|INFO|WARNING|ERROR|FATAL|PANIC)\]\[\d+\]) [\w.-]+\.(?:go|s) \d+: "),
        r"\1 <source>: ",
    ),
    Rule(
        "quoted URL",
        "Go 1.14 and newer put quotes around the text that is no URL.",
        re.compile(r'\bparse "([^"\s]+)": '),
        r"parse \1: ",
    ),
    Rule(
        "connection ended by the server",
        "A server that does not understand what it reads closes the connection: EOF, or a reset when some of it is unread. The kernel and Go's buffers decide.",
        re.compile(_ERROR + r"(?:EOF\b|read tcp \S+?(?:->|-\\u003e)\S+: read: connection reset by peer)"),
        "<connection ended by the server>",
    ),
    Rule(
        "no answer in time",
        "The client's clock for the answer's header and the dialler's for the connection are both 30 seconds, and either may ring first.",
        re.compile(
            _ERROR
            + r"(?:client: endpoint \w+://(?P<endpoint>\S+) exceeded header timeout|dial tcp (?P<address>\S+): i/o timeout)"
        ),
        r"<\g<endpoint>\g<address> did not answer in time>",
    ),
    Rule(
        "certificate without subjectAltName",
        "Go 1.15 and newer have words of their own for a certificate that has the server's name in its CN alone; neither takes it for an address.",
        re.compile(
            r"x509: (?:cannot validate certificate for \S+ because it doesn't contain any IP SANs"
            r"|certificate relies on legacy Common Name field, use SANs instead)"
        ),
        "<certificate without subjectAltName>",
    ),
    Rule(
        "name of a temporary directory",
        "Go 1.17 and newer take any number of 32 bits, older ones nine digits.",
        re.compile(r"(?<=/run/calico)\d{1,10}(?![\d\w])"),
        "<number>",
    ),
)


def output(text: str) -> str:
    """A text as any build says it."""
    for rule in RULES:
        text = rule.pattern.sub(rule.new, text)
    return text


def exit_code(argv: Sequence[str], code: int | None) -> int | None:
    """The plugins' --help ends with 2, and with 0 when built by Go 1.15 or newer (its flag package's ErrHelp)."""
    asked = len(argv) == 2 and PurePath(argv[0]).name in _PLUGINS and argv[1] == "--help"
    return _HELP_EXIT_CODES[0] if asked and code in _HELP_EXIT_CODES else code
