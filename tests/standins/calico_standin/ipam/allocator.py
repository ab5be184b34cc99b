"""Assigning and releasing addresses: pools, affine blocks and handles in etcd."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from ipaddress import ip_network

from ..errors import CompareFailed, EtcdError, KeyExists, KeyNotFound, StandinError
from ..etcd import Etcd
from .block import Address, Block, Network, block_of, blocks_in
from .log import Log

_IPAM = "/calico/ipam/v2"
_RETRIES = 100


class NoPools(StandinError):
    """There is nothing to assign from."""


class NotInPool(StandinError):
    """The address asked for lies in no enabled pool."""


class NoHandle(StandinError):
    """Nothing is assigned under the handle."""


class Conflict(StandinError):
    """Other writers were faster too many times."""


def block_path(cidr: Network) -> str:
    """Where a block is stored."""
    return f"{_IPAM}/assignment/ipv{cidr.version}/block/{_dashed(cidr)}"


def affinities_path(host: str, version: int) -> str:
    """The directory of a host's blocks."""
    return f"{_IPAM}/host/{host}/ipv{version}/block"


def enabled_pools(etcd: Etcd, version: int) -> list[Network]:
    """The pools that addresses may come from, in the order of their keys."""
    pools = [json.loads(value) for value in etcd.ls(f"/calico/v1/ipam/v{version}/pool").values() if value]
    return [ip_network(pool["cidr"]) for pool in pools if not pool.get("disabled")]


