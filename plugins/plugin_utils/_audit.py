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
from ansible_collections.dcos.calico.plugins.module_utils._untrusted import address as canonical
from ansible_collections.dcos.calico.plugins.module_utils._untrusted import from_json
from ansible_collections.dcos.calico.plugins.plugin_utils import _ipam
from ansible_collections.dcos.calico.plugins.plugin_utils._findings import counted, some
from ansible_collections.dcos.calico.plugins.plugin_utils._ipam import Keys

# What is found, the worst first, and by what plural name it is freed.
CONFLICT, NODE, BLOCK, ENDPOINT, ADDRESS, HANDLE = "conflict", "node", "block", "endpoint", "address", "handle"
KINDS = (CONFLICT, NODE, BLOCK, ENDPOINT, ADDRESS, HANDLE)
PLURAL = {NODE: "nodes", BLOCK: "blocks", ENDPOINT: "endpoints", ADDRESS: "addresses", HANDLE: "handles"}
SHOWN = 200  # lines of the table for a terminal; JSON has them all
WIDEST = 60  # characters of a column

TUNNEL = re.compile(r"/calico/v1/host/([^/]+)/config/IpInIpTunnelAddr\Z")
BGP_ADDRESS = "/calico/bgp/v1/host/{}/ip_addr_v4"
FELIX = (
    "/calico/felix/v1/host/{}/status"  # of a Felix that reports (ReportingIntervalSecs); gone 90 seconds after its end
)
OF_NODE = re.compile(r"/calico/(?:ipam/v2|bgp/v1|felix/v1|felix/v2|v1)/host/([^/]+)(?:/|\Z)")
OF_WORKLOAD = re.compile(r"/calico/v1/host/[^/]+/workload/[^/]+/[^/]+(?=/)")
INTERFACE = "cali"
PART_OF_ID = 11  # characters of a container's id in the name of its interface
# What is known of a node: its host answered; did not; is none of this run; may be gone; is gone.
SEEN, SILENT, UNASKED, SUSPECT, GONE = "seen", "silent", "unasked", "suspect", "gone"
TELLS = {"names", "interfaces", "addresses", "container_routes", "other_routes", "docker", "mesos", "sessions", "peers"}
ADDRESSES = {"addresses", "container_routes", "other_routes"}  # those of TELLS of which each is an address
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
    bird_error: str = ""
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
    seen = {key: frozenset(str(item) for item in said[key]) for key in TELLS - ADDRESSES}
    for key in ADDRESSES:
        addresses = [canonical(item) for item in said[key]]
        if None in addresses:
            return Host(name, frozenset(names))
        seen[key] = frozenset(filter(None, addresses))
    docker, bird = (str(said.get(key) or "") for key in ("docker_error", "bird_error"))
    return Host(name, frozenset(names) | seen["names"], seen, docker, bird, bool(said.get("plugin_at_work", True)))


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
                interface = said["name"]
                if not interface or not isinstance(interface, str):
                    raise ValueError(interface)
            except (ValueError, AttributeError, TypeError, KeyError, ValidationError):
                addresses, interface = None, ""
            found.append(Endpoint(key, entry.index, node, "/".join(match.groups()), workload, interface, addresses))
    return found


