# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a cluster that others have set up is kept, as variables of the inventory, and what cannot be adopted. Pure.

What hosts and the datastore say is data of strangers: what is kept is validated, and becomes a variable only if it is of the shape that Calico takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from ansible_collections.dcos.calico.plugins.module_utils import _cidr
from ansible_collections.dcos.calico.plugins.module_utils._calico import _node
from ansible_collections.dcos.calico.plugins.module_utils._cni import _rules
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError
from ansible_collections.dcos.calico.plugins.plugin_utils._findings import Verdict, some
from ansible_collections.dcos.calico.plugins.plugin_utils._untrusted import PLAIN

Found = Mapping[str, Any]
Args = dict[str, Any]

# Interfaces whose addresses are no node's: of Docker, of DC/OS and of Calico. calico/node takes such a one where nobody gives it an address.
NOT_A_NODES = re.compile(r"^(lo\Z|docker|br-|cali|tunl|veth|virbr|dummy|vtep|spartan|minuteman|[dm]-|ucr-)")
FILE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]*\Z")
AS_NUMBER = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,5})?\Z")
NEWER_IMAGE = re.compile(r":v?([3-9]|\d\d+)\.\d+")
IPIP = {"": "always", "always": "always", "cross-subnet": "cross-subnet"}
HEAD = (
    "# What dcos.calico.adopt keeps of the cluster as it was found. Read it, and put it beside your inventory:\n"
    "# as a file of the inventory's directory, or with a second -i.\n"
)


@dataclass(frozen=True)
class Host:
    """A host of the run.

    :ivar info: of agent_info, with C(unmanaged).
    :ivar given: the variables that the inventory gives it.
    """

    name: str
    info: Found
    given: Found

    @property
    def unmanaged(self) -> Found:
        return _mapping(self.info.get("unmanaged"))

    @property
    def store(self) -> Found:
        return _mapping(self.unmanaged.get("datastore"))

    @property
    def container(self) -> Found:
        return _mapping(_mapping(self.info.get("calico_node")).get("container"))

    @property
    def env(self) -> Found:
        return _mapping(self.container.get("env"))

    @property
    def by_unit(self) -> bool:
        """Whether a unit of this collection runs the container."""
        return _mapping(_mapping(self.info.get("calico_node")).get("unit")).get("active") == "active"

    def interface(self, address: str) -> Found | None:
        """The interface that has an address."""
        return next((item for item in self.info.get("subnets") or [] if item["address"] == address), None)


@dataclass
class Adoption:
    """variables: host -> those of this run; common: for all hosts; own: host -> those that the inventory needs; notes: host -> sentences."""

    variables: dict[str, Args] = field(default_factory=dict)
    common: Args = field(default_factory=dict)
    own: dict[str, Args] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)


def _mapping(value: Any) -> Found:
    return value if isinstance(value, Mapping) else {}


def adopt(hosts: Sequence[Host], verdict: Verdict) -> Adoption:
    """What is kept; what cannot be adopted is noted in the verdict."""
    for host in hosts:
        _check(host, verdict.on(host.name))
    _check_stores(hosts, verdict)
    nodes = {name: value for host in hosts for name, value in _mapping(host.store.get("nodes")).items()}
    found = Adoption()
    found.common = _common(hosts, verdict)
    for host in hosts:
        own, notes = _own(host, nodes, verdict.on(host.name))
        detected = _mapping(host.info.get("node"))
        default = {
            "calico_node_name": host.given.get("calico_node_name", detected.get("ip")),
            "calico_node_ip": host.given.get("calico_node_ip", f"{detected.get('ip')}/{detected.get('prefix')}"),
            "calico_node_as_number": host.given.get("calico_node_as_number", ""),
            "calico_node_libnetwork": host.given.get(
                "calico_node_libnetwork", host.given.get("calico_docker_network", False)
            ),
        }
        found.own[host.name], found.notes[host.name] = own, notes
        found.variables[host.name] = {**default, **found.common, **own}
    verdict.order(sorted(host.name for host in hosts))
    return found


# ---- what cannot be adopted


def _check(host: Host, verdict: Verdict) -> None:
    proxy, image = _mapping(host.unmanaged.get("proxy")), str(host.container.get("image") or "")
    if not host.unmanaged or host.unmanaged.get("error"):
        verdict.fail("adopt", "this host cannot be looked at", host.unmanaged.get("error"), "Run again")
    if proxy.get("obstacle"):
        verdict.fail(
            "adopt",
            f"what listens where etcd's proxy is to listen cannot be taken over: {proxy.get('process')} (process {proxy.get('pid')})",
            None,
            proxy["obstacle"],
        )
    if host.unmanaged.get("framework"):
        verdict.fail(
            "adopt",
            "Calico was installed by the framework of the Universe here, which starts anew what is taken from it",
            "/etc/calico/installer is there",
            "Have the framework end (dcos package uninstall calico), see that its tasks are gone, move /etc/calico/installer away, and run again; packets of "
            "running containers go on for two minutes without calico/node",
        )
    if NEWER_IMAGE.search(image):
        verdict.fail(
            "adopt", f"calico/node is {image}", "this collection manages Calico 2.6", "Leave it to what installed it"
        )
    if host.container.get("running") and host.store.get("error"):
        verdict.fail(
            "adopt",
            "calico/node runs, and the datastore it uses cannot be read",
            host.store["error"],
            "Have its etcd, or the proxy to it, answer on this host first",
        )


