"""The container's interface: a veth pair, its addresses, routes and sysctls, all by ip(8)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ..errors import StandinError
from ..ipam.log import Log
from .protocol import PluginError

_GATEWAY = "169.254.1.1"
_HOST_MAC = "ee:ee:ee:ee:ee:ee"
_HOST_LINK_LOCAL = "fe80::ecee:eeff:feee:eeee"
_NAME_LIMIT = 15
_DEADLINE = 30
_ANSWER = re.compile(r"RTNETLINK answers: (.+)")
_ETHER = re.compile(r"link/ether (\S+)")


class LinkError(StandinError):
    """The kernel refused; str() is its reason in lower case, as Go prints an errno."""


def host_name_of(container_id: str) -> str:
    """The name of the host's end."""
    return f"cali{container_id[: min(11, len(container_id))]}"


def check_namespace(path: str) -> None:
    """Refuse what is not a network namespace."""
    try:
        device = os.stat(path).st_dev
    except OSError as exc:
        raise PluginError(f'failed to Statfs "{path}": {os.strerror(exc.errno or 0).lower()}') from exc
    if device != os.stat("/proc/self/ns/net").st_dev:
        magic = _run(["stat", "-f", "-c", "%t", path]).strip()
        raise PluginError(f'unknown FS magic on "{path}": {magic}')


def attach(container_id: str, netns: str, ifname: str, networks: Sequence[str], mtu: int, log: Log) -> tuple[str, str]:
    """Make the pair and set both ends up; the host's name of it and the container's MAC."""
    host = host_name_of(container_id)
    try:
        check_namespace(netns)
        if _exists(host):
            _ip(["link", "del", "dev", host])
        _make_pair(host, netns, ifname, mtu, container_id, log)
        mac = _set_up_container(netns, ifname, networks)
    except StandinError as exc:
        log.error("network.go 180", f"Error creating veth: {exc}", Workload=container_id)
        raise
    _set_up_host(host, networks)
    return host, mac


def detach(netns: str, ifname: str) -> bool:
    """Remove the container's end; False when there is none."""
    if not os.path.exists(netns) or not _in_namespace_exists(netns, ifname):
        return False
    print(f"Calico CNI deleting device in netns {netns}", file=sys.stderr, flush=True)
    _ip(["link", "del", "dev", ifname], netns)
    return True


def _make_pair(host: str, netns: str, ifname: str, mtu: int, container_id: str, log: Log) -> None:
    size = ["mtu", str(mtu)] if mtu else []
    command = ["link", "add", "dev", host, *size, "address", _HOST_MAC, "type", "veth"]
    command += ["peer", "name", ifname, *size, "netns", netns]
    try:
        if len(ifname) > _NAME_LIMIT:
            raise LinkError("numerical result out of range")
        _ip(command)
    except LinkError as exc:
        described = (
            f"&{{LinkAttrs:{{Index:0 MTU:{mtu} TxQLen:0 Name:{ifname} HardwareAddr: Flags:up RawFlags:0 ParentIndex:0 "
            "MasterIndex:0 Namespace:<nil> Alias: Statistics:<nil> Promisc:0 Xdp:<nil> EncapType: Protinfo:<nil> "
            f"OperState:unknown}} PeerName:{host}}}"
        )
        log.error("network.go 50", f"Error adding veth {described}: {exc}", Workload=container_id)
        raise
    _ip(["link", "set", "dev", host, "up"])


def _set_up_container(netns: str, ifname: str, networks: Sequence[str]) -> str:
    lines = [f"link set dev {ifname} up"]
    if any(":" not in network for network in networks):
        lines.append(f"route add {_GATEWAY} dev {ifname} scope link")
        lines.append(f"route add default via {_GATEWAY} dev {ifname}")
    if any(":" in network for network in networks):
        lines.append(f"route add default via {_HOST_LINK_LOCAL} dev {ifname}")
    lines += [f"addr add {network} dev {ifname}" for network in networks]
    lines.append(f"link show dev {ifname}")
    shown = _run(["nsenter", f"--net={netns}", "ip", "-batch", "-"], "".join(f"{line}\n" for line in lines))
    found = _ETHER.search(shown)
    if found is None:
        raise PluginError(f"no MAC address on {ifname}")
    return found.group(1)


def _set_up_host(host: str, networks: Sequence[str]) -> None:
    sysctls: list[tuple[str, str]] = []
    if any(":" not in network for network in networks):
        sysctls += [(f"ipv4/conf/{host}/proxy_arp", "1"), (f"ipv4/conf/{host}/forwarding", "1")]
    if any(":" in network for network in networks):
        sysctls += [(f"ipv6/conf/{host}/proxy_ndp", "1"), (f"ipv6/conf/{host}/forwarding", "1")]
    for name, value in sysctls:
        Path("/proc/sys/net", name).write_text(value, encoding="ascii")
    for network in networks:
        _route(host, network)


def _route(host: str, network: str) -> None:
    family = "-6" if ":" in network else "-4"
    try:
        _ip([family, "route", "add", network, "dev", host, "scope", "link"])
    except LinkError as exc:
        if str(exc) != "file exists":
            raise PluginError(f"error adding host side routes for interface: {host}, error: {exc}") from exc
        if f"dev {host} " in _run(["ip", family, "route", "show", network]) + " ":
            return
        index = Path("/sys/class/net", host, "ifindex").read_text(encoding="ascii").strip()
        raise PluginError(
            f"error adding host side routes for interface: {host}, error: route (Ifindex: {index}, "
            f"Dst: {network}, Scope: 253) already exists for an interface other than '{host}'"
        ) from exc


def _exists(name: str) -> bool:
    return os.path.exists(f"/sys/class/net/{name}")


def _in_namespace_exists(netns: str, name: str) -> bool:
    command = ["nsenter", f"--net={netns}", "ip", "link", "show", "dev", name]
    return subprocess.run(command, capture_output=True, timeout=_DEADLINE, check=False).returncode == 0


def _ip(arguments: Sequence[str], netns: str = "") -> str:
    enter = ["nsenter", f"--net={netns}"] if netns else []
    return _run([*enter, "ip", *arguments])


def _run(command: Sequence[str], text: str = "") -> str:
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=_DEADLINE, check=False)
    except OSError as exc:
        raise LinkError(f'exec: "{command[0]}": {os.strerror(exc.errno or 0).lower()}') from exc
    if done.returncode != 0:
        found = _ANSWER.search(done.stderr)
        raise LinkError(found.group(1).lower() if found else done.stderr.strip())
    return done.stdout
