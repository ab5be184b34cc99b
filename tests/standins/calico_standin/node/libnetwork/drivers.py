"""The two drivers: what they answer, and what they make of it in etcd and on the host."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Any

from ...cni import endpoint
from ...cni.endpoint import Endpoint
from ...errors import StandinError
from ...ipam.allocator import Allocator, enabled_pools
from ...ipam.log import Log
from ..datastore import Datastore

Request = Mapping[str, Any]

ORCHESTRATOR = WORKLOAD = "libnetwork"
POOL_V4 = "CalicoPoolIPv4"
GATEWAY = "169.254.1.1"
_MAC = "EE:EE:EE:EE:EE:EE"
_ANY = "0.0.0.0/0"
_DOCKER = "/var/run/docker.sock"
_DEADLINE = 30
_LINK = 0x20  # scope of an address in /proc/net/if_inet6 (IPV6_ADDR_LINKLOCAL)
_NAME = 11  # characters of an endpoint's id in the names of its interfaces


class DriverError(StandinError):
    """What Docker shows its user."""


class Network:
    """NetworkDriver."""

    def __init__(self, etcd: Datastore, node: str) -> None:
        self._etcd = etcd
        self._node = node
        self._mtu = os.environ.get("CALICO_LIBNETWORK_VETH_MTU")
        self._profiles = os.environ.get("CALICO_LIBNETWORK_CREATE_PROFILES", "").lower() != "false"

    def get_capabilities(self, _: Request) -> Request:
        """A network belongs to all hosts, so that Docker needs a store that they share."""
        return {"Scope": "global", "ConnectivityScope": ""}

    def create_network(self, request: Request) -> Request:
        """Nothing is made; what would have no effect is refused."""
        for key, value in (request.get("Options") or {}).items():
            if key != "com.docker.network.enable_ipv6" and value not in (False, {}):
                raise DriverError(_unsupported(key, value))
        for data in request.get("IPv4Data") or ():
            if data.get("Gateway") != _ANY:
                raise DriverError("Non-Calico IPAM driver is used. Note: Docker before 1.12.3 is unsupported")
        return {}

    def create_endpoint(self, request: Request) -> Request:
        """The workload endpoint in etcd, with the profile of the network's name."""
        interface = request.get("Interface") or {}
        if not interface.get("Address"):
            raise DriverError("No address assigned for endpoint")
        address = ip_network(interface["Address"].partition("/")[0])
        mac = interface.get("MacAddress") or ""
        name = _network_name(request["NetworkID"])
        made = Endpoint(
            node=self._node,
            workload=WORKLOAD,
            name=request["EndpointID"],
            interface=_interface("cali", request),
            mac=(mac or _MAC).lower(),
            profiles=[name] if self._profiles else [],
            networks=[str(address)],
            orchestrator=ORCHESTRATOR,
        )
        if self._profiles and not endpoint.profile_exists(self._etcd, name):
            endpoint.create_profile(self._etcd, name, [name])
        self._etcd.create(made.path, made.to_json())
        return {"Interface": {"MacAddress": "" if mac else _MAC}}

    def delete_endpoint(self, request: Request) -> Request:
        """Out of etcd."""
        endpoint.remove(self._etcd, self._node, WORKLOAD, request["EndpointID"], ORCHESTRATOR)
        return {}

    def join(self, request: Request) -> Request:
        """A veth pair, whose one end Docker moves into the container."""
        host, other = _interface("cali", request), _interface("temp", request)
        mtu = ["mtu", self._mtu] if self._mtu else []
        _ip("link", "add", "dev", host, *mtu, "type", "veth", "peer", "name", other, *mtu)
        _ip("link", "set", "dev", other, "up")
        _ip("link", "set", "dev", host, "up")
        local = _link_local(host)
        routes = [
            {"Destination": to, "RouteType": 1, "NextHop": ""}
            for to in (f"{GATEWAY}/32", *([f"{local}/128"] if local else []))
        ]
        names = {"SrcName": other, "DstPrefix": os.environ.get("CALICO_LIBNETWORK_IFPREFIX") or "cali"}
        return {"InterfaceName": names, "Gateway": GATEWAY, "GatewayIPv6": local, "StaticRoutes": routes}

    def leave(self, request: Request) -> Request:
        """The pair goes, if the container's end did not take it along."""
        if os.path.exists(f"/sys/class/net/{_interface('cali', request)}"):
            _ip("link", "del", "dev", _interface("cali", request))
        return {}

    def endpoint_oper_info(self, _: Request) -> Request:
        """Nothing is told."""
        return {"Value": {}}

    def _nothing(self, _: Request) -> Request:
        return {}

    delete_network = discover_new = discover_delete = allocate_network = free_network = _nothing
    program_external_connectivity = revoke_external_connectivity = _nothing


