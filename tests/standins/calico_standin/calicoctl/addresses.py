"""IPAM as calicoctl changes it: single addresses released, blocks taken from pools and hosts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from ipaddress import ip_network

from ..errors import CompareFailed, EtcdError, KeyNotFound
from ..etcd import Etcd
from ..ipam.allocator import affinities_path, block_path
from ..ipam.block import Address, Block, Network, block_of

_HOSTS = "/calico/ipam/v2/host"
_HANDLES = "/calico/ipam/v2/handle"


def block_holding(etcd: Etcd, address: Address) -> Block | None:
    """The block an address belongs to, if any host ever claimed it."""
    stored = etcd.get(block_path(block_of(address)))
    return None if stored is None else Block.from_json(stored)


def ordinal_of(block: Block, address: Address) -> int:
    """The place of an address in its block."""
    return int(address) - int(block.cidr.network_address)


def release(etcd: Etcd, address: Address) -> bool:
    """Give an address back to the end of its block's queue; False when it was not assigned."""
    handles: list[str | None] = []

    def change(block: Block) -> bool:
        handles.clear()
        ordinal = ordinal_of(block, address)
        attribute = block.allocations[ordinal]
        if attribute is None:
            return False
        handles.append(block.attributes[attribute]["handle_id"])
        block.allocations[ordinal] = None
        block.unallocated.append(ordinal)
        _drop_unused_attribute(block, attribute)
        return True

    cidr = block_of(address)
    released = _change(etcd, cidr, change)
    for handle in handles if released else ():
        if handle is not None:
            _count_down(etcd, handle, str(cidr))
    return released


def release_pool(etcd: Etcd, pool: Network) -> None:
    """Take every block of a pool from the host that has it."""
    for path in etcd.ls(_HOSTS, recursive=True):
        cidr = _cidr_of(path)
        if cidr is not None and cidr.version == pool.version and cidr.subnet_of(pool):  # type: ignore[arg-type]
            _disown(etcd, cidr, path)


def remove_host(etcd: Etcd, host: str) -> None:
    """Take all blocks of a host from it and forget it."""
    for version in (4, 6):
        for path in etcd.ls(affinities_path(host, version)):
            cidr = _cidr_of(path)
            if cidr is not None:
                _disown(etcd, cidr, path)
    try:
        etcd.delete(f"{_HOSTS}/{host}", recursive=True)
    except KeyNotFound:
        return


def _cidr_of(path: str) -> Network | None:
    """The block in an affinity key .../host/H/ipvN/block/A-26."""
    parts = path.split("/")
    if len(parts) != 9 or parts[7] != "block":
        return None
    address, _, length = parts[8].rpartition("-")
    return ip_network(f"{address}/{length}")


def _disown(etcd: Etcd, cidr: Network, affinity: str) -> None:
    def change(block: Block) -> bool:
        block.affinity = None
        return True

    _change(etcd, cidr, change)
    etcd.delete(affinity)


def _change(etcd: Etcd, cidr: Network, change: Callable[[Block], bool]) -> bool:
    """Change a block; one that is left empty and without a host is removed."""
    path = block_path(cidr)
    while True:
        node = etcd.node(path)
        if node is None:
            return False
        block = Block.from_json(node["value"])
        if not change(block):
            return False
        try:
            if block.empty and block.affinity is None:
                etcd.delete(path, index=node["modifiedIndex"])
            else:
                etcd.cas(path, block.to_json(), index=node["modifiedIndex"])
        except CompareFailed:
            continue
        return True


def _drop_unused_attribute(block: Block, attribute: int) -> None:
    if attribute in block.allocations:
        return
    del block.attributes[attribute]
    block.allocations = _renumbered(block.allocations, attribute)


def _renumbered(allocations: Iterable[int | None], gone: int) -> list[int | None]:
    return [None if old is None else old - (old > gone) for old in allocations]


def _count_down(etcd: Etcd, handle: str, cidr: str) -> None:
    path = f"{_HANDLES}/{handle}"
    stored = etcd.get(path)
    blocks = json.loads(stored)["block"] if stored else {}
    blocks[cidr] = blocks.get(cidr, 0) - 1
    left = {name: count for name, count in sorted(blocks.items()) if count > 0}
    try:
        if left:
            etcd.set(path, json.dumps({"block": left}, separators=(",", ":")))
        else:
            etcd.delete(path)
    except EtcdError:
        return
