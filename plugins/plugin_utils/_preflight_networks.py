# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools, networks, profiles and policies: whether Calico takes them, nobody else has their addresses, and no workload loses what it uses. Pure.

C(datastore) is {kind: documents} of ipPool, node and workloadEndpoint as calicoctl gives them, empty where it could not be asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.dcos.calico.plugins.module_utils import _cidr
from ansible_collections.dcos.calico.plugins.module_utils._calico import _resources, _usage
from ansible_collections.dcos.calico.plugins.module_utils._cni import _rules
from ansible_collections.dcos.calico.plugins.module_utils._errors import Collector, ValidationError
from ansible_collections.dcos.calico.plugins.plugin_utils._findings import Verdict, some

Found = Mapping[str, Any]
Hosts = Mapping[str, Found]
Items = Sequence[Found]

_KEYS = ("apiVersion", "kind", "metadata", "spec", "state")
# Calico 2.6 gives hosts blocks of this size.
BLOCK = {4: 26, 6: 122}
OVERLAYS = (("the overlay network of DC/OS", "9.0.0.0/8"), ("the overlay endpoints (vtep) of DC/OS", "44.128.0.0/20"))
RESERVED = (
    ("the virtual addresses (VIP) of DC/OS", "11.0.0.0/8"),
    ("the bridge of the universal container runtime (ucr-br0)", "172.31.254.0/24"),
    ("the name servers of DC/OS (198.51.100.1 to 3)", "198.51.100.0/29"),
    ("loopback", "127.0.0.0/8"),
    ("link-local addresses", "169.254.0.0/16"),
    ("multicast and reserved addresses", "224.0.0.0/3"),
)
# Calico's own interfaces have addresses of the pools.
OWN = re.compile(r"^(cali|tunl0\Z|lo\Z|vxlan\.calico\Z)")


def file_of(network: Found) -> str:
    """Name of a network's file."""
    return str(network.get("file") or f"{network.get('name')}.cni")


def is_present(item: Found) -> bool:
    """Whether an entry of a list is to be there."""
    return item.get("state") != "absent"


def check_pools(verdict: Verdict, hosts: Hosts, pools: Items, forbidden: Items = ()) -> None:
    """Note what is wrong with the pools; hosts as in _preflight, forbidden: [{cidr, name}] of networks that others have."""
    parsed: list[Any] = []
    others = _others(verdict, hosts, forbidden)
    for number, pool in enumerate(pools, 1):
        if not pool.get("cidr"):
            _no_cidr(verdict, number, pool)
            continue
        network = _valid(verdict, str(pool["cidr"]))
        if network is not None:
            parsed.append(network)
    for number, network in enumerate(parsed):
        for other in parsed[:number]:
            if network.overlaps(other):
                verdict.fail(
                    "pool_overlap",
                    f"the pools {other} and {network} overlap",
                    "an address could be given twice",
                    "Change one of them",
                )
        for label, taken in others:
            if network.overlaps(taken):
                verdict.fail(
                    "pool_overlap",
                    f"the pool {network} overlaps {taken} of {label}",
                    "traffic would be misrouted",
                    "Choose a network that nobody else has (calico_ip_pools)",
                )


def _no_cidr(verdict: Verdict, number: int, pool: Found) -> None:
    """Note an entry that is something else than a pool, which may be a document for calicoctl."""
    version, what = str(pool.get("apiVersion", "")), f"entry {number} of calico_ip_pools has no cidr"
    if version.startswith("projectcalico.org/"):
        verdict.fail(
            "pool_cidr",
            what,
            f"it is a document of apiVersion {version}, for Calico 3",
            "Write it as cidr, ipip and nat_outgoing",
        )
    else:
        verdict.fail(
            "pool_cidr",
            what,
            f"it has {', '.join(sorted(map(str, pool))) or 'nothing'}",
            "Give it one, such as 192.168.0.0/16",
        )


