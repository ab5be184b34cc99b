# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A status as metrics in the text format of Prometheus, and where Prometheus finds Felix' own. Pure.

What is not known has no sample: a rule that needs it is silent, and the ones about what is not known are not.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils import _untrusted
from ansible_collections.dcos.calico.plugins.plugin_utils._status_hosts import (
    OK,
    WORST,
    Host,
    at,
    items,
    text,
)
from ansible_collections.dcos.calico.plugins.plugin_utils._status_problems import CRITICAL, NOTICE

PREFIX = "dcos_calico_"
Sample = tuple[Mapping[str, str], float]


def exposition(document: Mapping[str, Any], felix: int) -> str:
    """The text; see docs/metrics.md for what each metric means.

    :param felix: hosts whose Felix is to have metrics.
    """
    lines = []
    for name, help_, samples in _metrics(document, felix):
        if samples:
            lines += [f"# HELP {PREFIX}{name} {help_}", f"# TYPE {PREFIX}{name} gauge"]
            lines += [f"{PREFIX}{name}{_labels(labels)} {value:.15g}" for labels, value in samples]
    return "\n".join(lines) + "\n"


def _metrics(document: Mapping[str, Any], felix: int) -> Iterable[tuple[str, str, list[Sample]]]:
    agents, sessions, space = document["agents"], document["sessions"], document["addresses"]
    states = [agent["state"] for agent in agents]
    yield "status_timestamp_seconds", "When the hosts were looked at.", [({}, _seconds(document["made"]))]
    yield "felix_targets", "Hosts whose Felix is to have metrics of its own.", [({}, felix)]
    yield (
        "hosts",
        "Hosts by their worst check. The state none is a host to which no check applies.",
        [({"state": state}, states.count(state)) for state in WORST],
    )
    yield (
        "host_well",
        "Whether no check of a host is critical, so that its containers have their packets and others can be started.",
        [({"host": agent["name"]}, agent["state"] != CRITICAL) for agent in agents],
    )
    yield (
        "host_drifted",
        "Whether a run of dcos.calico.site would change a host. None of a host of which that is not known.",
        [({"host": agent["name"]}, state != OK) for agent in agents if (state := _drift(agent)) in (OK, NOTICE)],
    )
    yield (
        "problems",
        "Problems by severity.",
        [({"severity": name}, number) for name, number in document["summary"]["problems"].items()],
    )
    expected = sessions["pairs"] + sessions["unknown"]
    yield "bgp_sessions_expected", "BGP sessions that there should be, a pair of nodes once.", [({}, expected)]
    yield "bgp_sessions_established", "BGP sessions that are established.", [({}, sessions["established"])]
    yield "bgp_sessions_unknown", "BGP sessions of which neither side could be asked.", [({}, sessions["unknown"])]
    yield "datastore_known", "Whether a host could read the datastore.", [({}, space["known"])]
    if space["known"]:
        yield from _pools(space["pools"])
    ends: dict[str, float] = {}
    for item in document["certificates"]:
        if item.get("not_after"):
            ends[item["endpoint"]] = min(_seconds(item["not_after"]), ends.get(item["endpoint"], float("inf")))
    yield (
        "certificate_expiry_timestamp_seconds",
        "Until when the certificates of a path are valid, that of the host where it ends first.",
        [({"path": path}, end) for path, end in sorted(ends.items())],
    )


def _pools(pools: Sequence[Mapping[str, Any]]) -> Iterable[tuple[str, str, list[Sample]]]:
    for name, key, help_ in (
        ("pool_addresses", "size", "Addresses of a pool."),
        ("pool_addresses_used", "used", "Addresses of a pool that containers in the datastore have."),
        ("pool_addresses_free", "free", "Addresses of a pool that no container in the datastore has, an upper bound."),
        ("pool_blocks_left", "blocks_left", "Blocks of a pool without a container, an upper bound."),
    ):
        yield (
            name,
            help_,
            [
                ({"pool": pool["cidr"], "disabled": "true" if pool["disabled"] else "false"}, pool[key])
                for pool in pools
            ],
        )


def _drift(agent: Mapping[str, Any]) -> str:
    return text(at(agent, "checks", "drift", "state"))


def _seconds(moment: str) -> float:
    found = datetime.datetime.strptime(moment, "%Y-%m-%dT%H:%M:%SZ")
    return found.replace(tzinfo=datetime.timezone.utc).timestamp()


def _labels(labels: Mapping[str, str]) -> str:
    shown = (f'{name}="{_quoted(value)}"' for name, value in labels.items())
    return f"{{{','.join(shown)}}}" if labels else ""


def _quoted(value: str) -> str:
    return text(value).replace("\\", "\\\\").replace('"', '\\"')


@dataclass(frozen=True)
class Target:
    """A host whose Felix has metrics.

    :ivar fallback: its address where nothing else says one.
    """

    host: Host
    port: int
    fallback: str


def targets(found: Sequence[Target], datastore: Any) -> list[dict[str, Any]]:
    """Groups of targets as file_sd_configs of Prometheus takes them, one for each host. A host that does not answer is there by what the datastore has.

    :param datastore: see _status.Cluster.
    """
    nodes = {}
    for node in items(at(datastore, "plan", "calicoctl_resource_info", "resources", "node")):
        address = _address(at(node, "spec", "bgp", "ipv4Address"))
        nodes[text(at(node, "metadata", "name"))] = nodes[address] = address
    groups = []
    for one in found:
        result = one.host.result
        address = _address(at(result, "plan", "calicoctl_node", "ip")) or _address(at(result, "node", "ip"))
        known = (nodes[name] for name in sorted(one.host.names) if nodes.get(name))
        where = address or next(known, one.fallback)
        where = f"[{where}]" if ":" in where else where
        groups.append({"targets": [f"{where}:{one.port}"], "labels": {"host": one.host.name}})
    return groups


def _address(value: Any) -> str:
    """Of what a host or the datastore says of itself only an address, without its prefix: it becomes one that Prometheus connects to."""
    return _untrusted.address(text(value).partition("/")[0]) or ""