def _check_stores(hosts: Sequence[Host], verdict: Verdict) -> None:
    """All hosts, and the members that the inventory names, must be of one etcd."""
    stores: dict[str, list[str]] = {}
    for host in hosts:
        if host.store.get("cluster_id") and (host.container.get("present") or host.unmanaged.get("proxy")):
            stores.setdefault(str(host.store["cluster_id"]), []).append(host.name)
        members = host.unmanaged.get("members_cluster_id")
        if members and host.store.get("cluster_id") not in (None, members):
            verdict.on(host.name).fail(
                "adopt",
                f"this host uses another etcd ({', '.join(host.unmanaged.get('endpoints') or [])}) than the inventory names",
                f"the one has the cluster id {host.store['cluster_id']}, the other {members}",
                "Correct calico_etcd_srv or calico_etcd_members: containers would lose their network with the other datastore",
            )
    if len(stores) > 1:
        verdict.fail(
            "adopt",
            "the hosts use different datastores",
            "; ".join(f"{some(names)}: etcd {store}" for store, names in sorted(stores.items())),
            "Adopt those of one datastore at a time, with --limit",
        )


# ---- what is kept


def _own(host: Host, nodes: Found, verdict: Verdict) -> tuple[Args, list[str]]:
    """(variables of one host, notes): its node's name, address and AS number, and whether it serves Docker's networks."""
    own: Args = {}
    notes: list[str] = []
    name = _name(host, nodes)
    if name is not None and not _node.NAME.match(name):
        verdict.fail(
            "adopt",
            f"the node's name {name!r} is none that Calico takes",
            None,
            "Give the node another name by hand first",
        )
        name = None
    if name is None:
        return own, notes
    given = host.given.get("calico_node_name")
    if given not in (None, name):
        verdict.fail(
            "adopt",
            f"calico_node_name is {given}, and calico/node is called {name} here",
            "under another name this host would be another node, without the addresses of its containers",
            f"Set it to {name}, or take it out of the inventory",
        )
    own["calico_node_name"] = name
    stored = _mapping(nodes.get(name))
    _keep_address(host, stored, own, notes, verdict)
    number = str(stored.get("as_num") or host.env.get("AS") or "")
    if number and not AS_NUMBER.match(number):
        verdict.fail("adopt", f"the node's AS number {number!r} is none", None, "Correct it in the datastore first")
    elif number:
        own["calico_node_as_number"] = number
    if host.unmanaged.get("cluster_store") and host.env.get("CALICO_LIBNETWORK_ENABLED") == "true":
        own["calico_node_libnetwork"] = True
    settings = sorted(key for key in host.env if key.startswith("FELIX_"))
    if settings and not host.by_unit:
        notes.append(f"{', '.join(settings)} of its container: not kept, write them in calico_felix_settings")
    return own, notes


def _name(host: Host, nodes: Found) -> str | None:
    """What the node is called: by its container, else by the node of the datastore that has an address of this host; None for a host that is none yet."""
    if host.container.get("present") and host.env.get("NODENAME"):
        return str(host.env["NODENAME"])
    for name in sorted(nodes):
        at = host.interface(str(_mapping(nodes[name]).get("ip_addr_v4")))
        if at and not NOT_A_NODES.match(at["interface"]):
            return name
    return None


def _keep_address(host: Host, stored: Found, own: Args, notes: list[str], verdict: Verdict) -> None:
    address, detected = str(stored.get("ip_addr_v4") or ""), _mapping(host.info.get("node"))
    at = host.interface(address)
    if at and not NOT_A_NODES.match(at["interface"]):
        if address != detected.get("ip") or at["prefix"] != detected.get("prefix"):
            try:
                _cidr.parse(f"{address}/{at['prefix']}")
                own["calico_node_ip"] = f"{address}/{at['prefix']}"
            except ValidationError as error:
                verdict.fail(
                    "adopt", f"the node's address {address!r} is none", str(error), "Correct it in the datastore first"
                )
    elif address:
        whose = f"that of {at['interface']}" if at else "none of this host"
        notes.append(
            f"its address {address} is {whose}, to which no other node has a session; it gets {detected.get('ip')}"
        )


def _common(hosts: Sequence[Host], verdict: Verdict) -> Args:
    """Pools and networks, unless the inventory gives them."""
    found: Args = {}
    given = {variable for host in hosts for variable in host.given}
    pools: list[Any] = next((host.store["pools"] for host in hosts if host.store.get("pools")), [])
    kept = [pool for pool in map(_pool, pools) if pool]
    if kept and "calico_ip_pools" not in given:
        found["calico_ip_pools"] = kept
    networks = _networks(hosts, verdict) if "calico_networks" not in given else []
    if networks:
        found["calico_networks"] = networks
    return found


