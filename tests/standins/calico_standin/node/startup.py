"""calico/node's startup: the node's record, the default pools and the defaults of the configuration."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import sys
import time
import uuid
from dataclasses import dataclass
from ipaddress import IPv4Interface
from pathlib import Path
from typing import NoReturn

from ..errors import ConfigError, EtcdError, KeyExists, KeyNotFound
from ..ipam.log import Bare, Log
from ..release import NODE
from . import autodetect
from .autodetect import NotDetected
from .datastore import Datastore, connect
from .paths import STARTUP_ENV

_BGP = "/calico/bgp/v1"
_V1 = "/calico/v1"
_DEFAULT_V4 = "192.168.0.0/16"
_DEFAULT_V6 = "fd80:24e2:f998:72d6::/64"
_MAX_AS = 2**32 - 1
_DEFAULTS = {
    f"{_BGP}/global/as_num": "64512",
    f"{_BGP}/global/loglevel": "info",
    f"{_BGP}/global/node_mesh": '{"enabled":true}',
    f"{_V1}/config/LogSeverityScreen": "info",
    f"{_V1}/config/ReportingIntervalSecs": "0",
}


class Terminate(Exception):
    """Startup gives up; the reason is logged."""


@dataclass
class NodeRecord:
    """What the datastore knows of a node's BGP."""

    address: IPv4Interface | None = None
    as_number: str | None = None


def node_name() -> str:
    """The node's name: NODENAME, else HOSTNAME, else the host's."""
    name = os.environ.get("NODENAME") or os.environ.get("HOSTNAME") or socket.gethostname()
    return name.strip().lower()


