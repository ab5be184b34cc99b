"""Endpoints, profiles and policies as Felix reads them from the datastore."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..datastore import Snapshot
from ..selector import Test, compile_selector

Rule = Mapping[str, Any]


@dataclass(frozen=True)
class Profile:
    """Tags and labels that endpoints get, and rules that apply to them."""

    tags: Sequence[str]
    labels: Mapping[str, str]
    inbound: Sequence[Rule]
    outbound: Sequence[Rule]


@dataclass(frozen=True)
class Endpoint:
    """A workload's interface somewhere in the cluster."""

    host: str
    interface: str
    networks: Sequence[str]
    profiles: Sequence[str]
    labels: Mapping[str, str]
    tags: frozenset[str]


@dataclass(frozen=True)
class Policy:
    """Rules for the endpoints that a selector matches."""

    name: str
    order: float
    selects: Test
    types: Sequence[str]
    inbound: Sequence[Rule]
    outbound: Sequence[Rule]


@dataclass(frozen=True)
class Pool:
    """What Felix needs to know of an IP pool."""

    cidr: str
    masquerade: bool


@dataclass(frozen=True)
class Model:
    """The state of the cluster that one Felix works from."""

    node: str
    endpoints: Sequence[Endpoint]
    profiles: Mapping[str, Profile]
    policies: Sequence[Policy]
    pools: Sequence[Pool]

    @property
    def local(self) -> list[Endpoint]:
        """The endpoints of this host, by interface."""
        mine = [endpoint for endpoint in self.endpoints if endpoint.host == self.node and endpoint.interface]
        return sorted(mine, key=lambda endpoint: endpoint.interface)

    def applied(self, endpoint: Endpoint, direction: str) -> list[Policy]:
        """The policies that govern an endpoint's ingress or egress, in order."""
        return [policy for policy in self.policies if direction in policy.types and policy.selects(endpoint.labels)]


def read(snapshot: Snapshot, node: str) -> Model:
    """The model of a snapshot, as seen from a node."""
    profiles = _profiles(snapshot)
    return Model(
        node=node,
        endpoints=list(_endpoints(snapshot, profiles)),
        profiles=profiles,
        policies=sorted(_policies(snapshot), key=lambda policy: (policy.order, policy.name)),
        pools=[
            Pool(pool["cidr"], bool(pool.get("masquerade"))) for _, pool in _documents(snapshot, "/v1/ipam/v4/pool")
        ],
    )


def _documents(snapshot: Snapshot, path: str) -> Iterator[tuple[str, Any]]:
    """Parsed values under a directory; what is not JSON is passed over."""
    for name, value in snapshot.under(path):
        try:
            yield name, json.loads(value)
        except ValueError:
            continue


def _profiles(snapshot: Snapshot) -> dict[str, Profile]:
    parts: dict[str, dict[str, Any]] = {}
    for name, value in _documents(snapshot, "/v1/policy/profile"):
        profile, _, part = name.rpartition("/")
        parts.setdefault(profile, {})[part] = value
    return {name: _profile(part) for name, part in parts.items()}


def _profile(parts: Mapping[str, Any]) -> Profile:
    rules = parts.get("rules") or {}
    return Profile(
        tags=parts.get("tags") or [],
        labels=parts.get("labels") or {},
        inbound=rules.get("inbound_rules") or [],
        outbound=rules.get("outbound_rules") or [],
    )


def _endpoints(snapshot: Snapshot, profiles: Mapping[str, Profile]) -> Iterator[Endpoint]:
    for name, value in _documents(snapshot, "/v1/host"):
        parts = name.split("/")
        if len(parts) != 6 or parts[1] != "workload" or parts[4] != "endpoint":
            continue
        ids = value.get("profile_ids") or []
        labels: dict[str, str] = {}
        tags: set[str] = set()
        for profile in ids:
            if profile in profiles:
                labels.update(profiles[profile].labels)
                tags.update(profiles[profile].tags)
        labels.update(value.get("labels") or {})
        yield Endpoint(parts[0], value.get("name", ""), value.get("ipv4_nets") or [], ids, labels, frozenset(tags))


def _policies(snapshot: Snapshot) -> Iterator[Policy]:
    for name, value in _documents(snapshot, "/v1/policy/tier/default/policy"):
        order = value.get("order")
        yield Policy(
            name=name,
            order=float("inf") if order is None else float(order),
            selects=compile_selector(value.get("selector") or ""),
            types=value.get("types") or ["ingress", "egress"],
            inbound=value.get("inbound_rules") or [],
            outbound=value.get("outbound_rules") or [],
        )
