"""The objects, with resource versions, one number for all."""

from __future__ import annotations

import copy
import datetime
import secrets
import uuid
from collections.abc import Iterator
from typing import Any

from . import errors, kinds, rules
from .errors import Refused
from .kinds import Kind
from .schemas import Schemas, Unfit

Json = dict[str, Any]
KEPT = ("uid", "creationTimestamp", "selfLink", "generation")


class Store:
    """Objects by kind, namespace and name, each in the version it was written in."""

    def __init__(self, schemas: Schemas, release: tuple[int, int]) -> None:
        self.schemas = schemas
        self._release = release
        self._objects: dict[tuple[str, str, str], Json] = {}
        self._version = 100
        self._addresses = 0

    def _next(self) -> str:
        self._version += 1
        return str(self._version)

    @property
    def version(self) -> str:
        return str(self._version)

    # -- reads ------------------------------------------------------------------------------

    def find(self, kind: str, namespace: str | None, name: str) -> Json | None:
        found = self._objects.get((kind, namespace or "", name))
        return copy.deepcopy(found) if found is not None else None

    def get(self, kind: Kind, group: str, namespace: str | None, name: str) -> Json:
        found = self.find(kind.name, namespace, name)
        if found is None:
            raise errors.not_found(kind.plural, group, name)
        return found

    def all(self, kind: str, namespace: str | None = None) -> Iterator[Json]:
        for (one, place, _name), item in sorted(self._objects.items()):
            if one == kind and namespace in (None, place):
                yield copy.deepcopy(item)

    # -- writes -----------------------------------------------------------------------------

    def create(self, kind: Kind, group: str, item: Json) -> Json:
        """Raises Refused."""
        metadata = item["metadata"]
        if metadata.get("resourceVersion"):
            raise Refused(500, "resourceVersion should not be set on objects to be created", "")
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = metadata["generateName"] + secrets.token_hex(3)[:5]
        if not metadata.get("name"):
            raise errors.invalid(
                kind.name, group, "", "metadata.name", "Required value: name or generateName is required"
            )
        namespace, name = metadata.get("namespace", ""), metadata["name"]
        if namespace and self.find("Namespace", None, namespace) is None:
            raise errors.not_found("namespaces", "", namespace)
        if self.find(kind.name, namespace, name) is not None:
            what = f"{kind.plural}.{group}" if group else kind.plural
            raise Refused(
                409, f'{what} "{name}" already exists', "AlreadyExists", name=name, group=group, kind=kind.plural
            )
        item = self._judged(item, group, None)
        now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        item["metadata"].update(
            uid=str(uuid.uuid4()), creationTimestamp=now, resourceVersion=self._next(), selfLink=_self_link(kind, item)
        )
        if "spec" in item and kind.name in rules.WORKLOADS:
            item["metadata"]["generation"] = 1
            item.setdefault("status", {})
        if kind.name == "Service":
            item["status"] = {"loadBalancer": {}}
        self._objects[kind.name, namespace, name] = item
        return copy.deepcopy(item)

    def replace(self, kind: Kind, group: str, item: Json, status: bool = False) -> Json:
        """A changed object in place of the one there is. What says nothing new is no change. Raises Refused."""
        metadata = item["metadata"]
        namespace, name = metadata.get("namespace", ""), metadata["name"]
        old = self.get(kind, group, namespace, name)
        if metadata.get("resourceVersion") not in (None, "", old["metadata"]["resourceVersion"]):
            raise errors.conflict(kind.plural, group, name)
        if metadata.get("uid") not in (None, "", old["metadata"]["uid"]):
            raise Refused(
                409,
                f"Precondition failed: UID in precondition: {metadata['uid']}, UID in object meta: {old['metadata']['uid']}",
                kind=kind.plural,
            )
        item = {**old, "status": item.get("status", {})} if status else self._judged(item, group, old)
        item["metadata"].update(
            {key: old["metadata"][key] for key in KEPT if key in old["metadata"]},
            resourceVersion=old["metadata"]["resourceVersion"],
        )
        if not status and "status" in old:
            item["status"] = old["status"]
        item["apiVersion"] = old["apiVersion"]
        if item == old:
            return old
        if "generation" in item["metadata"] and item.get("spec") != old.get("spec"):
            item["metadata"]["generation"] += 1
        item["metadata"]["resourceVersion"] = self._next()
        self._objects[kind.name, namespace, name] = item
        return copy.deepcopy(item)

    def _judged(self, item: Json, group: str, old: Json | None) -> Json:
        try:
            item = rules.known(self.schemas.kept(item), self._release)
        except Unfit as error:
            raise errors.undecodable(item["kind"], item["apiVersion"], str(error)) from error
        problem = self.schemas.problem(item)
        if problem and problem[2] in ("type", "oneOf"):
            raise errors.undecodable(item["kind"], item["apiVersion"], f"{problem[0]}: {problem[1]}")
        if problem:
            raise errors.invalid(item["kind"], group, item["metadata"]["name"], *problem[:2])
        rules.check_decodable(item, self._release)
        item = rules.defaulted(item, old, self._address, self._release)
        rules.check(item, group, old, self._release)
        return item

    def _address(self) -> str:
        """One for a Service."""
        self._addresses += 1
        return f"10.100.{self._addresses // 250}.{self._addresses % 250 + 1}"

    def delete(self, kind: Kind, group: str, namespace: str | None, name: str) -> Json:
        item = self.get(kind, group, namespace, name)
        if kind.name == "Namespace":
            raise Refused(405, "namespaces are not deleted here")
        del self._objects[kind.name, namespace or "", name]
        self._next()
        return item

    def put_status(self, kind: str, namespace: str, name: str, status: Json) -> None:
        """What a controller has seen; no conflict, for there is one controller."""
        item = self._objects.get((kind, namespace, name))
        if item is not None and item.get("status") != status:
            item["status"] = copy.deepcopy(status)
            item["metadata"]["resourceVersion"] = self._next()


def _self_link(kind: Kind, item: Json) -> str:
    group, _, version = item["apiVersion"].rpartition("/")
    place = f"/namespaces/{item['metadata']['namespace']}" if kind.namespaced else ""
    return f"{'/apis/' + group if group else '/api'}/{version}{place}/{kind.plural}/{item['metadata']['name']}"


def as_version(item: Json, group: str, version: str) -> Json:
    """The object as it is shown under a group and version."""
    return {**item, "apiVersion": kinds.api_version(group, version)}
