"""Rules as documents write them and as they are stored: flat, with other names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .model import RULE

# Where each stored field comes from: a path in the rule.
_FIELDS = {
    "action": ("action",),
    "ip_version": ("ipVersion",),
    "protocol": ("protocol",),
    "icmp_type": ("icmp", "type"),
    "icmp_code": ("icmp", "code"),
    "!protocol": ("notProtocol",),
    "!icmp_type": ("notICMP", "type"),
    "!icmp_code": ("notICMP", "code"),
    "src_tag": ("source", "tag"),
    "src_net": ("source", "net"),
    "src_nets": ("source", "nets"),
    "src_selector": ("source", "selector"),
    "src_ports": ("source", "ports"),
    "dst_tag": ("destination", "tag"),
    "dst_selector": ("destination", "selector"),
    "dst_net": ("destination", "net"),
    "dst_nets": ("destination", "nets"),
    "dst_ports": ("destination", "ports"),
    "!src_tag": ("source", "notTag"),
    "!src_net": ("source", "notNet"),
    "!src_nets": ("source", "notNets"),
    "!src_selector": ("source", "notSelector"),
    "!src_ports": ("source", "notPorts"),
    "!dst_tag": ("destination", "notTag"),
    "!dst_selector": ("destination", "notSelector"),
    "!dst_net": ("destination", "notNet"),
    "!dst_nets": ("destination", "notNets"),
    "!dst_ports": ("destination", "notPorts"),
}


def rules_to_store(rules: Sequence[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    """The stored form of some rules."""
    return [_flat(rule) for rule in rules or ()]


def rules_from_store(stored: Sequence[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    """The rules of a stored form; a single network comes back among the others."""
    return [_nested(item) for item in stored or ()]


def _flat(rule: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for name, path in _FIELDS.items():
        value: Any = rule
        for part in path:
            value = (value or {}).get(part)
        if value is not None:
            found[name] = value
    return found


def _nested(stored: Mapping[str, Any]) -> dict[str, Any]:
    rule: dict[str, Any] = {}
    for name, path in _FIELDS.items():
        if name in stored:
            place = rule
            for part in path[:-1]:
                place = place.setdefault(part, {})
            place[path[-1]] = stored[name]
    for entity in (rule.get("source") or {}, rule.get("destination") or {}):
        for one, all_of_them in (("net", "nets"), ("notNet", "notNets")):
            if one in entity:
                entity[all_of_them] = [*entity.get(all_of_them, ()), entity.pop(one)]
    return RULE.trim(rule)
