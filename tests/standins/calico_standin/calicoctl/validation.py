"""What is checked of a whole document before anything of it is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_interface
from typing import Any

from .model import Resource
from .selectors import is_selector

_ACTIONS = ("allow", "deny", "log", "pass", "next-tier")
_PROTOCOLS = ("tcp", "udp", "icmp", "icmpv6", "sctp", "udplite")
_WITH_PORTS = ("tcp", "udp", 6, 17)
_LEAST_PREFIX_FREE = 6
_INTERFACE = re.compile(r"[a-zA-Z0-9_-]{1,15}")


@dataclass(frozen=True)
class Fault:
    """A field whose value is refused."""

    field: str
    value: object
    reason: str = ""

    def __str__(self) -> str:
        reason = f" ({self.reason})" if self.reason else ""
        return f"{self.field} = '{_go(self.value)}'{reason}"


def check(resource: Resource) -> str | None:
    """The error of a resource; None when it is good."""
    faults = list(_CHECKS[resource.kind.name](resource))
    if not faults:
        return None
    if len(faults) == 1:
        return f"error with field {faults[0]}"
    return "error with the following fields:\n" + "".join(f"-  {fault}\n" for fault in faults)


def _go(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{' '.join(_go(item) for item in value)}]"
    return str(value)


def _pool(resource: Resource) -> Iterator[Fault]:
    cidr = resource.metadata.get("cidr")
    if not cidr:
        return
    interface = ip_interface(cidr)
    ipip = resource.spec.get("ipip") or {}
    if ipip.get("mode", "") not in ("", "always", "cross-subnet"):
        yield Fault("mode", ipip["mode"])
    if interface.version == 6 and ipip.get("enabled"):
        yield Fault("IPIP.Enabled", True, "IPIP is not supported on an IPv6 IP pool")
    if interface.max_prefixlen - interface.network.prefixlen < _LEAST_PREFIX_FREE:
        least = interface.max_prefixlen - _LEAST_PREFIX_FREE
        yield Fault("CIDR", cidr, f"IP pool size is too small (min /{least}) for use with Calico IPAM")
    if interface.ip != interface.network.network_address:
        yield Fault("CIDR", cidr, "IP pool CIDR is not strictly masked")
    if interface.ip.is_link_local:
        yield Fault("CIDR", cidr, "IP pool range overlaps with IPv4 Link Local range 169.254.0.0/16")


def _policy(resource: Resource) -> Iterator[Fault]:
    selector = resource.spec.get("selector", "")
    if not is_selector(selector):
        yield Fault("selector", selector)
    for kind in resource.spec.get("types") or ():
        if kind not in ("ingress", "egress"):
            yield Fault("types", kind)
    yield from _rules(resource)
    if resource.spec.get("doNotTrack") and resource.spec.get("preDNAT"):
        yield Fault("PolicySpec.PreDNAT", True, "PreDNAT and DoNotTrack cannot both be true, for a given PolicySpec")
    if resource.spec.get("preDNAT") and resource.spec.get("egress"):
        yield Fault("PolicySpec.EgressRules", "", "PreDNAT PolicySpec cannot have any EgressRules")


def _rules(resource: Resource) -> Iterator[Fault]:
    for direction in ("ingress", "egress"):
        for rule in resource.spec.get(direction) or ():
            yield from _rule(rule)


def _rule(rule: dict[str, Any]) -> Iterator[Fault]:
    if rule.get("action", "") not in _ACTIONS:
        yield Fault("action", rule.get("action", ""))
    if rule.get("ipVersion", 4) not in (4, 6):
        yield Fault("ipVersion", rule["ipVersion"])
    protocol = rule.get("protocol")
    for name in ("protocol", "notProtocol"):
        if isinstance(rule.get(name), str) and rule[name] not in _PROTOCOLS:
            yield Fault(name, rule[name])
    for side in ("source", "destination"):
        entity = rule.get(side) or {}
        for name in ("selector", "notSelector"):
            if not is_selector(entity.get(name, "")):
                yield Fault(name, entity[name])
        for name in ("ports", "notPorts"):
            if entity.get(name) and protocol not in _WITH_PORTS:
                field = f"{side.capitalize()}.{name[0].upper()}{name[1:]}"
                yield Fault(field, entity[name], "protocol does not support ports")
    if (rule.get("icmp") or rule.get("notICMP")) and protocol not in ("icmp", "icmpv6", 1, 58):
        yield Fault("ICMP", "", "protocol does not support ICMP fields")


def _peer(resource: Resource) -> Iterator[Fault]:
    scope = resource.metadata.get("scope", "")
    if scope not in ("", "global", "node"):
        yield Fault("scope", scope)
    elif scope == "global" and resource.metadata.get("node"):
        reason = "no BGP Peer node name should be specified when scope is global"
        yield Fault("Metadata.Node", resource.metadata["node"], reason)


def _node(resource: Resource) -> Iterator[Fault]:
    bgp = resource.spec.get("bgp")
    if bgp is not None and not bgp.get("ipv4Address") and not bgp.get("ipv6Address"):
        yield Fault("BGP.IPv4Address", "<nil>", "no BGP IP address and subnet specified")


def _host_endpoint(resource: Resource) -> Iterator[Fault]:
    name = resource.spec.get("interfaceName")
    if name and not _INTERFACE.fullmatch(name):
        yield Fault("interfaceName", name)
    if not resource.spec.get("interfaceName") and not resource.spec.get("expectedIPs"):
        yield Fault("InterfaceName", "", "no interface or expected IPs have been specified")


def _workload_endpoint(resource: Resource) -> Iterator[Fault]:
    for network in resource.spec.get("ipNetworks") or ():
        interface = ip_interface(network)
        if interface.network.prefixlen != interface.max_prefixlen:
            yield Fault("IPNetworks", network, "IP network contains multiple addresses")


def _nothing(_: Resource) -> Iterator[Fault]:
    return iter(())


_CHECKS: dict[str, Callable[[Resource], Iterator[Fault]]] = {
    "node": _node,
    "ipPool": _pool,
    "policy": _policy,
    "profile": _rules,
    "bgpPeer": _peer,
    "hostEndpoint": _host_endpoint,
    "workloadEndpoint": _workload_endpoint,
}
