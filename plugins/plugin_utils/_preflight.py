# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether all hosts together can be what is desired, before anything is touched anywhere. Pure.

C(hosts) is {name: {info, node_name, node_ip, node, member}}: info as agent_info returns it; node_name and node_ip (with prefix) as the host's
variables give them, None for those of detect_ip; node and member whether it runs calico/node and a member of a managed etcd. C(expectations) is
described in the module preflight.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.dcos.calico.plugins.module_utils import _cidr
from ansible_collections.dcos.calico.plugins.module_utils._calico import _node
from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError
from ansible_collections.dcos.calico.plugins.plugin_utils import (
    _preflight_etcd,
    _preflight_host,
    _preflight_networks,
    _releases,
)
from ansible_collections.dcos.calico.plugins.plugin_utils._findings import Verdict, some

Found = Mapping[str, Any]
Hosts = Mapping[str, Found]
Items = Sequence[Found]

# Advertised to frameworks by DC/OS agents (documentation of 1.13, ports).
MESOS_PORTS = ((1025, 2180), (2182, 3887), (3889, 5049), (5052, 8079), (8082, 8180), (8182, 32000))
NOWHERE = re.compile(r"(127|0)\.")
NODE_CHECKS = (
    _preflight_host.check_docker,
    _preflight_host.check_docker_ipv6,
    _preflight_host.check_kernel,
    _preflight_host.check_iptables,
    _preflight_host.check_cni,
    _preflight_host.check_calicoctl,
    _preflight_host.check_ports,
    _preflight_etcd.check_etcd,
    _preflight_etcd.check_found_members,
    _preflight_etcd.check_known_members,
)
MEMBER_CHECKS = (_preflight_host.check_member_ports, _preflight_etcd.check_known_masters)


# What comes of an answer in which something is not of the shape that agent_info gives it.
OTHER_SHAPE = (AttributeError, IndexError, KeyError, TypeError, ValueError)


def validate(hosts: Hosts, expectations: Found, ignored: Iterable[str] = ()) -> Verdict:
    """What is found about what is desired first, then host by host; a host that answers in another shape than agent_info's is a failure."""
    try:
        return _validate(hosts, expectations, ignored)
    except OTHER_SHAPE:
        strange = [name for name in hosts if not _readable(name, hosts[name], expectations)]
        if not strange:
            raise  # it was no host's
    verdict = _validate({name: host for name, host in hosts.items() if name not in strange}, expectations, ignored)
    for name in strange:
        verdict.on(name).fail(
            "agent_info",
            "what this host says cannot be read",
            "it is not of the shape that dcos.calico.agent_info gives it",
            "See who answers there, and which Python",
        )
    verdict.order(sorted(hosts))
    return verdict


def _readable(name: str, host: Found, expectations: Found) -> bool:
    """Whether a host can be validated by itself."""
    try:
        _validate({name: host}, expectations, ())
    except OTHER_SHAPE:
        return False
    return True


def _validate(hosts: Hosts, expectations: Found, ignored: Iterable[str]) -> Verdict:
    verdict = Verdict(frozenset(ignored))
    check_desired(verdict, expectations)
    known = {name: host for name, host in hosts.items() if _usable(verdict.on(name), host)}
    nodes = {name: host for name, host in known.items() if host.get("node", True)}
    members = [name for name in known if known[name].get("member")]
    pools = [pool for pool in expectations.get("pools") or [] if _preflight_networks.is_present(pool)]
    _preflight_networks.check_pools(verdict, nodes, pools, expectations.get("forbidden_cidrs") or [])
    _preflight_networks.check_usage(verdict, nodes, expectations)
    check_digests(verdict, nodes, expectations)
    check_nodes(verdict, nodes, (expectations.get("datastore") or {}).get("node") or [])
    if (expectations.get("docker_network") or {}).get("desired"):
        check_docker_names(verdict, nodes)
    infos, etcd = {name: host["info"] for name, host in known.items()}, expectations.get("etcd") or {}
    _preflight_etcd.check_members(verdict, members)
    _preflight_etcd.check_open(verdict, infos, etcd)
    private = [name for name, info in infos.items() if (info.get("dcos") or {}).get("role") == "private"]
    least = expectations.get("min_private_agents", 3)
    if len(private) < least:
        verdict.warn(
            "agents",
            f"there are {len(private)} private agents",
            f"the guide wants at least {least}",
            "Go on if this cluster is meant to be so small",
        )
    for name in sorted(known):
        checks = [_preflight_host.check_dcos]
        checks += [*(NODE_CHECKS if name in nodes else ()), *(MEMBER_CHECKS if name in members else ())]
        for check in checks:
            check(verdict.on(name), infos[name], expectations)
    verdict.order(sorted(hosts))
    return verdict