def _pool(raw: Any) -> Args | None:
    """A pool of the datastore as an item of calico_ip_pools; None for what is none, or IPv6."""
    raw = _mapping(raw)
    try:
        cidr = _cidr.parse(str(raw.get("cidr")))
    except ValidationError:
        return None
    if cidr.version != 4:
        return None
    return {
        "cidr": str(cidr),
        "ipip": IPIP.get(str(raw.get("ipip_mode") or ""), "always") if raw.get("ipip") else "off",
        "nat_outgoing": bool(raw.get("masquerade")),
        "disabled": bool(raw.get("disabled")),
    }


def _networks(hosts: Sequence[Host], verdict: Verdict) -> list[Args]:
    seen: dict[str, tuple[str, Args]] = {}
    for host in hosts:
        for item in host.unmanaged.get("networks") or []:
            name = str(item.get("name"))
            if not _rules.NAME.match(name) or not FILE.match(str(item.get("file"))):
                continue  # preflight names it
            try:
                network = _network(item)
            except ValidationError as error:
                words = f"the network {name} names a pool that is none"
                verdict.on(host.name).fail("adopt", words, str(error), f"Correct {item['file']} on the host first")
                continue
            other, first = seen.setdefault(name, (host.name, network))
            if first != network:
                verdict.on(host.name).fail(
                    "adopt",
                    f"the network {name} is another one here than on {other}",
                    f"it is {_flat(network)}, and there {_flat(first)}",
                    "Make the files the same, or give it in calico_networks as it is to be",
                )
    return [seen[name][1] for name in sorted(seen)]


def _network(item: Found) -> Args:
    """An item of calico_networks; raises ValidationError."""
    kept: Args = {"name": item.get("name"), "file": item.get("file")}
    if isinstance(item.get("mtu"), int):
        kept["mtu"] = item["mtu"]
    if item.get("ipv4_pools"):
        kept["ipv4_pools"] = [str(_cidr.parse(str(pool))) for pool in item["ipv4_pools"]]
    return kept


def _flat(network: Args) -> str:
    return ", ".join(f"{key} {value}" for key, value in network.items())


# ---- as text


def inventory(found: Adoption, others: Found | None = None) -> Args:
    """The variables for the inventory, as an inventory of YAML has them.

    :param others: what the file has of hosts that this run was not about.
    """
    hosts = {**_mapping(others), **found.own}
    return {"all": {"vars": found.common, "hosts": {name: hosts[name] for name in sorted(hosts)}}}


def document(found: Adoption, others: Found | None = None) -> str:
    """The file of variables; see inventory(). Raises CalicoError for what Ansible would take for a template where it reads the file."""
    _require_plain([found.common, *found.own.values()])
    return HEAD + yaml.safe_dump(
        inventory(found, others), sort_keys=False, default_flow_style=False, allow_unicode=True
    )


def _require_plain(value: Any) -> None:
    for part in value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ():
        _require_plain(part)
    if isinstance(value, str) and not PLAIN.fullmatch(value):
        raise CalicoError("A variable for the inventory is not written", f"it would be {value!r}", "See who wrote that")


def hosts_of(text: str, path: str) -> Args:
    """What a file of an earlier run has of each host; raises CalicoError for a file of somebody else."""
    try:
        found = yaml.safe_load(text)
        hosts = found["all"]["hosts"] or {}
        if not text.startswith(HEAD) or not isinstance(hosts, dict):
            raise ValueError
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise CalicoError(
            f"{path} is not replaced", "dcos.calico.adopt has not written it", "Name another file"
        ) from error
    return dict(hosts)


COLUMNS = ("host", "node", "address", "etcd proxy", "calico/node", "plugins", "networks")


def lines(hosts: Sequence[Host], found: Adoption) -> list[str]:
    """What was found on each host, as a table, then what is worth knowing of one."""
    rows = [COLUMNS, *(tuple(_row(host, found)) for host in hosts)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(COLUMNS))]
    text = ["Found:"]
    text += ["  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    notes = [f"  {name}: {note}" for name, notes in found.notes.items() for note in notes]
    store = next((host.store for host in hosts if host.store.get("cluster_id")), {})
    if store:
        text.append(
            f"  datastore: etcd {store['cluster_id']}, {len(store['nodes'])} nodes, profiles {some(store['profiles']) or 'none'}"
        )
    return text + notes


def _row(host: Host, found: Adoption) -> Iterator[str]:
    variables, proxy = found.variables[host.name], _mapping(host.unmanaged.get("proxy"))
    yield host.name
    yield str(variables["calico_node_name"])
    yield str(variables["calico_node_ip"])
    if proxy:
        yield f"{proxy.get('unit') or 'by hand'} (process {proxy.get('pid')})"
    else:
        yield "managed" if _mapping(host.info.get("proxy")).get("active") == "active" else "none"
    if not host.container.get("present"):
        yield "none"
    else:
        yield f"{'managed' if host.by_unit else 'by hand'} ({host.container.get('image')})"
    yield "by hand" if host.unmanaged.get("plugins") else "managed or none"
    yield (
        ", ".join(f"{item.get('name')} ({item.get('file')})" for item in host.unmanaged.get("networks") or []) or "none"
    )
