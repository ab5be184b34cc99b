# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calico's datastore after an upgrade against its backup from before: what an upgrade must not touch, and what others may have changed meanwhile. Pure.

Nodes are those of a backup, [key, value, ttl]. Each start of calico/node writes the release that it is (CALICO_VERSION); between 2.6.6 and 2.6.12 nothing else
of what is compared here changes, in either direction.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from ansible_collections.dcos.calico.plugins.module_utils._calico import _backup
from ansible_collections.dcos.calico.plugins.plugin_utils._findings import counted, some

# What is compared, and what a person calls it. A key is of the first kind that it matches; one of none is not compared.
KINDS = (
    ("IP pool", re.compile(r"/calico/v1/ipam/")),
    ("policy", re.compile(r"/calico/v1/policy/tier/")),
    ("profile", re.compile(r"/calico/v1/policy/profile/")),
    ("setting of Felix", re.compile(r"/calico/v1/config/")),
    ("setting of BGP", re.compile(r"/calico/bgp/v1/global/")),
    ("node", re.compile(r"/calico/(?:bgp/)?v1/host/[^/]+/(?!workload/)")),
)
# Without it calico/node makes pools of its own where there is none.
COMPLETE = "IP pool"
SHOWN = 10
# From this release on plugins write keys of Mesos' labels otherwise: SanitizeMesosLabel of cni-plugin 1.11.3, utils/utils.go.
OTHERWISE_FROM = (2, 6, 8)
# What each selector of pods names: libcalico-go, lib/backend/k8s/conversion.go. Their labels stay.
OF_PODS = "calico/k8s_ns"
RULES = re.compile(r"/calico/v1/policy/(?:tier/[^/]+/policy/(?P<policy>[^/]+)|profile/(?P<profile>[^/]+)/rules)\Z")
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
LABEL = re.compile(r"[A-Za-z0-9_./-]+")


@dataclass
class Comparison:
    """lost, changed: keys that an upgrade must leave alone. added: new keys of these kinds. cut_off: containers that live and have no endpoint or address."""

    lost: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    cut_off: list[str] = field(default_factory=list)
    ready: bool = True
    compared: int = 0

    def wrong(self) -> list[str]:
        """Sentences about what is not as it was; none where all is well."""
        pools = [key for key in self.added if kind_of(key) == COMPLETE]
        found = [] if self.ready else ["/calico/v1/Ready is not true, so that no container can be started anywhere"]
        found += [f"lost: {_named(self.lost)}"] if self.lost else []
        found += [f"changed: {_named(self.changed)}"] if self.changed else []
        found += [f"made meanwhile: {_named(pools)}"] if pools else []
        found += [f"containers that live are not in it any more: {some(self.cut_off, SHOWN)}"] if self.cut_off else []
        return found

    def keys(self) -> list[str]:
        """Those that are not as they were."""
        return sorted({*self.lost, *self.changed, *self.added})

    def new(self) -> str:
        """What others have added."""
        return f"new since then: {_named(self.added)}"

    def told(self, apart: int = 0) -> str:
        """What was compared, in a sentence.

        :param apart: how many keys were left out of it, because they differed before the run.
        """
        new = f"; {self.new()}" if self.added else ""
        but = f"Apart from {counted(apart, 'key')} of which the run has warned, the" if apart else "The"
        return f"{but} datastore is as it was in the backup: {counted(self.compared, 'key')} of pools, policies, profiles, settings and nodes compared{new}."


def kind_of(key: str) -> str | None:
    """What a key is about; None for what is not compared."""
    return next((kind for kind, pattern in KINDS if pattern.match(key)), None)


def _named(keys: Sequence[str]) -> str:
    return some([f"{key} ({kind_of(key)})" for key in keys], SHOWN)


def _compared(nodes: Iterable[Sequence[Any]], but: Collection[str]) -> dict[str, Any]:
    return {
        key: value
        for key, value in _backup.restored(nodes).items()
        if value is not None and kind_of(key) and key != _backup.CALICO_VERSION and key not in but
    }


