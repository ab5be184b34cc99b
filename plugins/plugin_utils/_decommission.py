# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether hosts may be taken out of the datastore for good. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.plugin_utils._audit import Look
from ansible_collections.dcos.calico.plugins.plugin_utils._findings import some


def check(
    look: Look, remove: Sequence[str], dead: Collection[str], active: Collection[str], drain: str = "none"
) -> None:
    """Raise CalicoError, with all that speaks against it, unless hosts may go.

    :param remove: names of hosts; ``dead`` those of them that an operator says will not come back.
    :param active: names and addresses of the agents that are connected to Mesos' master.
    :param drain: whether the hosts that answer are drained: C(first), so that their containers do not speak against it yet, C(done) or C(none).
    """
    if not remove:
        raise CalicoError(
            "No host is named", remedy="Give calico_decommission_hosts, such as -e calico_decommission_hosts=agent3"
        )
    hosts = {one.name: one for one in look.cluster.hosts}
    wrong = [
        f"{name} is no agent of this run: name hosts of the inventory, and do not leave them out by --limit"
        for name in remove
        if name not in hosts
    ]
    wrong += [
        f"{name} is in calico_decommission_dead, and not in calico_decommission_hosts"
        for name in dead
        if name not in remove
    ]
    if not set(hosts) - set(remove):
        wrong.append("all agents of this run would go, and nobody would be left to clean up after them. Leave one out")
    for node in sorted(look.removed()):
        stay = [one.name for one in look.hosts_of[node] if one.name not in remove]
        if stay:
            wrong.append(
                f"node {node} of the datastore may also be that of {some(stay)}, which has the same name: give the hosts names of their own"
            )
    for name in [name for name in remove if name in hosts]:
        one = hosts[name]
        wrong += _against_dead(look, name, one.names, active) if one.seen is None else []
        if one.seen is None and name not in dead:
            wrong.append(f"{name} does not answer: if it will not come back, name it in calico_decommission_dead too")
        if one.seen is not None and name in dead:
            wrong.append(f"{name} is in calico_decommission_dead, and answers")
        containers = look.containers(one)
        if containers and drain != "first":
            wrong.append(
                f"{containers}. {'They have not left it: end them' if drain == 'done' else 'Drain it first, or end them'}"
            )
    if wrong:
        remedy = "docs/decommission.md says what has to be done first"
        lives = [name for name in remove if name in hosts and hosts[name].seen is not None]
        if drain == "done" and lives:
            remedy += f". {some(lives)} stays drained: run again, or dcos.calico.undrain"
        raise CalicoError("Nothing is removed", why=". ".join(wrong), remedy=remedy, obstacles=wrong)


def unknown(look: Look, remove: Collection[str]) -> list[str]:
    """Of hosts that go, in a sentence each, those of which the datastore has no node: it is gone, or has a name that nobody knows."""
    known = {host.name for hosts in look.hosts_of.values() for host in hosts}
    return [
        f"The datastore has no node of {one.name}: it is gone, or is none of {', '.join(sorted(one.names))} there, and calico_node_name has to be set"
        for one in look.cluster.hosts
        if one.name in remove and one.name not in known
    ]


def _against_dead(look: Look, name: str, names: frozenset[str], active: Collection[str]) -> list[str]:
    """What says that a host lives, although it does not answer."""
    nodes = [node for node, hosts in look.hosts_of.items() if any(host.name == name for host in hosts)]
    addresses = names.union(*(look.names_of(node) for node in nodes))
    peers = [one.name for one in look.answered if addresses & (one.seen or {})["sessions"]]
    found = [f"{name} lives, though it does not answer: BIRD of {some(peers)} has a session with it"] if peers else []
    if any(look.reports(node) for node in nodes):
        found.append(f"{name} lives, though it does not answer: its Felix reports to the datastore")
    if addresses & set(active):
        found.append(f"{name} lives, though it does not answer: its agent is connected to Mesos' master")
    return found
