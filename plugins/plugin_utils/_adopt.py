# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a cluster that others have set up is kept, as variables of the inventory, and what cannot be adopted. Pure.

What hosts and the datastore say is data of strangers: what is kept is validated, and becomes a variable only if it is of the shape that Calico takes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
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
LEVEL = re.compile(r"[A-Za-z]{1,16}\Z")
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
    def framework(self) -> bool:
        """Whether something of the Universe's framework is on it."""
        return bool(self.unmanaged.get("framework"))

    @property
    def networks(self) -> list[Found]:
        """Its files of type calico."""
        return _mappings(self.unmanaged.get("networks"))

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
        return next((item for item in _mappings(self.info.get("subnets")) if item.get("address") == address), None)


@dataclass
class Adoption:
    """variables: host -> those of this run; common: for all hosts; filed: what of that an earlier run's file
    keeps; own: host -> those that the inventory needs; notes: host -> sentences; framework: whether
    the Universe's framework has something on one of them."""

    variables: dict[str, Args] = field(default_factory=dict)
    common: Args = field(default_factory=dict)
    filed: Args = field(default_factory=dict)
    own: dict[str, Args] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    framework: bool = False


def _mapping(value: Any) -> Found:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> list[Found]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, (list, tuple)) else []


def adopt(hosts: Sequence[Host], verdict: Verdict, before: Found | None = None, asks_dcos: bool = True) -> Adoption:
    """What is kept; what cannot be adopted is noted in the verdict.

    :param before: the file of an earlier run, as earlier() reads it.
    :param asks_dcos: whether the run can suspend a framework, and uninstall it.
    """
    for host in hosts:
        _check(host, verdict.on(host.name), asks_dcos)
    _check_stores(hosts, verdict)
    nodes = {name: value for host in hosts for name, value in _mapping(host.store.get("nodes")).items()}
    found = Adoption()
    run = _common(hosts, verdict, _mapping(before), found)
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
        found.variables[host.name] = {**default, **run, **own}
    found.framework = any(host.framework for host in hosts)
    verdict.order(sorted(host.name for host in hosts))
    return found


# ---- what cannot be adopted


