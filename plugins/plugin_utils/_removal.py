# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether pools and profiles may go: every agent has been seen, and no network there names them any more. Pure.

A container that is started on an agent whose network names a pool that is gone, or gives out no addresses, fails.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils._untrusted import clean
from ansible_collections.dcos.calico.plugins.plugin_utils._agents import SHOWN, in_inventory
from ansible_collections.dcos.calico.plugins.plugin_utils._findings import some
from ansible_collections.dcos.calico.plugins.plugin_utils._required_hosts import is_slice


def obstacles(
    left: Sequence[str],
    hosts: Iterable[str],
    hostvars: Mapping[str, Mapping[str, Any]],
    groups: Mapping[str, Sequence[str]],
    info: str,
    left_out: Sequence[str] = (),
    coming: str = "",
) -> list[str]:
    """Why these may not go yet, each a sentence.

    :param left: such as C(ipPool 10.1.0.0/16) and C(profile shop).
    :param hosts: those that were looked at; info is the variable in which each has the result of agent_info.
    :param left_out: agents that Mesos has and the inventory has not, in words.
    :param coming: in check mode, the variable that a host has whose networks would be as required by now.
    """
    found = []
    if any(is_slice(hostvars[host]) for host in hosts):
        found.append("This is a slice of a job of AWX, which has a part of the agents.")
    seen = {host: _networks(hostvars[host].get(info)) for host in hosts}
    unseen = [host for host in in_inventory(groups) if seen.get(host) is None]
    if unseen:
        found.append(f"Not looked at: {some(unseen, SHOWN)}.")
    if left_out:
        found.append(f"Mesos has agents that the inventory has not: {some(left_out, SHOWN)}.")
    pools = {_network(name.partition(" ")[2]) for name in left if name.startswith("ipPool ")}
    profiles = {name.partition(" ")[2] for name in left if name.startswith("profile ")}
    for host, networks in seen.items():
        for network in networks or [] if not (coming and hostvars[host].get(coming)) else []:
            named = [pool for pool in network.get("pools") or [] if _network(pool) in pools]
            if named or network.get("name") in profiles:
                what = f"names {', '.join(named)}" if named else f"is network {network['name']}"
                found.append(clean(f"{network['file']} on {host} still {what}."))
    return found


def _networks(info: Any) -> list[Mapping[str, Any]] | None:
    files = ((info.get("cni") or {}) if isinstance(info, Mapping) else {}).get("files")
    return files if isinstance(files, list) else None


def _network(text: str) -> str:
    """A CIDR in its one spelling; what is none, as it is."""
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return text
