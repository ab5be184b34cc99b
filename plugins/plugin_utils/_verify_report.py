# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A verification as an operator reads it in a terminal, and as programs do: JSON, JUnit. Pure."""

from __future__ import annotations

import dataclasses
import json
from typing import Any
from xml.etree import ElementTree

from ansible_collections.dcos.calico.plugins.plugin_utils._verify_evaluate import FAILED, SKIPPED, Row
from ansible_collections.dcos.calico.plugins.plugin_utils._verify_plan import CHECKS

VERSION = 1
TITLES = {"rp_filter": "rp_filter", "peers": "peers", "large": "large packets"}
# What a JUnit name may not have in it: characters that XML has no way to write.
PRINTABLE = {code: "?" for code in range(32) if chr(code) not in "\t\n"}


@dataclasses.dataclass(frozen=True)
class Report:
    """A verification that was validated.

    :ivar started, finished: UTC, as ISO 8601 has it; seconds: how long it took.
    :ivar pairs: how many connections between containers were tried, and how many of them were well.
    """

    run: str
    dcos: str
    rows: list[Row]
    pairs: tuple[int, int]
    started: str
    seconds: float

    @property
    def ok(self) -> bool:
        return not any(row.failed for row in self.rows)

    @property
    def checks(self) -> tuple[int, int, int]:
        """How many were made, failed, and were skipped."""
        every = [check.status for row in self.rows for check in row.checks.values()]
        return len(every) - every.count(SKIPPED), every.count(FAILED), every.count(SKIPPED)

    @property
    def agents(self) -> int:
        return len({row.host for row in self.rows})


def _grid(head: list[str], rows: list[list[str]]) -> list[str]:
    widths = [max(len(line[column]) for line in [head, *rows]) for column in range(len(head))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in [head, *rows]]


def summary(report: Report) -> str:
    """One line that says it all."""
    made, failed, _skipped = report.checks
    pairs, well = report.pairs
    verdict = f"{failed} of {made} checks FAILED" if failed else f"all {made} checks passed"
    agents = f"{report.agents} {'agent' if report.agents == 1 else 'agents'}"
    return f"{agents}, {well} of {pairs} connections between containers, {verdict} ({report.seconds:.0f} s)"


def table(report: Report) -> list[str]:
    """Lines for a terminal: what was verified, a row for each agent and network, what failed, and the summary."""
    networks = list(dict.fromkeys(row.network for row in report.rows))
    lines = [
        f"Calico on DC/OS {report.dcos}: {'networks' if len(networks) > 1 else 'network'} {', '.join(networks)}, run {report.run}",
        "",
    ]
    several = len(networks) > 1
    head = ["agent", "", *(["network"] if several else []), "container", *(TITLES.get(name, name) for name in CHECKS)]
    cells = [
        [row.host, row.agent if row.agent and row.agent != row.host else "", *([row.network] if several else []), row.address or "-",
         *(row.checks[name].text for name in CHECKS)]
        for row in report.rows
    ]  # fmt: skip
    if not any(line[1] for line in cells):
        head, cells = [head[0], *head[2:]], [[line[0], *line[2:]] for line in cells]
    lines += _grid(head, cells)
    failures = details(report)
    return [*lines, "", *failures, *([""] if failures else []), summary(report)]


def details(report: Report) -> list[str]:
    """What failed and why, by agent, and in a line below it what to do."""
    lines = []
    networks = {row.network for row in report.rows}
    for row in report.rows:
        for check in row.failed:
            where = f"{row.host} on {row.network}" if len(networks) > 1 else row.host
            for finding in check.findings:
                lines.append(
                    f"{where}, {TITLES.get(check.name, check.name)}: {finding.what}{f': {finding.why}' if finding.why else ''}"
                )
                lines += [f"    {finding.remedy}"] if finding.remedy else []
    return lines


