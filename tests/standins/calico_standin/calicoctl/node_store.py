"""Nodes and profiles: kinds that are several keys each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from ipaddress import ip_interface, ip_network
from typing import Any

from ..cni import gojson
from ..errors import KeyExists, KeyNotFound
from ..etcd import Etcd
from .addresses import release, remove_host
from .endpoint_store import WorkloadEndpointStore
from .model import NODE, PROFILE, Resource
from .rules import rules_from_store, rules_to_store
from .store import BGP, HOSTS, Metadata, ResourceExists, ResourceMissing, Store, escaped, unescaped


class NodeStore(Store):
    """Nodes: every host with a directory is one, whoever made it."""

    kind = NODE

    def label(self, metadata: Metadata) -> str:
        return f"Node(name={metadata['name']})"

    def select(self, metadata: Metadata) -> list[Resource]:
        """A named node must exist, unlike all other kinds'."""
        if not metadata.get("name"):
            return list(self.everything())
        if self.etcd.node(f"{HOSTS}/{metadata['name']}") is None:
            raise self.missing(metadata)
        return [self._read(metadata["name"])]

    def everything(self) -> Iterator[Resource]:
        for path, value in self.etcd.ls(HOSTS).items():
            if value is None:
                yield self._read(path.rsplit("/", 1)[1])

    def _read(self, name: str) -> Resource:
        keys = self.etcd.ls(f"{BGP}/host/{name}")
        found = {path.rsplit("/", 1)[1]: value for path, value in keys.items()}
        bgp: dict[str, Any] = {}
        if found.get("as_num"):
            bgp["asNumber"] = int(found["as_num"] or 0)
        for version in (4, 6):
            address = found.get(f"ip_addr_v{version}")
            if address:
                network = found.get(f"network_v{version}")
                prefix = ip_network(network).prefixlen if network else ip_interface(address).network.prefixlen
                bgp[f"ipv{version}Address"] = f"{address}/{prefix}"
        return self.kind.make({"name": name}, {"bgp": bgp or None})

    def create(self, resource: Resource) -> None:
        self.identify(resource.metadata)
        self._initialise()
        try:
            self.etcd.create(self._metadata_path(resource), "{}")
        except KeyExists as exc:
            raise self.exists(resource.metadata) from exc
        self._write(resource)

    def replace(self, resource: Resource) -> None:
        self.identify(resource.metadata)
        self._initialise()
        try:
            self.etcd.update(self._metadata_path(resource), "{}")
        except KeyNotFound as exc:
            raise self.missing(resource.metadata) from exc
        self._write(resource)

    def apply(self, resource: Resource) -> None:
        self.identify(resource.metadata)
        self._initialise()
        self.etcd.set(self._metadata_path(resource), "{}")
        self._write(resource)

    def _initialise(self) -> None:
        """What only the writer of a node sees to: the Ready flag and the cluster's id."""
        for path, value in (("/calico/v1/Ready", "true"), ("/calico/v1/config/ClusterGUID", os.urandom(16).hex())):
            try:
                self.etcd.create(path, value)
            except KeyExists:
                continue

    def _metadata_path(self, resource: Resource) -> str:
        return f"{HOSTS}/{resource.metadata['name']}/metadata"

    def _write(self, resource: Resource) -> None:
        name = resource.metadata["name"]
        bgp = resource.spec.get("bgp") or {}
        keys: dict[str, str | None] = {f"{HOSTS}/{name}/bird_ip": None, f"{BGP}/host/{name}/as_num": None}
        if "asNumber" in bgp:
            keys[f"{BGP}/host/{name}/as_num"] = str(bgp["asNumber"])
        for version in (4, 6):
            text = bgp.get(f"ipv{version}Address")
            interface = ip_interface(text) if text else None
            keys[f"{BGP}/host/{name}/ip_addr_v{version}"] = str(interface.ip) if interface else ""
            keys[f"{BGP}/host/{name}/network_v{version}"] = str(interface.network) if interface else None
            if interface and version == 4:
                keys[f"{HOSTS}/{name}/bird_ip"] = str(interface.ip)
        for path, value in keys.items():
            if value is not None:
                self.etcd.set(path, value)
            else:
                _remove(self.etcd, path)

    def delete(self, metadata: Metadata) -> None:
        """The node goes with its workloads' addresses and its blocks."""
        self.identify(metadata)
        name = metadata["name"]
        if self.etcd.node(f"{HOSTS}/{name}") is None:
            raise self.missing(metadata)
        for endpoint in WorkloadEndpointStore(self.etcd).select({"node": name}):
            for network in endpoint.spec.get("ipNetworks") or ():
                release(self.etcd, ip_interface(network).ip)
        remove_host(self.etcd, name)
        for directory in (f"{BGP}/host/{name}", f"{HOSTS}/{name}"):
            _remove(self.etcd, directory, recursive=True)


