"""Marathon's HTTP API, /service/marathon/v2 and its alias /marathon/v2."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..answers import BadBody, as_json, body_of
from .apps import Conflict, Deployment, NoSuchApp
from .definition import Invalid, app_id

if TYPE_CHECKING:
    from ..cluster import Cluster

Handler = Callable[[Request], Awaitable[Response]]
SERVICES = "dcos:service:marathon:marathon:services:/"


def routes(cluster: Cluster, prefix: str) -> list[Route]:
    """The API's routes under a prefix."""
    api = Api(cluster)
    table: list[tuple[str, str, Handler]] = [
        ("/ping", "GET", api.ping),
        ("/v2/info", "GET", api.info),
        ("/v2/leader", "GET", api.leader),
        ("/v2/apps", "GET", api.list),
        ("/v2/apps", "POST", api.create),
        ("/v2/tasks", "GET", api.tasks),
        ("/v2/queue", "GET", api.queue),
        ("/v2/groups", "GET", api.groups),
        ("/v2/deployments", "GET", api.deployments),
        ("/v2/deployments/{id}", "DELETE", api.cancel),
        ("/v2/apps/{app:path}/tasks", "GET", api.app_tasks),
        ("/v2/apps/{app:path}/tasks", "DELETE", api.kill_tasks),
        ("/v2/apps/{app:path}/versions", "GET", api.versions),
        ("/v2/apps/{app:path}/versions/{version}", "GET", api.version),
        ("/v2/apps/{app:path}/restart", "POST", api.restart),
        ("/v2/apps/{app:path}", "GET", api.get),
        ("/v2/apps/{app:path}", "PUT", api.put),
        ("/v2/apps/{app:path}", "DELETE", api.delete),
    ]
    return [Route(prefix + path, guarded(handler), methods=[method]) for path, method, handler in table]


def guarded(handler: Handler) -> Handler:
    """Marathon's own errors as its answers."""

    async def handle(request: Request) -> Response:
        try:
            return await handler(request)
        except Invalid as error:
            return as_json(error.body, error.status)
        except Conflict as error:
            return as_json(error.body, 409)
        except NoSuchApp as error:
            return as_json({"message": f"App '{error}' does not exist"}, 404)
        except BadBody as error:
            return as_json({"message": "Invalid JSON", "details": str(error)}, 400)
        except NotAuthorized:
            return as_json({"message": "Not Authorized to perform this action!"}, 403)

    return handle


class NotAuthorized(Exception):
    """403 of Marathon itself, in Enterprise."""


