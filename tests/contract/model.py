"""A small model of calicoctl and its datastore, written from the facts and not from the stand-in.

A sequence of commands is drawn at random; for each the model says what the tool has to answer.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

Answer = tuple[int, str]
Document = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """A command with its input, and what has to come of it; `read` makes the output comparable."""

    argv: tuple[str, ...]
    stdin: str
    exit_code: int
    expected: Any
    read: Callable[[str], Any] = str


@dataclass
class Store:
    """Resources by kind and name, settings by name and node ("" for all)."""

    pools: dict[str, Document] = field(default_factory=dict)
    nodes: dict[str, Document] = field(default_factory=dict)
    profiles: dict[str, Document] = field(default_factory=dict)
    # Hosts that have a directory in the datastore without ever having been applied.
    ghosts: set[str] = field(default_factory=set)
    mesh: str = "on"
    as_number: str = "64512"
    ipip: str = "off"
    levels: dict[str, str] = field(default_factory=dict)


# What error messages call a resource of a kind.
_LABELS = {"ipPool": "IPPool(cidr={})", "node": "Node(name={})", "profile": "Profile(name={})"}
# A profile is several keys; what writes one only if it is there, or is not, fails on its tags.
_WRITTEN_LABELS = {**_LABELS, "profile": "ProfileTags(name={})"}
_PAST = {"apply": "applied", "create": "created", "replace": "replaced", "delete": "deleted"}
_WIDE = {
    "ipPool": ("CIDR", "NAT", "IPIP"),
    "node": ("NAME", "ASN", "IPV4", "IPV6"),
    "profile": ("NAME", "TAGS"),
}


class Model:
    """Draws steps and keeps what they do in mind."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._store = Store()
        network = dice.randrange(16, 250)
        self._cidrs = [f"10.{network}.0.0/16", f"10.{network + 1}.64.0/18", f"172.{dice.randrange(16, 31)}.8.0/26"]
        self._names = [f"{word}-{dice.randrange(1000)}" for word in ("apex", "birch", "cedar")]

    def step(self) -> Step:
        """One more command."""
        chosen = self._dice.choices(
            (self._write, self._delete, self._get, self._bad_pool, self._config_set, self._config_get),
            weights=(35, 10, 30, 5, 10, 10),
        )[0]
        return chosen()

    # -- resources --------------------------------------------------------------------------

    def _held(self, kind: str) -> dict[str, Document]:
        return {"ipPool": self._store.pools, "node": self._store.nodes, "profile": self._store.profiles}[kind]

    def _draw(self) -> tuple[str, str]:
        kind = self._dice.choice(list(_LABELS))
        return kind, self._dice.choice(self._cidrs if kind == "ipPool" else self._names)

    def _document(self, kind: str, name: str) -> tuple[Document, Document]:
        """A document for a resource, and as `get` shows it."""
        return {"ipPool": self._pool, "node": self._node, "profile": self._profile}[kind](name)

    def _pool(self, cidr: str) -> tuple[Document, Document]:
        dice = self._dice
        spec: Document = {"nat-outgoing": dice.random() < 0.5, "disabled": dice.random() < 0.2}
        shown: Document = {key: True for key, value in spec.items() if value}
        mode = dice.choice((None, "", "always", "cross-subnet"))
        if mode is not None:
            spec["ipip"] = shown["ipip"] = {"enabled": True, **({"mode": mode} if mode else {})}
        return {"metadata": {"cidr": cidr}, "spec": spec}, {"metadata": {"cidr": cidr}, "spec": shown}

    def _node(self, name: str) -> tuple[Document, Document]:
        dice = self._dice
        address = f"10.9.{dice.randrange(256)}.{dice.randrange(1, 255)}/{dice.choice((24, 26, 32))}"
        bgp: Document = {"ipv4Address": address}
        if dice.random() < 0.3:
            bgp["asNumber"] = dice.randrange(64512, 65535)
        content = {"metadata": {"name": name}, "spec": {"bgp": bgp} if dice.random() < 0.8 else {}}
        return content, content

    def _profile(self, name: str) -> tuple[Document, Document]:
        metadata = {"name": name, "tags": [name], "labels": {"tier": self._dice.choice(("web", "db"))}}
        rule = {"action": self._dice.choice(("allow", "deny")), "source": {"tag": name}}
        content = {"metadata": metadata, "spec": {"ingress": [rule]}}
        return content, {"metadata": metadata, "spec": {"ingress": [{**rule, "destination": {}}]}}

    def _write(self) -> Step:
        kind, name = self._draw()
        verb = self._dice.choice(("apply", "apply", "create", "replace"))
        content, shown = self._document(kind, name)
        text = self._text({"apiVersion": "v1", "kind": kind, **content})
        there = name in self._held(kind)
        label = _WRITTEN_LABELS[kind].format(name)
        argv = (verb, "-f", "-")
        if verb == "create" and there:
            return self._refused(argv, text, verb, kind, f"resource already exists: {label}")
        if verb == "replace" and not there:
            return self._refused(argv, text, verb, kind, f"resource does not exist: {label}")
        self._held(kind)[name] = {"kind": kind, "apiVersion": "v1", **shown}
        if kind == "node":
            self._store.ghosts.discard(name)
        if kind == "ipPool" and "ipip" in shown["spec"]:
            self._store.ipip = "on"
        return Step(argv, text, 0, f"Successfully {_PAST[verb]} 1 '{kind}' resource(s)\n")

    def _text(self, document: Document) -> str:
        return json.dumps(document) if self._dice.random() < 0.3 else str(yaml.safe_dump(document))

    @staticmethod
    def _refused(argv: tuple[str, ...], text: str, verb: str, kind: str, why: str) -> Step:
        return Step(argv, text, 1, f"Failed to {verb} '{kind}' resource: {why}\n")

    def _bad_pool(self) -> Step:
        """Refused as a whole, before anything is written."""
        number = self._dice.randrange(200)
        cidr, why = self._dice.choice(
            (
                (f"10.{number}.0.0/27", "IP pool size is too small (min /26) for use with Calico IPAM"),
                (f"10.{number}.3.7/16", "IP pool CIDR is not strictly masked"),
            )
        )
        good = {"apiVersion": "v1", "kind": "ipPool", "metadata": {"cidr": self._cidrs[0]}, "spec": {}}
        bad = {**good, "metadata": {"cidr": cidr}}
        expected = f"Failed to execute command: error with field CIDR = '{cidr}' ({why})\n"
        return Step(("apply", "-f", "-"), str(yaml.safe_dump([good, bad])), 1, expected)

    def _delete(self) -> Step:
        kind, name = self._draw()
        skip = self._dice.random() < 0.3
        argv = ("delete", kind, name, *(["--skip-not-exists"] if skip else []))
        there = self._held(kind).pop(name, None) is not None
        if kind == "node" and name in self._store.ghosts:
            self._store.ghosts.discard(name)
            there = True
        if kind == "node" and there:
            self._store.levels.pop(name, None)
        if there or skip:
            return Step(argv, "", 0, f"Successfully deleted 1 '{kind}' resource(s)\n")
        return self._refused(argv, "", "delete", kind, f"resource does not exist: {_LABELS[kind].format(name)}")

    # -- get --------------------------------------------------------------------------------

    def _shown(self, kind: str, name: str | None) -> list[Document]:
        found = dict(self._held(kind))
        if kind == "node":
            for ghost in self._store.ghosts:
                found[ghost] = {"kind": kind, "apiVersion": "v1", "metadata": {"name": ghost}, "spec": {}}
        keys = sorted(found, key=lambda key: key.replace("/", "-"))
        return [found[key] for key in keys if name in (None, key)]

    def _get(self) -> Step:
        kind, drawn = self._draw()
        name = drawn if self._dice.random() < 0.4 else None
        shown = self._shown(kind, name)
        output = self._dice.choice(("json", "yaml", "wide", "ps"))
        spelling = self._dice.choice((kind, kind.lower(), kind.lower() + "s"))
        argv = ("get", spelling, *([name] if name else []), "-o", output)
        if kind == "node" and name and not shown:
            return Step(argv, "", 1, f"Failed to get resources: resource does not exist: Node(name={name})\n")
        if output == "json":
            return Step(argv, "", 0, shown, json.loads)
        if output == "yaml":
            return Step(argv, "", 0, shown, yaml.safe_load)
        headings = _WIDE[kind] if output == "wide" else _WIDE[kind][:1]
        rows = [list(headings), *([self._cell(item, heading) for heading in headings] for item in shown)]
        widths = [max(len(row[column]) for row in rows) + 3 for column in range(len(headings))]
        lines = ["".join(cell.ljust(width) for cell, width in zip(row, widths)) for row in rows]
        return Step(argv, "", 0, "\n".join(lines) + "\n\n")

    def _cell(self, item: Mapping[str, Any], heading: str) -> str:
        metadata, spec = item["metadata"], item["spec"]
        bgp = spec.get("bgp")
        cells: dict[str, Callable[[], object]] = {
            "CIDR": lambda: metadata["cidr"],
            "NAME": lambda: metadata["name"],
            "TAGS": lambda: ",".join(metadata["tags"]),
            "NAT": lambda: str(spec.get("nat-outgoing", False)).lower(),
            "IPIP": lambda: str("ipip" in spec).lower(),
            "ASN": lambda: str(bgp.get("asNumber", f"({self._store.as_number})")) if bgp else "",
            "IPV4": lambda: bgp["ipv4Address"] if bgp else "",
            "IPV6": lambda: "",
        }
        return str(cells[heading]())

    # -- config -----------------------------------------------------------------------------

    def _config_set(self) -> Step:
        name = self._dice.choice(("nodeToNodeMesh", "asNumber", "logLevel", "ipip"))
        if name == "logLevel":
            return self._set_level()
        attribute = {"nodeToNodeMesh": "mesh", "asNumber": "as_number", "ipip": "ipip"}[name]
        default = getattr(Store, attribute)
        if self._dice.random() < 0.2:
            setattr(self._store, attribute, default)
            return Step(("config", "unset", name), "", 0, "")
        if self._dice.random() < 0.2:
            why = "the supplied AS number is not valid" if name == "asNumber" else "invalid value 'loud'"
            return Step(("config", "set", name, "loud"), "", 1, f"Error executing command: {why}\n")
        value = str(self._dice.randrange(1, 2**32)) if name == "asNumber" else self._dice.choice(("on", "off"))
        setattr(self._store, attribute, value)
        return Step(("config", "set", name, value), "", 0, "")

    def _set_level(self) -> Step:
        node = self._dice.choice(("", *self._names))
        option = (f"--node={node}",) if node else ()
        if self._dice.random() < 0.3:
            self._store.levels.pop(node, None)
            return Step(("config", "unset", "logLevel", *option), "", 0, "")
        level = self._dice.choice(("none", "debug", "info", "warning", "error", "critical"))
        self._store.levels[node] = level
        if node and node not in self._store.nodes:
            self._store.ghosts.add(node)
        return Step(("config", "set", "logLevel", level, *option), "", 0, "")

    def _config_get(self) -> Step:
        levels = self._store.levels
        name = self._dice.choice(("nodeToNodeMesh", "asNumber", "logLevel", "ipip"))
        if name == "logLevel" and self._dice.random() < 0.5:
            node = self._dice.choice(self._names)
            inherited = f"{levels.get('', 'info')} (inherited from global)"
            return Step(("config", "get", name, f"--node={node}"), "", 0, levels.get(node, inherited) + "\n")
        values = {
            "nodeToNodeMesh": self._store.mesh,
            "asNumber": self._store.as_number,
            "logLevel": levels.get("", "info"),
            "ipip": self._store.ipip,
        }
        return Step(("config", "get", name), "", 0, values[name] + "\n")