def _check(host: Host, verdict: Verdict, asks_dcos: bool) -> None:
    proxy, image = _mapping(host.unmanaged.get("proxy")), str(host.container.get("image") or "")
    detected = _mapping(host.info.get("node"))
    if not host.unmanaged or host.unmanaged.get("error"):
        verdict.fail("adopt", "this host cannot be looked at", host.unmanaged.get("error"), "Run again")
    elif not detected.get("ip"):
        why = detected.get("error")
        verdict.fail("adopt", "the address of this host is not known", why, "Have detect_ip of DC/OS tell it")
    if proxy.get("obstacle"):
        verdict.fail(
            "adopt",
            f"what listens where etcd's proxy is to listen cannot be taken over: {proxy.get('process')} (process {proxy.get('pid')})",
            None,
            proxy["obstacle"],
        )
    if host.framework and not asks_dcos:
        verdict.fail(
            "adopt",
            "Calico was installed by the framework of the Universe here, and this run cannot ask DC/OS",
            "the framework would start anew what is taken from it, so it is suspended first",
            "Set calico_dcos_url and how to log in (docs/universe.md), and run again. Do not uninstall its package before, which may end all proxies and "
            "nodes at once",
        )
    bird = _mapping(host.unmanaged.get("bird"))
    if bird:
        where = (
            f"in the container {bird['container']}" if bird.get("container") else f"of {bird.get('unit') or 'no unit'}"
        )
        verdict.fail(
            "adopt",
            f"BIRD runs here, and not in the container calico-node: process {bird.get('pid')} {where}",
            "two of them cannot run on one host",
            f"Call that container calico-node (docker rename {bird['container']} calico-node), which disturbs nothing"
            if bird.get("container")
            else "Stop it, if it is Calico's; packets of running containers go on for two minutes",
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
    notes += _told(host)
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
    return own, notes


def _told(host: Host) -> Iterator[str]:
    """What is found and not kept."""
    settings = sorted(key for key in host.env if key.startswith("FELIX_"))
    if settings and not host.by_unit:
        yield f"{', '.join(settings)} of its container: not kept, write them in calico_felix_settings"
    for network in host.networks:
        if network.get("other"):
            yield f"the network {network.get('name')} has {_names(network['other'])}, which its new file does not have"
    proxy = _mapping(host.unmanaged.get("proxy"))
    if proxy and proxy.get("wide"):
        yield "its etcd proxy listens for other hosts too, and the new one does not: what uses it from there is to use the members"


def _name(host: Host, nodes: Found) -> str | None:
    """What the node is called: by its container, else by the node of the datastore that has an address of this host; None for a host that is none yet."""
    named = host.env.get("NODENAME") or host.env.get("HOSTNAME")  # the latter alone up to calico/node 1.0
    if host.container.get("present") and named:
        return str(named)
    for name in sorted(nodes):
        at = host.interface(str(_mapping(nodes[name]).get("ip_addr_v4")))
        if at and not NOT_A_NODES.match(str(at.get("interface"))):
            return name
    return None


def _keep_address(host: Host, stored: Found, own: Args, notes: list[str], verdict: Verdict) -> None:
    address, detected = str(stored.get("ip_addr_v4") or ""), _mapping(host.info.get("node"))
    at = host.interface(address)
    if at and not NOT_A_NODES.match(str(at.get("interface"))):
        if address != detected.get("ip") or at.get("prefix") != detected.get("prefix"):
            try:
                _cidr.parse(f"{address}/{at.get('prefix')}")
                own["calico_node_ip"] = f"{address}/{at.get('prefix')}"
            except ValidationError as error:
                verdict.fail(
                    "adopt", f"the node's address {address!r} is none", str(error), "Correct it in the datastore first"
                )
    elif address:
        whose = f"that of {at.get('interface')}" if at else "none of this host"
        notes.append(
            f"its address {address} is {whose}, to which no other node has a session; it gets {detected.get('ip')}"
        )


def _common(hosts: Sequence[Host], verdict: Verdict, before: Found, found: Adoption) -> Args:
    """Pools and networks for this run, unless the inventory gives them. What it gives and the file of an earlier run has too stays in that file as somebody may
    have edited it; networks of hosts that this run is not about stay there as well."""
    given = {name: value for host in hosts for name, value in host.given.items()}
    run: Args = {}
    if "calico_ip_pools" in given:
        found.filed.update({name: before[name] for name in ("calico_ip_pools",) if name in before})
    else:
        pools = _pools(hosts, verdict)
        found.common.update({"calico_ip_pools": pools} if pools else {})
        run.update(found.common)
    if "calico_networks" in given and "calico_networks" not in before:
        return run
    own = [*_mappings(given.get("calico_networks"))]
    filed = _mappings(before.get("calico_networks"))
    new = _networks(hosts, verdict, _names_of(own), _names_of(filed))
    filed = [item for item in filed if own or str(item.get("name")) not in _names_of(new)]
    found.common.update({"calico_networks": new} if new else {})
    found.filed.update({"calico_networks": filed} if filed else {})
    run.update({"calico_networks": [*(own or filed), *new]} if new or (filed and not own) else {})
    return run


def _names_of(networks: Sequence[Found]) -> set[str]:
    return {str(item.get("name")) for item in networks}


def _pools(hosts: Sequence[Host], verdict: Verdict) -> list[Args]:
    found = []
    for raw in next((_mappings(host.store["pools"]) for host in hosts if host.store.get("pools")), []):
        try:
            pool = _pool(raw)
        except ValidationError as error:
            verdict.fail(
                "adopt",
                "a pool of the datastore is none that can be kept",
                str(error),
                "Correct it with calicoctl first",
            )
            continue
        found += [pool] if pool else []
    return found


def _pool(raw: Found) -> Args | None:
    """A pool of the datastore as an item of calico_ip_pools, None for one of IPv6; raises ValidationError."""
    cidr, mode = _cidr.parse(str(raw.get("cidr"))), str(raw.get("ipip_mode") or "")
    if cidr.version != 4:
        return None
    if raw.get("ipip") and mode not in IPIP:
        raise ValidationError(f"{cidr} has the mode {mode!r} of IP-in-IP")
    return {
        "cidr": str(cidr),
        "ipip": IPIP[mode] if raw.get("ipip") else "off",
        "nat_outgoing": raw.get("masquerade") is True,
        "disabled": raw.get("disabled") is True,
    }


def _networks(hosts: Sequence[Host], verdict: Verdict, known: Collection[str], filed: Collection[str]) -> list[Args]:
    """Those of all hosts, but for the names that the inventory knows.

    A file that this collection has written on a host has the defaults of the inventory too, so it says less than one of others, or the file of an earlier run.
    """
    seen: dict[str, tuple[str, Args]] = {}
    pairs = [(host, item) for host in hosts for item in host.networks]
    for host, item in sorted(pairs, key=lambda pair: _is_own(*pair)):
        name, file = item.get("name"), item.get("file")
        if not (isinstance(name, str) and isinstance(file, str) and _rules.NAME.match(name) and FILE.match(file)):
            continue  # preflight names it
        if name in known or (_is_own(host, item) and (name in seen or name in filed)):
            continue
        try:
            network = _network(item)
        except ValidationError as error:
            words = f"the network {name} is none that can be kept"
            verdict.on(host.name).fail("adopt", words, str(error), f"Correct {file} on the host first")
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


def _is_own(host: Host, item: Found) -> bool:
    """Whether this collection has written a network's file: it comes after the unit of calico/node, and names the node."""
    return host.by_unit and bool(item.get("nodename"))


def _network(item: Found) -> Args:
    """An item of calico_networks; raises ValidationError."""
    kept: Args = {"name": item.get("name"), "file": item.get("file")}
    if item.get("ipam") != "calico-ipam":
        raise ValidationError(f"its addresses are given by {item.get('ipam')!r}, not by calico-ipam")
    mtu, level, pools = item.get("mtu"), item.get("log_level"), item.get("ipv4_pools")
    if mtu is not None:
        if isinstance(mtu, bool) or not isinstance(mtu, int):
            raise ValidationError(f"its mtu is {mtu!r}")
        kept["mtu"] = mtu
    if level is not None:
        if not LEVEL.match(str(level)):
            raise ValidationError(f"its log_level is {level!r}")
        kept["log_level"] = str(level)
    if pools:
        kept["ipv4_pools"] = [str(_cidr.parse(str(pool))) for pool in (pools if isinstance(pools, list) else [pools])]
    return kept


def _flat(network: Args) -> str:
    return ", ".join(f"{key} {value}" for key, value in network.items())


# ---- as text


def inventory(found: Adoption, others: Found | None = None) -> Args:
    """The variables for the inventory, as an inventory of YAML has them.

    :param others: what the file has of hosts that this run was not about.
    """
    hosts = {**_mapping(others), **found.own}
    common = {**found.common, **found.filed}
    networks = [*found.filed.get("calico_networks", []), *found.common.get("calico_networks", [])]
    if networks:
        common["calico_networks"] = sorted(networks, key=lambda item: str(item.get("name")))
    return {"all": {"vars": common, "hosts": {name: hosts[name] for name in sorted(hosts)}}}


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


def earlier(text: str, path: str) -> tuple[Args, Args]:
    """What a file of an earlier run has: (of each host, of all); raises CalicoError for a file of somebody else."""
    try:
        found = yaml.safe_load(text)
        hosts, common = found["all"]["hosts"] or {}, found["all"].get("vars") or {}
        if not text.startswith(HEAD) or not isinstance(hosts, dict) or not isinstance(common, dict):
            raise ValueError
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise CalicoError(
            f"{path} is not replaced", "dcos.calico.adopt has not written it", "Name another file"
        ) from error
    return hosts, common


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
            f"  datastore: etcd {store['cluster_id']}, {len(_mapping(store.get('nodes')))} nodes, profiles {_names(store.get('profiles'))}"
        )
    if found.framework:
        text.append("  the framework of the Universe: suspended first, uninstalled when none of its tasks is left")
    return text + notes


def _names(value: Any) -> str:
    return some([str(name) for name in value]) if isinstance(value, list) and value else "none"


def _row(host: Host, found: Adoption) -> Iterator[str]:
    variables, proxy = found.variables[host.name], _mapping(host.unmanaged.get("proxy"))
    yield host.name
    yield str(variables["calico_node_name"])
    yield str(variables["calico_node_ip"])
    if proxy:
        keeper = "framework" if proxy.get("task") else proxy.get("unit") or "by hand"
        yield f"{keeper} (process {proxy.get('pid')})"
    else:
        yield "managed" if _mapping(host.info.get("proxy")).get("active") == "active" else "none"
    if not host.container.get("present"):
        yield "none"
    else:
        keeper = "managed" if host.by_unit else "framework" if host.framework else "by hand"
        yield f"{keeper} ({host.container.get('image')})"
    yield "by hand" if host.unmanaged.get("plugins") else "managed or none"
    yield ", ".join(f"{item.get('name')} ({item.get('file')})" for item in host.networks) or "none"
