# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agents that Mesos has against those that the inventory has. Pure.

They are the same where an address or host name of Mesos' is the name of a host, its ansible_host, or what its ip-detect says.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.dcos.calico.plugins.plugin_utils._dcos_inventory import one_each
from ansible_collections.dcos.calico.plugins.plugin_utils._findings import Verdict, some
from ansible_collections.dcos.calico.plugins.plugin_utils._required_hosts import is_slice

GROUPS = ("agents", "agents_private", "agents_public")
CHECK = "agents"
SHOWN = 5


def is_whole(variables: Mapping[str, Any]) -> bool:
    """Whether a run has the whole inventory, so that who is not in it was forgotten; no limit, no slice of a job of AWX."""
    return not variables.get("ansible_limit") and not is_slice(variables)


def in_inventory(groups: Mapping[str, Iterable[str]]) -> list[str]:
    """Names of the hosts in the groups of agents."""
    return sorted({name for group in GROUPS for name in groups.get(group) or ()})


def names_of(host: str, variables: Mapping[str, Any], said: str | None) -> set[str]:
    """By what Mesos may know a host.

    :param said: the address by its own ip-detect, None where that was not asked.
    """
    return {str(name) for name in (host, variables.get("ansible_host"), said) if name}


def detected(info: Any) -> str | None:
    """What the ip-detect of a host says, by the result of agent_info."""
    return ((info.get("node") or {}) if isinstance(info, Mapping) else {}).get("ip")


@dataclasses.dataclass(frozen=True)
class Compared:
    """Who is on one side only.

    :ivar forgotten: agents that are connected to the leading master, and that the inventory has not.
    :ivar away: such that the leading master does not hear of: they are restarting, leaving or gone, so nobody is asked to add them.
    :ivar unknown: hosts that Mesos has no agent of. One whose ip-detect was not asked is among them if it goes by another address there.
    """

    forgotten: list[dict[str, Any]]
    away: list[dict[str, Any]]
    unknown: list[str]


def compare(agents: Iterable[Mapping[str, Any]], hosts: Mapping[str, set[str]]) -> Compared:
    """Both sides against each other.

    :param agents: as dcos_agent_info lists them.
    :param hosts: names_of() of each host that is an agent.
    """
    known = one_each([dict(agent) for agent in agents])
    ours = {name for names in hosts.values() for name in names}
    theirs = {name for agent in known for name in _called(agent)}
    strange = [agent for agent in known if not _called(agent) & ours]
    return Compared(
        [agent for agent in strange if agent["active"]],
        [agent for agent in strange if not agent["active"]],
        sorted(host for host, names in hosts.items() if not names & theirs),
    )


def _called(agent: Mapping[str, Any]) -> set[str]:
    return {str(name) for name in (agent["address"], agent.get("hostname")) if name}


def called(agent: Mapping[str, Any]) -> str:
    """An agent in words: C(10.0.1.13), C(10.0.1.13 (node3, public))."""
    more = [agent["hostname"]] if agent.get("hostname") not in (None, "", agent["address"]) else []
    more += ["public"] if agent.get("public") else []
    name = agent["address"] or agent["id"]
    return f"{name} ({', '.join(more)})" if more else name


def check(verdict: Verdict, mesos: Mapping[str, Any], hosts: Mapping[str, set[str]], whole: bool) -> list[str]:
    """Warn of agents that one side has alone; the forgotten agents in words.

    :param mesos: the result of dcos_agent_info, or what came instead of one.
    :param whole: see is_whole(); of a part, nothing is said about agents that are not in it.
    """
    if not isinstance(mesos.get("agents"), list):
        if whole:
            _not_looked(verdict, mesos)
        return []
    compared = compare(mesos["agents"], hosts)
    forgotten = [called(agent) for agent in compared.forgotten] if whole else []
    if forgotten:
        number = "an agent" if len(forgotten) == 1 else f"{len(forgotten)} agents"
        verdict.warn(
            CHECK,
            f"Mesos has {number} that the inventory has not: {some(forgotten, SHOWN)}",
            "nothing is done there, and containers on Calico's networks that Mesos starts there fail",
            "Add them to agents_private or agents_public, now or in a later run",
        )
    if compared.unknown:
        verdict.warn(
            CHECK,
            f"Mesos has no agent {some(compared.unknown, SHOWN)}",
            "it starts no container there",
            "See whether its Mesos agent runs (dcos-mesos-slave or dcos-mesos-slave-public), or take it out of the group",
        )
    return forgotten


def _not_looked(verdict: Verdict, mesos: Mapping[str, Any]) -> None:
    what = "it was not looked whether Mesos has agents that the inventory has not"
    if mesos.get("skipped") or not mesos.get("msg"):
        why, remedy = "calico_dcos_url is not set", "Set it, and how to log in (calico_dcos_*), to have that looked at"
    else:
        why, remedy = str(mesos["msg"]), "See whether calico_dcos_url and how to log in (calico_dcos_*) are right"
    verdict.warn(CHECK, what, why, remedy)
