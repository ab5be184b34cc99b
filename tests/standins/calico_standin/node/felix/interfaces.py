"""Sysctls and routes of the workloads' interfaces, and the IPIP device."""

from __future__ import annotations

import subprocess
from pathlib import Path

from ...ipam.log import Bare, Log
from ..paths import TUNNEL_DEVICE
from .model import Model

_DEADLINE = 10
_IFF_UP = 1
_SETTINGS = {"rp_filter": "1", "route_localnet": "1", "proxy_arp": "1", "forwarding": "1"}
_IPV4 = Path("/proc/sys/net/ipv4")
_NETWORKS = Path("/sys/class/net")


def reverse_path_filter() -> int:
    """The value that applies to every interface."""
    return int((_IPV4 / "conf/all/rp_filter").read_text(encoding="ascii"))


def prepare_host() -> None:
    """What Felix sets once, at its start."""
    (_IPV4 / "conf/default/rp_filter").write_text("1", encoding="ascii")
    (_IPV4 / "ip_forward").write_text("1", encoding="ascii")


class Interfaces:
    """Configures an interface when it comes up, and only then: the kernel forgets routes of one that goes down, and takes none for one that is."""

    def __init__(self) -> None:
        self._configured: dict[str, str] = {}

    def refresh(self, model: Model) -> None:
        """See to the interfaces that have come up and forget those that are gone or down; what fails is tried again the next time."""
        present = {endpoint.interface: endpoint for endpoint in model.local if _is_up(endpoint.interface)}
        self._configured = {name: index for name, index in self._configured.items() if name in present}
        for name, endpoint in present.items():
            index = (_NETWORKS / name / "ifindex").read_text(encoding="ascii")
            signature = f"{index} {' '.join(endpoint.networks)}"
            if self._configured.get(name) != signature:
                for setting, value in _SETTINGS.items():
                    (_IPV4 / "conf" / name / setting).write_text(value, encoding="ascii")
                if all(
                    [
                        _ip("-4", "route", "replace", network, "dev", name, "scope", "link")
                        for network in endpoint.networks
                    ]
                ):
                    self._configured[name] = signature


def _is_up(name: str) -> bool:
    """Whether there is such an interface and it is up; libnetwork's is there before."""
    try:
        return bool(int((_NETWORKS / name / "flags").read_text(encoding="ascii"), 16) & _IFF_UP)
    except OSError:
        return False


def set_up_tunnel(address: str, log: Log) -> None:
    """Make the IPIP device and give it the node's tunnel address; kernels without it are complained of."""
    if not (_NETWORKS / TUNNEL_DEVICE).exists() and not _ip("tunnel", "add", TUNNEL_DEVICE, "mode", "ipip"):
        log.warning("ipip_mgr.go 104", "Failed to add IPIP tunnel device", error=Bare("exit status 1"))
        log.warning("ipip_mgr.go 81", "Failed configure IPIP tunnel device, retrying...", error=Bare("exit status 1"))
        return
    _ip("link", "set", TUNNEL_DEVICE, "mtu", "1440", "up")
    if address:
        _ip("addr", "replace", f"{address}/32", "dev", TUNNEL_DEVICE)


def _ip(*arguments: str) -> bool:
    command = ["ip", *arguments]
    return subprocess.run(command, capture_output=True, timeout=_DEADLINE, check=False).returncode == 0
