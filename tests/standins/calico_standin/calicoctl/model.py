"""The resource kinds: their fields, identifiers, names on the command line and columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .schema import (
    ADDRESS,
    AS_NUMBER,
    BOOL,
    FLOAT,
    INT,
    NETWORK,
    PORT,
    PROTOCOL,
    STRING,
    Labels,
    List,
    Scalar,
    Struct,
)

API_VERSION = "v1"


@dataclass
class Resource:
    """A resource of some kind, its fields decoded."""

    kind: Kind
    metadata: dict[str, Any]
    spec: dict[str, Any]

    def document(self) -> dict[str, Any]:
        """The resource as it is printed, in the order of the Go struct."""
        return {
            "kind": self.kind.name,
            "apiVersion": API_VERSION,
            "metadata": self.metadata,
            "spec": self.spec,
        }


# What a table cell holds; the second argument gives the cluster's AS number.
Cell = Callable[[Resource, Callable[[], str]], str]


@dataclass(frozen=True)
class Kind:
    """One kind of resource; `required` are the identifiers a single one is named by, the NAME last."""

    name: str
    aliases: Sequence[str]
    required: Sequence[str]
    metadata: Struct
    spec: Struct
    cells: Mapping[str, Cell]
    headings: Sequence[str]
    wide: Sequence[str]

    def make(self, metadata: Mapping[str, Any], spec: Mapping[str, Any]) -> Resource:
        """A resource of raw fields that are known to be good."""
        return Resource(self, self.metadata.trim(metadata), self.spec.trim(spec))


_ICMP = Struct("ICMPFields", {"type": INT, "code": INT}, pointer=True)
_ENTITY = Struct(
    "EntityRule",
    {
        "tag": STRING,
        "net": NETWORK,
        "nets": List(NETWORK),
        "selector": STRING,
        "ports": List(PORT),
        "notTag": STRING,
        "notNet": NETWORK,
        "notNets": List(NETWORK),
        "notSelector": STRING,
        "notPorts": List(PORT),
    },
)
RULE = Struct(
    "Rule",
    {
        "action": STRING,
        "ipVersion": INT,
        "protocol": PROTOCOL,
        "icmp": _ICMP,
        "notProtocol": PROTOCOL,
        "notICMP": _ICMP,
        "source": _ENTITY,
        "destination": _ENTITY,
    },
)
_NAT = Struct("IPNAT", {"internalIP": ADDRESS, "externalIP": ADDRESS})


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _meta(name: str) -> Cell:
    return lambda resource, _: _text(resource.metadata.get(name))


def _spec(name: str, default: str = "") -> Cell:
    return lambda resource, _: _text(resource.spec.get(name, default))


def _joined(name: str) -> Cell:
    return lambda resource, _: ",".join(resource.spec.get(name) or ())


def _node_cell(name: str) -> Cell:
    return lambda resource, _: _text((resource.spec.get("bgp") or {}).get(name))


def _node_as(resource: Resource, inherited: Callable[[], str]) -> str:
    bgp = resource.spec.get("bgp")
    if bgp is None:
        return ""
    return _text(bgp["asNumber"]) if "asNumber" in bgp else f"({inherited()})"


def _nats(resource: Resource, _: Callable[[], str]) -> str:
    return ",".join(f"{nat['internalIP']}:{nat['externalIP']}" for nat in resource.spec.get("ipNATs") or ())


NODE = Kind(
    name="node",
    aliases=("node", "nodes", "no", "nos"),
    required=("name",),
    metadata=Struct("NodeMetadata", {"name": STRING, "labels": Labels()}),
    spec=Struct(
        "NodeSpec",
        {
            "bgp": Struct(
                "NodeBGPSpec",
                {"asNumber": AS_NUMBER, "ipv4Address": NETWORK, "ipv6Address": NETWORK},
                pointer=True,
            )
        },
    ),
    cells={
        "NAME": _meta("name"),
        "ASN": _node_as,
        "IPV4": _node_cell("ipv4Address"),
        "IPV6": _node_cell("ipv6Address"),
    },
    headings=("NAME",),
    wide=("NAME", "ASN", "IPV4", "IPV6"),
)

IP_POOL = Kind(
    name="ipPool",
    aliases=("ippool", "ippools", "ipp", "ipps", "pool", "pools"),
    required=("cidr",),
    metadata=Struct("IPPoolMetadata", {"cidr": NETWORK}),
    spec=Struct(
        "IPPoolSpec",
        {
            "ipip": Struct("IPIPConfiguration", {"enabled": BOOL, "mode": STRING}, pointer=True),
            "nat-outgoing": BOOL,
            "disabled": BOOL,
        },
    ),
    cells={
        "CIDR": _meta("cidr"),
        "NAT": lambda resource, _: _text(resource.spec.get("nat-outgoing", False)),
        "IPIP": lambda resource, _: _text((resource.spec.get("ipip") or {}).get("enabled", False)),
    },
    headings=("CIDR",),
    wide=("CIDR", "NAT", "IPIP"),
)

POLICY = Kind(
    name="policy",
    aliases=("policy", "policies", "pol", "pols"),
    required=("name",),
    metadata=Struct("PolicyMetadata", {"name": STRING, "annotations": Labels()}),
    spec=Struct(
        "PolicySpec",
        {
            "order": FLOAT,
            "ingress": List(RULE),
            "egress": List(RULE),
            "selector": Scalar("string", always=True),
            "doNotTrack": BOOL,
            "preDNAT": BOOL,
            "types": List(STRING),
        },
    ),
    cells={"NAME": _meta("name"), "ORDER": _spec("order", "<nil>"), "SELECTOR": _spec("selector")},
    headings=("NAME",),
    wide=("NAME", "ORDER", "SELECTOR"),
)

PROFILE = Kind(
    name="profile",
    aliases=("profile", "profiles", "pro", "pros"),
    required=("name",),
    metadata=Struct("ProfileMetadata", {"name": STRING, "tags": List(STRING), "labels": Labels()}),
    spec=Struct("ProfileSpec", {"ingress": List(RULE), "egress": List(RULE)}),
    cells={"NAME": _meta("name"), "TAGS": lambda resource, _: ",".join(resource.metadata.get("tags") or ())},
    headings=("NAME",),
    wide=("NAME", "TAGS"),
)

BGP_PEER = Kind(
    name="bgpPeer",
    aliases=("bgppeer", "bgppeers", "bgpp", "bgpps", "bp", "bps"),
    required=("scope", "node", "peerIP"),
    metadata=Struct("BGPPeerMetadata", {"scope": STRING, "node": STRING, "peerIP": ADDRESS}),
    spec=Struct("BGPPeerSpec", {"asNumber": AS_NUMBER}),
    cells={"SCOPE": _meta("scope"), "PEERIP": _meta("peerIP"), "NODE": _meta("node"), "ASN": _spec("asNumber")},
    headings=("SCOPE", "PEERIP", "NODE", "ASN"),
    wide=("SCOPE", "PEERIP", "NODE", "ASN"),
)

HOST_ENDPOINT = Kind(
    name="hostEndpoint",
    aliases=("hostendpoint", "hostendpoints", "hep", "heps"),
    required=("node", "name"),
    metadata=Struct("HostEndpointMetadata", {"name": STRING, "node": STRING, "labels": Labels()}),
    spec=Struct(
        "HostEndpointSpec",
        {"interfaceName": STRING, "expectedIPs": List(ADDRESS), "profiles": List(STRING)},
    ),
    cells={
        "NODE": _meta("node"),
        "NAME": _meta("name"),
        "INTERFACE": _spec("interfaceName"),
        "IPS": _joined("expectedIPs"),
        "PROFILES": _joined("profiles"),
    },
    headings=("NODE", "NAME"),
    wide=("NODE", "NAME", "INTERFACE", "IPS", "PROFILES"),
)

WORKLOAD_ENDPOINT = Kind(
    name="workloadEndpoint",
    aliases=("workloadendpoint", "workloadendpoints", "wep", "weps"),
    required=("node", "orchestrator", "workload", "name"),
    metadata=Struct(
        "WorkloadEndpointMetadata",
        {
            "name": STRING,
            "workload": STRING,
            "orchestrator": STRING,
            "node": STRING,
            "activeInstanceID": STRING,
            "labels": Labels(),
        },
    ),
    spec=Struct(
        "WorkloadEndpointSpec",
        {
            "ipNetworks": List(NETWORK),
            "ipNATs": List(_NAT),
            "ipv4Gateway": ADDRESS,
            "ipv6Gateway": ADDRESS,
            "profiles": List(STRING),
            "interfaceName": STRING,
            "mac": STRING,
        },
    ),
    cells={
        "NODE": _meta("node"),
        "ORCHESTRATOR": _meta("orchestrator"),
        "WORKLOAD": _meta("workload"),
        "NAME": _meta("name"),
        "NETWORKS": _joined("ipNetworks"),
        "NATS": _nats,
        "INTERFACE": _spec("interfaceName"),
        "PROFILES": _joined("profiles"),
    },
    headings=("NODE", "ORCHESTRATOR", "WORKLOAD", "NAME"),
    wide=("NODE", "ORCHESTRATOR", "WORKLOAD", "NAME", "NETWORKS", "NATS", "INTERFACE", "PROFILES"),
)

KINDS = (NODE, IP_POOL, POLICY, PROFILE, BGP_PEER, HOST_ENDPOINT, WORKLOAD_ENDPOINT)


def by_document_name(name: str) -> Kind | None:
    """The kind a document names; case matters."""
    return next((kind for kind in KINDS if kind.name == name), None)


def by_argument(name: str) -> Kind | None:
    """The kind a command line names; case does not matter."""
    return next((kind for kind in KINDS if name.lower() in kind.aliases), None)