class ProfileStore(Store):
    """Profiles: tags, labels and rules are a key each."""

    kind = PROFILE
    _directory = "/calico/v1/policy/profile"

    def label(self, metadata: Metadata) -> str:
        return f"Profile(name={metadata['name']})"

    def everything(self) -> Iterator[Resource]:
        for directory, value in self.etcd.ls(self._directory).items():
            if value is None:
                yield self._read(directory)

    def _read(self, directory: str) -> Resource:
        keys = {path.rsplit("/", 1)[1]: gojson.decode(text or "null") for path, text in self.etcd.ls(directory).items()}
        rules = keys.get("rules") or {}
        metadata = {
            "name": unescaped(directory.rsplit("/", 1)[1]),
            "tags": keys.get("tags"),
            "labels": keys.get("labels"),
        }
        spec = {
            "ingress": rules_from_store(rules.get("inbound_rules")),
            "egress": rules_from_store(rules.get("outbound_rules")),
        }
        return self.kind.make(metadata, spec)

    def create(self, resource: Resource) -> None:
        self.identify(resource.metadata)
        try:
            self.etcd.create(self._path(resource.metadata, "tags"), self._tags(resource))
        except KeyExists as exc:
            raise ResourceExists(f"resource already exists: {self._tags_label(resource)}") from exc
        self._write_rest(resource)

    def replace(self, resource: Resource) -> None:
        self.identify(resource.metadata)
        try:
            self.etcd.update(self._path(resource.metadata, "tags"), self._tags(resource))
        except KeyNotFound as exc:
            raise ResourceMissing(f"resource does not exist: {self._tags_label(resource)}") from exc
        self._write_rest(resource)

    def apply(self, resource: Resource) -> None:
        self.identify(resource.metadata)
        self.etcd.set(self._path(resource.metadata, "tags"), self._tags(resource))
        self._write_rest(resource)

    def delete(self, metadata: Metadata) -> None:
        self.identify(metadata)
        try:
            self.etcd.delete(self._path(metadata, ""), recursive=True)
        except KeyNotFound as exc:
            raise self.missing(metadata) from exc

    @staticmethod
    def _tags_label(resource: Resource) -> str:
        """create and replace fail on the first of the keys, the tags, and call it by its own name."""
        return f"ProfileTags(name={resource.metadata['name']})"

    def _path(self, metadata: Metadata, key: str) -> str:
        directory = f"{self._directory}/{escaped(metadata['name'])}"
        return f"{directory}/{key}" if key else directory

    def _tags(self, resource: Resource) -> str:
        return gojson.compact(resource.metadata.get("tags") or [])

    def _write_rest(self, resource: Resource) -> None:
        rules = {
            "inbound_rules": rules_to_store(resource.spec.get("ingress")),
            "outbound_rules": rules_to_store(resource.spec.get("egress")),
        }
        labels = resource.metadata.get("labels") or {}
        self.etcd.set(self._path(resource.metadata, "labels"), gojson.compact(labels))
        kept = {name: value for name, value in rules.items() if value}
        self.etcd.set(self._path(resource.metadata, "rules"), gojson.compact(kept))


def _remove(etcd: Etcd, path: str, recursive: bool = False) -> None:
    try:
        etcd.delete(path, recursive=recursive)
    except KeyNotFound:
        return
