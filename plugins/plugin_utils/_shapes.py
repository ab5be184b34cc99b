# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what an operator writes in an inventory to what modules take. Pure; used by the filters of the same names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.dcos.calico.plugins.plugin_utils import _found, _hostvars

IPIP = {"off": None, "always": {"enabled": True}, "cross-subnet": {"enabled": True, "mode": "cross-subnet"}}
POOL_KEYS = {"cidr", "ipip", "nat_outgoing", "disabled", "state"}
PROFILE_KEYS = {"profile", "profile_ingress", "profile_egress", "profile_labels"}
NETWORK_KEYS = {"name", "file", "ipv4_pools", "mtu", "log_level", "state"} | PROFILE_KEYS
POLICY_SPEC = {"order", "selector", "types", "ingress", "egress", "doNotTrack", "preDNAT"}
POLICY_KEYS = {"name", "state"} | POLICY_SPEC
STATES = ("present", "absent")
PROFILES = ("unmanaged", "open", "isolated", "custom")
ALLOW = [{"action": "allow"}]


class WrongItems(AnsibleFilterError):
    """Everything that is wrong with a list that an operator wrote; faults are sentences."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__(" ".join(faults))
        self.faults = faults


def _shaped(items: Iterable[Any], faults_of: Callable[[Any], Iterable[str]], shape: Callable[[Any], Any]) -> list[Any]:
    """What becomes of each item.

    :raises WrongItems: with all faults of all items.
    """
    found, faults = [], []
    for item in items:
        wrong = list(faults_of(item))
        faults += wrong
        found += [] if wrong else [shape(item)]
    if faults:
        raise WrongItems(faults)
    return found


def _object(item: Any, variable: str, required: str, known: set[str]) -> Iterator[str]:
    """What is wrong with an item whatever it is about; the last words for one that cannot be looked into."""
    if not isinstance(item, dict) or not item.get(required):
        yield f"An item of {variable} has no {required}{_document(item)}: {item!r}. Write it as a mapping with {', '.join(sorted(known))}."
        return
    unknown = sorted(set(item) - known)
    if unknown:
        yield f"{variable}, {item[required]}: unknown {', '.join(unknown)}. Known are {', '.join(sorted(known))}."
    if item.get("state", "present") not in STATES:
        yield f"{variable}, {item[required]}: state cannot be {item['state']!r}. Use one of {', '.join(STATES)}."


def _document(item: Any) -> str:
    """What else an item is, if it is a document for calicoctl, of this Calico or of a later one."""
    version = str(item.get("apiVersion", "")) if isinstance(item, dict) else ""
    later = " and for Calico 3" if version.startswith("projectcalico.org/") else ""
    return f", it is a document of apiVersion {version} for calicoctl{later}" if version else ""


def _network(item: Any) -> Iterator[str]:
    yield from _object(item, "calico_networks", "name", NETWORK_KEYS)
    if not isinstance(item, dict) or not item.get("name"):
        return
    if not isinstance(item.get("ipv4_pools") or [], list):
        yield f"calico_networks, {item['name']}: ipv4_pools is not a list. Write one, such as [192.168.0.0/16]."
    if not str(item.get("mtu") or 0).isdigit():
        yield f"calico_networks, {item['name']}: mtu cannot be {item['mtu']!r}. Give a number of bytes, such as 1440."


def _resource(
    kind: str, metadata: dict[str, Any], item: dict[str, Any], spec: dict[str, Any] | None = None
) -> dict[str, Any]:
    """A resource of API version v1; one that is to be absent needs no spec, and says so."""
    document: dict[str, Any] = {"apiVersion": "v1", "kind": kind, "metadata": metadata}
    return document | ({"state": "absent"} if item.get("state") == "absent" else {"spec": spec or {}})


def _pool(item: Any) -> Iterator[str]:
    yield from _object(item, "calico_ip_pools", "cidr", POOL_KEYS)
    if not isinstance(item, dict) or not item.get("cidr"):
        return
    if ipip_mode(item) not in IPIP:
        yield f"calico_ip_pools, {item['cidr']}: ipip cannot be {ipip_mode(item)!r}. Use one of {', '.join(IPIP)}."
    for key in ("nat_outgoing", "disabled"):
        try:
            boolean(item.get(key, False))
        except TypeError:
            yield f"calico_ip_pools, {item['cidr']}: {key} cannot be {item[key]!r}. Use true or false."


def _pool_resource(pool: dict[str, Any]) -> dict[str, Any]:
    # Switches may be text where they come from a survey or the command line: "false" is no.
    spec: dict[str, Any] = {
        "nat-outgoing": boolean(pool.get("nat_outgoing", False)),
        "disabled": boolean(pool.get("disabled", False)),
    }
    if IPIP[ipip_mode(pool)]:
        spec["ipip"] = IPIP[ipip_mode(pool)]
    return _resource("ipPool", {"cidr": str(pool["cidr"])}, pool, spec)


def ipip_mode(pool: dict[str, Any]) -> str:
    """Of a pool. A bare `off` is false in YAML 1.1; whoever writes it means "off"."""
    mode = pool.get("ipip", "off")
    return "off" if mode in (False, None) else str(mode)


def ip_pool_resources(pools: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """C(calico_ip_pools) as ipPool resources of API version v1."""
    return _shaped(pools, _pool, _pool_resource)


def policy_resources(policies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """C(calico_policies) as policy resources of API version v1: what is neither name nor state is the spec."""
    return _shaped(
        policies,
        lambda item: _object(item, "calico_policies", "name", POLICY_KEYS),
        lambda policy: _resource(
            "policy", {"name": policy["name"]}, policy, {key: policy[key] for key in sorted(POLICY_SPEC & set(policy))}
        ),
    )


def profile_resources(networks: list[dict[str, Any]], default: str = "unmanaged") -> list[dict[str, Any]]:
    """The profiles of C(calico_networks), except those that are left to the plugin; a network that goes takes its profile along.

    Each has the tag of its network, by which the plugin's own profiles let packets in.
    """
    made = _shaped(
        networks,
        lambda item: _profile_faults(item, default),
        lambda network: _profile(network, network.get("profile", default)),
    )
    return [resource for resource in made if resource]


def _profile_faults(item: Any, default: str) -> Iterator[str]:
    yield from _network(item)
    if not isinstance(item, dict) or not item.get("name"):
        return
    name, kind = item["name"], item.get("profile", default)
    rules = sorted({"profile_ingress", "profile_egress"} & set(item))
    if kind not in PROFILES:
        yield f"calico_networks, {name}: profile cannot be {kind!r}. Use one of {', '.join(PROFILES)}."
    elif kind == "custom" and "profile_ingress" not in item and item.get("state") != "absent":
        yield f"calico_networks, {name}: profile custom has no profile_ingress. List its rules; an empty list lets nothing in."
    elif kind != "custom" and rules:
        yield f"calico_networks, {name}: {rules[0]} is not looked at with profile {kind}. Set profile to custom, or take it out."


def _profile(network: dict[str, Any], kind: str) -> dict[str, Any] | None:
    if kind == "unmanaged":
        return None
    name = network["name"]
    ingress = {"open": ALLOW, "isolated": [{"action": "allow", "source": {"tag": name}}]}.get(
        kind, network.get("profile_ingress")
    )
    metadata = {"name": name, "tags": [name], "labels": network.get("profile_labels") or {}}
    return _resource("profile", metadata, network, {"ingress": ingress, "egress": network.get("profile_egress", ALLOW)})


def _named_pools(pools: list[dict[str, Any]], unlisted: str) -> list[str]:
    """The pools that a network without own ones must name, because others are disabled; none where every pool gives out addresses.

    A host that has a block of a disabled pool goes on giving out its addresses, except to networks that name pools.
    """
    present = [pool for pool in pools if pool.get("state") != "absent"]
    enabled = [
        str(pool["cidr"])
        for pool in present
        if not boolean(pool.get("disabled", False)) and ":" not in str(pool["cidr"])
    ]
    return (
        enabled
        if len(enabled) < len([pool for pool in present if ":" not in str(pool["cidr"])]) or unlisted == "disable"
        else []
    )


def cni_network_files(
    networks: list[dict[str, Any]],
    nodename: str,
    etcd: dict[str, Any],
    mtu: int | str = 0,
    log_level: str = "",
    pools: list[dict[str, Any]] | None = None,
    unlisted: str = "keep",
) -> list[dict[str, Any]]:
    """C(calico_networks) as the C(networks) option of dcos.calico.cni_network.

    Calico's plugin wants strings where one expects lists and booleans; Mesos reads cniVersion 0.1 and 0.2 only, so none is given.
    """
    named = _named_pools(pools or [], unlisted)

    def file_of(network: dict[str, Any]) -> dict[str, Any]:
        config: dict[str, Any] = {
            "name": network["name"],
            "type": "calico",
            "nodename": nodename,
            "etcd_endpoints": ",".join(etcd["endpoints"]),
        }
        for ours, theirs in (
            ("ca_file", "etcd_ca_cert_file"),
            ("cert_file", "etcd_cert_file"),
            ("key_file", "etcd_key_file"),
        ):
            if etcd.get(ours):
                config[theirs] = etcd[ours]
        if network.get("log_level", log_level):
            config["log_level"] = network.get("log_level", log_level)
        if int(network.get("mtu", mtu) or 0):
            config["mtu"] = int(network.get("mtu", mtu))
        config["ipam"] = {"type": "calico-ipam"}
        if network.get("ipv4_pools") or named:
            config["ipam"]["ipv4_pools"] = [str(pool) for pool in network.get("ipv4_pools") or named]
        entry = {"file": network.get("file", f"{network['name']}.cni"), "state": network.get("state", "present")}
        if entry["state"] == "present":
            entry["config"] = config
        return entry

    return _shaped(networks, _network, file_of)


NO_MASTERS = (
    "A managed datastore needs hosts in the group `masters`. Add them, or set calico_etcd_source to existing. Where a job of AWX is a slice, whose "
    "inventory may have none, name all members in calico_etcd_members."
)


def etcd_members(
    hosts: list[str], hostvars: Any, port: int | str = 2380, tls: bool | str = False
) -> list[dict[str, str]]:
    """The members of a managed cluster: C({name, peer_url}) of each host, by its C(calico_etcd_address), its C(ansible_host) or its name."""
    scheme = "https" if tls else "http"
    members = []
    for host in hosts:
        known = hostvars[host]
        address = known.get("calico_etcd_address") or known.get("ansible_host") or host
        members.append({"name": host, "peer_url": f"{scheme}://{address}:{int(port)}"})
    if not members:
        raise AnsibleFilterError(NO_MASTERS)
    return members


def datastore_reader(hosts: list[str], hostvars: Any, info: str) -> str:
    """The first host that can ask Calico's datastore, by what dcos.calico.agent_info found on them; empty without one.

    It has a calicoctl that runs and is configured, and an etcd that answers.
    """
    for host in hosts:
        [known] = _mappings([_found.whole(_hostvars.of_host(hostvars, host).get(info))]) or [{}]
        runs = any(
            item.get("version")
            for item in _mappings(known.get("executables"))
            if str(item.get("path")).endswith("/calicoctl")
        )
        configured = any(item.get("exists") for item in _mappings([known.get("calicoctl_cfg")]))
        if runs and configured and any(probe.get("healthy") for probe in _mappings(known.get("etcd"))):
            return host
    return ""


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    """The mappings in a list; what a host answered may be of any shape."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def documents_of(expectations: dict[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """(documents, problems) of what dcos.calico.preflight is told to expect: profiles, policies and further ones, and how entries are wrongly written.

    Each entry is looked at by itself, so that all that is wrong is said at once. An entry without its identity is left to who validates that.
    """
    documents, problems = [], []
    shapes = (
        ("pools", "cidr", ip_pool_resources),
        ("networks", "name", lambda items: profile_resources(items, expectations["default_profile"])),
        ("policies", "name", policy_resources),
    )
    for name, identity, shape in shapes:
        for item in expectations[name]:
            try:
                found = shape([item]) if item.get(identity) or name != "pools" else []
            except WrongItems as error:
                problems += error.faults
                continue
            documents += found if name != "pools" else []
    return documents + expectations["documents"], problems
