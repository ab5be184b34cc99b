# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a status tells an operator to do: problems, worst first, those of alike hosts together, each with the command that is next. Pure."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Sequence
from typing import Any

CRITICAL, WARNING, NOTICE = "critical", "warning", "notice"
RANK = (CRITICAL, WARNING, NOTICE)
LIMIT = 20  # so many hosts are named in a command, at most
PLAY, LOOK, ONCE = "play", "look", "once"
Command = tuple[str, str]


@dataclasses.dataclass(frozen=True)
class Problem:
    """What is wrong.

    :ivar severity: CRITICAL (packets or new containers are lost), WARNING (they may be soon, or a run would be refused) or NOTICE (worth knowing).
    :ivar command: what to type next, as play(), look() or once() give it; None where there is no one command.
    :ivar hosts: where; empty if it is about the cluster.
    """

    severity: str
    what: str
    why: str | None = None
    remedy: str | None = None
    command: Command | None = None
    hosts: Sequence[str] = ()

    def on(self, host: str) -> Problem:
        """The same on a host."""
        return dataclasses.replace(self, hosts=[host])


def play(name: str) -> Command:
    """A playbook of this collection, for the hosts of the problem."""
    return PLAY, f"ansible-playbook dcos.calico.{name}"


def look(arguments: str) -> Command:
    """An ad-hoc command that changes nothing, on the hosts of the problem."""
    return LOOK, arguments


def once(arguments: str, host: str) -> Command:
    """An ad-hoc command that changes nothing, on a host that answers for the cluster."""
    return ONCE, f"ansible {shlex.quote(host)} {arguments}"


def _typed(command: Command | None, hosts: Sequence[str], total: int) -> str | None:
    if command is None:
        return None
    kind, words = command
    if kind == PLAY:
        some = hosts and len(hosts) <= min(LIMIT, total - 1)
        return f"{words} --limit {shlex.quote(','.join(hosts))}" if some else words
    if kind == LOOK:  # many hosts with the same problem are looked at by one of them
        return f"ansible {shlex.quote(hosts[0]) if hosts else 'agents'} {words}"
    return words


def together(problems: Sequence[Problem], total: int) -> list[dict[str, Any]]:
    """Problems as documents, worst first, those that differ by their host alone as one.

    :param total: number of hosts in the run.
    """
    groups: dict[Problem, list[str]] = {}
    for problem in problems:
        key = dataclasses.replace(problem, hosts=(), why=problem.why or None)
        mine = groups.setdefault(key, [])
        mine += [host for host in problem.hosts if host not in mine]
    found = [
        {
            "severity": one.severity,
            "what": one.what,
            "why": one.why,
            "remedy": one.remedy or None,
            "command": _typed(one.command, hosts, total),
            "hosts": hosts,
        }
        for one, hosts in groups.items()
    ]
    return sorted(found, key=lambda one: (RANK.index(one["severity"]), -len(one["hosts"])))
