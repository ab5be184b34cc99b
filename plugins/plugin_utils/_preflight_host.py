# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one host must be and have: DC/OS, Docker, a kernel, a directory of networks, free ports. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils._calico import _client_config, _docker_rules
from ansible_collections.dcos.calico.plugins.plugin_utils import _releases
from ansible_collections.dcos.calico.plugins.plugin_utils._findings import Verdict
from ansible_collections.dcos.calico.plugins.plugin_utils._preflight_networks import file_of, is_present

Found = Mapping[str, Any]

OLDEST_DOCKER = (1, 11)
NEEDED = {
    "xt_set": "its packet filter rules match sets of addresses",
    "ip_set": "it keeps addresses in sets",
    "nf_conntrack": "its rules follow connections",
}
BGP_PORT = 179
# Where a listener is in the way of one on the loopback device; an etcd member on the host's own address is not.
LOOPBACK = ("0.0.0.0", "127.0.0.1", "::", "::1")


def check_dcos(verdict: Verdict, info: Found, expectations: Found) -> None:
    """The version of DC/OS, and whether it brings a Calico of its own."""
    good, why = _releases.supported_dcos(info["dcos"].get("version"))
    if not info["dcos"].get("version"):
        verdict.fail(
            "dcos_version",
            "DC/OS is not installed on this host, or its version cannot be read",
            None,
            "Install DC/OS 1.9 to 2.0 first",
        )
    elif not good:
        verdict.fail(
            "dcos_version",
            "Calico is not installed on this version of DC/OS",
            why,
            "Leave this cluster to the Calico that DC/OS ships"
            if _numbers(info["dcos"]["version"]) >= (2, 1)
            else "Upgrade DC/OS first",
        )
    elif info["dcos"].get("own_calico"):
        verdict.fail(
            "dcos_version",
            "DC/OS itself runs Calico on this host",
            None,
            "Set calico_enabled to false in the configuration of DC/OS first",
        )


def check_docker(verdict: Verdict, info: Found, expectations: Found) -> None:
    """Docker, which runs calico/node."""
    docker = info.get("docker") or {}
    if not docker.get("present") or not docker.get("running"):
        verdict.fail(
            "docker",
            f"Docker {'does not run' if docker.get('present') else 'is not installed'}",
            docker.get("error"),
            'Start it, and see "systemctl status docker"'
            if docker.get("present")
            else "Install Docker 1.11 or later: calico/node is a container",
        )
    elif _numbers(docker.get("version")) < OLDEST_DOCKER:
        verdict.fail("docker", f"Docker {docker.get('version')} is too old", None, "Upgrade to 1.11 or later")
    elif docker.get("at_boot") is False:
        verdict.warn(
            "docker",
            "Docker does not come up with this host",
            "and so neither does calico/node",
            'Run "systemctl enable docker"',
        )


def check_docker_ipv6(verdict: Verdict, info: Found, expectations: Found) -> None:
    """IPv6 of the host, which keeps Docker from starting containers on Calico's network."""
    network, docker = expectations.get("docker_network") or {}, info.get("docker") or {}
    if not network.get("desired") or network.get("disable_ipv6") or not docker.get("running"):
        return
    found = _docker_rules.ipv6_outcome(
        _numbers(docker.get("version")), _numbers((info.get("os") or {}).get("kernel")), info.get("ipv6") or {}
    )
    if found == "fails":
        verdict.fail("docker_ipv6", _docker_rules.FAILS, _docker_rules.WHY, _docker_rules.REMEDY)
    elif found == "may_fail":
        verdict.warn(
            "docker_ipv6",
            _docker_rules.MAY_FAIL,
            _docker_rules.WHY,
            "Try one: docker run --rm --net NETWORK IMAGE true",
        )


def check_kernel(verdict: Verdict, info: Found, expectations: Found) -> None:
    """What the kernel must be able to do; IP-in-IP only if a pool wants it."""
    kernel = info.get("kernel") or {}
    if "error" in kernel:
        verdict.warn("kernel", "what the kernel supports could not be found out", kernel["error"])
        return
    for feature, why in sorted(NEEDED.items()):
        if kernel.get(feature) is None:
            verdict.fail(
                "kernel",
                f"the kernel does not support {feature}",
                f"Felix needs it: {why}",
                f'Install the kernel modules, and try "modprobe {feature}"',
            )
    if kernel.get("ip6_tables") is None:
        verdict.warn("kernel", "the kernel does not support ip6_tables", "workloads have no IPv6 without it")
    wants_ipip = [
        pool["cidr"]
        for pool in expectations.get("pools") or []
        if is_present(pool) and pool.get("ipip", "off") not in ("off", False, None)
    ]
    if wants_ipip and "ipip" in kernel and kernel["ipip"] is None:
        verdict.fail(
            "kernel",
            "the kernel does not support ipip",
            f"the pool {wants_ipip[0]} wants it",
            "Install the kernel module, or set ipip of the pool to off",
        )


def check_iptables(verdict: Verdict, info: Found, expectations: Found) -> None:
    """Packets pass both backends; Felix of 2.6 accepts them in the legacy one only."""
    forward = (info.get("iptables") or {}).get("forward") or {}
    if forward.get("nft") == "DROP":
        verdict.fail(
            "iptables",
            "the nft backend of iptables drops forwarded packets, and Felix works in the legacy one",
            "Docker sets the policy DROP where forwarding was off when it started",
            "Use the legacy backend for Docker too (update-alternatives --set iptables /usr/sbin/iptables-legacy, restart Docker), or run "
            '"iptables-nft -P FORWARD ACCEPT"',
        )


