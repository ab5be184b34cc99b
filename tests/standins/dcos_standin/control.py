"""The endpoints that are no part of DC/OS: for nginx, agents, schedulers' relays, the name server, tests."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from . import admin_router, dns
from .agents import BadAgent
from .answers import BadBody, as_json, body_of
from .faults import BadFault, Faults, Record
from .maintenance import ANSWERS, DOWN
from .metadata import program_response

if TYPE_CHECKING:
    from .cluster import Cluster

Handler = Callable[[Request], Awaitable[Response]]
TOKEN_HEADER = "x-control-token"


def _from_loopback(request: Request) -> bool:
    """Not through a proxy: nginx on this machine is loopback too."""
    peer = request.client.host if request.client else ""
    return peer.startswith("127.") and not any(
        name in request.headers for name in ("x-forwarded-for", "x-real-ip", "forwarded")
    )


class Control:
    """Handlers by who may call them."""

    def __init__(self, cluster: Cluster, faults: Faults, record: Record) -> None:
        self._cluster = cluster
        self._faults = faults
        self._record = record

    # -- who may ----------------------------------------------------------------------------

    def _controlled(self, handler: Handler) -> Handler:
        async def handle(request: Request) -> Response:
            wanted = self._cluster.config.control_token
            given = request.headers.get(TOKEN_HEADER, "")
            if not (hmac.compare_digest(given, wanted) if wanted else _from_loopback(request)):
                return admin_router.page(404)
            try:
                return await handler(request)
            except (BadBody, BadFault, BadAgent, KeyError, TypeError, ValueError) as error:
                return as_json({"error": f"{type(error).__name__}: {error}"}, 400)

        return handle

    @staticmethod
    def _inside(handler: Handler) -> Handler:
        """From the machine itself or on the listener that stands for Mesos' port."""

        async def handle(request: Request) -> Response:
            if not (_from_loopback(request) or request.scope.get("listener") == "mesos"):
                return admin_router.page(404)
            try:
                return await handler(request)
            except (BadBody, BadAgent, KeyError, TypeError, ValueError) as error:
                return as_json({"error": f"{type(error).__name__}: {error}"}, 400)

        return handle

    # -- nginx ------------------------------------------------------------------------------

    async def auth(self, request: Request) -> Response:
        """auth_request: the decision on X-Original-URI. The application has counted and logged it under that name."""
        path = request.headers.get("x-original-uri", "/").split("?")[0]
        decision = self._cluster.admin_router.decide(path, request.headers)
        headers = {"WWW-Authenticate": decision.challenge} if decision.challenge else {}
        return Response(
            status_code=decision.status, headers={**headers, **({"X-Auth-Uid": decision.uid} if decision.uid else {})}
        )

    async def page(self, request: Request) -> Response:
        status = int(request.path_params["status"])
        headers = {"WWW-Authenticate": self._cluster.release.challenge} if status == 401 else None
        answer = admin_router.page(status, headers)
        answer.status_code = 200
        return answer

    # -- agents and relays ------------------------------------------------------------------

    async def register(self, request: Request) -> Response:
        said = await body_of(request)
        machine = {"hostname": str(said.get("hostname") or said["ip"]), "ip": str(said["ip"])}
        if self._cluster.mesos.maintenance.mode(machine) == DOWN:
            # The master sends a ShutdownMessage, whoever asks (master.cpp, registerSlave and reregisterSlave).
            return as_json({"error": "Machine is `DOWN`"}, 403)
        agent = self._cluster.agents.register(said)
        return as_json({"agent_id": agent.id, "heartbeat_seconds": self._cluster.agents.heartbeat_seconds})

    async def heartbeat(self, request: Request) -> Response:
        agent_id = (await body_of(request))["agent_id"]
        agent = self._cluster.agents.get(agent_id)
        if agent is not None and not agent.reachable:
            # As if the network were cut: the agent notices nothing until it is let in again.
            return Response(status_code=200)
        return Response(status_code=200 if self._cluster.agents.heartbeat(agent_id) else 410)

    async def unregister(self, request: Request) -> Response:
        agent = self._cluster.agents.get((await body_of(request))["agent_id"])
        if agent:
            self._cluster.mesos.agent_lost(agent)
        return Response(status_code=200)

    async def gone(self, request: Request) -> Response:
        agent = self._cluster.agents.get(request.path_params["id"])
        if agent is None:
            return as_json({"error": "no such agent"}, 404)
        how = request.path_params["how"]
        agent.reachable, agent.recovered = how in ("back", "recovered"), how == "recovered"
        return as_json({"agent_id": agent.id, "reachable": agent.reachable, "recovered": agent.recovered})

    async def scheduler(self, request: Request) -> Response:
        program = self._cluster.program(request.path_params["task"])
        if program is None:
            return Response("the scheduler is starting", 503, media_type="text/plain")
        return program_response(
            program.handle(request.method, "/" + request.path_params["path"], dict(request.query_params))
        )

    async def dns_records(self, _request: Request) -> Response:
        return as_json(dns.as_document(dns.records(self._cluster)))

    # -- tests ------------------------------------------------------------------------------

    async def faults(self, request: Request) -> Response:
        if request.method == "POST":
            return as_json({"id": self._faults.add(await body_of(request)).id})
        if request.method == "DELETE":
            self._faults.clear()
        return as_json({"faults": self._faults.as_json()})

    async def counters(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._record.clear()
        return as_json(self._record.as_json())

    async def log(self, _request: Request) -> Response:
        return as_json({"requests": list(self._record.requests)})

    async def token(self, request: Request) -> Response:
        body = await body_of(request)
        return as_json({"token": self._cluster.iam.issue(str(body["uid"]), float(body.get("seconds", 3600)))})

    async def elect(self, request: Request) -> Response:
        body = await body_of(request)
        if body.get("ip") not in (None, *self._cluster.config.masters):
            return as_json({"error": "no such master"}, 400)
        self._cluster.spawn(self._cluster.elect(body.get("ip"), float(body.get("election_seconds", 5))))
        return as_json({})

    async def inverse_offer(self, request: Request) -> Response:
        body = await body_of(request)
        if body["status"] not in ANSWERS:
            return as_json({"error": f"status is one of {', '.join(ANSWERS)}"}, 400)
        if not self._cluster.mesos.answer(str(body["agent_id"]), str(body["framework_id"]), body["status"]):
            return as_json({"error": "it has no inverse offer for that agent"}, 400)
        return as_json({})

    async def zookeeper(self, request: Request) -> Response:
        if request.method == "GET":
            return as_json({"nodes": sorted(self._cluster.zookeeper)})
        path = str((await body_of(request))["path"]).rstrip("/")
        gone: list[str] = [node for node in self._cluster.zookeeper if node == path or node.startswith(f"{path}/")]
        for node in gone:
            del self._cluster.zookeeper[node]
        return as_json({"deleted": gone})

    def routes(self) -> list[Route]:
        """All of them begin with an underscore, which nothing of DC/OS does."""
        inside: list[tuple[str, Handler, list[str]]] = [
            ("/_auth", self.auth, ["GET"]),
            ("/_page/{status:int}", self.page, ["GET"]),
            ("/_agent/register", self.register, ["POST"]),
            ("/_agent/heartbeat", self.heartbeat, ["POST"]),
            ("/_agent/unregister", self.unregister, ["POST"]),
            ("/_scheduler/{task}/{path:path}", self.scheduler, ["GET", "POST", "DELETE"]),
            ("/_dns/records", self.dns_records, ["GET"]),
        ]
        controlled: list[tuple[str, Any, list[str]]] = [
            ("/_faults", self.faults, ["GET", "POST", "DELETE"]),
            ("/_counters", self.counters, ["GET", "DELETE"]),
            ("/_log", self.log, ["GET"]),
            ("/_token", self.token, ["POST"]),
            ("/_leader", self.elect, ["POST"]),
            ("/_agents/{id}/{how}", self.gone, ["POST"]),
            ("/_inverse_offers", self.inverse_offer, ["POST"]),
            ("/_zookeeper", self.zookeeper, ["GET"]),
            ("/_zookeeper/delete", self.zookeeper, ["POST"]),
        ]
        return [
            *(Route(path, self._inside(handler), methods=methods) for path, handler, methods in inside),
            *(Route(path, self._controlled(handler), methods=methods) for path, handler, methods in controlled),
        ]
