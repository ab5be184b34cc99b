# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plans for the clouds have in common: Calico's nodes, what was found of them, and what is to be changed by a module of the cloud's collection."""

from __future__ import annotations

import dataclasses
import ipaddress
from typing import Any

BGP_PORT = 179
# By number: names for it differ, and Linux' ipip is number 94.
IPIP_PROTOCOL = "4"


@dataclasses.dataclass(frozen=True)
class Node:
    """A node of Calico: its name, its IPv4 address, and the prefix length of its network."""

    name: str
    address: str
    prefix: int = 32

    def title(self) -> str:
        return self.name if self.name == self.address else f"{self.name} ({self.address})"

    def network(self) -> str:
        return str(ipaddress.ip_network(f"{self.address}/{self.prefix}", strict=False))


@dataclasses.dataclass(frozen=True)
class Step:
    """One change: what it is called, both sides for the diff, and the module and arguments that make it."""

    name: str
    before: Any
    after: Any
    module: str
    arguments: dict[str, Any]


@dataclasses.dataclass
class CloudPlan:
    """steps to make; instances: what was found of each node; between: what lets the nodes' packets through; notes: sentences for an operator."""

    steps: list[Step]
    instances: list[dict[str, Any]]
    between: list[str]
    notes: list[str]


def nodes_of(items: list[dict[str, Any]]) -> list[Node]:
    """Nodes out of dcos.calico.calicoctl_node_info's result."""
    return [Node(item["name"], item["address"], int(item.get("prefix") or 32)) for item in items]


def listed(names: list[str], most: int = 20) -> str:
    """Names in a sentence."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
