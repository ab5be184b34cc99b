# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Calico's datastore has and nobody has any more: the datastore compared with what every host has. Pure.

Of a host that did not answer, or was not asked, nothing is said, and an address that no endpoint has could be its: it is not freed. What is freed was found
twice, with a time between, because a container that starts has its address before its interface, and its interface before its endpoint.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils import _cidr
from ansible_collections.dcos.calico.plugins.module_utils._calico import _backup
from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._untrusted import from_json
from ansible_collections.dcos.calico.plugins.plugin_utils import _ipam
from ansible_collections.dcos.calico.plugins.plugin_utils._findings import counted, some
from ansible_collections.dcos.calico.plugins.plugin_utils._ipam import Keys

# What is found, the worst first, and by what plural name it is freed.
CONFLICT, NODE, BLOCK, ENDPOINT, ADDRESS, HANDLE = "conflict", "node", "block", "endpoint", "address", "handle"
KINDS = (CONFLICT, NODE, BLOCK, ENDPOINT, ADDRESS, HANDLE)
PLURAL = {NODE: "nodes", BLOCK: "blocks", ENDPOINT: "endpoints", ADDRESS: "addresses", HANDLE: "handles"}
SHOWN = 200  # lines of the table for a terminal; JSON has them all

TUNNEL = re.compile(r"/calico/v1/host/([^/]+)/config/IpInIpTunnelAddr\Z")
BGP_ADDRESS = "/calico/bgp/v1/host/{}/ip_addr_v4"
INTERFACE = "cali"
PART_OF_ID = 11  # characters of a container's id in the name of its interface
# What is known of a node: its host answered; did not; is none of this run; may be gone; is gone.
SEEN, SILENT, UNASKED, SUSPECT, GONE = "seen", "silent", "unasked", "suspect", "gone"
TELLS = {"names", "interfaces", "addresses", "container_routes", "other_routes", "docker", "mesos", "sessions", "peers"}
YOUNG = "it was not there a moment ago, so it may be about to be used: run again"


@dataclass(frozen=True)
class Host:
    """A host of the run.

    :ivar names: by which the datastore may know it.
    :ivar seen: what dcos.calico.workload_info said, its lists as sets of text; None where it did not answer.
    """

    name: str
    names: frozenset[str]
    seen: Mapping[str, frozenset[str]] | None = None
    docker_error: str = ""
    plugin_at_work: bool = False


@dataclass(frozen=True)
class Cluster:
    """All that is known at one look.

    :ivar others: names of hosts of the inventory that are no part of this run.
    :ivar mesos: names and addresses of Mesos' agents; None where nobody could be asked.
    :ivar whole: whether the run has the whole inventory.
    :ivar removed: nodes that an operator says are gone, or are to go.
    """

    keys: Keys
    hosts: Sequence[Host]
    others: frozenset[str] = frozenset()
    mesos: frozenset[str] | None = None
    whole: bool = True
    removed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Found:
    """Something that nobody has any more, or that contradicts itself.

    :ivar name: of what it is: an address, a block, a handle, a node, or C(NODE/ORCHESTRATOR/WORKLOAD/ENDPOINT).
    :ivar node: that it belongs to, as far as the datastore says.
    :ivar kept: why it is not freed, or empty.
    :ivar mark: what is the same at another look if it is the same thing.
    """

    kind: str
    name: str
    node: str
    why: str
    kept: str = ""
    mark: str = ""

    def identity(self) -> str:
        return "\t".join((self.kind, self.name, self.mark))

    def document(self) -> dict[str, Any]:
        return {key: value for key, value in dataclasses.asdict(self).items() if key != "mark"}


def host(name: str, names: Iterable[str], result: Any) -> Host:
    """A host by the result of dcos.calico.workload_info; one that answers with another shape has not answered."""
    said = result if isinstance(result, Mapping) else {}
    if not all(isinstance(said.get(key), list) for key in TELLS):
        return Host(name, frozenset(names))
    seen = {key: frozenset(str(item) for item in said[key]) for key in TELLS}
    error = str(said.get("docker_error") or "")
    return Host(name, frozenset(names) | seen["names"], seen, error, bool(said.get("plugin_at_work", True)))


@dataclass(frozen=True)
class Endpoint:
    """A workload endpoint of the datastore; addresses is None where its document cannot be read."""

    key: str
    index: int
    node: str
    name: str
    workload: str
    interface: str
    addresses: frozenset[str] | None