def _valid(verdict: Verdict, text: str) -> Any:
    """Cidr of a pool, or None after noting what is wrong with it."""
    try:
        network = _cidr.parse(text)
    except ValidationError as error:
        verdict.fail("pool_cidr", f"the pool {text} is not a network", error.what, error.remedy)
        return None
    if "/" not in text:
        verdict.fail(
            "pool_cidr",
            f"the pool {text} has no prefix length",
            "Calico would take it for a single address",
            "Write it like 192.168.0.0/16",
        )
        return None
    if not network.is_masked():
        verdict.fail(
            "pool_cidr",
            f"the pool {text} has host bits",
            "calicoctl refuses it",
            f"Write {network.masked()}, if that is meant",
        )
        return None
    if network.prefix > BLOCK[network.version]:
        verdict.fail(
            "pool_cidr",
            f"the pool {text} is too small",
            f"Calico gives each host a block of /{BLOCK[network.version]}",
            f"Give room for a /{BLOCK[network.version]} block for each host",
        )
        return None
    return network


def _others(verdict: Verdict, hosts: Hosts, forbidden: Items) -> list[tuple[str, Any]]:
    """[(whose, Cidr)] of networks that are taken: DC/OS' own, those of the hosts' interfaces with the names of the first hosts that have them, and others."""
    found = [(label, _cidr.parse(text)) for label, text in RESERVED]
    overlays: dict[str, str] = {}
    for host in hosts.values():
        for item in (host["info"].get("dcos") or {}).get("overlays") or ():
            overlays[f"the network {item['name']} of DC/OS"] = item["subnet"]
    for label, text in sorted(overlays.items()) or OVERLAYS:
        if ":" not in text:
            found.append((label, _cidr.parse(text).masked()))
    subnets: dict[str, list[str]] = {}
    for name in sorted(hosts):
        for item in hosts[name]["info"].get("subnets") or ():
            if not OWN.match(item["interface"]):
                subnets.setdefault(item["network"], []).append(f"{item['interface']} on {name}")
    taken = [network for label, network in found]
    for text, owners in sorted(subnets.items()):
        network = _cidr.parse(text)
        if not any(other.contains(network) for other in taken):
            found.append((some(owners), network))
    _add_ranges(found, hosts)
    for item in forbidden:
        _add_forbidden(verdict, found, item)
    return found


def _add_ranges(found: list[tuple[str, Any]], hosts: Hosts) -> None:
    """Add what files of CNI networks give out: a bridge has an interface only once there is a container on it."""
    owners: dict[str, list[str]] = {}
    for name in sorted(hosts):
        for item in (hosts[name]["info"].get("cni") or {}).get("files") or ():
            for text in item.get("ranges") or ():
                owners.setdefault(text, []).append(f"the CNI network {item.get('name')} ({item['file']} on {name})")
    for text, labels in sorted(owners.items()):
        try:
            network = _cidr.parse(text).masked()
        except ValidationError:
            continue
        if not any(taken.contains(network) for dummy, taken in found):
            found.append((some(labels, 1), network))


def _add_forbidden(verdict: Verdict, found: list[tuple[str, Any]], item: Found) -> None:
    """Add a network that must be kept out of, unless it is among those that are taken anyway."""
    try:
        network = _cidr.parse(item["cidr"]).masked()
    except ValidationError as error:
        verdict.fail(
            "pool_cidr", f"{item['cidr']} of calico_forbidden_cidrs is not a network", error.what, error.remedy
        )
        return
    if not any(taken.overlaps(network) for _label, taken in found):
        found.append((item.get("name") or "calico_forbidden_cidrs", network))


def check_networks(verdict: Verdict, networks: Items, pools: Items) -> None:
    """Names and files of the networks, each of which must be one's own, and the pools that they take addresses from."""
    names, files = [network["name"] for network in networks], [file_of(network) for network in networks]
    for name in sorted(set(names)):
        if not _rules.NAME.match(name) or name in (".", ".."):
            verdict.fail(
                "network_name",
                f"the network name {name!r} is refused by CNI",
                None,
                "Use letters, digits, _ . and -, at most 128",
            )
        if names.count(name) > 1:
            verdict.fail(
                "network_name", f"the network {name} is listed twice", "Mesos takes only one of them", "Keep one"
            )
    for name in sorted(set(files)):
        owners = [network["name"] for network, file_name in zip(networks, files) if file_name == name]
        if len(set(owners)) > 1:
            verdict.fail(
                "network_name",
                f"the networks {' and '.join(owners)} are required in one file, {name}",
                "it has room for one",
                "Give each a file of its own, or leave file out",
            )
    for network in networks:
        own = network.get("ipv4_pools")
        for text in own if isinstance(own, list) and is_present(network) else ():
            _check_own_pool(verdict, network["name"], str(text), pools)


