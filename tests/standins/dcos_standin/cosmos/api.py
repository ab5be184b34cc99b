"""Cosmos' HTTP API."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..answers import as_json
from . import errors, media
from .rendering import resolve
from .service import decode

if TYPE_CHECKING:
    from ..cluster import Cluster

Json = dict[str, Any]
# Path, media type's middle, answer versions (newest first), the handler's name.
PACKAGE_CALLS: tuple[tuple[str, str, tuple[int, ...], str], ...] = (
    ("install", "install", (2, 1), "install"),
    ("describe", "describe", (3, 2), "describe"),
    ("render", "render", (1,), "render"),
    ("list", "list", (1, 2), "list"),
    ("list-versions", "list-versions", (1,), "list_versions"),
    ("search", "search", (1,), "search"),
    ("uninstall", "uninstall", (1,), "uninstall"),
    ("repository/list", "repository.list", (1,), "repository_list"),
    ("repository/add", "repository.add", (1,), "repository_add"),
    ("repository/delete", "repository.delete", (1,), "repository_delete"),
)
SERVICE_CALLS = (("describe", "describe", (1,), "service_describe"), ("update", "update", (1,), "service_update"))
TO_MARATHON = ("install", "uninstall", "list", "service_describe", "service_update")


def routes(cluster: Cluster) -> list[Route]:
    api = Api(cluster)
    found = [Route("/capabilities", api.capabilities, methods=["GET"])]
    tables = [("/package/", "package", PACKAGE_CALLS)]
    if cluster.release.service_update:
        tables.append(("/cosmos/service/", "service", SERVICE_CALLS))
    for prefix, area, calls in tables:
        for path, kind, versions, name in calls:
            found.append(Route(prefix + path, api.handler(area, kind, versions, name), methods=["POST"]))
    return found


class Api:
    """Handlers take the request's JSON and the answer's version, and return JSON."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._cosmos = cluster.cosmos

    def handler(
        self, area: str, kind: str, versions: tuple[int, ...], name: str
    ) -> Callable[[Request], Awaitable[Response]]:
        offered = [media.of(kind, "response", version, area) for version in versions]
        expected = media.of(kind, "request", 1, area)
        call = getattr(self, name)

        async def handle(request: Request) -> Response:
            try:
                answer_type = self._negotiate(request, expected, offered)
                body = await self._body(request, kind)
                if name in TO_MARATHON and not self._cluster.may_marathon(getattr(request.state, "uid", None)):
                    raise errors.forbidden("marathon")
                answer = call(body, int(media.parse(answer_type).version[1:]))
            except errors.CosmosError as error:
                return as_json(error.body, error.status, {"Content-Type": media.ERROR})
            return as_json(answer, 200, {"Content-Type": answer_type})

        return handle

    @staticmethod
    def _negotiate(request: Request, expected: str, offered: list[str]) -> str:
        sent = request.headers.get("content-type")
        if sent is None or not media.matches(sent, expected):
            raise errors.unsupported_content_type(sent, [expected])
        answer_type = media.accepts(request.headers.get("accept", ""), offered)
        if answer_type is None:
            raise errors.unsupported_content_type(request.headers.get("accept"), offered)
        return answer_type

    @staticmethod
    async def _body(request: Request, kind: str) -> Json:
        text = (await request.body()).decode(errors="replace")
        try:
            body = json.loads(text)
        except ValueError as error:
            raise errors.parsing(text, str(error)) from error
        if not isinstance(body, dict):
            raise errors.decoding(f"{kind} request", text, "object expected")
        return body

    @staticmethod
    def _need(body: Json, name: str) -> str:
        value = body.get(name)
        if not isinstance(value, str):
            raise errors.decoding(
                "request", json.dumps(body), f"Attempt to decode value on failed cursor: DownField({name})"
            )
        return value

    async def capabilities(self, request: Request) -> Response:
        names = ["PACKAGE_MANAGEMENT", "SUPPORT_CLUSTER_REPORT", "METRONOME", "LOGGING"]
        if self._cluster.release.enterprise and self._cluster.release.line >= (1, 10):
            names += ["SERVICE_UPDATE"]
        return as_json({"capabilities": [{"name": name} for name in names]}, 200, {"Content-Type": media.CAPABILITIES})

    # -- packages ---------------------------------------------------------------------------

    def install(self, body: Json, version: int) -> Json:
        package, app_id = self._cosmos.install(
            self._need(body, "packageName"), body.get("packageVersion"), body.get("options"), body.get("appId")
        )
        answer = {"packageName": package.name, "packageVersion": package.version, "appId": app_id}
        if version == 2 and package.notes.get("after"):
            answer["postInstallNotes"] = package.notes["after"]
        return answer

    def describe(self, body: Json, _version: int) -> Json:
        return {"package": self._cosmos.find(self._need(body, "packageName"), body.get("packageVersion")).definition()}

    def render(self, body: Json, _version: int) -> Json:
        package = self._cosmos.find(self._need(body, "packageName"), body.get("packageVersion"))
        return {"marathonJson": self._cosmos.app_of(package, body.get("options"), body.get("appId"))}

    def list(self, body: Json, _version: int) -> Json:
        found = self._cosmos.installed(body.get("packageName"), body.get("appId"))
        return {
            "packages": [
                {"appId": app.id, "packageInformation": {"packageDefinition": self._cosmos.metadata(app)}}
                for app in found
            ]
        }

    def list_versions(self, body: Json, _version: int) -> Json:
        return {
            "results": {
                package.version: str(package.release)
                for package in self._cosmos.versions(self._need(body, "packageName"))
            }
        }

    def search(self, body: Json, _version: int) -> Json:
        found = [
            {
                "name": newest.name,
                "currentVersion": newest.version,
                "versions": {package.version: str(package.release) for package in [newest, *older]},
                "description": newest.description,
                "framework": newest.framework,
                "tags": list(newest.tags),
                "selected": False,
            }
            for newest, *older in self._cosmos.universe.search(body.get("query") or "")
        ]
        return {"packages": found}

    def uninstall(self, body: Json, _version: int) -> Json:
        return {
            "results": self._cosmos.uninstall(self._need(body, "packageName"), body.get("appId"), bool(body.get("all")))
        }

    # -- repositories: the list, not what is in it ------------------------------------------

    def repository_list(self, _body: Json, _version: int) -> Json:
        return {"repositories": self._cosmos.repositories}

    def repository_add(self, body: Json, _version: int) -> Json:
        entry = {"name": self._need(body, "name"), "uri": self._need(body, "uri")}
        for known in self._cosmos.repositories:
            if known["name"] == entry["name"] or known["uri"] == entry["uri"]:
                raise errors.CosmosError(
                    "RepositoryAlreadyPresent",
                    f"Repository name [{entry['name']}] or uri [{entry['uri']}] already exists",
                )
        index = body.get("index")
        self._cosmos.repositories.insert(len(self._cosmos.repositories) if index is None else int(index), entry)
        return self.repository_list(body, 1)

    def repository_delete(self, body: Json, _version: int) -> Json:
        kept = [
            entry
            for entry in self._cosmos.repositories
            if entry["name"] != body.get("name") and entry["uri"] != body.get("uri")
        ]
        if len(kept) == len(self._cosmos.repositories):
            raise errors.CosmosError(
                "RepositoryNotPresent",
                f"Neither repository name [{body.get('name')}] nor uri [{body.get('uri')}] are present",
            )
        self._cosmos.repositories = kept
        return self.repository_list(body, 1)

    # -- services ---------------------------------------------------------------------------

    def service_describe(self, body: Json, _version: int) -> Json:
        app = self._cosmos.service(self._need(body, "appId"))
        package = self._cosmos.installed_package(app)
        options = decode(app.definition["labels"].get("DCOS_PACKAGE_OPTIONS")) or {}
        newer = [entry.version for entry in self._cosmos.versions(package.name) if entry.release > package.release]
        return {
            "package": package.definition(),
            "upgradesTo": [version for version in newer if package.min_dcos],
            "downgradesTo": [],
            "resolvedOptions": resolve(package.config, options),
            "userProvidedOptions": options,
        }

    def service_update(self, body: Json, _version: int) -> Json:
        package, resolved, deployment = self._cosmos.update(
            self._need(body, "appId"), body.get("options"), body.get("packageVersion"), bool(body.get("replace"))
        )
        return {"package": package.definition(), "resolvedOptions": resolved, "marathonDeploymentId": deployment}
