# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster as hosts of an inventory: what is asked of it, and what becomes of the answers. Only read() asks anybody."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils import _untrusted
from ansible_collections.dcos.calico.plugins.module_utils._dcos import _mesos
from ansible_collections.dcos.calico.plugins.module_utils._dcos._client import DcosClient

MASTERS, AGENTS, PRIVATE, PUBLIC, LEADER = "masters", "agents", "agents_private", "agents_public", "leader"
# The groups of DC/OS' own collection, dcos.cluster, and one for the master that leads.
GROUPS = (MASTERS, AGENTS, PRIVATE, PUBLIC, LEADER)


@dataclasses.dataclass(frozen=True)
class Member:
    """A host of the cluster: its address, the groups it belongs to and its variables, all of them the cluster's words."""

    address: str
    groups: tuple[str, ...]
    variables: dict[str, Any]


def read(client: DcosClient) -> dict[str, Any]:
    """Everything about a cluster that the inventory needs, as plain data for the cache."""
    return {
        "release": dataclasses.asdict(_mesos.release(client)),
        "agents": [dataclasses.asdict(agent) for agent in _mesos.agents(client)],
        "masters": [dataclasses.asdict(master) for master in _mesos.masters(client)],
    }


def cluster_variables(found: Mapping[str, Any]) -> dict[str, Any]:
    """Variables of all hosts."""
    return {"dcos_version": found["release"]["version"], "dcos_variant": found["release"]["variant"]}


def members(found: Mapping[str, Any], inactive: bool = True) -> tuple[list[Member], list[str]]:
    """(hosts, warnings) of what was read.

    :param inactive: whether agents count that the leading master does not hear of.
    """
    agents = [agent for agent in one_each(found["agents"]) if inactive or agent["active"]]
    candidates = [_master(master) for master in found["masters"]] + [_agent(agent) for agent in agents]
    # of the cache, too, which others may have written
    usable = [
        dataclasses.replace(member, address=address)
        for member in candidates
        if (address := _untrusted.address(member.address))
    ]
    strange = [member for member in candidates if not _untrusted.address(member.address)]
    return _merged(usable), [_left_out(member) for member in strange]


def one_each(agents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One agent an address: an agent that was started anew with another id leaves the old one behind for some minutes."""
    best: dict[str, dict[str, Any]] = {}
    for agent in agents:
        place = agent["address"] or agent["id"]
        other = best.get(place)
        if other is None or (agent["active"], not agent["recovered"]) > (other["active"], not other["recovered"]):
            best[place] = agent
    return list(best.values())


def _master(master: Mapping[str, Any]) -> Member:
    groups = (MASTERS, LEADER) if master["leader"] else (MASTERS,)
    return Member(master["address"], groups, {"dcos_role": "master", "dcos_leader": master["leader"]})


def _agent(agent: Mapping[str, Any]) -> Member:
    variables = {
        "dcos_role": "public" if agent["public"] else "private",
        "dcos_agent_id": agent["id"],
        "dcos_agent_active": agent["active"],
        "dcos_attributes": agent["attributes"],
        "dcos_resources": agent["resources"],
        "dcos_mesos_version": agent["version"],
        "dcos_region": agent["region"],
        "dcos_zone": agent["zone"],
    }
    return Member(agent["address"], (PUBLIC if agent["public"] else PRIVATE,), variables)


def _merged(candidates: Iterable[Member]) -> list[Member]:
    """One member an address: small test clusters have an agent on a master."""
    by_address: dict[str, Member] = {}
    for member in candidates:
        first = by_address.get(member.address)
        if first is not None:
            member = Member(member.address, first.groups + member.groups, {**member.variables, **first.variables})
        by_address[member.address] = member
    return list(by_address.values())


def _left_out(member: Member) -> str:
    called = f"Agent {member.variables['dcos_agent_id']!r}" if "dcos_agent_id" in member.variables else "A master"
    return f"{called} of the cluster is left out, because what it has in place of an address is {member.address!r}."


def known_hosts(hosts: Iterable[tuple[str, Any]]) -> dict[str, list[str]]:
    """C(address -> names) of an inventory's hosts, given as (name, its ansible_host or None): who is at an address already."""
    known: dict[str, list[str]] = {}
    for name, address in hosts:
        for text in dict.fromkeys((str(address) if address else "", name)):
            if text and name not in known.setdefault(text, []):
                known[text].append(name)
    return known