def endpoints(keys: Keys) -> list[Endpoint]:
    found = []
    for key, entry in sorted(keys.items()):
        match = _backup.ENDPOINT.match(key)
        if match and entry.value is not None:
            node, orchestrator, workload, _name = match.groups()
            try:
                said = from_json(entry.value)
                nets = [net for family in ("ipv4_nets", "ipv6_nets") for net in said.get(family) or []]
                addresses = frozenset(_cidr.parse(net).host() for net in nets)
                interface = str(said.get("name") or "")
            except (ValueError, AttributeError, TypeError, ValidationError):
                addresses, interface = None, ""
            found.append(Endpoint(key, entry.index, node, "/".join(match.groups()), workload, interface, addresses))
    return found


class Look:
    """The datastore and the hosts side by side."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.keys = cluster, cluster.keys
        self.blocks, self.unreadable = _ipam.blocks(self.keys)
        self.handles = _ipam.handles(self.keys)
        self.endpoints = endpoints(self.keys)
        self.registered = _backup.nodes_in(self.keys)
        nodes = self.registered | {block.node for block in self.blocks if block.node}
        self.tunnels = {
            str(entry.value): match.group(1)
            for key, entry in self.keys.items()
            for match in [TUNNEL.match(key)]
            if match and entry.value
        }
        self.answered = [one for one in cluster.hosts if one.seen is not None]
        self.state: dict[str, str] = {}
        self.reason: dict[str, str] = {}
        self.of_node: dict[str, Host] = {}
        for node in sorted(nodes):
            self.state[node], self.reason[node] = self._state(node)
        self.blind = self._blind()
        self.held: dict[str, list[str]] = {}
        for one in self.answered:
            for address in self._addresses_of(one):
                self.held.setdefault(address, []).append(one.name)
        self.claims: dict[str, list[Endpoint]] = {}
        for endpoint in self.endpoints:
            for address in endpoint.addresses or ():
                self.claims.setdefault(address, []).append(endpoint)

    @staticmethod
    def _addresses_of(one: Host) -> frozenset[str]:
        seen = one.seen or {}
        return seen["addresses"] | seen["container_routes"] | seen["other_routes"]

    def address_of(self, node: str) -> str:
        """The BGP address of a node, or empty."""
        entry = self.keys.get(BGP_ADDRESS.format(node))
        return (entry.value or "") if entry else ""

    def _state(self, node: str) -> tuple[str, str]:
        """(state, reason) of a node."""
        names = {node, self.address_of(node)} - {""}
        found = next((one for one in self.cluster.hosts if names & one.names), None)
        if found is not None:
            self.of_node[node] = found
        if names & self.cluster.removed:
            return GONE, "it is to be removed"
        if found is not None:
            return (SEEN, "") if found.seen is not None else (SILENT, f"{found.name} did not answer")
        if names & self.cluster.others:
            return UNASKED, f"the host of node {node} is no part of this run"
        alive = [one.name for one in self.answered if names & (one.seen or {})["sessions"]]
        if alive:
            return UNASKED, f"node {node} is in no inventory, and lives: BIRD of {alive[0]} has a session with it"
        if self.cluster.mesos is not None and names & self.cluster.mesos:
            return UNASKED, f"node {node} is an agent of Mesos that the inventory has not"
        if not self.cluster.whole:
            return UNASKED, f"node {node} is no host of this run, which has only a part of the inventory"
        if self.cluster.mesos is None:
            return SUSPECT, "its host is in no inventory, and Mesos could not be asked whether it is an agent"
        return GONE, "its host is in no inventory, and is no agent of Mesos"

    def _blind(self) -> str:
        """Whose addresses nobody knows, or empty."""
        silent = [
            f"{one.name} did not answer"
            for one in self.cluster.hosts
            if one.seen is None and not one.names & self.cluster.removed
        ]
        unasked = [self.reason[node] for node, state in self.state.items() if state == UNASKED]
        unasked += [f"node {node} may live" for node, state in self.state.items() if state == SUSPECT]
        unread = [f"the datastore's {key} cannot be read" for key in self.unreadable]
        unread += [f"the datastore's {one.key} cannot be read" for one in self.endpoints if one.addresses is None]
        unread += [
            f"Docker of {one.name} was not asked: {one.docker_error}" for one in self.answered if one.docker_error
        ]
        unread += [
            f"a container is being started or stopped on {one.name}" for one in self.answered if one.plugin_at_work
        ]
        return some(list(dict.fromkeys([*silent, *unasked, *unread])))

    def _unexplained(self) -> str:
        """Interfaces of containers that no endpoint names, of which nobody knows which address they have; or empty."""
        named = {endpoint.interface for endpoint in self.endpoints}
        return some(
            [
                f"{name} of {one.name}"
                for one in self.answered
                for name in sorted((one.seen or {})["interfaces"] - named)
            ]
        )

    def alive(self, endpoint: Endpoint) -> bool:
        """Whether its host has anything of it."""
        seen = self.of_node[endpoint.node].seen or {}
        return bool(
            endpoint.interface in seen["interfaces"]
            or endpoint.workload in seen["mesos"] | seen["docker"]
            or (endpoint.addresses or frozenset()) & (seen["addresses"] | seen["container_routes"])
        )

    def container(self, handle: str) -> str:
        """Where a container with this handle is, or empty."""
        ids = [handle[place + 1 :] for place, sign in enumerate(handle) if sign == "."]
        for one in self.answered:
            seen = one.seen or {}
            if any(
                item in seen["mesos"] | seen["docker"] or INTERFACE + item[:PART_OF_ID] in seen["interfaces"]
                for item in ids
            ):
                return one.name
        return ""

    def find(self) -> list[Found]:
        """All that is found, the worst first."""
        found = [*self._conflicts(), *self._nodes(), *self._endpoints(), *self._addresses(), *self._handles()]
        return sorted(found, key=lambda one: (KINDS.index(one.kind), one.node, _backup_order(one.name)))

    def _conflicts(self) -> Iterable[Found]:
        owners = {address for block in self.blocks for address in block.owners}
        pools = [_cidr.parse(match.group(1).replace("-", "/")) for match in map(_backup.POOL.match, self.keys) if match]
        routes: dict[str, list[str]] = {}
        for one in self.answered:
            for address in (one.seen or {})["container_routes"]:
                routes.setdefault(address, []).append(one.name)
        for address, names in sorted(routes.items()):
            if len(names) > 1:
                yield Found(CONFLICT, address, "", f"containers of {some(names)} have it", "a container has it")
            inside = not self.unreadable and any(pool.contains(_cidr.parse(address)) for pool in pools)
            if address not in owners and inside:
                why = f"a container of {names[0]} has it, and the datastore has it as free: it could be given out a second time"
                yield Found(CONFLICT, address, "", why, "a container has it")
        for address, claims in sorted(self.claims.items()):
            if len(claims) > 1:
                yield Found(
                    CONFLICT,
                    address,
                    "",
                    f"endpoints {some([claim.name for claim in claims])} have it",
                    "see which lives",
                )

    def _nodes(self) -> Iterable[Found]:
        for node in [node for node, state in self.state.items() if state in (GONE, SUSPECT)]:
            kept = self.reason[node] if self.state[node] == SUSPECT else self.containers(self.of_node.get(node))
            mine = [block for block in self.blocks if block.node == node]
            if node in self.registered:
                has = [
                    counted(sum(1 for one in self.endpoints if one.node == node), "endpoint"),
                    counted(len(mine), "block"),
                ]
                yield Found(NODE, node, node, f"{self.reason[node]}; it has {' and '.join(has)}", kept)
            else:
                for block in mine:
                    yield Found(BLOCK, block.cidr, node, f"it belongs to {node}, which is no node any more", kept)

    @staticmethod
    def containers(one: Host | None) -> str:
        """Which containers of Calico's networks a host has, in a sentence; empty where it has none."""
        seen = (one.seen if one else None) or {}
        has = sorted({*seen.get("interfaces", ()), *seen.get("container_routes", ())})
        return f"{one.name} has containers on Calico's networks: {some(has)}" if one and has else ""

    def removed(self) -> set[str]:
        """The nodes that are to be removed."""
        return {node for node in self.state if {node, self.address_of(node)} & self.cluster.removed}

    def removed_addresses(self) -> set[str]:
        """By what BIRD of other hosts knows the nodes that are to be removed."""
        return {self.address_of(node) or node for node in self.removed()} | self.cluster.removed

    def _endpoints(self) -> Iterable[Found]:
        for one in self.endpoints:
            if self.state[one.node] == SEEN and not self.alive(one):
                mine = self.of_node[one.node]
                held = sorted({name for address in one.addresses or () for name in self.held.get(address, [])})
                kept = f"{held[0]} has its address, or a route to it" if held else ""
                kept = kept or (
                    f"Docker of {mine.name} was not asked: {mine.docker_error}" if mine.docker_error else ""
                )
                kept = kept or (
                    f"a container is being started or stopped on {mine.name}" if mine.plugin_at_work else ""
                )
                kept = kept or ("its document cannot be read" if one.addresses is None else "")
                why = f"{mine.name} has no interface {one.interface}, no container {one.workload} and no route to {', '.join(sorted(one.addresses or ['?']))}"
                yield Found(ENDPOINT, one.name, one.node, why, kept, str(one.index))

    def _addresses(self) -> Iterable[Found]:
        unexplained = self._unexplained()
        for block in self.blocks:
            for address, handle in block.owners.items():
                if address in self.claims or address in self.held or address in self.tunnels or self.container(handle):
                    continue
                kept = self.blind
                if not handle and unexplained:
                    kept = kept or f"it may be that of {unexplained}, which no endpoint names"
                why = f"no endpoint, no host and no tunnel has it; it was given out to {handle or 'Docker or a tunnel'}"
                yield Found(ADDRESS, address, block.node or "", why, kept, handle or f"#{block.index}")

    def _handles(self) -> Iterable[Found]:
        used = {handle for block in self.blocks for handle in block.owners.values()}
        for name, handle in self.handles.items():
            if name not in used and not self.container(name):
                why = f"it counts addresses of {some(sorted(handle.blocks)) or 'no block'}, and none is given out to it"
                yield Found(HANDLE, name, "", why, self.blind, str(handle.index))