def compare(
    before: Sequence[Sequence[Any]],
    now: Sequence[Sequence[Any]],
    alive: Collection[str],
    accepted: Collection[str] = (),
) -> Comparison:
    """What differs.

    :param before: nodes of the backup. C(now): nodes as they are.
    :param alive: addresses of containers that hosts have now.
    :param accepted: keys that are known to differ, and are not compared.
    """
    old, new = _compared(before, accepted), _compared(now, accepted)
    values = _backup.restored(now)
    return Comparison(
        lost=sorted(set(old) - set(new)),
        changed=sorted(key for key in set(old) & set(new) if old[key] != new[key]),
        added=sorted(set(new) - set(old)),
        cut_off=_cut_off(_backup.restored(before), values, alive),
        ready=values.get(_backup.READY) == "true",
        compared=len(old),
    )


def _cut_off(before: Mapping[str, Any], now: Mapping[str, Any], alive: Collection[str]) -> list[str]:
    """Addresses that a container has, and that the datastore knew before and does not know now."""
    lost = set(_backup.Allocations(before).owners) - set(_backup.Allocations(now).owners)
    lost |= _endpoints(before) - _endpoints(now)
    return sorted(lost & set(alive))


def _endpoints(values: Mapping[str, Any]) -> set[str]:
    """Addresses of all endpoints of containers."""
    found: set[str] = set()
    for key, value in values.items():
        if value is not None and _backup.ENDPOINT.match(key):
            found |= _backup.addresses_of(value)
    return found


def labels_that_change(nodes: Iterable[Sequence[Any]], releases: Iterable[str]) -> str:
    """A warning of policies that select by labels which containers of Mesos have under another key with another of these releases; empty without one."""
    numbers = [tuple(map(int, release.split("."))) for release in releases if re.fullmatch(r"\d+\.\d+\.\d+", release)]
    if not numbers or min(numbers) >= OTHERWISE_FROM or max(numbers) < OTHERWISE_FROM:
        return ""
    found: dict[str, set[str]] = {}
    for key, value, _ttl in nodes:
        match = RULES.match(key)
        if match:
            name = f"policy {unquote(match['policy'])}" if match["policy"] else f"profile {unquote(match['profile'])}"
            found[name] = {label for selector in _selectors(value) for label in _one_sided(selector)}
    one_sided = {name: sorted(labels) for name, labels in sorted(found.items()) if labels}
    if not one_sided:
        return ""
    named = [
        f"{name} ({', '.join(f'{label} becomes {_otherwise(label)}' for label in labels)})"
        for name, labels in one_sided.items()
    ]
    example = next(iter(one_sided.values()))[0]
    return (
        f"The plugins of 2.6.8 and later write some keys of Mesos' labels otherwise than those before, and these select by such a key: {some(named, SHOWN)}. "
        "They miss containers that start with the other release. While there are containers of both, select by both keys, as in "
        f"{example} == 'x' || {_otherwise(example)} == 'x'."
    )


def _selectors(value: Any) -> Iterator[str]:
    """Those of a policy or of a profile's rules, as the datastore has it; none of what is neither."""
    try:
        document = json.loads(value)
    except (TypeError, ValueError, RecursionError):
        return
    parts = [document]
    if isinstance(document, dict):
        for way in ("inbound_rules", "outbound_rules"):
            parts += document[way] if isinstance(document.get(way), list) else []
    for part in parts:
        if isinstance(part, dict):
            yield from (text for name, text in part.items() if name.endswith("selector") and isinstance(text, str))


def _otherwise(key: str) -> str:
    """The key of a label as plugins of 2.6.8 and later write it."""
    return re.sub(r"[.-]*\.[.-]*", ".", key.replace("/", ".")).strip(".-")


def _one_sided(selector: str) -> set[str]:
    """Keys that it names in one way only, of those that have two."""
    keys = set(LABEL.findall(QUOTED.sub(" ", selector)))
    return {key for key in keys if _otherwise(key) not in keys} if OF_PODS not in keys else set()
