# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which BGP sessions of a cluster are down, from what dcos.calico.calicoctl_node returned on each host. Pure."""

from __future__ import annotations

from typing import Any

from ansible_collections.dcos.calico.plugins.plugin_utils._findings import Finding

HEAD = "BGP sessions are down with {}, whose containers cannot be reached from the hosts that miss it"


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


def findings(missed: dict[str, list[str]], results: dict[str, dict[str, Any]]) -> list[Finding]:
    """Each node that is down, and what to do."""
    hosts, found = {address_of(result): host for host, result in results.items()}, []
    for address, missing in sorted(missed.items()):
        if address in hosts:
            remedy = f'Open TCP port 179 between them, and see "docker logs calico-node" on {hosts[address]}'
            found.append(Finding(f"{hosts[address]} ({address}) is missed by {', '.join(missing)}", None, remedy))
        else:
            remedy = (
                'If it is gone for good, remove it with "calicoctl delete node"; if it is under repair, name it in calico_node_tolerated_peers; '
                "else run for it too"
            )
            what = f"{address} is no host of this run, and calico/node does not answer there"
            found.append(Finding(what, None, remedy))
    return found
