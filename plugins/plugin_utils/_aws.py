# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Calico's nodes need of AWS: no source/destination check on any of their interfaces, and rules for BGP and IP-in-IP between their groups. Pure."""

from __future__ import annotations

import dataclasses
import ipaddress
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.plugin_utils._cloud_plan import (
    BGP_PORT,
    IPIP_PROTOCOL,
    CloudPlan,
    Node,
    Step,
    listed,
)

INTERFACES, GROUPS = "amazon.aws.ec2_eni_info", "amazon.aws.ec2_security_group_info"
INTERFACE, GROUP = "amazon.aws.ec2_eni", "amazon.aws.ec2_security_group"
# As many values as one filter of EC2 takes.
BATCH = 200
RULES = {"tcp": f"BGP of Calico (TCP {BGP_PORT})", IPIP_PROTOCOL: "IP-in-IP of Calico (protocol 4)"}


@dataclasses.dataclass(frozen=True)
class Options:
    """Where to look (region, profile: None for what the environment says; vpc_id: empty for any) and the groups to use (empty: those the nodes have)."""

    region: str | None = None
    profile: str | None = None
    vpc_id: str = ""
    security_groups: tuple[str, ...] = ()

    def reach(self) -> dict[str, str]:
        """Arguments that each of amazon.aws' modules gets."""
        return {name: value for name, value in (("region", self.region), ("profile", self.profile)) if value}


@dataclasses.dataclass(frozen=True)
class Machine:
    """An instance that is a node: its interfaces, and the groups of the one that has the node's address, by id with their names."""

    node: Node
    instance_id: str
    interfaces: tuple[dict[str, Any], ...]
    groups: dict[str, str]


def _batches(values: list[str]) -> list[list[str]]:
    return [values[start : start + BATCH] for start in range(0, len(values), BATCH)]


def address_queries(nodes: list[Node], options: Options) -> list[dict[str, Any]]:
    """Arguments of ec2_eni_info that find the interfaces with the nodes' addresses."""
    place = {"vpc-id": options.vpc_id} if options.vpc_id else {}
    addresses = sorted({node.address for node in nodes})
    return [
        {**options.reach(), "filters": {**place, "addresses.private-ip-address": batch}}
        for batch in _batches(addresses)
    ]


def instance_queries(interfaces: list[dict[str, Any]], options: Options) -> list[dict[str, Any]]:
    """Arguments of ec2_eni_info that find all interfaces of the instances that some interfaces belong to."""
    instances = sorted({name for name in map(instance_of, interfaces) if name})
    return [{**options.reach(), "filters": {"attachment.instance-id": batch}} for batch in _batches(instances)]


def instance_of(interface: dict[str, Any]) -> str | None:
    """The instance that an interface is attached to; None for one of a load balancer or the like."""
    return (interface.get("attachment") or {}).get("instance_id")


def _addresses(interface: dict[str, Any]) -> set[str]:
    found = {item.get("private_ip_address") for item in interface.get("private_ip_addresses") or ()}
    return {address for address in found | {interface.get("private_ip_address")} if address}


def machines(nodes: list[Node], interfaces: list[dict[str, Any]], options: Options) -> list[Machine]:
    """The instance of each node; raises CalicoError for nodes without one, or with more than one."""
    found, absent, ambiguous = [], [], []
    faces: dict[str, list[dict[str, Any]]] = {}
    for face in interfaces:
        faces.setdefault(instance_of(face) or "", []).append(face)
    faces.pop("", None)
    for node in nodes:
        owners = {name: face for name, own in sorted(faces.items()) for face in own if node.address in _addresses(face)}
        if not owners:
            absent.append(node.title())
        elif len(owners) > 1:
            places = [f"{name} in {face.get('vpc_id')}" for name, face in owners.items()]
            ambiguous.append(f"{node.title()}: {', '.join(places)}")
        else:
            name, face = next(iter(owners.items()))
            groups = {
                group["group_id"]: group.get("group_name") or group["group_id"] for group in face.get("groups") or ()
            }
            found.append(
                Machine(node, name, tuple(item for item in faces[name] if not item.get("requester_managed")), groups)
            )
    if ambiguous:
        raise CalicoError(
            f"More than one EC2 instance has the address of a node: {'; '.join(ambiguous)}",
            remedy="Name the cluster's VPC in calico_public_cloud_aws_vpc_id",
        )
    if absent:
        raise CalicoError(
            f"No EC2 instance in {options.region or 'the region'} has the address of these nodes: {listed(absent)}",
            why=f"{len(found)} of {len(nodes)} were found",
            remedy="Check region (calico_public_cloud_aws_region), account and VPC, and remove nodes that are gone (calicoctl delete node NAME); with hosts "
            "outside AWS set calico_public_cloud_manage to false and do by hand what docs/public-cloud.md lists",
        )
    return found


