# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Calico's nodes need of Google Compute Engine: one firewall rule for BGP and IP-in-IP. Whether instances may forward packets is told. Pure."""

from __future__ import annotations

import dataclasses
import ipaddress
from typing import Any

from ansible_collections.dcos.calico.plugins.plugin_utils._cloud_plan import (
    BGP_PORT,
    IPIP_PROTOCOL,
    CloudPlan,
    Node,
    Step,
    listed,
)

INSTANCES, FIREWALLS, FIREWALL = (
    f"google.cloud.gcp_compute_{name}" for name in ("instance_info", "firewall_info", "firewall")
)
DESCRIPTION = "BGP and IP-in-IP between the nodes of Calico (dcos.calico)"
# What the API may call protocol 4 in its answers.
SAME = {"ipip": IPIP_PROTOCOL, "6": "tcp"}


@dataclasses.dataclass(frozen=True)
class Options:
    """Where things are (project, zones, network) and how the rule is made (its name, source_ranges: empty for the nodes' networks, target_tags)."""

    project: str
    zones: tuple[str, ...]
    network: str = "global/networks/default"
    firewall: str = "calico"
    source_ranges: tuple[str, ...] = ()
    target_tags: tuple[str, ...] = ()
    auth_kind: str | None = None
    service_account_file: str | None = None

    def reach(self) -> dict[str, str]:
        """Arguments that each of google.cloud's modules gets."""
        known = (
            ("project", self.project),
            ("auth_kind", self.auth_kind),
            ("service_account_file", self.service_account_file),
        )
        return {name: value for name, value in known if value}


def queries(options: Options) -> list[dict[str, Any]]:
    """Arguments of gcp_compute_instance_info, one for each zone."""
    return [{**options.reach(), "zone": zone} for zone in options.zones]


def firewall_query(options: Options) -> dict[str, Any]:
    """Arguments of gcp_compute_firewall_info that find the rule, if there is one."""
    return {**options.reach(), "filters": [f"name = {options.firewall}"]}


def _protocols(rules: Any) -> list[dict[str, Any]]:
    items = [
        {
            "protocol": SAME.get(str(rule.get("IPProtocol")), str(rule.get("IPProtocol"))),
            "ports": sorted(rule.get("ports") or []),
        }
        for rule in rules or ()
    ]
    return sorted(items, key=lambda item: str(item["protocol"]))


def _shown(rule: dict[str, Any] | None) -> dict[str, Any] | None:
    """Of a rule as the API has it what is managed here; None for one that is not there."""
    if not rule:
        return None
    return {
        "allowed": _protocols(rule.get("allowed")),
        "network": str(rule.get("network") or "").rpartition("/")[2],
        "source_ranges": sorted(rule.get("sourceRanges") or []),
        "target_tags": sorted(rule.get("targetTags") or []),
        "disabled": bool(rule.get("disabled")),
    }


def _ranges(nodes: list[Node], options: Options) -> list[str]:
    if options.source_ranges:
        return sorted(options.source_ranges)
    return [
        str(network)
        for network in ipaddress.collapse_addresses(sorted({ipaddress.IPv4Network(node.network()) for node in nodes}))
    ]


def firewall(nodes: list[Node], rules: list[dict[str, Any]], ipip: bool, options: Options) -> list[Step]:
    """The step that makes or mends the rule, if that is needed."""
    before = _shown(next((rule for rule in rules if rule.get("name") == options.firewall), None))
    allowed = [{"IPProtocol": "tcp", "ports": [str(BGP_PORT)]}] + ([{"IPProtocol": IPIP_PROTOCOL}] if ipip else [])
    desired: dict[str, Any] = {
        "allowed": allowed,
        "network": options.network,
        "sourceRanges": _ranges(nodes, options),
        "targetTags": list(options.target_tags),
    }
    after = _shown(desired)
    if before == after:
        return []
    arguments = {
        **options.reach(),
        "name": options.firewall,
        "description": DESCRIPTION,
        "network": {"selfLink": options.network},
        "direction": "INGRESS",
        "disabled": False,
        "allowed": [
            {"ip_protocol": rule["IPProtocol"], **({"ports": rule["ports"]} if "ports" in rule else {})}
            for rule in allowed
        ],
        "source_ranges": desired["sourceRanges"],
        **({"target_tags": desired["targetTags"]} if options.target_tags else {}),
    }
    return [Step(f"firewall rule {options.firewall}", before, after, FIREWALL, arguments)]


def plan(
    nodes: list[Node], instances: list[dict[str, Any]], rules: list[dict[str, Any]], ipip: bool, options: Options
) -> CloudPlan:
    """Everything, and sentences about instances that may not forward packets or are not in the zones."""
    owners = {face.get("networkIP"): item for item in instances for face in item.get("networkInterfaces") or ()}
    found = []
    for node in nodes:
        item = owners.get(node.address)
        if item:
            instance = {"node": node.name, "address": node.address, "instance": item["name"], "interfaces": []}
            found.append({**instance, "can_ip_forward": bool(item.get("canIpForward"))})
    absent = [node.title() for node in nodes if node.address not in owners]
    held = [item["instance"] for item in found if not item["can_ip_forward"]]
    notes = []
    if absent:
        where = ", ".join(options.zones)
        notes.append(
            f"No instance in {where} has the address of these nodes: {listed(absent)}. Name all zones in calico_public_cloud_gce_zones."
        )
    if held:
        notes.append(
            f"canIpForward is off for {listed(held)}. With ipip always nothing else is needed; without IP-in-IP Google drops what these send for "
            "containers, and canIpForward can only be set when an instance is made."
        )
    return CloudPlan(firewall(nodes, rules, ipip, options), found, [options.firewall], notes)
