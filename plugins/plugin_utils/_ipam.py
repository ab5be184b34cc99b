# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calico's addresses as the keys of its datastore have them: blocks and handles, and what they are once addresses are released. Pure.

The documents are those of libcalico-go 1.7 (lib/client/ipam_block.go, ipam_handle.go): an address is allocated where C(allocations) names one of
C(attributes), whose C(handle_id) is C(NETWORK.CONTAINER) of a CNI container, and null of Docker's and of a tunnel.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils._calico import _backup
from ansible_collections.dcos.calico.plugins.module_utils._untrusted import from_json

HANDLE = re.compile(r"/calico/ipam/v2/handle/([^/]+)\Z")
HOST = "host:"


@dataclass(frozen=True)
class Entry:
    """What a key has: value (None for a directory) and index, when it was changed last."""

    value: str | None
    index: int


Keys = Mapping[str, Entry]


@dataclass(frozen=True)
class Block:
    """A block of addresses.

    :ivar node: that takes addresses of it first, by its affinity; None if none does.
    :ivar owners: address -> handle of each address that is allocated, the handle being empty where there is none.
    """

    key: str
    index: int
    cidr: str
    node: str | None
    owners: Mapping[str, str]
    document: Mapping[str, Any]


@dataclass(frozen=True)
class Handle:
    """The blocks in which a container has addresses, each with how many."""

    key: str
    index: int
    blocks: Mapping[str, int]


def blocks(keys: Keys) -> tuple[list[Block], list[str]]:
    """(blocks, keys of those that cannot be read)."""
    found, unreadable = [], []
    for key, entry in sorted(keys.items()):
        if _backup.BLOCK.match(key) and entry.value is not None:
            try:
                found.append(_block(key, entry.index, from_json(entry.value)))
            except (ValueError, TypeError, KeyError, IndexError, AttributeError):
                unreadable.append(key)
    return found, unreadable


def _block(key: str, index: int, document: Mapping[str, Any]) -> Block:
    """A block by its document; raises what blocks() takes for one that cannot be read. What it does not have is there as Go writes it then."""
    whole = {**document, "affinity": document.get("affinity")}
    whole.update({name: document.get(name) or [] for name in ("attributes", "unallocated")})
    cidr, allocations, attributes = whole["cidr"], whole["allocations"], whole["attributes"]
    if key.rpartition("/")[2] != cidr.replace("/", "-") or not isinstance(whole["unallocated"], list):
        raise ValueError(cidr)
    network = ipaddress.ip_network(cidr)
    given = {ordinal: which for ordinal, which in enumerate(allocations) if which is not None}
    if len(allocations) != network.num_addresses or any(
        not isinstance(which, int) or isinstance(which, bool) or which < 0 for which in given.values()
    ):
        raise ValueError(cidr)
    first = network.network_address
    owners = {str(first + ordinal): str(attributes[which].get("handle_id") or "") for ordinal, which in given.items()}
    affinity = whole["affinity"]
    node = affinity[len(HOST) :] if affinity and affinity.startswith(HOST) else None
    return Block(key, index, cidr, node, owners, whole)


def handles(keys: Keys) -> dict[str, Handle]:
    """The handles that can be read, by their ids."""
    found = {}
    for key, entry in keys.items():
        match = HANDLE.match(key)
        if match and entry.value is not None:
            try:
                counts = {str(cidr): int(number) for cidr, number in from_json(entry.value)["block"].items()}
            except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
                continue
            found[match.group(1)] = Handle(key, entry.index, counts)
    return found


def released(block: Block, addresses: Collection[str], affine: bool = True) -> str | None:
    """The text of a block without some of its addresses; None where nothing is left of it, as Calico deletes it then.

    :param affine: whether the node keeps it; a node's own block stays when it is empty.
    """
    document = dict(block.document)
    network = ipaddress.ip_network(block.cidr)
    going = [
        int(ipaddress.ip_address(address)) - int(network.network_address) for address in sorted(addresses, key=_number)
    ]
    allocations = [None if ordinal in going else which for ordinal, which in enumerate(document["allocations"])]
    # An attribute whose last address goes is deleted, and those behind it move up.
    freed = {document["allocations"][ordinal] for ordinal in going} - set(allocations)
    kept = [which for which in range(len(document["attributes"])) if which not in freed]
    document["allocations"] = [None if which is None else kept.index(which) for which in allocations]
    document["attributes"] = [document["attributes"][which] for which in kept]
    document["unallocated"] = [*document["unallocated"], *going]
    if not affine:
        document["affinity"] = None
    if document["affinity"] is None and all(which is None for which in allocations):
        return None
    return compact(document)


def left_of(handle: Handle, cidr: str, number: int) -> str | None:
    """The text of a handle with fewer addresses in a block; None where it has none in any."""
    counts = {**handle.blocks, cidr: handle.blocks.get(cidr, 0) - number}
    counts = {name: count for name, count in counts.items() if count > 0}
    return compact({"block": counts}) if counts else None


def compact(document: Mapping[str, Any]) -> str:
    """JSON as Go writes it."""
    return json.dumps(document, separators=(",", ":"))


def _number(address: str) -> int:
    return int(ipaddress.ip_address(address))
