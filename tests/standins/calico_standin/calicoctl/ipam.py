"""calicoctl ipam show and release."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import EtcdError
from . import cli, usage
from .addresses import block_holding, ordinal_of, release


def run(argv: Sequence[str]) -> None:
    """calicoctl ipam: an unknown subcommand gets the usage text, and is no error."""
    arguments = cli.parse(usage.IPAM, argv, options_first=True)
    chosen = {"show": _show, "release": _release}.get(arguments["<command>"])
    if chosen is None:
        print(usage.IPAM)
        return
    chosen(argv)


def _show(argv: Sequence[str]) -> None:
    """An unreachable etcd looks like an address that nobody has."""
    arguments = cli.parse(usage.IPAM_SHOW, argv)
    address = cli.checked_address(arguments["--ip"])
    etcd = cli.connect(arguments)
    try:
        block = block_holding(etcd, address)
    except EtcdError:
        block = None
    if block is None:
        print(f"{address} is not assigned")
        return
    attribute = block.allocations[ordinal_of(block, address)]
    if attribute is None:
        print(f"IP {address} is not currently assigned in block")
        return
    known = block.attributes[attribute].get("secondary")
    if not known:
        print(f"No attributes defined for IP {address}")
        return
    print(f"IP {address} has the following attributes:")
    for name, value in sorted(known.items()):
        print(f"  {name}: {value}")


def _release(argv: Sequence[str]) -> None:
    arguments = cli.parse(usage.IPAM_RELEASE, argv)
    address = cli.checked_address(arguments["--ip"])
    etcd = cli.connect(arguments)
    try:
        released = release(etcd, address)
    except EtcdError as exc:
        cli.fail(f"Error: {exc}")
    if not released:
        cli.fail(f"IP address {address} is not assigned")
    print(f"Successfully released IP address {address}")