def _usable(verdict: Verdict, host: Found) -> bool:
    if host.get("info") and "dcos" in host["info"]:
        if (host["info"].get("os") or {}).get("root") is False:
            verdict.fail(
                "become",
                "this host was looked at without the rights of root, so nothing of what it says can be validated",
                "the run logs in as another user and does not become root",
                "Take ansible_become: false out of the inventory, set become: true in a play of your own, or log in as root",
            )
            return False
        strange = _strange_networks(host["info"])
        if strange:
            verdict.fail(
                "agent_info",
                "what this host says of its networks cannot be",
                f"it has {', '.join(map(repr, strange))}",
                "See who answers there, and what its interfaces are",
            )
        return not strange
    verdict.fail(
        "agent_info",
        "nothing is known of this host",
        (host.get("info") or {}).get("msg"),
        "Run dcos.calico.agent_info on it first, and see why it failed",
    )
    return False


def _strange_networks(info: Found) -> list[str]:
    """What of a host's own words is no network, sorted; nothing can be compared with it."""
    found = [item.get("network") for item in info.get("subnets") or ()] + [
        item.get("subnet") for item in info["dcos"].get("overlays") or ()
    ]
    strange = []
    for text in found:
        try:
            _cidr.parse(text)
        except ValidationError:
            strange.append(to_native(text)[:100])
    return sorted(strange)


def check_desired(verdict: Verdict, expectations: Found) -> None:
    """What can be told without looking at a host."""
    try:
        _releases.resolve(expectations["release"])
    except ValidationError as error:
        verdict.refuse("release", error)
    for artifact in expectations.get("artifacts") or []:
        if artifact.get("image") and not artifact.get("sha256") and not artifact.get("by_tag"):
            verdict.fail(
                "checksum",
                f"the image {artifact['image']} is named by a tag alone",
                "what a tag names can change, and calico/node is privileged",
                "Give an archive of it (calico_mirror_url, calico_artifacts_dir or calico_node_archive_url), or its digest in "
                f"{artifact['variable']} (NAME@sha256:...), or set calico_image_by_tag: true to rely on its registry",
            )
        elif not artifact.get("sha256") and not artifact.get("by_tag"):
            verdict.fail(
                "checksum",
                f"there is no sha256 for {artifact['name']}",
                "nothing is installed without one",
                f"Set {artifact['variable']}, to a sum from a place you trust; playbook manifest prints those of what it fetches",
            )
    check_release(verdict, expectations)
    _preflight_etcd.check_datastore(verdict, expectations.get("etcd") or {})
    _preflight_networks.check_networks(verdict, expectations.get("networks") or [], expectations.get("pools") or [])
    _preflight_networks.check_documents(verdict, expectations.get("documents") or [])
    for problem in expectations.get("problems") or []:
        what, _stop, remedy = problem.partition(". ")
        verdict.fail("variable", what, None, remedy or "Correct it")
    for key, used in (("felix_health_port", "health"), ("metrics_port", "metrics")):
        port = expectations.get(key)
        if port and any(first <= port <= last for first, last in MESOS_PORTS):
            verdict.warn(
                "health_port",
                f"Felix' {used} port {port} is in a range that Mesos offers to tasks",
                "a task may be given it",
                "Choose one above 32000",
            )