def source_checks(found: list[Machine], options: Options) -> list[Step]:
    """A step for each interface that still drops packets which are not from or for its own address."""
    steps = {}
    for machine in found:
        for face in machine.interfaces:
            if face.get("source_dest_check", True):
                name = f"{face['network_interface_id']} of {machine.instance_id}, node {machine.node.title()}"
                arguments = {**options.reach(), "eni_id": face["network_interface_id"], "source_dest_check": False}
                before, after = ({"source_dest_check": value} for value in (True, False))
                steps[face["network_interface_id"]] = Step(name, before, after, INTERFACE, arguments)
    return list(steps.values())


def choose_groups(found: list[Machine], options: Options) -> list[str]:
    """As few security groups as cover all nodes, or those that are given; raises CalicoError for a node that has none of them."""
    if options.security_groups:
        bare = [machine.node.title() for machine in found if not set(options.security_groups) & set(machine.groups)]
        if bare:
            raise CalicoError(
                f"These nodes are in none of the security groups {', '.join(options.security_groups)}: {listed(bare)}",
                remedy="Add them to one, or name another in calico_public_cloud_aws_security_groups",
            )
        return list(options.security_groups)
    chosen: list[str] = []
    left = list(found)
    while left:
        counts = {
            group: sum(group in machine.groups for machine in left)
            for group in sorted({name for machine in left for name in machine.groups})
        }
        if not counts:
            raise CalicoError(
                f"These nodes have no security group: {listed([machine.node.title() for machine in left])}",
                remedy="Give each a group, or set calico_public_cloud_manage to false",
            )
        best = max(counts, key=lambda group: counts[group])
        chosen.append(best)
        left = [machine for machine in left if best not in machine.groups]
    return chosen


def _covers(permission: dict[str, Any], protocol: str) -> bool:
    """Whether an existing permission is about a protocol, for BGP with its port."""
    own = str(permission.get("ip_protocol"))
    if own == "-1":
        return True
    if protocol == IPIP_PROTOCOL:
        return own == IPIP_PROTOCOL
    first, last = permission.get("from_port"), permission.get("to_port")
    return own in ("tcp", "6") and first is not None and last is not None and int(first) <= BGP_PORT <= int(last)


def _lets_in(permission: dict[str, Any], source: str, addresses: list[str]) -> bool:
    """Whether a permission is for a source group, or for networks that hold all the nodes' addresses."""
    if any(pair.get("group_id") == source for pair in permission.get("user_id_group_pairs") or ()):
        return True
    networks = [
        ipaddress.ip_network(item["cidr_ip"], strict=False)
        for item in permission.get("ip_ranges") or ()
        if item.get("cidr_ip")
    ]
    return bool(networks) and all(
        any(ipaddress.ip_address(address) in network for network in networks) for address in addresses
    )


def group_rules(
    chosen: list[str], groups: list[dict[str, Any]], addresses: list[str], ipip: bool, options: Options
) -> list[Step]:
    """A step for each group that lacks a rule which lets the nodes in. Other rules are left as they are."""
    known = {group["group_id"]: group for group in groups}
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise CalicoError(
            f"There is no security group {', '.join(unknown)} in {options.region or 'the region'}",
            remedy="Give ids such as sg-0123456789abcdef0 in calico_public_cloud_aws_security_groups",
        )
    steps = []
    for name in chosen:
        group = known[name]
        missing = []
        for protocol in ("tcp", IPIP_PROTOCOL) if ipip else ("tcp",):
            permissions = [item for item in group.get("ip_permissions") or () if _covers(item, protocol)]
            missing += [
                (protocol, source)
                for source in chosen
                if not any(_lets_in(item, source, addresses) for item in permissions)
            ]
        if missing:
            rules = [_rule(protocol, source) for protocol, source in missing]
            arguments = {
                **options.reach(),
                "group_id": name,
                "name": group["group_name"],
                "description": group.get("description") or group["group_name"],
                "rules": rules,
                "purge_rules": False,
                "purge_rules_egress": False,
                "purge_tags": False,
            }
            after = [f"from {source}: {RULES[protocol]}" for protocol, source in missing]
            steps.append(Step(f"rules of {name} ({group['group_name']})", [], after, GROUP, arguments))
    return steps


def _rule(protocol: str, source: str) -> dict[str, Any]:
    """A rule as ec2_security_group takes it."""
    rule: dict[str, Any] = {"proto": protocol, "group_id": [source], "rule_desc": "Calico"}
    return {**rule, "ports": [str(BGP_PORT)]} if protocol == "tcp" else rule


def plan(
    found: list[Machine], chosen: list[str], groups: list[dict[str, Any]], ipip: bool, options: Options
) -> CloudPlan:
    """Everything; rules first, so that packets are let through before any is sent."""
    addresses = [machine.node.address for machine in found]
    steps = group_rules(chosen, groups, addresses, ipip, options) + source_checks(found, options)
    instances = [
        {
            "node": machine.node.name,
            "address": machine.node.address,
            "instance": machine.instance_id,
            "interfaces": sorted(face["network_interface_id"] for face in machine.interfaces),
            "can_ip_forward": None,
        }
        for machine in found
    ]
    return CloudPlan(steps, instances, chosen, [])