def _check_own_pool(verdict: Verdict, name: str, text: str, pools: Items) -> None:
    """Note a pool of a network that gives out no addresses. One that is no CIDR is not in the list either."""
    known = {_spelled(pool["cidr"]): pool for pool in pools if pool.get("cidr") and is_present(pool)}
    pool = known.get(_spelled(text))
    if pool is None:
        verdict.fail(
            "network_pool",
            f"the network {name} takes addresses from {text}, which is not in calico_ip_pools",
            "every container on it would fail to start",
            f"Add the pool, or take it out of ipv4_pools. There are: {', '.join(sorted(known)) or 'none'}",
        )
    elif boolean(pool.get("disabled", False), strict=False):
        verdict.fail(
            "network_pool",
            f"the network {name} takes addresses from {text}, which is disabled",
            "every container on it would fail to start",
            "Enable the pool, or give the network another one",
        )


def _spelled(cidr: Any) -> str:
    try:
        return str(_cidr.parse(cidr))
    except ValidationError:
        return str(cidr)


def check_documents(verdict: Verdict, documents: Items) -> None:
    """Policies, profiles and further documents for calicoctl."""
    names = []
    for document in documents:
        collector, name = Collector(), _resources.name_of(document)
        unknown = sorted(str(key) for key in document if key not in _KEYS)
        if unknown:
            collector.add(
                ValidationError(f"{name} has no field {', '.join(unknown)}", remedy=f"Write {', '.join(_KEYS)}")
            )
        if document.get("state", "present") not in ("present", "absent"):
            collector.add(
                ValidationError(f"the state of {name} cannot be {document['state']}", remedy="Write present or absent")
            )
        if document.get("kind") == "ipPool":
            collector.add(
                ValidationError(f"{name} is among calico_resources", remedy="Write it as an entry of calico_ip_pools")
            )
        else:
            good, checked = collector.check(
                _resources.explicit if is_present(document) else _resources.reference, document
            )
            names += [_resources.name_of(checked)] if good else []
        for error in collector.errors:
            verdict.refuse("document", error, "Correct it")
    for name in sorted(set(names)):
        if names.count(name) > 1:
            verdict.fail("document", f"{name} is listed twice", None, "Keep one of the two")


def check_usage(verdict: Verdict, hosts: Hosts, expectations: Found) -> None:
    """Pools and networks that would go while workloads use them; hosts as in _preflight."""
    datastore, unlisted = expectations.get("datastore") or {}, expectations.get("unlisted_pools", "keep")
    if unlisted != "keep" and not any(is_present(pool) for pool in expectations.get("pools") or []):
        verdict.fail(
            "variable",
            f"calico_ip_pools_unlisted is {unlisted}, and calico_ip_pools lists no pool that stays",
            "no container would get an address any more",
            "List the pools that are to stay",
        )
    workloads = datastore.get("workloadEndpoint") or []
    check_known_pools(verdict, datastore.get("ipPool") or [], workloads, expectations)
    check_known_nodes(verdict, hosts, datastore.get("node") or [], expectations.get("pools") or [])
    for name, remedy in sorted(_vanishing(hosts, expectations.get("networks") or []).items()):
        users = _usage.with_profile(name, workloads)
        if users:
            verdict.fail(
                "network_in_use",
                f"the network {name} is in use, and would be there no more",
                _usage.shown(users),
                remedy,
            )


