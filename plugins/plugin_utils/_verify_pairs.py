# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a container does not reach another one, from what all hosts of a run have seen. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

WORDS = {
    "timeout": "no answer",
    "refused": "the connection is refused",
    "unreachable": "there is no way there",
    "too_large": "the packet is too large",
}
TUNNEL = "tunl0"
# DC/OS has a default route on every host; by that a container's address of another agent leads nowhere.
DEFAULT = "0.0.0.0/0"


def words(error: Any) -> str:
    """A word of network_probe as an operator reads it."""
    return WORDS.get(str(error), str(error))


def trouble(peer: Mapping[str, Any]) -> str | None:
    """What of a pair does not work, in words; None if all of it does."""
    if peer.get("error"):
        return f"it could not be tried: {peer['error']}"
    errors = {kind.upper(): words(peer[kind]["error"]) for kind in ("tcp", "udp") if peer[kind]["error"] is not None}
    if len(set(errors.values())) == 1:
        return f"{' and '.join(errors)}: {next(iter(errors.values()))}"
    return ", ".join(f"{kind}: {error}" for kind, error in errors.items()) or None


@dataclasses.dataclass(frozen=True)
class Matrix:
    """What the containers of a network have seen, by the address of their agent."""

    containers: Mapping[str, Mapping[str, Any]]

    def peer(self, source: str, target: str) -> Mapping[str, Any] | None:
        """The try of one to reach another, if there was one."""
        return next(
            (peer for peer in (self.containers.get(source) or {}).get("peers", []) if peer["agent"] == target), None
        )

    def callers(self, target: str) -> list[bool]:
        """Whether each of those that tried has reached it."""
        tries = (self.peer(source, target) for source in self.containers)
        return [trouble(peer) is None for peer in tries if peer]

    def calls(self, source: str) -> list[bool]:
        """Whether it has reached each of those that it tried."""
        return [trouble(peer) is None for peer in (self.containers.get(source) or {}).get("peers", [])]

    def answers_its_host(self, agent: str) -> bool:
        found = self.containers.get(agent)
        return bool(found and found["host"] and found["host"]["answers"] is None)


def has_route(way: Mapping[str, Any] | None) -> bool:
    """Whether a host knows more of the way than its default route."""
    return bool(way and way["route"] and not way["route"].startswith(DEFAULT))


def explain(source: str, peer: Mapping[str, Any], matrix: Matrix) -> tuple[str, str, str]:
    """(what, cause, remedy) of a pair that does not work."""
    target, what = peer["agent"], str(trouble(peer))
    way, back = peer.get("way"), matrix.peer(target, source)
    works_back = back is not None and trouble(back) is None
    way_back = (back or {}).get("way")
    sessions = "See whether calico/node runs on both and its sessions are Established (calicoctl node status); they need TCP 179 between agents"
    if not way:
        return what, "it is not known why", "Run again"
    if not has_route(way):
        return (
            what,
            f"this host has no route to the other's block ({'its route is ' + way['route'] if way['route'] else 'it has none'})",
            sessions,
        )
    if not way["agent_answers"]:
        return what, "this host does not reach the other host itself", "Put the network between the hosts right first"
    if way_back and not has_route(way_back):
        return what, "the other host has no route back to this one's block", sessions
    if TUNNEL in way["route"]:
        other = ", though the other direction works" if works_back else ""
        return (
            what,
            f"packets between the hosts are in IP-in-IP, and these get lost{other}",
            "Open IP protocol 4 between all agents, in both directions",
        )
    if len(matrix.callers(target)) > 0 and not any(matrix.callers(target)) and matrix.answers_its_host(target):
        remedy = "See what its profile (of the network's name) and policies take: calicoctl get profile NAME -o yaml, calicoctl get policy -o yaml"
        return (
            what,
            "that container answers its own host and nobody else: a policy or its profile lets nothing in",
            remedy,
        )
    if len(matrix.calls(source)) > 1 and not any(matrix.calls(source)):
        return (
            what,
            "this container reaches nobody: a policy or its profile lets nothing out, or Felix is not ready here",
            "See calicoctl get policy -o yaml",
        )
    if peer["tcp"]["error"] is None or peer["udp"]["error"] is None:
        return what, "only one protocol passes", "See what policies, and firewalls between the hosts, say of the other"
    other = ", though the other direction works" if works_back else ""
    remedy = "On clouds see the check of source and destination addresses and the security groups; else what filters FORWARD on both hosts, and policies"
    return what, f"routes are there and packets get lost on the way ({way['route']}){other}", remedy
