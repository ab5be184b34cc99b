"""The `calico-ipam` plugin."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from typing import Any

from ..cni import config, protocol
from ..errors import StandinError
from ..etcd import Etcd
from .allocator import Allocator, NoHandle
from .block import Address, Network
from .log import Bare


def main() -> None:
    """Entry point of the zipapp."""
    sys.exit(protocol.run("calico-ipam", sys.argv[1:], add, delete))


def add(call: protocol.Call) -> Mapping[str, Any]:
    """Assign the address asked for, or whatever is next."""
    conf = config.load(call.stdin)
    wanted = protocol.requested_address(call.args)
    etcd = config.connect(conf)
    allocator = Allocator(etcd, conf.node, conf.log)
    handle = conf.handle(call.container_id)
    if wanted is not None:
        _say(f"Calico CNI IPAM request IP: {wanted}")
        allocator.assign(wanted, handle)
        return protocol.result_of(conf.version, [f"{wanted}/{wanted.max_prefixlen}"])
    addresses = _auto_assign(conf, allocator, handle)
    return protocol.result_of(conf.version, [f"{address}/{address.max_prefixlen}" for address in addresses])


def _auto_assign(conf: config.NetConf, allocator: Allocator, handle: str) -> list[Address]:
    wanted = {
        4: 0 if conf.ipam.get("assign_ipv4") == "false" else 1,
        6: 1 if conf.ipam.get("assign_ipv6") == "true" else 0,
    }
    _say(f"Calico CNI IPAM request count IPv4={wanted[4]} IPv6={wanted[6]}")
    pools = {version: _pools(conf.ipam.get(f"ipv{version}_pools") or ()) for version in wanted}
    found: dict[int, list[Address]] = {4: [], 6: []}
    try:
        for version, count in wanted.items():
            if count:
                found[version] = allocator.auto_assign(count, version, handle, pools[version])
    except StandinError:
        _say("Calico CNI IPAM assigned addresses IPv4=[] IPv6=[]")
        raise
    shown = {version: " ".join(map(str, addresses)) for version, addresses in found.items()}
    _say(f"Calico CNI IPAM assigned addresses IPv4=[{shown[4]}] IPv6=[{shown[6]}]")
    for version, count in wanted.items():
        if len(found[version]) < count:
            raise protocol.PluginError(
                f"Failed to request {count} IPv{version} addresses. IPAM allocated only {len(found[version])}."
            )
    return found[4] + found[6]


def _pools(names: Sequence[str]) -> list[Network]:
    pools = []
    for name in names:
        try:
            pools.append(ip_network(name, strict=False))
        except ValueError as exc:
            raise protocol.PluginError(f'error parsing pool "{name}": invalid CIDR address: {name}') from exc
    return pools


def delete(call: protocol.Call) -> None:
    """Give back what the container holds, under today's handle and under the one of Calico 2.x."""
    conf = config.load(call.stdin)
    etcd: Etcd = config.connect(conf)
    log = conf.log
    allocator = Allocator(etcd, conf.node, log)
    handle = conf.handle(call.container_id)
    fields = {"handleID": handle, "workloadID": call.container_id}
    try:
        allocator.release_by_handle(handle)
    except NoHandle:
        log.warning("calico-ipam.go 255", "Asked to release address but it doesn't exist. Ignoring", **fields)
    try:
        allocator.release_by_handle(call.container_id)
    except NoHandle:
        log.debug("calico-ipam.go 262", "WorkloadID handle doesn't exist", **fields)
    except StandinError as exc:
        log.error("calico-ipam.go 264", "Failed to release address", error=Bare(exc), **fields)
        raise


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