def _vanishing(hosts: Hosts, networks: Items) -> dict[str, str]:
    """{name: remedy} of the networks that are to be absent, and of those whose file is to be another network's."""
    stay = [network["name"] for network in networks if is_present(network)]
    found = {
        network["name"]: "Move its apps to another network first, then remove it"
        for network in networks
        if not is_present(network)
    }
    heirs = {file_of(network): network["name"] for network in networks if is_present(network)}
    for host in hosts.values():
        for item in (host["info"].get("cni") or {}).get("files") or []:
            heir = heirs.get(item["file"])
            if (
                item["kind"] == "network"
                and item.get("type") == "calico"
                and heir not in (None, item["name"])
                and item["name"] not in stay
            ):
                found[item["name"]] = (
                    f"{item['file']} is to be the file of network {heir}: leave {item['name']} in calico_networks and add {heir} with "
                    f"a file of its own, move the apps, and set state of {item['name']} to absent then"
                )
    return found


def check_known_pools(verdict: Verdict, known: Items, workloads: Items, expectations: Found) -> None:
    """Pools in the datastore: those that would be deleted while they are in use, and those that are left over."""
    desired, unlisted = expectations.get("pools") or [], expectations.get("unlisted_pools", "keep")
    listed = {cidr: pool for pool in desired for cidr in [_parsed(pool.get("cidr"))] if cidr}
    for document in known:
        cidr = _parsed(document["metadata"].get("cidr"))
        if cidr is None:
            continue
        doomed = not is_present(listed[cidr]) if cidr in listed else unlisted == "delete"
        if doomed:
            users = _usage.in_pool(str(cidr), workloads)
            if users:
                verdict.fail(
                    "pool_in_use",
                    f"the pool {cidr} is in use, and would be deleted",
                    f"these have addresses of it: {_usage.shown(users)}",
                    _way_out(cidr in listed),
                )
            continue
        if cidr not in listed:
            stay = [other for other, pool in listed.items() if is_present(pool)]
            _check_left_over(verdict, cidr, document, stay, unlisted)


def _way_out(is_listed: bool) -> str:
    first = "Leave out state of it and set disabled" if is_listed else "Set calico_ip_pools_unlisted to disable"
    return f"{first}, so that no more addresses are given out of it; move these containers, and delete it then"


def _check_left_over(verdict: Verdict, cidr: Any, document: Found, desired: Iterable[Any], unlisted: str) -> None:
    """Note a pool that is in the datastore and not in the list, and stays."""
    rivals = sorted(str(other) for other in desired if other.overlaps(cidr))
    if rivals:
        verdict.fail(
            "pool_overlap",
            f"the pool {', '.join(rivals)} overlaps the pool {cidr} in the datastore",
            "an address could be given twice",
            f"Choose another network, or list {cidr} with state absent",
        )
    elif unlisted == "keep" and cidr.version == 4 and not (document.get("spec") or {}).get("disabled"):
        verdict.warn(
            "pool",
            f"the pool {cidr} is in the datastore and not in calico_ip_pools",
            "containers get addresses of it too",
            "List it, with disabled or state absent if nobody needs it, or set calico_ip_pools_unlisted",
        )


def check_known_nodes(verdict: Verdict, hosts: Hosts, nodes: Items, pools: Items) -> None:
    """Pools that overlap the networks of nodes; those of the hosts at hand are validated with all their interfaces elsewhere."""
    seen = {_parsed(item["network"]) for host in hosts.values() for item in host["info"].get("subnets") or ()}
    found: dict[Any, list[str]] = {}
    for node in nodes:
        network = _parsed(((node.get("spec") or {}).get("bgp") or {}).get("ipv4Address"))
        if network and network not in seen:
            found.setdefault(network, []).append(node["metadata"]["name"])
    for network, names in sorted(found.items(), key=lambda pair: pair[0].key()):
        for cidr in [_parsed(pool.get("cidr")) for pool in pools if is_present(pool)]:
            if cidr and cidr.overlaps(network):
                verdict.fail(
                    "pool_overlap",
                    f"the pool {cidr} overlaps {network} of node {', '.join(sorted(names)[:3])}",
                    "traffic would be misrouted",
                    "Choose a network that nobody else has (calico_ip_pools)",
                )


def _parsed(text: str | None) -> Any:
    """Cidr without host bits, or None for what is none; both are noted by others."""
    try:
        return _cidr.parse(text).masked() if text else None
    except ValidationError:
        return None
