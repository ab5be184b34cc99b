"""Which /26 a host gets is its own affair: addresses in claimed blocks are compared by their place in the block."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, ip_address, ip_network

_AFFINITY = re.compile(r"^/calico/ipam/v2/host/([^/]+)/ipv4/block/(.+)-(\d+)$")
_POOL = re.compile(r"^/calico/v1/ipam/v4/pool/(.+)-(\d+)$")
_ADDRESS = re.compile(r"\b(\d+\.\d+\.\d+\.\d+)\b")


class BlockMap:
    """The blocks of the record, in the order they were claimed, and those that hosts got here."""

    def __init__(self, recorded: Sequence[str]) -> None:
        self._recorded = [_network(cidr) for cidr in recorded]
        self._actual: list[IPv4Network] = []

    def learn(self, keys: Iterable[str]) -> None:
        """Note newly claimed blocks: each in a pool, and no one else's."""
        known = sorted(keys)
        pools = [_network(f"{match[1]}/{match[2]}") for match in map(_POOL.match, known) if match]
        owners: dict[IPv4Network, str] = {}
        for match in filter(None, map(_AFFINITY.match, known)):
            cidr = _network(f"{match[2]}/{match[3]}")
            assert cidr not in owners, f"{cidr} belongs to {owners[cidr]} and {match[1]}"
            owners[cidr] = match[1]
            if cidr in self._actual or cidr in self._recorded and len(self._actual) >= len(self._recorded):
                continue
            if len(self._actual) < len(self._recorded):
                assert cidr.prefixlen == 26 and (not pools or any(cidr.subnet_of(pool) for pool in pools)), cidr
                self._actual.append(cidr)

    def recorded(self, text: str) -> str:
        """A recorded text with the addresses of its blocks made symbolic."""
        return _symbolic(text, self._recorded)

    def actual(self, text: str) -> str:
        """A text from here, likewise."""
        return _symbolic(text, self._actual)


def _network(cidr: str) -> IPv4Network:
    found = ip_network(cidr)
    assert isinstance(found, IPv4Network)
    return found


def _symbolic(text: str, blocks: Sequence[IPv4Network]) -> str:
    def replace(match: re.Match[str]) -> str:
        try:
            address = ip_address(match[1])
        except ValueError:
            return match[0]
        for number, block in enumerate(blocks):
            if address in block:
                return f"<block {number}>+{int(address) - int(block.network_address)}"
        return match[0]

    return _ADDRESS.sub(replace, text) if blocks else text