def check_release(verdict: Verdict, expectations: Found) -> None:
    """Digests, addresses and images that are those of another release, as far as they say so."""
    try:
        desired = _releases.versions(expectations["release"])
    except ValidationError:
        return  # which is noted elsewhere
    release, noted = _plain(expectations["release"]), _plain(expectations.get("manifest_release") or "")
    artifacts = expectations.get("artifacts") or []
    given = [
        artifact["name"]
        for artifact in artifacts
        if artifact.get("sha256") and not artifact.get("image") and artifact["name"] in desired
    ]
    for artifact in artifacts:
        if artifact.get("other_version"):
            verdict.fail(
                "release",
                f"the address or image that is given for {artifact['name']} is of {artifact['other_version']}",
                f"calico_release is {release}, to which {desired[artifact['name']]} belongs",
                "Correct it, or set calico_release",
            )
    if given and not noted:
        verdict.warn(
            "checksum",
            "the digests do not say of which release they are",
            f"those of another one than {release} would not be noticed",
            "Have dcos.calico.manifest write them again, or set calico_manifest_release to that release",
        )
    elif given and noted != release:
        _compare(verdict, given, desired, release, noted)


def _compare(verdict: Verdict, given: list[str], desired: Found, release: str, noted: str) -> None:
    try:
        theirs = _releases.versions(noted)
    except ValidationError:
        verdict.fail(
            "checksum",
            f"calico_manifest_release is {noted}, of which this collection knows nothing",
            None,
            f"Run dcos.calico.manifest for {release} and take its digests",
        )
        return
    differ = [f"{name} {theirs[name]}" for name in given if theirs[name] != desired[name]]
    if differ:
        verdict.fail(
            "checksum",
            f"the digests are those of release {noted}, and calico_release is {release}",
            f"{', '.join(differ)} would be taken for what belongs to {release}",
            f"Run dcos.calico.manifest for {release} and take its digests, or set calico_release to {noted}",
        )


def check_digests(verdict: Verdict, hosts: Hosts, expectations: Found) -> None:
    """Digests of executables that a host has, and that tell another version than the release's; hosts as in _preflight."""
    try:
        desired = _releases.versions(expectations["release"])
    except ValidationError:
        return
    sums = {
        artifact["sha256"].lower(): artifact
        for artifact in expectations.get("artifacts") or []
        if artifact.get("sha256")
    }
    found: dict[tuple[str, str, str], list[str]] = {}
    for host in sorted(hosts):
        for item in hosts[host]["info"].get("executables") or []:
            artifact = sums.get(item.get("sha256"))
            if artifact is None:
                continue
            other = _releases.other_version(artifact["name"], item.get("version"), expectations["release"])
            if other:
                found.setdefault((artifact["name"], artifact["variable"], other), []).append(host)
    for (name, variable, other), owners in sorted(found.items()):
        verdict.fail(
            "checksum",
            f"{variable} is the digest of {name} {other}, which {some(owners, 1)} has",
            f"calico_release is {_plain(expectations['release'])}, to which {desired[name]} belongs",
            f"Run dcos.calico.manifest for {_plain(expectations['release'])} and take its digests, or set calico_release",
        )


def _plain(release: Any) -> str:
    name = str(release).strip()
    return name[1:] if name.startswith("v") else name


