"""calicoctl create, replace, apply, delete and get."""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .. import documents
from ..documents import DocumentError
from ..errors import StandinError
from ..etcd import Etcd
from . import cli, endpoint_store, node_store, printers, store, usage, validation
from .model import API_VERSION, Kind, Resource, by_argument, by_document_name

_STORES: dict[str, type[store.Store]] = {
    made.kind.name: made
    for made in (
        node_store.NodeStore,
        node_store.ProfileStore,
        store.PoolStore,
        store.PolicyStore,
        store.PeerStore,
        endpoint_store.HostEndpointStore,
        endpoint_store.WorkloadEndpointStore,
    )
}
_SEPARATOR = re.compile(r"^---.*$", re.MULTILINE)
_IDENTIFIERS = {"--node": "node", "--orchestrator": "orchestrator", "--workload": "workload", "--scope": "scope"}


class BadFile(Exception):
    """A file that is refused as a whole, before anything is written."""


def load(text: str) -> list[Resource]:
    """The resources of a file: documents, or lists of them, all of them good."""
    found: list[Resource] = []
    for part in _SEPARATOR.split(text):
        if not part.strip():
            continue
        try:
            content = documents.parse(part)
        except DocumentError as exc:
            raise BadFile(f"error parsing document: {exc}") from exc
        for item in content if isinstance(content, list) else [content]:
            found.append(_resource(item))
    for resource in found:
        fault = validation.check(resource)
        if fault:
            raise BadFile(fault)
    return found


def _resource(content: Any) -> Resource:
    fields = content if isinstance(content, dict) else {}
    kind_name, version = fields.get("kind") or "", fields.get("apiVersion") or ""
    kind = by_document_name(str(kind_name))
    if kind is None or version != API_VERSION:
        raise BadFile(f"Unknown resource type ({kind_name}) and/or version ({version})")
    try:
        documents.refuse_unknown(fields, ("kind", "apiVersion", "metadata", "spec"))
        metadata = kind.metadata.decode(fields.get("metadata"), kind.metadata.go_name)
        return Resource(kind, metadata, kind.spec.decode(fields.get("spec"), kind.spec.go_name))
    except DocumentError as exc:
        raise BadFile(f"error parsing document: {exc}") from exc


def _read(filename: str) -> list[Resource]:
    if filename == "-":
        return load(sys.stdin.read())
    try:
        with open(filename, encoding="utf-8") as stream:
            return load(stream.read())
    except OSError as exc:
        raise BadFile(f"open {filename}: {os.strerror(exc.errno or 0).lower()}") from exc


def _named(arguments: cli.Arguments) -> Resource:
    """The identifiers of a command line, as a resource without contents."""
    kind = by_argument(arguments["<KIND>"])
    if kind is None:
        raise BadFile(f"Resource type '{arguments['<KIND>']}' is not supported")
    metadata = {name: arguments[option] for option, name in _IDENTIFIERS.items() if name in kind.required}
    name = arguments["<NAME>"]
    if name and kind.required[-1] == "cidr":
        try:
            name = str(ipaddress.ip_interface(name)) if "/" in name else None
        except ValueError:
            name = None
        if name is None:
            raise BadFile(f"invalid CIDR address: {arguments['<NAME>']}")
    metadata[kind.required[-1]] = name
    return Resource(kind, {key: value for key, value in metadata.items() if value}, {})


def _wanted(arguments: cli.Arguments) -> list[Resource]:
    """What a command is about, from its file or its command line."""
    return _read(arguments["--filename"]) if arguments["--filename"] else [_named(arguments)]


# -- writing -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Action:
    """A writing command: its words and what it does with one resource."""

    verb: str
    past: str
    doc: str
    run: Callable[[store.Store, Resource], None]
    forgives: tuple[str, type[StandinError]] | None = None


_CREATE = Action(
    "create", "created", usage.CREATE, lambda into, one: into.create(one), ("--skip-exists", store.ResourceExists)
)
_REPLACE = Action("replace", "replaced", usage.REPLACE, lambda into, one: into.replace(one))
_APPLY = Action("apply", "applied", usage.APPLY, lambda into, one: into.apply(one))
_DELETE = Action(
    "delete",
    "deleted",
    usage.DELETE,
    lambda into, one: into.delete(one.metadata),
    ("--skip-not-exists", store.ResourceMissing),
)


def create(argv: Sequence[str]) -> None:
    """calicoctl create."""
    _write(_CREATE, argv)


def replace(argv: Sequence[str]) -> None:
    """calicoctl replace."""
    _write(_REPLACE, argv)


def apply(argv: Sequence[str]) -> None:
    """calicoctl apply."""
    _write(_APPLY, argv)


def delete(argv: Sequence[str]) -> None:
    """calicoctl delete."""
    _write(_DELETE, argv)


def _write(action: Action, argv: Sequence[str]) -> None:
    arguments = cli.parse(action.doc, argv)
    try:
        wanted = _wanted(arguments)
    except BadFile as exc:
        cli.fail(f"Failed to execute command: {exc}")
    if not wanted:
        cli.fail("No resources specified in file")
    etcd = cli.connect(arguments)
    done, failure = 0, None
    for resource in wanted:
        try:
            _write_one(action, arguments, etcd, resource)
        except StandinError as exc:
            failure = exc
            break
        done += 1
    kinds = {resource.kind.name for resource in wanted}
    kind = f" '{kinds.pop()}'" if len(kinds) == 1 else ""
    if failure is None:
        print(f"Successfully {action.past} {done}{kind} resource(s)")
    elif done:
        print(f"Partial success: {action.past} the first {done} out of {len(wanted)}{kind} resources:")
        cli.fail(f"Hit error: {failure}")
    elif len(wanted) == 1:
        cli.fail(f"Failed to {action.verb}{kind} resource: {failure}")
    else:
        cli.fail(f"Failed to {action.verb} any{kind} resources: {failure}")


def _write_one(action: Action, arguments: cli.Arguments, etcd: Etcd, resource: Resource) -> None:
    try:
        action.run(_STORES[resource.kind.name](etcd), resource)
    except StandinError as exc:
        if action.forgives is None:
            raise
        option, forgiven = action.forgives
        if not (arguments[option] and isinstance(exc, forgiven)):
            raise


# -- reading -----------------------------------------------------------------------------------


def get(argv: Sequence[str]) -> None:
    """calicoctl get."""
    arguments = cli.parse(usage.GET, argv)
    etcd = cli.connect(arguments)
    try:
        show = printers.printer(arguments["--output"], etcd)
    except printers.UnknownFormat as exc:
        cli.fail(str(exc))
    try:
        shown: list[tuple[Kind, list[Resource]]] = [
            (one.kind, _STORES[one.kind.name](etcd).select(one.metadata)) for one in _wanted(arguments)
        ]
        for kind, resources in shown:
            show(kind, resources)
    except (BadFile, StandinError) as exc:
        cli.fail(f"Failed to get resources: {exc}")
