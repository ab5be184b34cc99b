"""One policy rule as iptables rules."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

from .model import Rule

ACCEPT_MARK = "0x1000000/0x1000000"
PASS_MARK = "0x2000000/0x2000000"
_PORTS_PER_RULE = 15

SetName = Callable[[str, str], str]


def short(text: str, length: int) -> str:
    """A name-safe digest."""
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()[:length]


def rules_of(rule: Rule, set_name: SetName) -> Iterator[str]:
    """The iptables rules, without chain, of a policy rule; `set_name` gives the ipset of a selector or a tag."""
    if rule.get("ip_version") not in (None, 4):
        return
    action = rule.get("action") or "allow"
    for match in _matches(rule, set_name):
        if action == "allow":
            yield f"{match}-j MARK --set-xmark {ACCEPT_MARK}"
            yield f"-m mark --mark {ACCEPT_MARK} -j RETURN"
        elif action in ("pass", "next-tier"):
            yield f"{match}-j MARK --set-xmark {PASS_MARK}"
            yield f"-m mark --mark {PASS_MARK} -j RETURN"
        elif action == "log":
            yield f'{match}-j LOG --log-prefix "calico-packet: "'
        else:
            yield f"{match}-j DROP"


def _matches(rule: Rule, set_name: SetName) -> Iterator[str]:
    alternatives = [
        _nets(rule, "src", "-s"),
        _nets(rule, "dst", "-d"),
        _ports(rule, "src", "--sports"),
        _ports(rule, "dst", "--dports"),
    ]
    fixed = _fixed(rule, set_name)
    for source, destination, from_ports, to_ports in product(*alternatives):
        parts = [*source, *destination, *_protocol(rule), *fixed, *from_ports, *to_ports]
        yield "".join(f"{part} " for part in parts)


def _protocol(rule: Rule) -> list[str]:
    found = []
    if rule.get("protocol") is not None:
        found.append(f"-p {rule['protocol']}")
    if rule.get("!protocol") is not None:
        found.append(f"! -p {rule['!protocol']}")
    return found


def _nets(rule: Rule, side: str, option: str) -> list[list[str]]:
    """The alternatives of one side's networks, each with the exclusions."""
    nets = _list(rule, f"{side}_net", f"{side}_nets")
    excluded = [f"! {option} {net}" for net in _list(rule, f"!{side}_net", f"!{side}_nets")]
    wanted = [net for net in nets if ":" not in net]
    if nets and not wanted:
        return []
    return [[f"{option} {net}", *excluded] for net in wanted] or [excluded]


def _ports(rule: Rule, side: str, option: str) -> list[list[str]]:
    ports = [str(port) for port in _list(rule, f"{side}_ports")]
    chunks = [ports[start : start + _PORTS_PER_RULE] for start in range(0, len(ports), _PORTS_PER_RULE)]
    excluded = [str(port) for port in _list(rule, f"!{side}_ports")]
    tail = [f"-m multiport ! {option} {','.join(excluded)}"] if excluded else []
    return [[f"-m multiport {option} {','.join(chunk)}", *tail] for chunk in chunks] or [tail]


def _fixed(rule: Rule, set_name: SetName) -> list[str]:
    found = []
    for kind, side, negated in product(("selector", "tag"), ("src", "dst"), (False, True)):
        value = rule.get(f"{'!' if negated else ''}{side}_{kind}")
        if value:
            found.append(f"-m set {'! ' if negated else ''}--match-set {set_name(kind, value)} {side}")
    for negated in (False, True):
        mark = "!" if negated else ""
        icmp = rule.get(f"{mark}icmp_type")
        if icmp is not None:
            code = rule.get(f"{mark}icmp_code")
            wanted = str(icmp) if code is None else f"{icmp}/{code}"
            found.append(f"-m icmp {'! ' if negated else ''}--icmp-type {wanted}")
    return found


def _list(rule: Rule, *names: str) -> Sequence[Any]:
    found: list[Any] = []
    for name in names:
        value = rule.get(name)
        if value:
            found += value if isinstance(value, list) else [value]
    return found