def check_nodes(verdict: Verdict, hosts: Hosts, known: Items) -> None:
    """Names and addresses of the nodes, which must be there and be one's own, among the hosts and in the datastore.

    :param known: documents of the nodes that the datastore has.
    """
    names: dict[str | None, list[str]] = {}
    addresses: dict[str, list[str]] = {}
    stored = {
        node["metadata"]["name"]: ((node.get("spec") or {}).get("bgp") or {}).get("ipv4Address") for node in known
    }
    for name in sorted(hosts):
        node, info, at = hosts[name], hosts[name]["info"], verdict.on(name)
        found = info.get("node") or {}
        node_name, address = node.get("node_name") or found.get("ip"), node.get("node_ip") or found.get("address")
        if not address or "/" not in address:
            at.fail(
                "node_address",
                "the address of this node is not known with its prefix",
                found.get("error") or f"no interface has {address or found.get('ip')}, which detect_ip answers",
                "See what /opt/mesosphere/bin/detect_ip answers there, or set calico_node_ip to address and prefix",
            )
            continue
        if NOWHERE.match(address):
            at.fail(
                "node_address",
                f"the node address {address} leads each host to itself",
                None,
                "Correct calico_node_ip, or detect_ip",
            )
            continue
        own = [item for item in info.get("subnets") or [] if item["address"] == address.split("/")[0]]
        if not own:
            at.fail(
                "node_address",
                f"no interface of this host has its node address {address}",
                None,
                "Correct calico_node_ip, or detect_ip",
            )
        elif f"{own[0]['address']}/{own[0]['prefix']}" != address:
            at.warn(
                "node_address",
                f"the node address is {address}, and {own[0]['interface']} has it as {own[0]['address']}/{own[0]['prefix']}",
                "cross-subnet IP-in-IP goes by the prefix",
                "Give the prefix of the interface",
            )
        _check_unmanaged(at, info, node_name)
        other = _node.conflict(stored, node_name, address)
        if other:
            at.fail("node_address", *_node.conflict_words(other, node_name, address))
        names.setdefault(node_name, []).append(name)
        addresses.setdefault(address.split("/")[0], []).append(name)
    for kind, found in (("name", names), ("address", addresses)):
        for value, owners in sorted(found.items()):
            for owner in owners if len(owners) > 1 else ():
                others = ", ".join(other for other in owners if other != owner)
                verdict.on(owner).fail(
                    f"node_{kind}",
                    f"the node {kind} {value} is that of {others} too",
                    "a node of Calico is known by it",
                    f"Give each host one of its own (calico_node_{'name' if kind == 'name' else 'ip'})",
                )


def _check_unmanaged(verdict: Verdict, info: Found, node_name: Any) -> None:
    """A container that others have started, and that is another node than the one of the inventory: what its containers have is that node's."""
    node = info.get("calico_node") or {}
    env = (node.get("container") or {}).get("env") or {}
    started_as = env.get("NODENAME") or env.get("HOSTNAME")  # the latter alone up to calico/node 1.0
    if started_as in (None, node_name) or (node.get("unit") or {}).get("active") == "active":
        return
    verdict.fail(
        "node_unmanaged",
        f"calico/node was started by something else here, as node {started_as}, and the inventory calls it {node_name}",
        "under another name this host would be another node, without the addresses of its containers",
        f"Run dcos.calico.adopt, which keeps what is there, or set calico_node_name to {started_as}",
    )


def check_docker_names(verdict: Verdict, hosts: Hosts) -> None:
    """The libnetwork plugin of Calico 2.6 has containers under the name of the host, and Felix and BIRD look for them under the name of the node."""
    for name in sorted(hosts):
        found = hosts[name]["info"].get("node") or {}
        node_name, hostname = hosts[name].get("node_name") or found.get("ip"), found.get("hostname")
        if node_name and hostname and node_name != hostname:
            verdict.on(name).fail(
                "docker_node_name",
                f"Docker's containers would reach nothing on this host: its node is {node_name}, and the host is named {hostname}",
                "the libnetwork plugin of Calico 2.6 has containers under the name of the host, where Felix does not look",
                'Set calico_node_name to "{{ calico_agent.node.hostname }}"; a node that runs already gets another name by that, see docs/docker.md',
            )