def message(report: Report) -> str:
    """Of a run that failed: how many checks, of whom, and what of them."""
    made, failed, _skipped = report.checks
    wrong = [f"{row.host}{f' on {row.network}' if len({one.network for one in report.rows}) > 1 else ''}: {', '.join(check.name for check in row.failed)}"
             for row in report.rows if row.failed]  # fmt: skip
    causes = " ".join(
        dict.fromkeys(str(finding) for row in report.rows for check in row.failed for finding in check.findings)
    )
    return f"{failed} of {made} checks failed. {'; '.join(wrong)}. {causes}"


def document(report: Report, pairs: list[dict[str, Any]]) -> dict[str, Any]:
    """All of it as data."""
    made, failed, skipped = report.checks
    agents = [
        {
            "host": row.host,
            "agent": row.agent,
            "inventory": row.inventory,
            "network": row.network,
            "address": row.address,
            "ok": not row.failed,
            "checks": {
                check.name: {
                    "status": check.status,
                    "text": check.text,
                    "findings": [
                        {"what": finding.what, "why": finding.why, "remedy": finding.remedy}
                        for finding in check.findings
                    ],
                }
                for check in row.checks.values()
            },
        }
        for row in report.rows
    ]
    return {
        "version": VERSION,
        "run": report.run,
        "dcos": report.dcos,
        "started": report.started,
        "seconds": round(report.seconds, 1),
        "ok": report.ok,
        "summary": {
            "agents": report.agents,
            "checks": made,
            "failed": failed,
            "skipped": skipped,
            "pairs": report.pairs[0],
            "pairs_well": report.pairs[1],
        },
        "agents": agents,
        "pairs": pairs,
    }


def stats(report: Report) -> dict[str, Any]:
    """Little enough to be an artifact of a job: of each agent whether it is well, or what is not."""
    made, failed, _skipped = report.checks
    agents: dict[str, list[str]] = {row.host: [] for row in report.rows}
    for row in report.rows:
        agents[row.host] += [f"{check.name} ({row.network})" for check in row.failed]
    return {"run": report.run, "ok": report.ok, "checks": made, "failed": failed, "agents": agents}


def junit(report: Report) -> str:
    """XML that CI systems read: a suite for each network, a case for each check of each agent."""
    made, failed, skipped = report.checks
    totals = {"tests": str(made + skipped), "failures": str(failed), "errors": "0", "time": f"{report.seconds:.1f}"}
    root = ElementTree.Element("testsuites", {"name": "dcos.calico.verify", **totals})
    for network in dict.fromkeys(row.network for row in report.rows):
        rows = [row for row in report.rows if row.network == network]
        every = [check for row in rows for check in row.checks.values()]
        states = [check.status for check in every]
        counts = {"tests": len(every), "failures": states.count(FAILED), "errors": 0, "skipped": states.count(SKIPPED)}
        named = {"name": _clean(f"dcos.calico.verify.{network}"), "hostname": _clean(report.run)}
        times = {"timestamp": report.started[:19], "time": f"{report.seconds:.1f}"}
        numbers = {name: str(number) for name, number in counts.items()}
        suite = ElementTree.SubElement(root, "testsuite", {**named, **times, **numbers})
        for row in rows:
            for check in row.checks.values():
                case = ElementTree.SubElement(
                    suite,
                    "testcase",
                    classname=_clean(f"{network}.{row.host.replace('.', '-')}"),
                    name=check.name,
                    time="0",
                )
                if check.status == SKIPPED:
                    ElementTree.SubElement(case, "skipped")
                elif check.status == FAILED:
                    failure = ElementTree.SubElement(
                        case, "failure", message=_clean(check.findings[0].what), type=check.name
                    )
                    failure.text = _clean("\n".join(str(finding) for finding in check.findings))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _clean(text: str) -> str:
    return text.translate(PRINTABLE)


def as_json(report: Report, pairs: list[dict[str, Any]]) -> str:
    return json.dumps(document(report, pairs), indent=2, ensure_ascii=False) + "\n"