class Allocator:
    """The IPAM of one host."""

    def __init__(self, etcd: Etcd, host: str, log: Log) -> None:
        self._etcd = etcd
        self._host = host
        self._log = log

    # -- assigning --------------------------------------------------------------------------

    def auto_assign(
        self, count: int, version: int, handle: str | None = None, pools: Sequence[Network] = ()
    ) -> list[Address]:
        """Up to `count` addresses: from the host's own blocks, from a new one, from anybody's."""
        try:
            return self._auto_assign(count, version, handle, pools)
        except StandinError as exc:
            place = "ipam.go 135" if version == 4 else "ipam.go 150"
            self._log.error(place, f"Error assigning IPV{version} addresses: {exc}")
            raise

    def _auto_assign(self, count: int, version: int, handle: str | None, pools: Sequence[Network]) -> list[Address]:
        numbers = (count, 0) if version == 4 else (0, count)
        self._log.info("ipam.go 120", f"Auto-assign {numbers[0]} ipv4, {numbers[1]} ipv6 addrs for host '{self._host}'")
        found: list[Address] = []
        for cidr in self._own_blocks(version, pools):
            if len(found) == count:
                break
            found += self._take_next(cidr, count - len(found), handle, own_only=True)
        if len(found) < count:
            self._log.info("ipam.go 172", f"Ran out of existing affine blocks for host '{self._host}'")
        while len(found) < count:
            self._log.info(
                "ipam.go 195", f"Need to allocate {count - len(found)} more addresses - allocate another block"
            )
            claimed = self._claim_new_block(version, pools)
            if claimed is None:
                found += self._borrow(count - len(found), version, handle, pools)
                break
            self._log.info("ipam.go 208", f"Claimed new block {claimed} - assigning {count - len(found)} addresses")
            found += self._take_next(claimed, count - len(found), handle, own_only=True)
        shown = " ".join(str(address) for address in found)
        self._log.info("ipam.go 285", f"Auto-assigned {len(found)} out of {count} IPv{version}s: [{shown}]")
        return found

    def assign(self, address: Address, handle: str | None) -> None:
        """One given address; its block becomes the host's when it is nobody's."""
        if not any(address in pool for pool in enabled_pools(self._etcd, address.version)):
            raise NotInPool("The provided IP address is not in a configured pool\n")
        cidr = block_of(address)
        if self._etcd.get(block_path(cidr)) is None:
            self._claim(cidr)

        def change(block: Block) -> int:
            block.take(address, handle)
            return 1

        try:
            self._change(cidr, change, handle)
        except StandinError as exc:
            self._log.error("ipam.go 340", f"Failed to assign address {address}: {exc}")
            raise

    def _own_blocks(self, version: int, pools: Sequence[Network]) -> Iterator[Network]:
        """The host's blocks in the order of their keys, as etcd sorts them for the real one."""
        try:
            directory = self._etcd.node(affinities_path(self._host, version)) or {}
        except EtcdError as exc:
            self._log.error("ipam_block_reader_writer.go 50", f"Error getting affine blocks: {exc}")
            raise
        for node in sorted(directory.get("nodes", ()), key=lambda found: str(found["key"])):
            cidr = _undashed(node["key"].rpartition("/")[2])
            if not pools or any(cidr.subnet_of(pool) for pool in pools):  # type: ignore[arg-type]
                yield cidr

    def _usable_pools(self, version: int, wanted: Sequence[Network]) -> list[Network]:
        enabled = enabled_pools(self._etcd, version)
        for pool in wanted:
            if pool not in enabled:
                raise NoPools(f"The given pool ({pool}) does not exist")
        pools = list(wanted) or enabled
        if not pools:
            raise NoPools("No configured Calico pools")
        return pools

    def _candidates(self, pool: Network) -> Iterator[Network]:
        seed = int.from_bytes(hashlib.sha256(self._host.encode()).digest()[:8], "big")
        return blocks_in(pool, seed)

    def _claim_new_block(self, version: int, wanted: Sequence[Network]) -> Network | None:
        self._log.info("ipam_block_reader_writer.go 116", f"Claiming a new affine block for host '{self._host}'")
        try:
            pools = self._usable_pools(version, wanted)
        except NoPools as exc:
            self._log.error("ipam.go 204", f"Error claiming new block: {exc}")
            raise
        used = {path.rsplit("/", 1)[1] for path in self._etcd.ls(f"{_IPAM}/assignment/ipv{version}/block")}
        for pool in pools:
            for cidr in self._candidates(pool):
                if _dashed(cidr) not in used and self._claim(cidr):
                    return cidr
        return None

    def _claim(self, cidr: Network) -> bool:
        self._log.info("ipam_block_reader_writer.go 159", f"Host {self._host} claiming block affinity for {cidr}")
        affinity = f"{affinities_path(self._host, cidr.version)}/{_dashed(cidr)}"
        self._etcd.set(affinity, "{}")
        try:
            self._etcd.create(block_path(cidr), Block(cidr, f"host:{self._host}").to_json())
        except KeyExists:
            self._etcd.delete(affinity)
            return False
        return True

    def _borrow(self, count: int, version: int, handle: str | None, wanted: Sequence[Network]) -> list[Address]:
        found: list[Address] = []
        for pool in self._usable_pools(version, wanted):
            for cidr in self._candidates(pool):
                found += self._take_next(cidr, count - len(found), handle, own_only=False)
                if len(found) == count:
                    return found
            if len(found) < count:
                self._log.warning("ipam.go 269", f"All addresses exhausted in pool {pool}")
        return found

    def _take_next(self, cidr: Network, count: int, handle: str | None, own_only: bool) -> list[Address]:
        taken: list[Address] = []

        def change(block: Block) -> int:
            taken.clear()
            if not own_only or block.affinity == f"host:{self._host}":
                taken.extend(block.take_next(count, handle))
            if taken and handle is None:
                words = "New allocation attribute: {AttrPrimary:<nil> AttrSecondary:map[]}"
                self._log.info("ipam_block.go 343", words)
            return len(taken)

        try:
            self._change(cidr, change, handle)
        except KeyNotFound:
            return []
        return taken

    def _change(self, cidr: Network, change: Callable[[Block], int], handle: str | None) -> None:
        """Apply a change that assigns addresses of one block, counting them in the handle first."""
        path = block_path(cidr)
        for _ in range(_RETRIES):
            node = self._etcd.node(path)
            if node is None:
                raise KeyNotFound(path)
            block = Block.from_json(node["value"])
            number = change(block)
            if not number:
                return
            if handle is not None:
                self._count(handle, cidr, number)
            try:
                self._etcd.cas(path, block.to_json(), index=node["modifiedIndex"])
            except CompareFailed:
                if handle is not None:
                    self._count(handle, cidr, -number)
                continue
            return
        raise Conflict("Max retries hit")

    # -- releasing --------------------------------------------------------------------------

    def release_by_handle(self, handle: str) -> None:
        """Give back whatever is assigned under a handle."""
        if not handle:
            raise StandinError("insufficient identifiers, missing ''")
        stored = self._etcd.get(f"{_IPAM}/handle/{handle}")
        if stored is None:
            raise NoHandle(f"resource does not exist: IPAMHandleKey(id={handle})")
        for cidr in json.loads(stored)["block"]:
            network = ip_network(cidr)
            number = self._give_back(network, lambda block: block.give_back(handle))
            self._count(handle, network, -number)

    def release_address(self, address: Address) -> None:
        """Give back an address that has no handle."""

        def change(block: Block) -> int:
            block.give_back_address(address)
            return 1

        self._give_back(block_of(address), change)

    def _give_back(self, cidr: Network, change: Callable[[Block], int]) -> int:
        path = block_path(cidr)
        for _ in range(_RETRIES):
            node = self._etcd.node(path)
            if node is None:
                return 0
            block = Block.from_json(node["value"])
            number = change(block)
            try:
                if block.empty and block.affinity is None:
                    self._etcd.delete(path, index=node["modifiedIndex"])
                else:
                    self._etcd.cas(path, block.to_json(), index=node["modifiedIndex"])
            except CompareFailed:
                continue
            return number
        raise Conflict("Max retries hit")

    # -- handles ----------------------------------------------------------------------------

    def _count(self, handle: str, cidr: Network, change: int) -> None:
        path = f"{_IPAM}/handle/{handle}"
        for _ in range(_RETRIES):
            node = self._etcd.node(path)
            blocks: dict[str, int] = json.loads(node["value"])["block"] if node else {}
            blocks[str(cidr)] = blocks.get(str(cidr), 0) + change
            if blocks[str(cidr)] <= 0:
                del blocks[str(cidr)]
            text = json.dumps({"block": dict(sorted(blocks.items()))}, separators=(",", ":"))
            try:
                if node is None and blocks:
                    self._log.info("ipam.go 816", f"Creating new handle: {handle}")
                    self._etcd.create(path, text)
                elif node is not None and blocks:
                    self._etcd.cas(path, text, index=node["modifiedIndex"])
                elif node is not None:
                    self._etcd.delete(path, index=node["modifiedIndex"])
            except (CompareFailed, KeyExists):
                continue
            return
        raise Conflict("Max retries hit")


def _dashed(cidr: Network) -> str:
    return str(cidr).replace("/", "-")


def _undashed(name: str) -> Network:
    address, _, length = name.rpartition("-")
    return ip_network(f"{address}/{length}")