def check_cni(verdict: Verdict, info: Found, expectations: Found) -> None:
    """The directory of networks: all files must be readable for Mesos, and each network in one file only."""
    cni = info.get("cni") or {}
    ours = {file_of(network): network["name"] for network in expectations.get("networks") or []}
    for item in cni.get("files") or []:
        path = f"{cni['dir']}/{item['file']}"
        if item["kind"] == "invalid" and item["file"] not in ours:
            verdict.fail(
                "cni_file",
                f"{path} is no CNI network",
                f"{item['reason']}, and Mesos reads every file there",
                "Remove it, or move it elsewhere",
            )
        elif item["kind"] == "network" and item["file"] in ours and item["type"] != "calico":
            verdict.fail(
                "cni_unmanaged",
                f"{path} has the network {item['name']} of type {item['type']}, which would be overwritten",
                "it belongs to DC/OS or to somebody else",
                "Choose another name or file in calico_networks",
            )
        elif item["kind"] == "network" and item["file"] not in ours and item["name"] in ours.values():
            verdict.fail(
                "cni_duplicate",
                f"{path} has the network {item['name']}, which is to be in another file",
                "Mesos takes only one of them",
                "Remove it, or name it as the file of that network",
            )
        elif item.get("duplicate_of") and item["file"] not in ours:
            verdict.fail(
                "cni_duplicate",
                f"{path} and {item['duplicate_of']} both have the network {item['name']}",
                "which one Mesos takes is up to chance",
                "Remove one of them",
            )


def check_calicoctl(verdict: Verdict, info: Found, expectations: Found) -> None:
    """A configuration of calicoctl that is somebody else's and points elsewhere."""
    config, desired = info.get("calicoctl_cfg") or {}, (expectations.get("etcd") or {}).get("endpoints") or []
    if not config.get("exists") or config.get("managed") or _client_config.same(config["endpoints"], desired):
        return
    if config.get("problem"):
        verdict.fail(
            "calicoctl_cfg",
            f"{config['path']} is not of this collection and points to no etcd",
            config["problem"],
            "Move it away after taking over what is needed from it",
        )
        return
    verdict.fail(
        "calicoctl_cfg",
        f"{config['path']} is not of this collection and points to {', '.join(config['endpoints'])}",
        f"it would point to {', '.join(desired)}",
        "Move it away, or set calico_etcd_endpoints to the same",
    )


def check_ports(verdict: Verdict, info: Found, expectations: Found) -> None:
    """Ports that others have."""
    ports, etcd = info.get("ports") or {}, expectations.get("etcd") or {}
    desired = [
        (BGP_PORT, "BIRD", ("bird",), None),
        (expectations.get("felix_health_port"), "Felix' health port", ("calico-felix",), "calico_felix_health_port"),
        (expectations.get("metrics_port"), "Felix' metrics", ("calico-felix",), "calico_metrics_port"),
    ]
    for port, user, processes, variable in desired:
        found = ports.get(str(port))
        if found and found.get("process") not in processes and not (found.get("process") is None and _node_runs(info)):
            verdict.fail(
                "port",
                f"TCP port {port}, needed for {user}, is taken by {_owner(found)}",
                None,
                f"Stop that program, or set {variable}" if variable else "Stop that program",
            )
    if not etcd.get("proxy") or etcd.get("replaces"):  # the plan says what becomes of the program that has the port
        return
    if (info.get("proxy") or {}).get("active") in ("active", "activating"):
        return
    for endpoint in etcd.get("endpoints") or []:
        match = re.match(r"^https?://(?:127\.0\.0\.1|localhost|\[::1\]):(\d+)/?\Z", endpoint)
        found = ports.get(match.group(1)) if match else None
        if match and found and set(found.get("addresses") or LOOPBACK) & set(LOOPBACK):
            verdict.fail(
                "port",
                f"TCP port {match.group(1)}, needed for the etcd proxy, is taken by {_owner(found)}",
                None,
                "Run dcos.calico.adopt if it is an etcd proxy that was started by hand; else stop that program, or set calico_etcd_proxy to false to use what "
                "runs there",
            )


def check_member_ports(verdict: Verdict, info: Found, expectations: Found) -> None:
    """Ports of a member of a managed etcd that others have."""
    etcd, ports = expectations["etcd"], info.get("ports") or {}
    for port, variable in (
        (etcd["client_port"], "calico_etcd_client_port"),
        (etcd["peer_port"], "calico_etcd_peer_port"),
    ):
        found = ports.get(str(port))
        if found and found.get("unit") not in (etcd["member_unit"], etcd["proxy_unit"]):
            verdict.fail(
                "port",
                f"TCP port {port}, needed for the etcd member, is taken by {_owner(found)}",
                None,
                f"Stop that program, or set {variable}",
            )


def _node_runs(info: Found) -> bool:
    return bool(((info.get("calico_node") or {}).get("container") or {}).get("running"))


def _owner(found: Found) -> str:
    if not found.get("process"):
        return "a program that cannot be seen"
    unit = f" of {found['unit']}" if found.get("unit") else ""
    return f"{found['process']} (pid {found['pid']}{unit})"


def _numbers(version: str | None) -> tuple[int, int]:
    """(major, minor) of a version, (0, 0) if it has none."""
    match = re.match(r"^v?(\d+)\.(\d+)", version or "")
    return (int(match.group(1)), int(match.group(2))) if match else (0, 0)