class Startup:
    """One run of startup."""

    def __init__(self) -> None:
        self._log = Log("INFO", sys.stdout)
        self._log.info("startup.go 173", "Early log level set to info")
        self._name = node_name()
        self._log.info("client.go 202", "Loading config from environment")
        try:
            self._etcd: Datastore = connect()
        except ConfigError as exc:
            self._terminate("startup.go 187", f"Unable to create a client: {exc}")

    def run(self) -> None:
        """Everything startup does; Terminate when it cannot."""
        self._wait_for_datastore()
        record = self._read_node()
        changed = self._choose_address(record)
        if changed:
            self._check_conflicts(record)
        self._choose_as_number(record)
        self._initialise()
        self._write_node(record)
        self._ensure_pools()
        self._ensure_defaults()
        STARTUP_ENV.write_text(f"export NODENAME={self._name}\n", encoding="utf-8")
        self._log.info("startup.go 131", f"Using node name: {self._name}")

    def _terminate(self, place: str, message: str) -> NoReturn:
        self._log.warning(place, message)
        self._log.warning("startup.go 915", "Terminating")
        raise Terminate(message)

    # -- the datastore ----------------------------------------------------------------------

    def _wait_for_datastore(self) -> None:
        if os.environ.get("WAIT_FOR_DATASTORE") != "true":
            self._log.info("startup.go 83", "Skipping datastore connection test")
            return
        self._log.info("startup.go 204", "Checking datastore connection")
        while True:
            try:
                self._etcd.node(f"{_V1}/host/{self._name}")
            except EtcdError as exc:
                self._log.info("etcd.go 373", f"Unhandled error: {exc}")
                self._log.info("startup.go 219", "Hit error connecting to datastore - retry", error=Bare(exc))
                time.sleep(1)
                continue
            self._log.info("startup.go 227", "Datastore connection verified")
            return

    def _read_node(self) -> NodeRecord:
        try:
            known = self._etcd.node(f"{_V1}/host/{self._name}") is not None
            record = NodeRecord(self._stored_address(self._name), self._etcd.get(self._bgp("as_num")))
        except EtcdError as exc:
            self._log.info("etcd.go 373", f"Unhandled error: {exc}")
            self._log.info("startup.go 254", "Unable to query node configuration", Name=self._name, error=Bare(exc))
            self._terminate("startup.go 255", "Unable to access datastore to query node configuration")
        if not known:
            self._log.info("startup.go 259", "Building new node resource", Name=self._name)
        if record.address is None:
            self._log.info("startup.go 273", "Initialise BGP data")
        return record

    def _stored_address(self, name: str) -> IPv4Interface | None:
        base = f"{_BGP}/host/{name}"
        address = self._etcd.get(f"{base}/ip_addr_v4")
        if not address:
            return None
        network = self._etcd.get(f"{base}/network_v4") or f"{address}/32"
        return IPv4Interface(f"{address}/{network.rpartition('/')[2]}")

    def _bgp(self, key: str) -> str:
        return f"{_BGP}/host/{self._name}/{key}"

    # -- address and AS number --------------------------------------------------------------

    def _choose_address(self, record: NodeRecord) -> bool:
        old = record.address
        given = os.environ.get("IP", "")
        if given == "autodetect" or (not given and old is None):
            record.address = self._detected(old)
        else:
            if given and given != "none":
                record.address = self._given(given)
            self._confirm(record.address)
        if record.address != old:
            self._log.info("startup.go 338", "Node IPv4 changed, will check for conflicts")
            return True
        return False

    def _detected(self, old: IPv4Interface | None) -> IPv4Interface:
        try:
            found = autodetect.detect(os.environ.get("IP_AUTODETECTION_METHOD") or "first-found")
        except NotDetected as exc:
            self._log.warning("startup.go 477", str(exc))
            if old is None:
                self._terminate(
                    "startup.go 291",
                    "Couldn't autodetect an IPv4 address. If auto-detecting, choose a different autodetection method. Otherwise provide an explicit address.",
                )
            self._log.warning("startup.go 301", f"Autodetection of IPv4 address failed, keeping existing value: {old}")
            self._confirm(old)
            return old
        self._log.info(
            "startup.go 467", f"Using autodetected IPv4 address on interface {found.interface}: {found.address}"
        )
        return found.address

    def _given(self, text: str) -> IPv4Interface:
        try:
            address = IPv4Interface(text)
        except ValueError:
            self._terminate("startup.go 359", f"Environment does not contain a valid IPv%d address: %s=%s4IP{text}")
        self._log.info("startup.go 362", f"Using IPv4 address from environment: IP={text.partition('/')[0]}")
        return address

    def _confirm(self, address: IPv4Interface | None) -> None:
        if address is None:
            return
        for found in autodetect.interfaces():
            if found.address.ip == address.ip:
                self._log.info("startup.go 392", f"IPv4 address {address.ip} discovered on interface {found.interface}")
                return
        self._log.warning("startup.go 397", f"Unable to confirm IPv4 address {address.ip} is assigned to this host")

    def _check_conflicts(self, record: NodeRecord) -> None:
        try:
            hosts = self._etcd.require(f"{_V1}/host").get("nodes", ())
        except KeyNotFound as exc:
            self._log.info("etcd.go 430", "Error enumerating host directories", error=Bare(exc))
            return
        for host in hosts:
            name = host["key"].rpartition("/")[2]
            address = self._stored_address(name)
            if address is None or record.address is None:
                continue
            if name == self._name:
                if address != record.address:
                    self._log.warning(
                        "startup.go 706",
                        "IPv4 address has changed. This could happen if there are multiple nodes with the same name.",
                        node=name,
                        original=str(address),
                        updated=str(record.address),
                    )
            elif address.ip == record.address.ip:
                self._terminate(
                    "startup.go 718", f"Calico node '{name}' is already using the IPv4 address {address.ip}."
                )

    def _choose_as_number(self, record: NodeRecord) -> None:
        given = os.environ.get("AS", "")
        if not given:
            if record.as_number is None:
                self._log.info("startup.go 530", "No AS number configured on node resource, using global value")
            return
        try:
            record.as_number = _as_number(given)
        except ValueError:
            self._log.error(
                "startup.go 522",
                f"The AS number specified in the environment (AS={given}) is not valid",
                error=Bare(f"invalid AS Number format ({given})"),
            )
            self._log.warning("startup.go 915", "Terminating")
            raise Terminate(given) from None
        self._log.info("startup.go 516", f"Using AS number specified in environment (AS={given})")

    # -- writing ----------------------------------------------------------------------------

    def _initialise(self) -> None:
        if self._ensure(f"{_V1}/Ready", "true"):
            self._log.info("etcd.go 105", "Ready flag is now set")
        else:
            self._log.info("etcd.go 111", "Ready flag is already set")
        guid = uuid.uuid4().hex
        if self._ensure(f"{_V1}/config/ClusterGUID", guid):
            self._log.info("client.go 133", "Assigned cluster GUID", ClusterGUID=guid)
        else:
            self._log.info("client.go 139", "Using previously configured cluster GUID")

    def _ensure(self, path: str, value: str) -> bool:
        """Write a key that is absent; whether it was."""
        if self._etcd.get(path) is not None:
            return False
        try:
            self._etcd.create(path, value)
        except KeyExists:
            return False
        return True

    def _write_node(self, record: NodeRecord) -> None:
        address = record.address
        values = {f"{_V1}/host/{self._name}/metadata": "{}", self._bgp("ip_addr_v6"): ""}
        values[self._bgp("ip_addr_v4")] = str(address.ip) if address else ""
        if address:
            values[f"{_V1}/host/{self._name}/bird_ip"] = str(address.ip)
            values[self._bgp("network_v4")] = str(address.network)
        if record.as_number:
            values[self._bgp("as_num")] = record.as_number
        for path, value in values.items():
            self._etcd.set(path, value)

    def _ensure_pools(self) -> None:
        if os.environ.get("NO_DEFAULT_POOLS") == "true":
            self._log.info("startup.go 550", "Skipping IP pool configuration")
            return
        if not self._etcd.ls(f"{_V1}/ipam/v4/pool"):
            self._make_pool(4, os.environ.get("CALICO_IPV4POOL_CIDR") or _DEFAULT_V4)
        if not self._etcd.ls(f"{_V1}/ipam/v6/pool") and self._flag("FELIX_IPV6SUPPORT", True):
            supported = Path("/proc/sys/net/ipv6").is_dir()
            self._log.info("startup.go 626", f"IPv6 supported on this platform: {str(supported).lower()}")
            if supported:
                self._make_pool(6, os.environ.get("CALICO_IPV6POOL_CIDR") or _DEFAULT_V6)

    def _flag(self, variable: str, default: bool) -> bool:
        given = os.environ.get(variable)
        if given:
            value = given.lower() in ("true", "1", "yes", "y", "t")
            self._log.info("startup.go 413", f"{variable} is {str(value).lower()} through environment variable")
            return value
        self._log.info(
            "startup.go 419", f"{variable} is {str(default).lower()} (defaulted) through environment variable"
        )
        return default

    def _make_pool(self, version: int, cidr: str) -> None:
        nat = self._flag(f"CALICO_IPV{version}POOL_NAT_OUTGOING", version == 4)
        mode = (os.environ.get("CALICO_IPV4POOL_IPIP") or "off").lower() if version == 4 else "off"
        if mode not in ("off", "always", "cross-subnet"):
            self._terminate("startup.go 600", f"Unrecognized IPIP mode specified in CALICO_IPV4POOL_IPIP '{mode}'")
        self._log.info("startup.go 659", f"Ensure default IPv{version} pool is created. IPIP mode: {mode}")
        tunnelled = mode != "off"
        pool = {
            "cidr": cidr,
            "ipip": "tunl0" if tunnelled else "",
            "ipip_mode": mode if tunnelled else "",
            "masquerade": nat,
            "ipam": True,
            "disabled": False,
        }
        path = f"{_V1}/ipam/v{version}/pool/{cidr.replace('/', '-')}"
        if self._ensure(path, json.dumps(pool, separators=(",", ":"))):
            if tunnelled:
                self._etcd.set(f"{_V1}/config/IpInIpEnabled", "true")
            self._log.info(
                "startup.go 670",
                f"Created default IPv{version} pool ({cidr}) with NAT outgoing {str(nat).lower()}. IPIP mode: {mode}",
            )

    def _ensure_defaults(self) -> None:
        if self._etcd.get(f"{_BGP}/global/node_mesh") is not None:
            self._log.info("compat.go 796", "Returning configured node to node mesh")
        for path, value in _DEFAULTS.items():
            self._ensure(path, value)
        self._ensure(f"{_V1}/host/{self._name}/config/DefaultEndpointToHostAction", "RETURN")
        self._etcd.set(f"{_V1}/config/CalicoVersion", NODE)
        if os.environ.get("CLUSTER_TYPE"):
            self._etcd.set(f"{_V1}/config/ClusterType", os.environ["CLUSTER_TYPE"])
        directories = [f"{_BGP}/global/custom_filters/{version}" for version in ("v4", "v6")]
        directories.append(f"/calico/ipam/v2/host/{self._name}/ipv4/block")
        for path in directories:
            if self._etcd.node(path) is None:
                with contextlib.suppress(KeyExists):  # another node, just now
                    self._etcd.mkdir(path)


def _as_number(text: str) -> str:
    """A plain or dotted AS number as a plain one."""
    match = re.fullmatch(r"(\d+)(?:\.(\d+))?", text)
    if not match:
        raise ValueError(text)
    number = int(match.group(1)) if match.group(2) is None else int(match.group(1)) << 16 | int(match.group(2))
    if number > _MAX_AS:
        raise ValueError(text)
    return str(number)


def main() -> None:
    """Run startup alone; exit 1 when it terminates."""
    try:
        Startup().run()
    except Terminate:
        sys.exit(1)


if __name__ == "__main__":
    main()