def _backup_order(name: str) -> tuple[bool, Any]:
    """Addresses by their numbers, other names by their letters."""
    try:
        return False, _cidr.parse(name).key()
    except ValidationError:
        return True, name


def confirmed(found: Sequence[Found], earlier: Iterable[str], removed: Collection[str] = ()) -> list[Found]:
    """What was found at two looks; what is new is kept, and what contradicts itself only now is nothing yet.

    :param earlier: identities of the earlier look.
    :param removed: nodes of which an operator says that they are to go, whatever was found of them.
    """
    known = set(earlier)
    told = []
    for one in found:
        if one.identity() in known or (one.kind in (NODE, BLOCK) and one.node in removed):
            told.append(one)
        elif one.kind != CONFLICT:
            told.append(one if one.kept else dataclasses.replace(one, kept=YOUNG))
    return told


# [key, index (None of a directory), value (None where it goes), keys that have to be written before]
Change = tuple[str, "int | None", "str | None", list[str]]


class Changes:
    """What is written to free something, in an order in which each step leaves less behind than there was, wherever it ends.

    An endpoint goes before its address, so that nobody gets an address that another endpoint has; an address before its handle, and what a node has before
    the node, so that the next look finds what is left.
    """

    def __init__(self, look: Look) -> None:
        self.look = look
        self.gone: list[Change] = []
        self.late: list[Change] = []
        self.addresses: dict[str, list[str]] = {}  # to release, each with the keys that go before
        self.disowned: set[str] = set()  # nodes whose blocks become nobody's
        self.blocks: set[str] = set()

    def of(self, found: Iterable[Found]) -> list[Change]:
        for one in found:
            if one.kind == NODE:
                self._node(one.name)
            elif one.kind == ENDPOINT:
                self._endpoint(next(each for each in self.look.endpoints if each.name == one.name))
            elif one.kind == ADDRESS:
                self.addresses.setdefault(one.name, [])
            elif one.kind == BLOCK:
                self.blocks.add(one.name)
            elif one.kind == HANDLE:
                handle = self.look.handles[one.name]
                self.late.append((handle.key, handle.index, None, []))
        return [*self.gone, *self._released(), *self.late]

    def _endpoint(self, endpoint: Endpoint) -> None:
        self.gone.append((endpoint.key, endpoint.index, None, []))
        # As Calico does: the directories of a workload go with its last endpoint.
        workload = endpoint.key.rpartition("/endpoint/")[0]
        siblings = [
            key for key, entry in self.look.keys.items() if key.startswith(workload + "/") and entry.value is not None
        ]
        if siblings == [endpoint.key]:
            self.gone += [(path, None, None, [endpoint.key]) for path in (f"{workload}/endpoint", workload)]
        owners = {address: handle for block in self.look.blocks for address, handle in block.owners.items()}
        for address in endpoint.addresses or ():
            handle = owners.get(address)
            mine = handle is not None and (not handle or handle.endswith(f".{endpoint.workload}"))
            if mine and len(self.look.claims[address]) == 1 and address not in self.look.held:
                self.addresses.setdefault(address, []).append(endpoint.key)

    def _node(self, node: str) -> None:
        for endpoint in self.look.endpoints:
            if endpoint.node == node:
                self._endpoint(endpoint)
        for address, owner in self.look.tunnels.items():
            if owner == node and address not in self.look.held and address not in self.look.claims:
                self.addresses.setdefault(address, [])
        self.disowned.add(node)
        ended = {change[0] for change in self.gone}
        blocks = [block.key for block in self.look.blocks if block.node == node]
        before: list[str] = [key for key in ended if f"/host/{node}/" in key] + blocks
        roots = [f"/calico/{part}/host/{node}" for part in ("ipam/v2", "bgp/v1", "felix/v1", "felix/v2", "v1")]
        for root in roots:
            inside = [key for key in self.look.keys if key == root or key.startswith(f"{root}/")]
            values = sorted(key for key in inside if self.look.keys[key].value is not None and key not in ended)
            self.late += [(key, self.look.keys[key].index, None, before) for key in values]
            directories = sorted(
                (key for key in inside if self.look.keys[key].value is None and key not in ended), reverse=True
            )
            self.late += [(key, None, None, before) for key in directories]

    def _released(self) -> Iterable[Change]:
        handles: dict[str, tuple[_ipam.Handle, str | None, list[str]]] = {}
        for block in self.look.blocks:
            going = {address: handle for address, handle in block.owners.items() if address in self.addresses}
            affine = block.node is not None and block.node not in self.disowned and block.cidr not in self.blocks
            if not going and affine == (block.node is not None):
                continue
            before = sorted({key for address in going for key in self.addresses[address]})
            yield block.key, block.index, _ipam.released(block, going, affine), before
            for name in set(going.values()) & set(self.look.handles):
                handle, _text, after = handles.get(name, (self.look.handles[name], None, []))
                left = _ipam.left_of(handle, block.cidr, sum(1 for each in going.values() if each == name))
                counts = from_json(left)["block"] if left else {}
                handles[name] = (dataclasses.replace(handle, blocks=counts), left, [*after, block.key])
        for handle, left, after in handles.values():
            yield handle.key, handle.index, left, after