class Api:
    """Handlers; each takes a Starlette request."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._marathon = cluster.marathon
        self._apps = cluster.marathon.apps

    def _may(self, request: Request) -> None:
        self._cluster.check_marathon(getattr(request.state, "uid", None))

    @staticmethod
    def _force(request: Request) -> bool:
        return request.query_params.get("force", "").lower() == "true"

    @staticmethod
    def _embed(request: Request, kind: str) -> tuple[str, ...]:
        return tuple(value.removeprefix(f"{kind}.") for value in request.query_params.getlist("embed"))

    @staticmethod
    def _deployed(deployment: Deployment, status: int = 200) -> Response:
        body = {"version": deployment.version, "deploymentId": deployment.id}
        return as_json(body, status, {"Marathon-Deployment-Id": deployment.id})

    # -- the service itself -----------------------------------------------------------------

    async def ping(self, _request: Request) -> Response:
        return Response("pong", media_type="text/plain")

    async def info(self, _request: Request) -> Response:
        leader = f"{self._cluster.leader}:8080"
        return as_json(
            {
                "name": "marathon",
                "version": self._cluster.release.marathon,
                "buildref": "unknown",
                "elected": True,
                "leader": leader,
                "frameworkId": self._marathon.framework.id,
                "marathon_config": {
                    "master": "zk://zk-1.zk:2181/mesos",
                    "mesos_role": "slave_public",
                    "default_network_name": "dcos",
                },
            }
        )

    async def leader(self, _request: Request) -> Response:
        return as_json({"leader": f"{self._cluster.leader}:8080"})

    # -- apps -------------------------------------------------------------------------------

    async def list(self, request: Request) -> Response:
        self._may(request)
        embed = self._embed(request, "apps")
        query = request.query_params
        found = []
        for app in self._apps.apps.values():
            label = query.get("label")
            if label and not _selects(label, app.definition["labels"]) or query.get("id", "") not in app.id:
                continue
            found.append(self._marathon.app_json(app, embed))
        return as_json({"apps": found})

    async def create(self, request: Request) -> Response:
        self._may(request)
        app, deployment = self._apps.create(_object(await body_of(request)))
        return as_json(
            self._marathon.app_json(app, ("tasks",)),
            201,
            {"Marathon-Deployment-Id": deployment.id, "Location": request.url.path + app.id},
        )

    async def get(self, request: Request) -> Response:
        self._may(request)
        app = self._apps.get(request.path_params["app"])
        return as_json(
            {
                "app": self._marathon.app_json(
                    app, ("tasks", *self._embed(request, "app"), *self._embed(request, "apps"), "lastTaskFailure")
                )
            }
        )

    async def put(self, request: Request) -> Response:
        self._may(request)
        given = _object(await body_of(request))
        _, deployment, new = self._apps.put(request.path_params["app"], given, self._force(request))
        return self._deployed(deployment, 201 if new else 200)

    async def delete(self, request: Request) -> Response:
        self._may(request)
        return self._deployed(self._apps.delete(request.path_params["app"], self._force(request)))

    async def restart(self, request: Request) -> Response:
        self._may(request)
        return self._deployed(self._apps.restart(request.path_params["app"], self._force(request)))

    async def versions(self, request: Request) -> Response:
        self._may(request)
        return as_json({"versions": sorted(self._apps.get(request.path_params["app"]).versions, reverse=True)})

    async def version(self, request: Request) -> Response:
        self._may(request)
        definition = self._apps.get(request.path_params["app"]).versions.get(request.path_params["version"])
        if definition is None:
            return as_json(
                {
                    "message": f"App '{app_id(request.path_params['app'])}' does not exist in version {request.path_params['version']}"
                },
                404,
            )
        return as_json(definition)

    # -- tasks and deployments --------------------------------------------------------------

    async def app_tasks(self, request: Request) -> Response:
        self._may(request)
        app = self._apps.get(request.path_params["app"])
        return as_json({"tasks": [self._marathon.task_json(task) for task in self._marathon.tasks(app.id)]})

    async def kill_tasks(self, request: Request) -> Response:
        self._may(request)
        tasks = self._marathon.tasks(self._apps.get(request.path_params["app"]).id)
        for task in tasks:
            self._cluster.mesos.kill(task)
        return as_json({"tasks": [self._marathon.task_json(task) for task in tasks]})

    async def tasks(self, request: Request) -> Response:
        self._may(request)
        return as_json({"tasks": [self._marathon.task_json(task) for task in self._marathon.tasks()]})

    async def queue(self, request: Request) -> Response:
        self._may(request)
        waiting = [
            {
                "app": self._marathon.app_json(app),
                "count": count,
                "delay": {"timeLeftSeconds": int(seconds), "overdue": seconds <= 0},
            }
            for app, count, seconds in self._marathon.waiting()
        ]
        return as_json({"queue": waiting})

    async def groups(self, request: Request) -> Response:
        self._may(request)
        apps = [self._marathon.app_json(app) for app in self._apps.apps.values()]
        return as_json(
            {
                "id": "/",
                "apps": apps,
                "groups": [],
                "pods": [],
                "dependencies": [],
                "version": max((app["version"] for app in apps), default=""),
            }
        )

    async def deployments(self, request: Request) -> Response:
        self._may(request)
        return as_json([entry.as_json() for entry in self._apps.deployments.values()])

    async def cancel(self, request: Request) -> Response:
        self._may(request)
        wanted = request.path_params["id"]
        if not self._apps.cancel(wanted):
            return as_json({"message": f"Deployment {wanted} does not exist"}, 404)
        return Response(status_code=202)


def _object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Invalid(400, "Invalid JSON", [{"path": "/", "errors": ["error.expected.jsobject"]}])
    return body


def _selects(selector: str, labels: dict[str, str]) -> bool:
    """Marathon's label selectors as far as anyone uses them: NAME, NAME==VALUE, joined by commas."""
    for part in selector.split(","):
        name, equal, value = (piece.strip() for piece in part.partition("=="))
        if name not in labels or equal and labels[name] != value:
            return False
    return True
