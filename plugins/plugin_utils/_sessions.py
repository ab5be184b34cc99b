# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which BGP sessions of a cluster are down, from what dcos.calico.calicoctl_node returned on each host. Pure."""

from __future__ import annotations

from typing import Any


def address_of(result: dict[str, Any]) -> str:
    """A node's address without its prefix."""
    return str(result.get("ip", "")).partition("/")[0]


def down(results: dict[str, dict[str, Any]], earlier: dict[str, list[str]] | None = None) -> dict[str, list[str]]:
    """C(address of a node that is down -> hosts that miss it).

    Of two nodes the one that was started later has the last word: a session that either side saw Established is there.

    :param results: host -> result of dcos.calico.calicoctl_node.
    :param earlier: what this said some time before, if only those count who were missed by the same host then.
    """
    seen = {
        (address_of(result), peer["address"])
        for result in results.values()
        for peer in result.get("peers", [])
        if peer["established"]
    }
    missed: dict[str, list[str]] = {}
    for host, result in sorted(results.items()):
        for address in result.get("peers_down", []):
            known = earlier is None or host in earlier.get(address, [])
            if known and (address, address_of(result)) not in seen:
                missed.setdefault(address, []).append(host)
    return missed


def message(missed: dict[str, list[str]], results: dict[str, dict[str, Any]]) -> str:
    """All of them in one text, each with what to do."""
    hosts = {address_of(result): host for host, result in results.items()}
    lines = [
        f"{len(missed)} {'node has' if len(missed) == 1 else 'nodes have'} no BGP session with others, whose containers cannot be reached from there."
    ]
    for address, missing in sorted(missed.items()):
        if address in hosts:
            what = f'{hosts[address]} ({address}): open TCP port 179 between it and {", ".join(missing)}, and see "docker logs calico-node" there.'
        else:
            what = (
                f'{address} is no host of this run, and calico/node does not answer there. If it is gone for good, remove it with "calicoctl delete node"; '
                "if it is under repair, name it in calico_node_tolerated_peers; else run for it too."
            )
        lines.append(f"  - {what}")
    return "\n".join(lines)
