"""What another release of Calico than the recorded one says otherwise, a rule each with its reason.

The records are of Calico 2.6.6. Where CALICO_ARTIFACTS names the tools of another release, its rules make of what is recorded what that
release says, in outputs and in etcd. A record that holds for one release alone, because another does something else, says so in `release`.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

RECORDED = "2.6.6"
VARIABLE = "CONTRACT_RELEASE"
# What `calicoctl --version` says -> release.
_CALICOCTL = {"v1.6.3": RECORDED, "v1.6.5": "2.6.12"}


@dataclass(frozen=True)
class Rule:
    """A text of the recorded release and what stands there in another; `why` they differ."""

    name: str
    why: str
    pattern: re.Pattern[str]
    new: str


RULES = {
    RECORDED: (),
    "2.6.12": (
        Rule("calicoctl", "It names itself.", re.compile(r"(?<![\w./:-])v1\.6\.3(?![\w.-])"), "v1.6.5"),
        Rule("plugins", "They name themselves.", re.compile(r"(?<![\w./:-])v1\.11\.2(?![\w.-])"), "v1.11.8"),
        Rule("node", "Its version in etcd is its own.", re.compile(r"\Av2\.6\.6\Z"), "v2.6.12"),
        Rule(
            "secrets",
            "The plugin logs neither its configuration nor its environment any more.",
            re.compile(r"(?m)^.*(?:Loaded CNI NetConf|Configured environment: ).*\n"),
            "",
        ),
    ),
}


def of(version: str) -> str:
    """The release whose calicoctl says this of itself."""
    for name, release in _CALICOCTL.items():
        if re.search(rf"(?<!\S){re.escape(name)}(?![\w.-])", version):
            return release
    raise ValueError(f"calicoctl says {version.strip()!r}: the records are of {', '.join(_CALICOCTL)}")


def under_test() -> str:
    """The release of the tools under test, which conftest.py asks them for."""
    return os.environ.get(VARIABLE, RECORDED)


def expected(text: str) -> str:
    """A recorded text as the release under test says it."""
    for rule in RULES[under_test()]:
        text = rule.pattern.sub(rule.new, text)
    return text
