# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check finds: one finding, the verdict of all checks, and the words of both for people. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError

ALL = "all hosts"


@dataclasses.dataclass(frozen=True)
class Finding:
    """What is wrong or worth knowing, why, and what to do.

    :ivar host: the host, or hosts, that it was found on; ALL where it concerns what is desired rather than one host.
    :ivar check: name of the check, by which an operator can have it ignored; empty where that cannot be.
    """

    what: str
    why: str | None = None
    remedy: str | None = None
    host: str = ALL
    check: str = ""

    def __str__(self) -> str:
        """One line, worded as an error is, with the name of the check."""
        text = str(CalicoError(self.what, self.why, self.remedy))
        return f"{text} [{self.check}]" if self.check else text

    def document(self) -> dict[str, Any]:
        """The finding as modules return it."""
        return {"host": self.host, "check": self.check, "what": self.what, "why": self.why, "remedy": self.remedy}


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What checks found.

    :ivar ignored: names of checks whose failures count as warnings.
    :ivar host: what is noted next is about.
    """

    ignored: frozenset[str] = frozenset()
    host: str = ALL
    failures: list[Finding] = dataclasses.field(default_factory=list)
    warnings: list[Finding] = dataclasses.field(default_factory=list)

    def on(self, host: str) -> Verdict:
        """The same verdict, to note in it what is about one host."""
        return dataclasses.replace(self, host=host)

    def fail(self, check: str, what: str, why: str | None = None, remedy: str | None = None) -> None:
        """Note a failure."""
        found = self.warnings if check in self.ignored else self.failures
        found.append(Finding(what, why, remedy, self.host, check))

    def refuse(self, check: str, error: CalicoError, remedy: str | None = None) -> None:
        """Note a failure in an error's own words."""
        self.fail(check, error.what, error.why, error.remedy or remedy)

    def warn(self, check: str, what: str, why: str | None = None, remedy: str | None = None) -> None:
        """Note a warning."""
        self.warnings.append(Finding(what, why, remedy, self.host, check))

    def order(self, hosts: Iterable[str]) -> None:
        """Bring the findings into the order of hosts, those about no host first."""
        places = {host: place for place, host in enumerate([ALL, *hosts])}
        for found in (self.failures, self.warnings):
            found.sort(key=lambda finding: places[finding.host])

    def result(self, where: str) -> dict[str, Any]:
        """What an action returns of it.

        :param where: completes the sentence "2 problems found".
        """
        found: dict[str, Any] = {
            "problems": [finding.document() for finding in self.failures],
            "notes": [finding.document() for finding in self.warnings],
        }
        if self.warnings:
            found["warnings"] = [told(finding) for finding in self.warnings]
        return {**found, **failed(f"Nothing was touched: {{}} found {where}".rstrip(), self.failures)}


def told(finding: Finding) -> str:
    """A finding by itself, with its host."""
    return str(finding) if finding.host == ALL else f"{finding.host}: {finding}"


def failed(head: str, findings: Sequence[Finding], noun: str = "problem") -> dict[str, Any]:
    """The failure of an action: all findings in one text, grouped by host; nothing where there are none.

    :param head: the first sentence without its full stop, C({}) in it stands for how many there are.
    """
    if not findings:
        return {}
    lines = [f"{head.format(counted(len(findings), noun))}."]
    hosts = list(dict.fromkeys(finding.host for finding in findings))
    for host in hosts:
        lines += [f"{host}:"] if hosts != [ALL] else []
        lines += [f"  - {finding}" for finding in findings if finding.host == host]
    return {"failed": True, "msg": "\n".join(lines)}


def counted(number: int, noun: str) -> str:
    """A number of things: C(1 problem), C(2 problems), C(2 addresses)."""
    return f"{number} {noun if number == 1 else noun + ('es' if noun.endswith('s') else 's')}"


def some(names: Sequence[str], most: int = 3) -> str:
    """The first of some names, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
