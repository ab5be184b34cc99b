# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what an operator writes in an inventory to what modules take. Pure; used by the filters of the same names."""
from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

IPIP = {"off": None, "always": {"enabled": True}, "cross-subnet": {"enabled": True, "mode": "cross-subnet"}}
POOL_KEYS = {"cidr", "ipip", "nat_outgoing", "disabled"}
NETWORK_KEYS = {"name", "file", "ipv4_pools", "mtu", "log_level", "state"}


def _object(item: Any, variable: str, required: str, known: set[str]) -> dict[str, Any]:
    if not isinstance(item, dict) or not item.get(required):
        raise AnsibleFilterError(f"An item of {variable} has no {required}: {item!r}. Write it as a mapping with {', '.join(sorted(known))}.")
    unknown = sorted(set(item) - known)
    if unknown:
        raise AnsibleFilterError(f"{variable}, {item[required]}: unknown {', '.join(unknown)}. Known are {', '.join(sorted(known))}.")
    return item


def ip_pool_resources(pools: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """C(calico_ip_pools) as ipPool resources of API version v1."""
    resources = []
    for item in pools:
        pool = _object(item, "calico_ip_pools", "cidr", POOL_KEYS)
        # A bare `off` is false in YAML 1.1; whoever writes it means "off".
        mode = "off" if pool.get("ipip", "off") in (False, None) else str(pool.get("ipip", "off"))
        if mode not in IPIP:
            raise AnsibleFilterError(f"calico_ip_pools, {pool['cidr']}: ipip cannot be {mode!r}. Use one of {', '.join(IPIP)}.")
        spec: dict[str, Any] = {"nat-outgoing": bool(pool.get("nat_outgoing", False)), "disabled": bool(pool.get("disabled", False))}
        if IPIP[mode]:
            spec["ipip"] = IPIP[mode]
        resources.append({"apiVersion": "v1", "kind": "ipPool", "metadata": {"cidr": str(pool["cidr"])}, "spec": spec})
    return resources


def cni_network_files(networks: list[dict[str, Any]], nodename: str, etcd: dict[str, Any], mtu: int | str = 0, log_level: str = "") -> list[dict[str, Any]]:
    """C(calico_networks) as the C(networks) option of dcos.calico.cni_network.

    Calico's plugin wants strings where one expects lists and booleans; Mesos reads cniVersion 0.1 and 0.2 only, so none is given.
    """
    files = []
    for item in networks:
        network = _object(item, "calico_networks", "name", NETWORK_KEYS)
        config: dict[str, Any] = {"name": network["name"], "type": "calico", "nodename": nodename, "etcd_endpoints": ",".join(etcd["endpoints"])}
        for ours, theirs in (("ca_file", "etcd_ca_cert_file"), ("cert_file", "etcd_cert_file"), ("key_file", "etcd_key_file")):
            if etcd.get(ours):
                config[theirs] = etcd[ours]
        if network.get("log_level", log_level):
            config["log_level"] = network.get("log_level", log_level)
        if int(network.get("mtu", mtu) or 0):
            config["mtu"] = int(network.get("mtu", mtu))
        config["ipam"] = {"type": "calico-ipam"}
        if network.get("ipv4_pools"):
            config["ipam"]["ipv4_pools"] = [str(pool) for pool in network["ipv4_pools"]]
        entry = {"file": network.get("file", f"{network['name']}.cni"), "state": network.get("state", "present")}
        if entry["state"] == "present":
            entry["config"] = config
        files.append(entry)
    return files


def etcd_members(hosts: list[str], hostvars: Any, port: int | str = 2380, tls: bool | str = False) -> list[dict[str, str]]:
    """The members of a managed cluster: C({name, peer_url}) of each host, by its C(calico_etcd_address), its C(ansible_host) or its name."""
    scheme = "https" if tls else "http"
    members = []
    for host in hosts:
        known = hostvars[host]
        address = known.get("calico_etcd_address") or known.get("ansible_host") or host
        members.append({"name": host, "peer_url": f"{scheme}://{address}:{int(port)}"})
    if not members:
        raise AnsibleFilterError(
            "A managed datastore needs hosts in the group `masters`. Add them, or set calico_etcd_source to existing. Where a job of AWX is a slice, whose "
            "inventory may have none, name all members in calico_etcd_members."
        )
    return members
