"""How resources lie in etcd: the common part, and the kinds that are one key each."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network
from typing import Any, ClassVar

from ..cni import gojson
from ..errors import KeyExists, KeyNotFound, StandinError
from ..etcd import Etcd
from .addresses import release_pool
from .model import BGP_PEER, IP_POOL, POLICY, Kind, Resource
from .rules import rules_from_store, rules_to_store

HOSTS = "/calico/v1/host"
BGP = "/calico/bgp/v1"
IPIP_ENABLED = "/calico/v1/config/IpInIpEnabled"

Metadata = Mapping[str, Any]


class ResourceExists(StandinError):
    """Create of what is there."""


class ResourceMissing(StandinError):
    """Replace or delete of what is not there."""


class Insufficient(StandinError):
    """A single resource is not named by enough identifiers."""


def escaped(name: str) -> str:
    """A name as part of a key."""
    return name.replace("%", "%25").replace("/", "%2f")


def unescaped(part: str) -> str:
    """The name in a key's part."""
    return part.replace("%2f", "/").replace("%25", "%")


class Store:
    """Resources of one kind in one datastore."""

    kind: ClassVar[Kind]

    def __init__(self, etcd: Etcd) -> None:
        self.etcd = etcd

    def select(self, metadata: Metadata) -> list[Resource]:
        """The resources whose identifiers are those given; unreadable values are passed over."""
        wanted = {name: metadata[name] for name in self.kind.required if metadata.get(name)}
        return [
            resource
            for resource in self.everything()
            if all(resource.metadata.get(name) == value for name, value in wanted.items())
        ]

    def everything(self) -> Iterator[Resource]:
        """All resources of the kind, in the order of their keys."""
        raise NotImplementedError

    def create(self, resource: Resource) -> None:
        """Write what must not be there yet."""
        raise NotImplementedError

    def replace(self, resource: Resource) -> None:
        """Write what must be there."""
        raise NotImplementedError

    def apply(self, resource: Resource) -> None:
        """Write whether it is there or not."""
        raise NotImplementedError

    def delete(self, metadata: Metadata) -> None:
        """Remove what must be there."""
        raise NotImplementedError

    def label(self, metadata: Metadata) -> str:
        """What error messages call a resource."""
        raise NotImplementedError

    def identify(self, metadata: Metadata) -> None:
        """Refuse a single resource that is not named in full."""
        for name in self.kind.required:
            if not metadata.get(name):
                raise Insufficient(f"insufficient identifiers, missing '{name}'")

    def exists(self, metadata: Metadata) -> ResourceExists:
        """The error for create."""
        return ResourceExists(f"resource already exists: {self.label(metadata)}")

    def missing(self, metadata: Metadata) -> ResourceMissing:
        """The error for replace and delete."""
        return ResourceMissing(f"resource does not exist: {self.label(metadata)}")


class OneKeyStore(Store):
    """A kind of which each resource is the JSON value of one key."""

    def path(self, metadata: Metadata) -> str:
        """The key of a resource."""
        raise NotImplementedError

    def encode(self, resource: Resource) -> dict[str, Any]:
        """The value, before JSON."""
        raise NotImplementedError

    def create(self, resource: Resource) -> None:
        self.identify(resource.metadata)
        try:
            self.etcd.create(self.path(resource.metadata), self._text(resource))
        except KeyExists as exc:
            raise self.exists(resource.metadata) from exc

    def replace(self, resource: Resource) -> None:
        self.identify(resource.metadata)
        try:
            self.etcd.update(self.path(resource.metadata), self._text(resource))
        except KeyNotFound as exc:
            raise self.missing(resource.metadata) from exc

    def apply(self, resource: Resource) -> None:
        self.identify(resource.metadata)
        self.etcd.set(self.path(resource.metadata), self._text(resource))

    def delete(self, metadata: Metadata) -> None:
        self.identify(metadata)
        try:
            self.etcd.delete(self.path(metadata))
        except KeyNotFound as exc:
            raise self.missing(metadata) from exc

    def _text(self, resource: Resource) -> str:
        return gojson.compact(self.encode(resource))


def values(etcd: Etcd, directory: str, recursive: bool = False) -> Iterator[tuple[str, dict[str, Any]]]:
    """The JSON objects under a directory, by key; what is no JSON object is passed over."""
    for path, text in etcd.ls(directory, recursive).items():
        try:
            value = json.loads(text or "")
        except ValueError:
            continue
        if isinstance(value, dict):
            yield path, value


def _object(text: str) -> dict[str, Any]:
    """The JSON object in a value, or Go's word for what it is instead."""
    for literal in ("null", "true", "false"):
        at = len(os.path.commonprefix((literal, text)))
        if text[:1] == literal[0] and at < min(len(literal), len(text)):
            raise StandinError(f"invalid character '{text[at]}' in literal {literal} (expecting '{literal[at]}')")
    return dict(gojson.decode(text))


