"""The rest of what a master answers: login, version, metadata, exhibitor, health, network nodes, service proxy, CA."""

from __future__ import annotations

import asyncio
import http.client
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from . import admin_router
from .answers import BadBody, as_json, as_text, body_of
from .clock import rfc3339
from .iam import LoginRefused
from .programs.base import Answer

if TYPE_CHECKING:
    from .cluster import Cluster

CA_CALLS = ("newcert", "newkey", "sign", "bundle", "info")
CA_SECONDS = 30
UNITS = {"master": ("dcos-mesos-master.service", "Mesos Master"), "agent": ("dcos-mesos-slave.service", "Mesos Agent")}


def program_response(answer: Answer) -> Response:
    if isinstance(answer.body, str):
        return Response(answer.body, answer.status, media_type=answer.media)
    return as_json(answer.body, answer.status)


class Api:
    """Handlers over one cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._release = cluster.release

    # -- login ------------------------------------------------------------------------------

    async def login(self, request: Request) -> Response:
        try:
            body = await body_of(request)
        except BadBody:
            body = None
        try:
            token, uid, seconds = self._cluster.iam.login(body)
        except LoginRefused as refused:
            return as_json(refused.body, refused.status, refused.headers)
        answer = as_json({"token": token})
        answer.set_cookie(admin_router.COOKIE, token, max_age=seconds, httponly=True)
        answer.set_cookie("dcos-acs-info-cookie", f"uid-{uid}".encode().hex(), max_age=seconds)
        return answer

    async def jwks(self, _request: Request) -> Response:
        return as_json(self._cluster.iam.jwks()) if self._release.bouncer else admin_router.page(404)

    async def providers(self, _request: Request) -> Response:
        if not self._release.bouncer:
            return admin_router.page(404)
        if self._release.enterprise:
            return as_json({"dcos-users": {"authentication-type": "dcos-uid-password", "client-method": "dcos-usercredential-post-receive-authtoken",
                                           "config": {"start_flow_url": "/acs/api/v1/auth/login"}, "description": "Default DC/OS login provider"}})  # fmt: skip
        return as_json({"dcos-oidc-auth0": {"authentication-type": "oidc-implicit-flow", "client-method": "browser-prompt-oidcidtoken-get-authtoken",
                                            "config": {"start_flow_url": "/login?redirect_uri=urn:ietf:wg:oauth:2.0:oob"}}})  # fmt: skip

    # -- the cluster ------------------------------------------------------------------------

    async def version(self, _request: Request) -> Response:
        out = {"version": self._release.version, "dcos-image-commit": "0" * 40, "bootstrap-id": "0" * 40}
        if self._release.variant_in_version:
            out["dcos-variant"] = self._cluster.config.variant
        return as_json(out)

    async def metadata(self, _request: Request) -> Response:
        return as_json({"PUBLIC_IPV4": self._cluster.config.masters[0], "CLUSTER_ID": self._cluster.config.cluster_id})

    async def buildinfo(self, _request: Request) -> Response:
        return as_json({"mesos": {"sources": {}}, "marathon": {"single_source": {}}, "cosmos": {"single_source": {}}})

    async def exhibitor(self, _request: Request) -> Response:
        leader = self._cluster.leader or self._cluster.config.masters[0]
        return as_json(
            [
                {"code": 3, "description": "serving", "hostname": master, "isLeader": master == leader}
                for master in self._cluster.config.masters
            ]
        )

    async def net_nodes(self, _request: Request) -> Response:
        if not self._release.net_api:
            return admin_router.page(404)
        now = rfc3339(self._cluster.clock.now()).split(".")[0] + "Z"
        addresses = [*self._cluster.config.masters, *(agent.ip for agent in self._cluster.agents)]
        return as_json([{"private_ip": ip, "public_ips": [], "hostname": ip, "updated": now} for ip in addresses])

    # -- health -----------------------------------------------------------------------------

    async def health_node(self, _request: Request) -> Response:
        master = self._cluster.config.masters[0]
        component = "3dt_version" if self._release.line < (1, 10) else "dcos_diagnostics_version"
        return as_json(
            {
                "units": self._units("master"), "hostname": master, "ip": master, "dcos_version": self._release.version, "node_role": "master",
                "mesos_id": self._cluster.master_id, component: "0.4.0",
            }
        )  # fmt: skip

    @staticmethod
    def _units(role: str) -> list[dict[str, Any]]:
        unit, name = UNITS["master" if role == "master" else "agent"]
        return [{"id": unit, "health": 0, "output": "", "description": name, "help": "", "name": name}]

    def _nodes(self) -> list[dict[str, Any]]:
        agents = [
            {"host_ip": agent.ip, "health": 0, "role": "agent_public" if agent.public else "agent"}
            for agent in self._cluster.agents
        ]
        return [
            *({"host_ip": master, "health": 0, "role": "master"} for master in self._cluster.config.masters),
            *agents,
        ]

    async def health_nodes(self, _request: Request) -> Response:
        return as_json({"nodes": self._nodes()})

    async def health_units(self, request: Request) -> Response:
        node = next((entry for entry in self._nodes() if entry["host_ip"] == request.path_params["ip"]), None)
        if node is None:
            return as_json({"message": f"Node {request.path_params['ip']} not found"}, 500)
        return as_json({"units": self._units(node["role"])})

    # -- services ---------------------------------------------------------------------------

    async def service(self, request: Request) -> Response:
        """A framework's or an app's own pages, by DCOS_SERVICE_NAME or the framework's name; read through the task's real port."""
        name = request.path_params["name"]
        task = self._cluster.service_task(name)
        if task is None or not task.ports:
            return (
                as_text("404 Not Found: service not found.", 404)
                if self._release.agent_proxy_text
                else admin_router.page(404)
            )
        path = "/" + request.path_params.get("path", "") + (f"?{request.url.query}" if request.url.query else "")
        return await self._forward(f"http://{task.agent_ip}:{task.ports[0]}", path, request)

    async def _forward(self, base: str, path: str, request: Request, seconds: float = CA_SECONDS) -> Response:
        body = await request.body()
        kind = request.headers.get("content-type")
        answer = await asyncio.to_thread(_ask, base, request.method, path, body, kind, seconds)
        if answer is None:
            return admin_router.page(502)
        status, content_type, content = answer
        return Response(content, status, {"Content-Type": content_type})

    # -- the CA of Enterprise, where no nginx leads to it -----------------------------------

    async def ca_bundle(self, _request: Request) -> Response:
        if not self._release.enterprise or not self._cluster.config.ca_bundle:
            return admin_router.page(404)
        return Response(Path(self._cluster.config.ca_bundle).read_bytes(), media_type="application/x-x509-ca-cert")

    async def ca(self, request: Request) -> Response:
        call = request.path_params["call"]
        if not self._release.enterprise or not self._cluster.config.ca_url or call not in CA_CALLS:
            return admin_router.page(404)
        return await self._forward(self._cluster.config.ca_url, f"/api/v1/cfssl/{call}", request)


def _ask(
    base: str, method: str, path: str, body: bytes, kind: str | None, seconds: float
) -> tuple[int, str, bytes] | None:
    where = urlsplit(base)
    connection = http.client.HTTPConnection(str(where.hostname), where.port or 80, timeout=seconds)
    try:
        connection.request(method, path, body or None, {"Content-Type": kind} if kind else {})
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Content-Type", "text/plain"), answer.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def routes(cluster: Cluster) -> list[Route]:
    api = Api(cluster)
    anything = ["GET", "POST", "PUT", "DELETE"]
    return [
        Route("/acs/api/v1/auth/login", api.login, methods=["POST"]),
        Route("/acs/api/v1/auth/jwks", api.jwks),
        Route("/acs/api/v1/auth/providers", api.providers),
        Route("/dcos-metadata/dcos-version.json", api.version),
        Route("/metadata", api.metadata),
        Route("/pkgpanda/active.buildinfo.full.json", api.buildinfo),
        Route("/exhibitor/exhibitor/v1/cluster/status", api.exhibitor),
        Route("/net/v1/nodes", api.net_nodes),
        Route("/system/health/v1", api.health_node),
        Route("/system/health/v1/nodes", api.health_nodes),
        Route("/system/health/v1/nodes/{ip}/units", api.health_units),
        Route("/ca/dcos-ca.crt", api.ca_bundle),
        Route("/ca/api/v2/{call}", api.ca, methods=anything),
        Route("/service/{name}/{path:path}", api.service, methods=anything),
        Route("/service/{name}", api.service, methods=anything),
    ]