class Look:
    """The datastore and the hosts side by side.

    :ivar owners: address -> (its block, its handle) of each that is given out.
    :ivar hosts_of: node -> the hosts that may be it: one, or none, or several that have the same name.
    :ivar of_node: node -> its keys, without those of what it only uses, such as blocks.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.keys = cluster, cluster.keys
        self.blocks, self.unreadable = _ipam.blocks(self.keys)
        self.owners = {address: (block, handle) for block in self.blocks for address, handle in block.owners.items()}
        self.handles = _ipam.handles(self.keys)
        self.endpoints = endpoints(self.keys)
        self.registered = _backup.nodes_in(self.keys)
        self.of_node: dict[str, list[str]] = {}
        for key, match in ((key, OF_NODE.match(key)) for key in self.keys):
            if match:
                self.of_node.setdefault(match.group(1), []).append(key)
        nodes = self.registered | {block.node for block in self.blocks if block.node}
        self.tunnels = {
            str(entry.value): match.group(1)
            for key, entry in self.keys.items()
            for match in [TUNNEL.match(key)]
            if match and entry.value
        }
        self.answered = [one for one in cluster.hosts if one.seen is not None]
        called: dict[str, list[Host]] = {}
        for one in cluster.hosts:
            for name in one.names:
                called.setdefault(name, []).append(one)
        self.hosts_of = {
            node: list({one.name: one for name in self.names_of(node) for one in called.get(name, [])}.values())
            for node in nodes
        }
        self.nameless = self._nameless()
        self.state: dict[str, str] = {}
        self.reason: dict[str, str] = {}
        for node in sorted(nodes):
            self.state[node], self.reason[node] = self._state(node)
        self.blind = self._blind()
        self.held: dict[str, list[str]] = {}
        self.containers_on: dict[str, str] = {}  # id or interface of a container -> a host that has it
        for one in self.answered:
            seen = one.seen or {}
            for address in self._addresses_of(one):
                self.held.setdefault(address, []).append(one.name)
            self.containers_on.update(dict.fromkeys(seen["mesos"] | seen["docker"] | seen["interfaces"], one.name))
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

    def names_of(self, node: str) -> set[str]:
        """By what hosts and Mesos may know a node."""
        return {node, self.address_of(node)} - {""}

    def _nameless(self) -> str:
        """Hosts that did not answer, and of which nobody knows which node they are; or empty."""
        known = {one.name for hosts in self.hosts_of.values() for one in hosts}
        away = [one.name for one in self.cluster.hosts if one.seen is None and one.name not in known]
        return some([name for name in away if name not in self.cluster.removed])

    def _state(self, node: str) -> tuple[str, str]:
        """(state, reason) of a node."""
        names, hosts, mesos = self.names_of(node), self.hosts_of[node], self.cluster.mesos
        if names & self.cluster.removed:
            return GONE, "it is to be removed"
        if hosts:
            silent = [one.name for one in hosts if one.seen is None]
            return (SILENT, f"{some(silent)} did not answer") if silent else (SEEN, "")
        if names & self.cluster.others:
            return UNASKED, f"the host of node {node} is no part of this run"
        alive = [one.name for one in self.answered if names & (one.seen or {})["sessions"]]
        if alive:
            return UNASKED, f"node {node} is in no inventory, and lives: BIRD of {alive[0]} has a session with it"
        if self.reports(node):
            return UNASKED, f"node {node} is in no inventory, and lives: its Felix reports to the datastore"
        if mesos is not None and names & mesos:
            return UNASKED, f"node {node} is an agent of Mesos that the inventory has not"
        if not self.cluster.whole:
            return UNASKED, f"node {node} is no host of this run, which has only a part of the inventory"
        unknown = self._unknown()
        if unknown:
            return SUSPECT, f"its host is in no inventory, and {unknown}"
        return GONE, "its host is in no inventory, and is no agent of Mesos"

    def _unknown(self) -> str:
        """Why nobody knows whether a host lives that the inventory has not, or empty."""
        mesos = self.cluster.mesos
        if mesos is None:
            return "Mesos could not be asked whether it is an agent"
        if not any(one.names & mesos for one in self.cluster.hosts):
            return "Mesos has none of this run's hosts either, so calico_dcos_url may be that of another cluster"
        if self.nameless:
            return f"it may be {self.nameless}, which did not answer"
        if all(one.bird_error for one in self.answered):
            return "BIRD of no host could be asked whether it lives"
        return ""

    def reports(self, node: str) -> bool:
        """Whether its Felix has lived a moment ago."""
        return FELIX.format(node) in self.keys

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
        return any(
            endpoint.interface in seen["interfaces"]
            or endpoint.workload in seen["mesos"]
            or endpoint.workload in seen["docker"]
            or (endpoint.addresses or frozenset()) & (seen["addresses"] | seen["container_routes"])
            for seen in (one.seen or {} for one in self.hosts_of[endpoint.node])
        )

    def container(self, handle: str) -> str:
        """Where a container with this handle is, or empty."""
        ids = [handle[place + 1 :] for place, sign in enumerate(handle) if sign == "."]
        names = [name for item in ids for name in (item, INTERFACE + item[:PART_OF_ID])]
        return next((self.containers_on[name] for name in names if name in self.containers_on), "")

    def find(self) -> list[Found]:
        """All that is found, the worst first."""
        found = [*self._conflicts(), *self._nodes(), *self._endpoints(), *self._addresses(), *self._handles()]
        return sorted(found, key=lambda one: (KINDS.index(one.kind), one.node, _backup_order(one.name)))

    def _conflicts(self) -> Iterable[Found]:
        pools = [_cidr.parse(match.group(1).replace("-", "/")) for match in map(_backup.POOL.match, self.keys) if match]
        routes: dict[str, list[str]] = {}
        for one in self.answered:
            for address in (one.seen or {})["container_routes"]:
                routes.setdefault(address, []).append(one.name)
        for address, names in sorted(routes.items()):
            if len(names) > 1:
                yield Found(CONFLICT, address, "", f"containers of {some(names)} have it", "a container has it")
            inside = not self.unreadable and any(pool.contains(_cidr.parse(address)) for pool in pools)
            if address not in self.owners and inside:
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
        of_node: dict[str | None, list[_ipam.Block]] = {}
        for block in self.blocks:
            of_node.setdefault(block.node, []).append(block)
        for node in [node for node, state in self.state.items() if state in (GONE, SUSPECT)]:
            has = [self.containers(one) for one in self.hosts_of[node]]
            kept = self.reason[node] if self.state[node] == SUSPECT else next(filter(None, has), "")
            mine = of_node.get(node, [])
            if node in self.registered:
                number = sum(1 for one in self.endpoints if one.node == node)
                why = f"{self.reason[node]}; it has {counted(number, 'endpoint')} and {counted(len(mine), 'block')}"
                # Who comes back writes its keys.
                yield Found(NODE, node, node, why, kept, str(max(self.keys[key].index for key in self.of_node[node])))
            else:
                for block in mine:
                    yield Found(BLOCK, block.cidr, node, f"it belongs to {node}, which is no node any more", kept)

    @staticmethod
    def containers(one: Host) -> str:
        """Which containers of Calico's networks a host has, in a sentence; empty where it has none."""
        seen = one.seen or {}
        has = sorted({*seen.get("interfaces", ()), *seen.get("container_routes", ())})
        return f"{one.name} has containers on Calico's networks: {some(has)}" if has else ""

    def removed(self) -> set[str]:
        """The nodes that are to be removed."""
        return {node for node in self.state if {node, self.address_of(node)} & self.cluster.removed}

    def removed_addresses(self) -> set[str]:
        """By what BIRD of other hosts knows the nodes that are to be removed."""
        return {self.address_of(node) or node for node in self.removed()} | self.cluster.removed

    def _endpoints(self) -> Iterable[Found]:
        for one in self.endpoints:
            if self.state[one.node] == SEEN and not self.alive(one):
                hosts = self.hosts_of[one.node]
                names = some([mine.name for mine in hosts])
                held = sorted({name for address in one.addresses or () for name in self.held.get(address, [])})
                kept = [f"{held[0]} has its address, or a route to it"] if held else []
                kept += [
                    f"Docker of {mine.name} was not asked: {mine.docker_error}" for mine in hosts if mine.docker_error
                ]
                kept += [
                    f"a container is being started or stopped on {mine.name}" for mine in hosts if mine.plugin_at_work
                ]
                kept += ["its document cannot be read"] if one.addresses is None else []
                why = f"{names} has no interface {one.interface}, no container {one.workload} and no route to {', '.join(sorted(one.addresses or ['?']))}"
                yield Found(ENDPOINT, one.name, one.node, why, kept[0] if kept else "", self._mark(one))

    def _mark(self, endpoint: Endpoint) -> str:
        """Its key's index, and those of the blocks of its addresses without a handle, any of which may have been given to another container meanwhile."""
        owned = [self.owners[address] for address in endpoint.addresses or () if address in self.owners]
        return " ".join(map(str, [endpoint.index, *sorted({block.index for block, handle in owned if not handle})]))

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
        self.endpoints = {endpoint.name: endpoint for endpoint in look.endpoints}
        self.workloads: dict[str, list[str]] = {}  # directory of a workload -> the keys in it
        for key, match in (
            (key, OF_WORKLOAD.match(key)) for key, entry in look.keys.items() if entry.value is not None
        ):
            if match:
                self.workloads.setdefault(match.group(), []).append(key)

    def of(self, found: Iterable[Found]) -> list[Change]:
        for one in found:
            if one.kind == NODE:
                self._node(one.name)
            elif one.kind == ENDPOINT:
                self._endpoint(self.endpoints[one.name])
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
        if self.workloads[workload] == [endpoint.key]:
            self.gone += [(path, None, None, [endpoint.key]) for path in (f"{workload}/endpoint", workload)]
        for address in endpoint.addresses or ():
            _block, handle = self.look.owners.get(address, (None, None))
            mine = handle is not None and (not handle or handle.endswith(f".{endpoint.workload}"))
            if mine and len(self.look.claims[address]) == 1 and address not in self.look.held:
                self.addresses.setdefault(address, []).append(endpoint.key)

    def _node(self, node: str) -> None:
        keys = self.look.of_node[node]
        start = len(self.gone)
        for endpoint in self.look.endpoints:
            if endpoint.node == node:
                self._endpoint(endpoint)
        for address, owner in self.look.tunnels.items():
            if owner == node and address not in self.look.held and address not in self.look.claims:
                self.addresses.setdefault(address, [])
        self.disowned.add(node)
        ended = [change[0] for change in self.gone[start:]]
        before = [*ended, *(block.key for block in self.look.blocks if block.node == node)]
        left = sorted(set(keys) - set(ended))
        values = [key for key in left if self.look.keys[key].value is not None]
        self.late += [(key, self.look.keys[key].index, None, before) for key in values]
        self.late += [(key, None, None, before) for key in reversed(left) if self.look.keys[key].value is None]

    def _released(self) -> Iterable[Change]:
        handles: dict[str, tuple[_ipam.Handle, str | None, list[str]]] = {}
        for block in self.look.blocks:
            going = {address: handle for address, handle in block.owners.items() if address in self.addresses}
            affine = block.node is not None and block.node not in self.disowned and block.cidr not in self.blocks
            if not going and affine == (block.node is not None):
                continue
            before = sorted({key for address in going for key in self.addresses[address]})
            yield block.key, block.index, _ipam.released(block, going, affine), before
            for name in set(going.values()) & self.look.handles.keys():
                handle, _text, after = handles.get(name, (self.look.handles[name], None, []))
                left = _ipam.left_of(handle, block.cidr, sum(1 for each in going.values() if each == name))
                counts = from_json(left)["block"] if left else {}
                handles[name] = (dataclasses.replace(handle, blocks=counts), left, [*after, block.key])
        for handle, left, after in handles.values():
            yield handle.key, handle.index, left, after


def freed(chosen: Iterable[Found], look: Look, left: Iterable[str]) -> list[str]:
    """Names of what is gone, all of it, where some keys were left because they were changed meanwhile."""
    blocks = {block.cidr: block for block in look.blocks}
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
        return {of_endpoint[one.name] if one.kind == ENDPOINT else look.owners[one.name][0].key}

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
        min(max((len(value) for value in column), default=0), WIDEST)
        for column in zip(*((one.kind, one.name) for one in found))
    ]
    for one in found[:SHOWN]:
        told.append(f"  {one.kind:{widths[0]}}  {one.name:{widths[1]}}  {one.why}")
        told += [f"  {'':{widths[0]}}  {'':{widths[1]}}  kept: {one.kept}"] if one.kept else []
    told += [f"  and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    told += [f"No address or handle without an endpoint is freed: {not_asked}."] if not_asked else []
    return told