class PoolStore(OneKeyStore):
    """IP pools."""

    kind = IP_POOL

    def path(self, metadata: Metadata) -> str:
        network = ip_network(metadata["cidr"], strict=False)
        return f"/calico/v1/ipam/v{network.version}/pool/{str(network).replace('/', '-')}"

    def label(self, metadata: Metadata) -> str:
        return f"IPPool(cidr={metadata['cidr']})"

    def everything(self) -> Iterator[Resource]:
        for version in (4, 6):
            for _, value in values(self.etcd, f"/calico/v1/ipam/v{version}/pool"):
                yield self._decode(value)

    def _decode(self, value: Mapping[str, Any]) -> Resource:
        ipip = {"enabled": bool(value.get("ipip")), "mode": value.get("ipip_mode", "")}
        spec = {
            "ipip": ipip if any(ipip.values()) else None,
            "nat-outgoing": value.get("masquerade", False),
            "disabled": value.get("disabled", False),
        }
        return self.kind.make({"cidr": value.get("cidr", "")}, spec)

    def encode(self, resource: Resource) -> dict[str, Any]:
        ipip = resource.spec.get("ipip") or {}
        disabled = resource.spec.get("disabled", False)
        return {
            "cidr": resource.metadata["cidr"],
            "ipip": "tunl0" if ipip.get("enabled") else "",
            "ipip_mode": ipip.get("mode", ""),
            "masquerade": resource.spec.get("nat-outgoing", False),
            "ipam": not disabled,
            "disabled": disabled,
        }

    def create(self, resource: Resource) -> None:
        super().create(resource)
        self._enable_ipip(resource)

    def replace(self, resource: Resource) -> None:
        super().replace(resource)
        self._enable_ipip(resource)

    def apply(self, resource: Resource) -> None:
        super().apply(resource)
        self._enable_ipip(resource)

    def _enable_ipip(self, resource: Resource) -> None:
        """Felix is told of the first pool with IPIP, and of no later change."""
        wanted = (resource.spec.get("ipip") or {}).get("enabled")
        if wanted and self.etcd.get(IPIP_ENABLED) != "true":
            self.etcd.set(IPIP_ENABLED, "true")

    def delete(self, metadata: Metadata) -> None:
        """Disable the pool, take the hosts' blocks in it from them, remove it."""
        self.identify(metadata)
        stored = self.etcd.get(self.path(metadata))
        if stored is None:
            raise self.missing(metadata)
        pool = self._decode(_object(stored))
        pool.spec["disabled"] = True
        self.replace(pool)
        release_pool(self.etcd, ip_network(metadata["cidr"], strict=False))
        super().delete(metadata)


class PolicyStore(OneKeyStore):
    """Policies, all in the default tier."""

    kind = POLICY
    _directory = "/calico/v1/policy/tier/default/policy"

    def path(self, metadata: Metadata) -> str:
        return f"{self._directory}/{escaped(metadata['name'])}"

    def label(self, metadata: Metadata) -> str:
        return f"Policy(name={metadata['name']})"

    def everything(self) -> Iterator[Resource]:
        for path, value in values(self.etcd, self._directory):
            spec = {
                "order": value.get("order"),
                "ingress": rules_from_store(value.get("inbound_rules")),
                "egress": rules_from_store(value.get("outbound_rules")),
                "selector": value.get("selector", ""),
                "doNotTrack": value.get("untracked", False),
                "preDNAT": value.get("pre_dnat", False),
                "types": value.get("types"),
            }
            metadata = {"name": unescaped(path.rsplit("/", 1)[1]), "annotations": value.get("annotations")}
            yield self.kind.make(metadata, spec)

    def encode(self, resource: Resource) -> dict[str, Any]:
        spec = resource.spec
        types = spec.get("types") or ["ingress", *(["egress"] if spec.get("egress") else [])]
        fields = {
            "order": spec.get("order"),
            "inbound_rules": rules_to_store(spec.get("ingress")) or None,
            "outbound_rules": rules_to_store(spec.get("egress")) or None,
            "selector": spec.get("selector", ""),
            "untracked": spec.get("doNotTrack") or None,
            "annotations": resource.metadata.get("annotations"),
            "pre_dnat": spec.get("preDNAT") or None,
            "types": types,
        }
        return {name: value for name, value in fields.items() if value is not None}


class PeerStore(OneKeyStore):
    """BGP peers, of the cluster or of one node."""

    kind = BGP_PEER

    def path(self, metadata: Metadata) -> str:
        place = f"host/{metadata['node']}" if metadata["scope"] == "node" else "global"
        return f"{BGP}/{place}/peer_v{ip_address(metadata['peerIP']).version}/{metadata['peerIP']}"

    def label(self, metadata: Metadata) -> str:
        place = f"node={metadata['node']}" if metadata["scope"] == "node" else "global"
        return f"BGPPeer({place}, ip={metadata['peerIP']})"

    def identify(self, metadata: Metadata) -> None:
        names = ["scope", "peerIP"] if metadata.get("scope") != "node" else ["scope", "node", "peerIP"]
        for name in names:
            if not metadata.get(name):
                raise Insufficient(f"insufficient identifiers, missing '{name}'")

    def everything(self) -> Iterator[Resource]:
        for version in (4, 6):
            for _, value in values(self.etcd, f"{BGP}/global/peer_v{version}"):
                yield self._decode({"scope": "global"}, value)
        for path, value in values(self.etcd, f"{BGP}/host", recursive=True):
            parts = path.split("/")
            if len(parts) == 8 and parts[6].startswith("peer_v"):
                yield self._decode({"scope": "node", "node": parts[5]}, value)

    def _decode(self, metadata: Metadata, value: Mapping[str, Any]) -> Resource:
        return self.kind.make({**metadata, "peerIP": value["ip"]}, {"asNumber": int(value.get("as_num") or 0)})

    def encode(self, resource: Resource) -> dict[str, Any]:
        return {"ip": resource.metadata["peerIP"], "as_num": str(resource.spec.get("asNumber", 0))}