def freed(chosen: Iterable[Found], look: Look, left: Iterable[str]) -> list[str]:
    """Names of what is gone, all of it, where some keys were left because they were changed meanwhile."""
    blocks = {block.cidr: block for block in look.blocks}
    of_address = {address: block.key for block in look.blocks for address in block.owners}
    of_endpoint = {endpoint.name: endpoint.key for endpoint in look.endpoints}
    kept = set(left)

    def keys(one: Found) -> set[str]:
        if one.kind == NODE:
            mine = {block.key for block in look.blocks if block.node == one.name}
            return mine | {key for key in kept if f"/host/{one.name}/" in f"{key}/"}
        if one.kind == HANDLE:
            return {look.handles[one.name].key}
        if one.kind == BLOCK:
            return {blocks[one.name].key}
        return {(of_endpoint if one.kind == ENDPOINT else of_address)[one.name]}

    return [one.name for one in chosen if not keys(one) & kept]


def document(found: Sequence[Found], not_asked: str) -> dict[str, Any]:
    """What is found as modules return it; see RETURN of dcos.calico.datastore_audit."""
    counts = {kind: sum(1 for one in found if one.kind == kind) for kind in KINDS}
    return {
        "found": [one.document() for one in found],
        "summary": {**counts, "kept": sum(1 for one in found if one.kept)},
        "not_asked": not_asked,
    }


def lines(found: Sequence[Found], not_asked: str) -> list[str]:
    """The table for a terminal."""
    kept = sum(1 for one in found if one.kept)
    told = [
        f"Audit: {counted(len(found), 'leftover')} in the datastore"
        + (f", {kept} of which cannot be freed now." if kept else ".")
    ]
    widths = [
        max((len(value) for value in column), default=0) for column in zip(*((one.kind, one.name) for one in found))
    ]
    for one in found[:SHOWN]:
        told.append(f"  {one.kind:{widths[0]}}  {one.name:{widths[1]}}  {one.why}")
        told += [f"  {'':{widths[0]}}  {'':{widths[1]}}  kept: {one.kept}"] if one.kept else []
    told += [f"  and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    told += [f"No address or handle without an endpoint is freed: {not_asked}."] if not_asked else []
    return told