class Ipam:
    """IpamDriver, over Calico's own allocation."""

    def __init__(self, etcd: Datastore, node: str, log: Log) -> None:
        self._etcd = etcd
        self._allocator = Allocator(etcd, node, log)

    def get_capabilities(self, _: Request) -> Request:
        """None."""
        return {"RequiresMACAddress": False}

    def get_default_address_spaces(self, _: Request) -> Request:
        """Their names."""
        return {
            "LocalDefaultAddressSpace": "CalicoLocalAddressSpace",
            "GlobalDefaultAddressSpace": "CalicoGlobalAddressSpace",
        }

    def request_pool(self, request: Request) -> Request:
        """A pool of Calico's as a whole, or all of them; the gateway keeps Docker from asking for one."""
        if request.get("SubPool"):
            raise DriverError(
                "Calico IPAM does not support sub pool configuration on 'docker create network'. Calico IP Pools should be configured first and IP "
                "assignment is from those pre-configured pools.",
            )
        if request.get("Options"):
            raise DriverError("Arbitrary options are not supported")
        if request.get("V6"):
            raise DriverError("IPv6 is not played by the stand-in")
        pool, number = _ANY, POOL_V4
        if request.get("Pool"):
            pool = number = request["Pool"]
            if self._etcd.get(f"/calico/v1/ipam/v4/pool/{pool.replace('/', '-')}") is None:
                raise DriverError("The requested subnet must match the CIDR of a configured Calico IP Pool.")
        return {"PoolID": number, "Pool": pool, "Data": {"com.docker.network.gateway": _ANY}}

    def release_pool(self, _: Request) -> Request:
        """Nothing was taken."""
        return {}

    def request_address(self, request: Request) -> Request:
        """The address asked for, or the next one; without a handle, as the real one has it."""
        if (request.get("Options") or {}).get("RequestAddressType") == "com.docker.network.gateway":
            raise DriverError("Calico IPAM does not support specifying a gateway.")
        if request.get("Address"):
            wanted = ip_address(request["Address"])
            self._allocator.assign(wanted, None)
            return {"Address": f"{wanted}/32", "Data": {}}
        number = 1
        if request["PoolID"] != POOL_V4:
            number = 0  # As 1.1.2 has it: it was mended in 1.1.3.
            if ip_network(request["PoolID"]) not in enabled_pools(self._etcd, 4):
                raise DriverError(
                    "The network references a Calico pool which has been deleted. Please re-instate the Calico pool before using the network.",
                )
        found = self._allocator.auto_assign(number, 4, None, []) if number else []
        if len(found) != 1:
            raise DriverError(
                f"Unexpected number of assigned IP addresses. A single address should be assigned. Got {found}"
            )
        return {"Address": f"{found[0]}/32", "Data": {}}

    def release_address(self, request: Request) -> Request:
        """Also of an address that nobody has."""
        self._allocator.release_address(ip_address(request["Address"]))
        return {}


def _unsupported(key: str, value: object) -> str:
    if isinstance(value, bool):
        return f"Calico driver does not support the flag --{key.removeprefix('com.docker.network.')}."
    if isinstance(value, dict):
        return f"Calico driver does not support the {'flags' if len(value) > 1 else 'flag'} {', '.join(sorted(value))}."
    return f"Calico driver does not support the flag {key} ({value})."


def _interface(prefix: str, request: Request) -> str:
    return prefix + request["EndpointID"][:_NAME]


def _link_local(interface: str) -> str:
    """The link-local IPv6 address of an interface, '' without one: where the host has IPv6, Docker is given a route to it."""
    table = Path("/proc/net/if_inet6")
    for line in table.read_text(encoding="ascii").splitlines() if table.exists() else ():
        address, _index, _prefix, scope, _flags, name = line.split()
        if name == interface and int(scope, 16) == _LINK:
            return str(IPv6Address(bytes.fromhex(address)))
    return ""


def _network_name(network_id: str) -> str:
    """The network's name, of which Docker tells a driver only when asked."""
    connection = http.client.HTTPConnection("docker", timeout=_DEADLINE)
    connection.sock = socket.socket(socket.AF_UNIX)
    try:
        connection.sock.settimeout(_DEADLINE)
        connection.sock.connect(_DOCKER)
        connection.request("GET", f"/networks/{network_id}")
        answer = connection.getresponse()
        document = json.loads(answer.read())
    finally:
        connection.close()
    if answer.status != http.HTTPStatus.OK:
        raise DriverError(f"Network {network_id} inspection error: {document.get('message')}")
    return str(document["Name"])


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, timeout=_DEADLINE, check=False)
    if done.returncode != 0:
        raise DriverError(f"Veth creation error: {done.stderr.strip()}")
