"""One IPAM block: 64 addresses, who holds each, and the queue of free ones."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Any

from ..errors import StandinError

SIZE = 64

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class AddressTaken(StandinError):
    """The address asked for is assigned already."""


def block_of(address: Address) -> Network:
    """The block an address lies in."""
    return ip_network((address, address.max_prefixlen - 6), strict=False)


def blocks_in(pool: Network, start: int) -> Iterator[Network]:
    """Every block of a pool, beginning with the `start`th (modulo their number) and wrapping round."""
    count = pool.num_addresses // SIZE
    for step in range(count):
        first = pool[(start + step) % count * SIZE]
        yield block_of(first)


@dataclass
class Block:
    """A block as it is stored under /calico/ipam/v2/assignment."""

    cidr: Network
    affinity: str | None
    strict_affinity: bool = False
    allocations: list[int | None] = field(default_factory=lambda: [None] * SIZE)
    unallocated: list[int] = field(default_factory=lambda: list(range(SIZE)))
    attributes: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def from_json(cls, text: str) -> Block:
        """Read a stored value."""
        raw = json.loads(text)
        return cls(
            cidr=ip_network(raw["cidr"]),
            affinity=raw["affinity"],
            strict_affinity=bool(raw.get("strictAffinity")),
            allocations=raw["allocations"],
            unallocated=raw["unallocated"],
            attributes=raw["attributes"],
        )

    def to_json(self) -> str:
        """The value to store, in the field order of the real one."""
        raw = {
            "cidr": str(self.cidr),
            "affinity": self.affinity,
            "strictAffinity": self.strict_affinity,
            "allocations": self.allocations,
            "unallocated": self.unallocated,
            "attributes": self.attributes,
        }
        return json.dumps(raw, separators=(",", ":"))

    @property
    def empty(self) -> bool:
        """No address is assigned."""
        return len(self.unallocated) == SIZE

    def take_next(self, count: int, handle: str | None) -> list[Address]:
        """Assign up to `count` addresses from the front of the queue."""
        taken, self.unallocated = self.unallocated[:count], self.unallocated[count:]
        if taken:
            attribute = self._attribute(handle)
            for ordinal in taken:
                self.allocations[ordinal] = attribute
        return [self.cidr[ordinal] for ordinal in taken]

    def take(self, address: Address, handle: str | None) -> None:
        """Assign one given address."""
        ordinal = int(address) - int(self.cidr.network_address)
        if self.allocations[ordinal] is not None:
            raise AddressTaken("Address already assigned in block")
        self.unallocated.remove(ordinal)
        self.allocations[ordinal] = self._attribute(handle)

    def give_back(self, handle: str) -> int:
        """Free every address of a handle, to the back of the queue; how many there were."""
        mine = [number for number, item in enumerate(self.attributes) if item["handle_id"] == handle]
        freed = [ordinal for ordinal, attribute in enumerate(self.allocations) if attribute in mine]
        self._free(freed)
        return len(freed)

    def give_back_address(self, address: Address) -> None:
        """Free one address, if it is assigned."""
        ordinal = int(address) - int(self.cidr.network_address)
        if self.allocations[ordinal] is not None:
            self._free([ordinal])

    def _free(self, ordinals: Sequence[int]) -> None:
        for ordinal in ordinals:
            self.allocations[ordinal] = None
        self.unallocated.extend(ordinals)
        used = {number for number in self.allocations if number is not None}
        self._drop_attributes([number for number in range(len(self.attributes)) if number not in used])

    def _attribute(self, handle: str | None) -> int:
        wanted = {"handle_id": handle, "secondary": None}
        if wanted not in self.attributes:
            self.attributes.append(wanted)
        return self.attributes.index(wanted)

    def _drop_attributes(self, numbers: Sequence[int]) -> None:
        kept = [number for number in range(len(self.attributes)) if number not in numbers]
        self.attributes = [self.attributes[number] for number in kept]
        self.allocations = [None if old is None else kept.index(old) for old in self.allocations]
