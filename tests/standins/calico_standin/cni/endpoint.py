"""Workload endpoints and profiles in etcd."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import EtcdError, KeyNotFound
from ..etcd import Etcd
from . import gojson
from .protocol import PluginError

ORCHESTRATOR = "cni"
_PROFILES = "/calico/v1/policy/profile"
_LABEL_KEY = re.compile(r"[a-zA-Z0-9_./-]{1,512}")
_LABEL_VALUE = re.compile(r"[a-zA-Z0-9]?([a-zA-Z0-9_.-]{0,61}[a-zA-Z0-9])?")


@dataclass
class Endpoint:
    """A container's interface as Felix finds it."""

    node: str
    workload: str
    name: str
    interface: str = ""
    mac: str = ""
    profiles: list[str] = field(default_factory=list)
    networks: list[str] = field(default_factory=list)
    labels: Mapping[str, str] = field(default_factory=dict)
    orchestrator: str = ORCHESTRATOR

    def __str__(self) -> str:
        return f"WorkloadEndpoint(Node={self.node}, Orchestrator={self.orchestrator}, Workload={self.workload}, Name={self.name})"

    @property
    def path(self) -> str:
        return f"{_workload_path(self.node, self.workload, self.orchestrator)}/endpoint/{self.name}"

    def to_json(self) -> str:
        value: dict[str, Any] = {
            "state": "active",
            "name": self.interface,
            "active_instance_id": "",
            "mac": self.mac,
            "profile_ids": self.profiles,
            "ipv4_nets": [network for network in self.networks if ":" not in network],
            "ipv6_nets": [network for network in self.networks if ":" in network],
        }
        if self.labels:
            value["labels"] = dict(sorted(self.labels.items()))
        return gojson.compact(value)


def _workload_path(node: str, workload: str, orchestrator: str = ORCHESTRATOR) -> str:
    return f"/calico/v1/host/{node}/workload/{orchestrator}/{workload}"


def find(etcd: Etcd, node: str, workload: str) -> Endpoint | None:
    """The container's only endpoint."""
    stored = etcd.ls(f"{_workload_path(node, workload)}/endpoint")
    if len(stored) != 1:
        return None
    path, text = next(iter(stored.items()))
    raw = gojson.decode(text or "{}")
    return Endpoint(
        node=node,
        workload=workload,
        name=path.rsplit("/", 1)[1],
        interface=raw.get("name", ""),
        mac=raw.get("mac", ""),
        profiles=list(raw.get("profile_ids") or ()),
        networks=list(raw.get("ipv4_nets") or ()) + list(raw.get("ipv6_nets") or ()),
        labels=raw.get("labels") or {},
    )


def store(etcd: Etcd, endpoint: Endpoint) -> None:
    """Write an endpoint, new or changed; refuse labels that Calico does not take."""
    if not all(_LABEL_KEY.fullmatch(key) and _LABEL_VALUE.fullmatch(text) for key, text in endpoint.labels.items()):
        shown = " ".join(f"{key}:{text}" for key, text in sorted(endpoint.labels.items()))
        raise PluginError(f"error with field labels = 'map[{shown}]'")
    etcd.set(endpoint.path, endpoint.to_json())


def remove(etcd: Etcd, node: str, workload: str, name: str, orchestrator: str = ORCHESTRATOR) -> None:
    """Delete an endpoint and the directories it leaves empty; an absent one is no error."""
    base = _workload_path(node, workload, orchestrator)
    try:
        etcd.delete(f"{base}/endpoint/{name}")
    except KeyNotFound:
        return
    for directory in (f"{base}/endpoint", base):
        try:
            etcd.delete(directory, dir=True)
        except EtcdError:
            return


def profile_exists(etcd: Etcd, name: str) -> bool:
    """A profile is there as soon as its tags are."""
    return etcd.get(f"{_PROFILES}/{name}/tags") is not None


def create_profile(etcd: Etcd, name: str, tags: Sequence[str]) -> None:
    """A profile that lets in what carries its own tag and lets out everything."""
    rules = {
        "inbound_rules": [{"action": "allow", "src_tag": name}],
        "outbound_rules": [{"action": "allow"}],
    }
    etcd.create(f"{_PROFILES}/{name}/tags", gojson.compact(list(tags)))
    etcd.set(f"{_PROFILES}/{name}/labels", "{}")
    etcd.set(f"{_PROFILES}/{name}/rules", gojson.compact(rules))
