# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The BGP sessions of all hosts of a status together. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.dcos.calico.plugins.plugin_utils._findings import counted, some
from ansible_collections.dcos.calico.plugins.plugin_utils._status_hosts import (
    LOGS,
    OK,
    UNKNOWN,
    Row,
    at,
    items,
    mapping,
    natural,
    text,
)
from ansible_collections.dcos.calico.plugins.plugin_utils._status_problems import CRITICAL, WARNING, Problem, look

MESH = "node-to-node mesh"
SILENT = (CRITICAL, "BIRD does not answer")
# So many hosts with missing sessions are problems of their own.
MOST_CULPRITS = 10


@dataclass(frozen=True)
class Mesh:
    """The sessions of the nodes that were looked at.

    :ivar nodes: names of hosts, those with the most missing sessions first.
    :ivar down: (host, host or address, what BIRD says) of each pair without a session, a pair once.
    :ivar silent: nodes whose BIRD could not be asked, or did not answer.
    :ivar unknown: number of pairs that neither side could be asked of.
    """

    nodes: list[str]
    pairs: int
    down: list[tuple[str, str, str]]
    silent: list[str]
    unknown: int


def _peers(rows: Sequence[Row]) -> tuple[dict[str, dict[str, tuple[bool, str]]], bool]:
    """({host whose BIRD answers: {host or address of a peer: (established, what BIRD says)}}, whether each node is to have a session with each)."""
    by_address = {name: found.name for found in rows for name in (*found.host.names, found.address) if name}
    seen: dict[str, dict[str, tuple[bool, str]]] = {}
    full = False
    for found in rows:
        bgp = mapping(at(found.host.result, "calico_node", "bgp"))
        if bgp.get("answers"):
            peers = seen[found.name] = {}
            for peer in items(bgp.get("peers")):
                full = full or peer.get("type") == MESH
                address = text(peer.get("address"))
                words = " ".join(filter(None, [text(peer.get("state")), text(peer.get("info"))]))
                peers[by_address.get(address, address)] = (peer.get("established") is True, words or "no session")
    return seen, full


def mesh(rows: Sequence[Row]) -> Mesh:
    """The sessions of all rows together: one that either side sees Established is there, because of two nodes the later one has the last word."""
    nodes = [found for found in rows if found.host.node]
    names = [found.name for found in nodes]
    seen, full = _peers(nodes)
    unknown, up, down = 0, dict.fromkeys(names, 0), []
    for place, one in enumerate(names):
        strangers = [peer for peer in seen.get(one, {}) if peer not in up]
        for other in [*names[place + 1 :], *strangers]:
            views = [
                peers[peer] for name, peer in ((one, other), (other, one)) if peer in (peers := seen.get(name, {}))
            ]
            if any(established for established, _words in views):
                up[one] += 1
                up[other] = up.get(other, 0) + 1
            elif views:
                down.append((one, other, "; ".join(dict.fromkeys(words for _established, words in views))))
            elif full and one in seen and other in seen:
                down.append((one, other, "neither knows the other"))
            elif full:
                unknown += 1
    missing: dict[str, list[str]] = {}
    for one, other, _words in down:
        missing.setdefault(one, []).append(other)
        missing.setdefault(other, []).append(one)
    for found in nodes:
        if found.name in seen:
            lost, there = missing.get(found.name, []), up[found.name]
            words = f"{there}/{there + len(lost)}" + (f", without {some(lost, 2)}" if lost else "")
            found.checks["sessions"] = (OK if not lost else WARNING if there else CRITICAL, words)
        else:
            found.checks["sessions"] = SILENT if found.answers else (UNKNOWN, "not looked at")
    order = sorted(names, key=lambda name: (-len(missing.get(name, [])), natural(name)))
    down.sort(key=lambda pair: (-max(len(missing[name]) for name in pair[:2]), pair))
    established = sum(up[name] for name in names) + sum(up[name] for name in up if name not in names)
    return Mesh(order, established // 2 + len(down), down, [name for name in names if name not in seen], unknown)


def session_problems(sessions: Mesh, rows: Sequence[Row], calicoctl: str) -> list[Problem]:
    """The fewest hosts that explain all missing sessions; who is known not to run is no further problem.

    A host that misses only such hosts is well.
    """
    blamed = {found.name for found in rows if CRITICAL in (found.checks["node"][0], found.checks["host"][0])}
    problems = []
    for found in rows:
        if found.name not in blamed and found.checks["sessions"] == SILENT:
            blamed.add(found.name)
            why = text(at(found.host.result, "calico_node", "bgp", "error")) or None
            remedy = "Routes to containers of other hosts are not kept there; see the log of calico/node"
            problems.append(Problem(CRITICAL, "BIRD does not answer", why, remedy, look(LOGS), [found.name]))
    left = [pair for pair in sessions.down if not blamed & set(pair[:2])]
    while left and len(problems) < MOST_CULPRITS:
        counts: dict[str, int] = {}
        for one, other, _words in left:
            counts[one] = counts.get(one, 0) + 1
            counts[other] = counts.get(other, 0) + 1
        worst = min(counts, key=lambda name: (-counts[name], name not in sessions.nodes, name))
        others = [one if other == worst else other for one, other, _words in left if worst in (one, other)]
        words = next(words for one, other, words in left if worst in (one, other))
        what = f"{worst} has no BGP session with {some(others)}"
        remedy = "Containers of these do not reach each other. Open TCP port 179 between them, and see the log of calico/node"
        if worst in sessions.nodes:
            hosts, command = [worst], look(LOGS)
        else:
            hosts, command = others[:1], look(f"-b -a '{calicoctl} get nodes --output=wide'")
            remedy = "No host of this run has that address. Remove its node if it is gone for good, or run for it too"
        problems.append(Problem(CRITICAL, what, words, remedy, command, hosts))
        blamed.add(worst)
        left = [pair for pair in left if worst not in pair[:2]]
    if left:
        what = f"{counted(len(left), 'further pair')} of nodes have no BGP session"
        hosts = sorted({name for pair in left for name in pair[:2] if name in sessions.nodes}, key=natural)
        problems.append(Problem(CRITICAL, what, left[0][2], "See the table of missing sessions", look(LOGS), hosts))
        blamed.update(hosts)
    for found in rows:
        state, words = found.checks["sessions"]
        if state in (WARNING, CRITICAL) and found.name not in blamed:
            found.checks["sessions"] = (OK, words)
    return problems
