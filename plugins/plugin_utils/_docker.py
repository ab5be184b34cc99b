# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""C(calico_docker_networks), validated before anything is touched. Pure."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.dcos.calico.plugins.module_utils import _cidr
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._calico import _docker_rules

KEYS = ("name", "pool", "state")
STATES = ("present", "absent")
# The first whose plugin (1.1.3) gives addresses to a network with a pool; older ones ask Calico for none of them.
FIRST_WITH_POOLS = (2, 6, 10)


def _checked(item: Any, pools: dict[str, dict[str, Any]], release: str | None) -> dict[str, Any]:
    if not isinstance(item, dict) or not item.get("name"):
        raise ValidationError(
            f"An item of calico_docker_networks has no name: {item!r}",
            None,
            f"Write it as a mapping with {', '.join(KEYS)}",
        )
    name, unknown, state = (
        f"calico_docker_networks, {item['name']}",
        sorted(set(item) - set(KEYS)),
        item.get("state", "present"),
    )
    if unknown:
        raise ValidationError(f"{name}: unknown {', '.join(unknown)}", None, f"Known are {', '.join(KEYS)}")
    if state not in STATES:
        raise ValidationError(f"{name}: state cannot be {state!r}", None, f"Use one of {', '.join(STATES)}")
    network = {"name": str(item["name"]), "pool": str(item["pool"]) if item.get("pool") else None, "state": state}
    if network["pool"] and state == "present":
        if release and tuple(int(part) for part in release.split(".")) < FIRST_WITH_POOLS:
            raise ValidationError(
                f"{name}: with Calico {release} no container starts on a network with a pool of its own",
                "its plugin asks for no address there",
                "Leave pool out to take addresses from all pools, or set calico_release to 2.6.10 or later",
            )
        pool = pools.get(network["pool"])
        if pool is None:
            raise ValidationError(
                f"{name}: {network['pool']} is none of calico_ip_pools ({', '.join(pools) or 'which is empty'})",
                "Calico's plugin takes the whole of a pool",
                "Name one of them, add it there, or leave pool out to take addresses from all",
            )
        if pool.get("disabled") or pool.get("state") == "absent":
            raise ValidationError(
                f"{name}: the pool {network['pool']} gives out no addresses", None, "Name another one"
            )
    return network


def docker_networks(
    networks: list[dict[str, Any]],
    pools: list[dict[str, Any]],
    libnetwork: bool | str = True,
    release: str | None = None,
) -> list[dict[str, Any]]:
    """C(calico_docker_networks) as the C(networks) option of dcos.calico.calico_docker_network; raises for what cannot work."""
    if str(libnetwork).lower() not in ("true", "yes", "1"):
        raise AnsibleFilterError(
            "Docker networks of Calico need calico/node with its libnetwork plugin, and calico_node_libnetwork is false, which follows "
            "calico_docker_network. Set that to true and run dcos.calico.install, which restarts calico/node host by host; containers do not notice."
        )
    try:
        known = {_cidr.canonical(pool["cidr"]): pool for pool in pools}
        checked = [_checked(item, known, release) for item in networks]
        _docker_rules.desired(checked)
    except CalicoError as error:
        words = str(error)
        raise AnsibleFilterError(
            words if "calico_docker_networks" in words else f"calico_docker_networks: {words}"
        ) from error
    return checked
