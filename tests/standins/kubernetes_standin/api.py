"""The routes: discovery, and the objects of every kind in every version that is served."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from . import errors, kinds, patches, rbac, rules
from .auth import User
from .config import Config
from .errors import Refused
from .kinds import Kind
from .store import Store, as_version

Json = dict[str, Any]


def as_json(value: Any, code: int = 200) -> Response:
    return Response(json.dumps(value, separators=(",", ":")).encode(), code, media_type="application/json")


class Api:
    """One API server."""

    def __init__(self, config: Config, store: Store) -> None:
        self.config = config
        self.store = store
        self._rights = rbac.Rights(config, store)

    async def answer(self, request: Request, user: User) -> Response:
        """What a request is answered with. Raises Refused."""
        parts = [part for part in request.url.path.split("/") if part]
        if not parts:
            return as_json({"paths": ["/api", "/api/v1", "/apis", "/healthz", "/version"]})
        if parts == ["healthz"]:
            return Response("ok", media_type="text/plain")
        if parts[0] == "version" or len(parts) < 3:
            return as_json(self._discovery(parts))
        return await self._objects(request, parts, user)

    # -- discovery --------------------------------------------------------------------------

    def _discovery(self, parts: list[str]) -> Json:
        release = self.config.release
        if parts == ["version"]:
            major, minor = release
            return {
                "major": str(major),
                "minor": str(minor),
                "gitVersion": self.config.version,
                "gitTreeState": "clean",
                "platform": "linux/amd64",
            }
        if parts == ["api"]:
            return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
        if parts == ["api", "v1"]:
            return kinds.resource_list("", "v1", release)
        if parts == ["apis"]:
            return {
                "kind": "APIGroupList",
                "apiVersion": "v1",
                "groups": [kinds.group_of(name, release) for name in kinds.groups(release)],
            }
        if len(parts) == 2 and parts[0] == "apis" and parts[1] in kinds.groups(release):
            return {"kind": "APIGroup", "apiVersion": "v1", **kinds.group_of(parts[1], release)}
        raise errors.unserved()

    # -- objects ----------------------------------------------------------------------------

    async def _objects(self, request: Request, parts: list[str], user: User) -> Response:
        if (
            parts[:3] == ["apis", "authorization.k8s.io", "v1"]
            and parts[3:] == ["selfsubjectaccessreviews"]
            and request.method == "POST"
        ):
            return as_json(self._reviewed(await self._body(request), user), 201)
        group, version = ("", parts[1]) if parts[0] == "api" else (parts[1], parts[2])
        rest = parts[2:] if parts[0] == "api" else parts[3:]
        if parts[0] not in ("api", "apis") or group not in kinds.GROUPS:
            raise errors.unserved()
        if not kinds.served(group, version, self.config.release):
            raise Refused(404, "the server could not find the requested resource")
        if not rest:
            return as_json(kinds.resource_list(group, version, self.config.release))
        namespace = None
        if rest[0] == "namespaces" and len(rest) > 2:
            namespace, rest = rest[1], rest[2:]
        kind = next((one for one in kinds.served(group, version, self.config.release) if one.plural == rest[0]), None)
        if kind is None or (namespace is not None and not kind.namespaced) or len(rest) > 3:
            raise Refused(404, "the server could not find the requested resource")
        at = Address(
            kind, group, version, namespace, rest[1] if len(rest) > 1 else None, rest[2] if len(rest) > 2 else None
        )
        if at.subresource not in (None, "status"):
            raise Refused(404, "the server could not find the requested resource")
        return await self._on_item(request, at, user) if at.name else await self._on_collection(request, at, user)

    async def _on_collection(self, request: Request, at: Address, user: User) -> Response:
        if request.method == "GET":
            chosen = Selection(request)
            items = [
                as_version(item, at.group, at.version)
                for item in self.store.all(at.kind.name, at.namespace)
                if chosen.takes(item)
            ]
            bare = [{key: value for key, value in item.items() if key not in ("kind", "apiVersion")} for item in items]
            metadata = {"selfLink": request.url.path, "resourceVersion": self.store.version}
            return as_json(
                {"kind": f"{at.kind.name}List", "apiVersion": at.api_version, "metadata": metadata, "items": bare}
            )
        if request.method == "POST" and (at.namespace or not at.kind.namespaced):
            item = await self._body(request)
            rules.body_matches(item, at.kind.name, at.api_version, at.namespace, None)
            self._check_grant(user, at, item)
            return as_json(self._shown(self.store.create(at.kind, at.group, item), at), 201)
        raise Refused(405, "the server does not allow this method on the requested resource")

    async def _on_item(self, request: Request, at: Address, user: User) -> Response:
        name = str(at.name)
        if request.method == "GET":
            return as_json(self._shown(self.store.get(at.kind, at.group, at.namespace, name), at))
        if request.method == "DELETE":
            item = self.store.delete(at.kind, at.group, at.namespace, name)
            details = {"name": name, "group": at.group, "kind": at.kind.plural, "uid": item["metadata"]["uid"]}
            return as_json(
                {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
            )
        if request.method not in ("PUT", "PATCH"):
            raise Refused(405, "the server does not allow this method on the requested resource")
        item = await self._body(request)
        if request.method == "PATCH":
            old = as_version(self.store.get(at.kind, at.group, at.namespace, name), at.group, at.version)
            patch = item
            item = patches.apply(
                request.headers.get("content-type", "").partition(";")[0].strip(), old, patch, self.store.schemas
            )
            if isinstance(patch, dict) and "resourceVersion" not in (patch.get("metadata") or {}):
                item["metadata"].pop("resourceVersion", None)
        rules.body_matches(item, at.kind.name, at.api_version, at.namespace, name)
        self.store.get(at.kind, at.group, at.namespace, name)
        self._check_grant(user, at, item)
        return as_json(self._shown(self.store.replace(at.kind, at.group, item, status=at.subresource == "status"), at))

    def _check_grant(self, user: User, at: Address, item: Json) -> None:
        if at.group == rbac.GROUP:
            self._rights.check_grant(user, at.kind.name, at.kind.plural, item)

    def _reviewed(self, review: Json, user: User) -> Json:
        """A SelfSubjectAccessReview with its answer; it is not kept."""
        asked = (review.get("spec") or {}).get("resourceAttributes") or {}
        wish = rbac.Wish(
            **{key: str(asked.get(key) or "") for key in ("verb", "group", "resource", "namespace", "name")}
        )
        return {
            **review,
            "metadata": {"creationTimestamp": None},
            "status": {"allowed": self._rights.allowed(user, wish)},
        }

    def _shown(self, item: Json, at: Address) -> Json:
        return as_version(item, at.group, at.version)

    @staticmethod
    async def _body(request: Request) -> Any:
        try:
            return json.loads(await request.body())
        except ValueError as error:
            raise errors.Refused(400, f"the object provided is unrecognized (must be of type JSON): {error}") from error


class Address:
    """What a path leads to."""

    def __init__(
        self, kind: Kind, group: str, version: str, namespace: str | None, name: str | None, subresource: str | None
    ) -> None:
        self.kind, self.group, self.version = kind, group, version
        self.namespace, self.name, self.subresource = namespace, name, subresource
        self.api_version = kinds.api_version(group, version)


class Selection:
    """labelSelector (equality only) and fieldSelector (of name and namespace) of a list."""

    def __init__(self, request: Request) -> None:
        self._labels = self._pairs(request.query_params.get("labelSelector", ""))
        self._fields = self._pairs(request.query_params.get("fieldSelector", ""))
        if request.query_params.get("watch") in ("1", "true"):
            raise Refused(405, "watches are not played")

    @staticmethod
    def _pairs(text: str) -> dict[str, str]:
        pairs = [part.replace("==", "=").partition("=") for part in text.split(",") if part]
        if any(not middle or "!" in key or " " in key for key, middle, _value in pairs):
            raise Refused(400, f"selector {text!r} is not played")
        return {key: value for key, _middle, value in pairs}

    def takes(self, item: Json) -> bool:
        metadata = item["metadata"]
        fields = {"metadata.name": metadata["name"], "metadata.namespace": metadata.get("namespace", "")}
        return self._labels.items() <= (metadata.get("labels") or {}).items() and self._fields.items() <= fields.items()
