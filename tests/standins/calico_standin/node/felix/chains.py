"""Every chain and ipset that Felix wants, computed from the model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ..selector import compile_selector
from .config import Config
from .match import ACCEPT_MARK, rules_of, short
from .model import Endpoint, Model, Policy, Rule

CHAIN_LIMIT = 28
_NO_MARK = "0x0/0x1000000"
_NOT_PASSED = "0x0/0x2000000"
_FAILSAFE_IN = (("tcp", 22), ("udp", 68))
_FAILSAFE_OUT = (("tcp", 2379), ("tcp", 2380), ("tcp", 4001), ("tcp", 7001), ("udp", 53), ("udp", 67))
_HOST_ACCEPTED = f'-m comment --comment "Host endpoint policy accepted packet." -m mark --mark {ACCEPT_MARK} -j ACCEPT'
_UNKNOWN = '-m comment --comment "Unknown interface" -j DROP'
_ALL_POOLS = "cali4-all-ipam-pools"
_MASQUERADED_POOLS = "cali4-masq-ipam-pools"

Chains = dict[str, list[str]]

# The kernel's chains from which Felix' own are reached, by table.
HOOKS = {
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "nat": ("PREROUTING", "OUTPUT", "POSTROUTING"),
    "mangle": ("PREROUTING",),
    "raw": ("PREROUTING", "OUTPUT"),
}


@dataclass
class Wanted:
    """The whole state of netfilter that belongs to Felix."""

    tables: dict[str, Chains] = field(default_factory=dict)
    sets: dict[str, set[str]] = field(default_factory=dict)


def render(model: Model, config: Config) -> Wanted:
    """What should be there for a model."""
    return _Renderer(model, config).render()


class _Renderer:
    def __init__(self, model: Model, config: Config) -> None:
        self._model = model
        self._config = config
        self._wanted = Wanted()

    def render(self) -> Wanted:
        chains = self._static_filter()
        self._dispatch(chains)
        used: set[str] = set()
        for endpoint in self._model.local:
            chains[f"cali-fw-{endpoint.interface}"] = self._endpoint(endpoint, "egress")
            chains[f"cali-tw-{endpoint.interface}"] = self._endpoint(endpoint, "ingress")
            used.update(endpoint.profiles)
        self._policies(chains)
        for name in sorted(used):
            profile = self._model.profiles.get(name)
            chains[_chain("cali-pri-", name)] = list(self._rules(profile.inbound if profile else ()))
            chains[_chain("cali-pro-", name)] = list(self._rules(profile.outbound if profile else ()))
        self._wanted.tables["filter"] = chains
        self._wanted.tables.update(_other_tables())
        self._pool_sets()
        return self._wanted

    def _static_filter(self) -> Chains:
        return {
            "cali-FORWARD": [
                "-i cali+ -j cali-from-wl-dispatch",
                "-o cali+ -j cali-to-wl-dispatch",
                "-i cali+ -j ACCEPT",
                "-o cali+ -j ACCEPT",
                "-j MARK --set-xmark 0x0/0xe000000",
                f"-m mark --mark {_NO_MARK} -j cali-from-host-endpoint",
                "-j cali-to-host-endpoint",
                _HOST_ACCEPTED,
            ],
            "cali-INPUT": [
                f"-m mark --mark {ACCEPT_MARK} -j ACCEPT",
                "-i cali+ -g cali-wl-to-host",
                "-j MARK --set-xmark 0x0/0xf000000",
                "-j cali-from-host-endpoint",
                _HOST_ACCEPTED,
            ],
            "cali-OUTPUT": [
                f"-m mark --mark {ACCEPT_MARK} -j ACCEPT",
                "-o cali+ -j RETURN",
                "-j MARK --set-xmark 0x0/0xf000000",
                "-j cali-to-host-endpoint",
                _HOST_ACCEPTED,
            ],
            "cali-failsafe-in": [_port(protocol, port) for protocol, port in _FAILSAFE_IN],
            "cali-failsafe-out": [_port(protocol, port) for protocol, port in _FAILSAFE_OUT],
            "cali-from-host-endpoint": [],
            "cali-to-host-endpoint": [],
            "cali-wl-to-host": [
                "-j cali-from-wl-dispatch",
                f'-m comment --comment "Configured DefaultEndpointToHostAction" -j {self._config.endpoint_to_host}',
            ],
        }

    def _dispatch(self, chains: Chains) -> None:
        names = [endpoint.interface for endpoint in self._model.local]
        chains["cali-from-wl-dispatch"] = [*(f"-i {name} -g cali-fw-{name}" for name in names), _UNKNOWN]
        chains["cali-to-wl-dispatch"] = [*(f"-o {name} -g cali-tw-{name}" for name in names), _UNKNOWN]

    def _endpoint(self, endpoint: Endpoint, direction: str) -> list[str]:
        policy_prefix, profile_prefix = _prefixes(direction)
        rules = [
            "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
            "-m conntrack --ctstate INVALID -j DROP",
            "-j MARK --set-xmark 0x0/0x1000000",
        ]
        policies = self._model.applied(endpoint, direction)
        if policies:
            rules.append('-m comment --comment "Start of policies" -j MARK --set-xmark 0x0/0x2000000')
            for policy in policies:
                rules.append(f"-m mark --mark {_NOT_PASSED} -j {_chain(policy_prefix, policy.name)}")
                rules.append(_returning("Return if policy accepted"))
            rules.append(
                f'-m comment --comment "Drop if no policies passed packet" -m mark --mark {_NOT_PASSED} -j DROP'
            )
        for profile in endpoint.profiles:
            rules.append(f"-j {_chain(profile_prefix, profile)}")
            rules.append(_returning("Return if profile accepted"))
        rules.append('-m comment --comment "Drop if no profiles matched" -j DROP')
        return rules

    def _policies(self, chains: Chains) -> None:
        for direction in ("ingress", "egress"):
            prefix = _prefixes(direction)[0]
            used: dict[str, Policy] = {}
            for endpoint in self._model.local:
                used.update((policy.name, policy) for policy in self._model.applied(endpoint, direction))
            for name, policy in sorted(used.items()):
                rules = policy.inbound if direction == "ingress" else policy.outbound
                chains[_chain(prefix, name)] = list(self._rules(rules))

    def _rules(self, rules: Sequence[Rule]) -> Iterator[str]:
        for rule in rules:
            yield from rules_of(rule, self._set_name)

    def _set_name(self, kind: str, value: str) -> str:
        """The ipset of a selector or tag; its members are noted on the way."""
        digest = short(f"{kind} {value}", 23)
        name = f"cali4-s:{digest}"
        if name not in self._wanted.sets:
            members = [endpoint for endpoint in self._model.endpoints if self._belongs(endpoint, kind, value)]
            self._wanted.sets[name] = {network for endpoint in members for network in endpoint.networks}
            self._wanted.sets[f"cali6-s:{digest}"] = set()
        return name

    def _belongs(self, endpoint: Endpoint, kind: str, value: str) -> bool:
        if kind == "tag":
            return value in endpoint.tags
        return compile_selector(value)(endpoint.labels)

    def _pool_sets(self) -> None:
        pools = self._model.pools
        self._wanted.sets[_ALL_POOLS] = {pool.cidr for pool in pools}
        self._wanted.sets[_MASQUERADED_POOLS] = {pool.cidr for pool in pools if pool.masquerade}
        self._wanted.sets["cali6-all-ipam-pools"] = set()
        self._wanted.sets["cali6-masq-ipam-pools"] = set()


def _other_tables() -> dict[str, Chains]:
    outgoing = f"-m set --match-set {_MASQUERADED_POOLS} src -m set ! --match-set {_ALL_POOLS} dst -j MASQUERADE"
    return {
        "nat": {
            "cali-PREROUTING": ["-j cali-fip-dnat"],
            "cali-OUTPUT": ["-j cali-fip-dnat"],
            "cali-POSTROUTING": ["-j cali-fip-snat", "-j cali-nat-outgoing"],
            "cali-fip-dnat": [],
            "cali-fip-snat": [],
            "cali-nat-outgoing": [outgoing],
        },
        "mangle": {"cali-PREROUTING": ["-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"]},
        "raw": {
            "cali-PREROUTING": ["-j MARK --set-xmark 0x0/0xf000000"],
            "cali-OUTPUT": ["-j MARK --set-xmark 0x0/0xf000000"],
        },
    }


def with_comments(chain: str, rules: Sequence[str]) -> Iterator[str]:
    """The rules of a chain, each with a comment that identifies it and what is before it."""
    digest = chain
    for rule in rules:
        digest = short(f"{digest} {rule}", 16)
        yield f'-m comment --comment "cali:{digest}" {rule}'


def hook_rule(table: str, chain: str) -> str:
    """The rule by which a kernel chain leads to Felix' one."""
    digest = short(f"{table} {chain}", 16)
    return f'-m comment --comment "cali:{digest}" -j cali-{chain}'


def _chain(prefix: str, name: str) -> str:
    if len(prefix) + len(name) <= CHAIN_LIMIT:
        return prefix + name
    return f"{prefix}_{short(name, CHAIN_LIMIT - len(prefix) - 1)}"


def _prefixes(direction: str) -> tuple[str, str]:
    return ("cali-pi-", "cali-pri-") if direction == "ingress" else ("cali-po-", "cali-pro-")


def _returning(comment: str) -> str:
    return f'-m comment --comment "{comment}" -m mark --mark {ACCEPT_MARK} -j RETURN'


def _port(protocol: str, port: int) -> str:
    return f"-p {protocol} -m multiport --dports {port} -j ACCEPT"
