"""Finding the host's own address as calico/node does."""

from __future__ import annotations

import re
import socket
import subprocess
from dataclasses import dataclass
from ipaddress import IPv4Interface, ip_address

from ..errors import StandinError

_DEADLINE = 10
_EXCLUDED = re.compile(
    "^docker.*|^cbr.*|^dummy.*|^virbr.*|^lxcbr.*|^veth.*|^lo$|^cali.*|^tunl.*|^flannel.*|^kube-ipvs.*"
)
_ADDRESS = re.compile(r"^(\d+): +(\S+?)(?:@\S+)? +inet (\d+\.\d+\.\d+\.\d+(?:/\d+)?)")


class NotDetected(StandinError):
    """No interface fits the method."""


@dataclass(frozen=True)
class Found:
    """An address and where it is."""

    interface: str
    address: IPv4Interface


def interfaces() -> list[Found]:
    """Every IPv4 address of the host, in the order of the interfaces."""
    shown = subprocess.run(
        ["ip", "-o", "-4", "addr", "show"], capture_output=True, text=True, timeout=_DEADLINE, check=True
    ).stdout
    matches = [match for match in map(_ADDRESS.match, shown.splitlines()) if match]
    return [Found(match.group(2), IPv4Interface(match.group(3))) for match in matches]


def detect(method: str) -> Found:
    """The address chosen by first-found, can-reach=DESTINATION or interface=REGEX[,REGEX]."""
    kind, _, value = method.partition("=")
    if kind == "can-reach":
        return _towards(value)
    if kind == "interface":
        patterns = [re.compile(pattern) for pattern in value.split(",")]
        for found in _usable():
            if any(pattern.search(found.interface) for pattern in patterns):
                return found
        raise NotDetected(
            f"Unable to auto-detect an IPv4 address using interface regexes [{' '.join(value.split(','))}]: no valid host interfaces found"
        )
    for found in _usable():
        if not _EXCLUDED.match(found.interface):
            return found
    raise NotDetected("Unable to auto-detect an IPv4 address: no valid IPv4 addresses found on the host interfaces")


def _usable() -> list[Found]:
    """Unicast addresses, the last interface first."""
    usable = [item for item in interfaces() if not item.address.ip.is_loopback and not item.address.ip.is_link_local]
    return sorted(usable, key=lambda item: -_position(item.interface))


def _position(interface: str) -> int:
    try:
        return socket.if_nametoindex(interface)
    except OSError:
        return 0


def _towards(destination: str) -> Found:
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((destination, 80))
            source = ip_address(probe.getsockname()[0])
    except OSError as exc:
        raise NotDetected(
            f"Unable to auto-detect IPv4 address by connecting to {destination}: {exc.strerror or exc}"
        ) from exc
    for found in interfaces():
        if found.address.ip == source:
            return found
    raise NotDetected(f"autodetected IPv4 address does not match any addresses found on local interfaces: {source}")
