"""The application: all routes, and round them faults, the record, and Admin Router's decisions where there is no nginx."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import admin_router, dns, mesos_api, metadata
from .cluster import Cluster
from .control import Control
from .cosmos import api as cosmos_api
from .faults import Fault, Faults, Record
from .iam import TokenRefused
from .marathon import api as marathon_api

# What nginx answers without asking here again.
ELSEWHERE = ("/ca/api/", "/mesos_dns/")
# What a listener that stands for a service's own port serves, by prefix.
PREFIXES = {"admin_router": "", "mesos": "/mesos", "marathon": "/service/marathon", "mesos_dns": "/mesos_dns"}


def build(cluster: Cluster) -> Outer:
    """The ASGI application."""
    faults, record = Faults(), Record()
    routes = [
        *Control(cluster, faults, record).routes(),
        *cosmos_api.routes(cluster),
        *mesos_api.routes(cluster),
        *marathon_api.routes(cluster, "/service/marathon"),
        *marathon_api.routes(cluster, "/marathon"),
        *dns.routes(cluster),
        *metadata.routes(cluster),
    ]

    async def missing(_request: Request, error: Exception) -> Response:
        return admin_router.page(getattr(error, "status_code", 404))

    inner = Starlette(routes=routes, exception_handlers={404: missing})
    return Outer(cluster, inner, faults, record)


class Listener:
    """One listening address: says which it is and adds the prefix of the service it stands for."""

    def __init__(self, app: ASGIApp, kind: str) -> None:
        self._app = app
        self._kind = kind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["path"]
            if not path.startswith("/_"):
                path = PREFIXES[self._kind] + path
            scope = {**scope, "listener": self._kind, "path": path, "raw_path": path.encode()}
        await self._app(scope, receive, send)


class Outer:
    """Around the routes."""

    def __init__(self, cluster: Cluster, inner: ASGIApp, faults: Faults, record: Record) -> None:
        self._cluster = cluster
        self._inner = inner
        self._faults = faults
        self._record = record

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        method, path = request.method, scope["path"]
        asked_by_nginx = path == "/_auth"
        if asked_by_nginx:
            path = request.headers.get("x-original-uri", "/").split("?")[0]
            method = request.headers.get("x-original-method", "GET")
        elif path.startswith("/_"):
            await self._inner(scope, receive, send)
            return
        started = time.monotonic()
        status: list[int] = []

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                status.append(message["status"])
            await send(message)

        uid = self._uid(request)
        scope.setdefault("state", {})["uid"] = uid
        # Behind nginx only what does not come here again is counted with the question.
        if not asked_by_nginx or path.startswith(ELSEWHERE):
            self._record.count(method, path)
        try:
            await self._answer(request, scope, receive, noting, method, path, asked_by_nginx)
        finally:
            if not asked_by_nginx or path.startswith(ELSEWHERE):
                self._record.note(
                    time=self._cluster.clock.now(), method=method, path=path, query=request.url.query, status=status[0] if status else None, uid=uid,
                    seconds=round(time.monotonic() - started, 3), listener=scope.get("listener"),
                )  # fmt: skip

    async def _answer(
        self, request: Request, scope: Scope, receive: Receive, send: Send, method: str, path: str, asked_by_nginx: bool
    ) -> None:
        if asked_by_nginx:
            fault = self._faults.take(method, path, ("expired_token",))
            if fault:
                self._expire(request)
            await self._inner(scope, receive, send)
            return
        fault = self._faults.take(
            method,
            path,
            ("500", "503", "slow", "cut", "html", *(("expired_token",) if self._cluster.config.admin_router else ())),
        )
        if fault and fault.kind == "cut":
            await _cut(send)
            return
        if fault and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        elif fault and fault.kind == "expired_token":
            self._expire(request)
        elif fault:
            await self._broken(fault)(scope, receive, send)
            return
        if self._cluster.config.admin_router and scope.get("listener") == "admin_router":
            decision = self._cluster.admin_router.decide(path, request.headers)
            if decision.status != 200:
                await admin_router.refusal(decision)(scope, receive, send)
                return
        await self._inner(scope, receive, send)

    @staticmethod
    def _broken(fault: Fault) -> Response:
        answer = admin_router.page(500 if fault.kind == "500" else 503)
        if fault.kind == "html":
            answer.status_code = 200
        return answer

    def _expire(self, request: Request) -> None:
        token = admin_router.token_of(request.headers)
        if token:
            self._cluster.iam.revoke(token)

    def _uid(self, request: Request) -> str | None:
        token = admin_router.token_of(request.headers)
        try:
            return self._cluster.iam.verify(token) if token else None
        except TokenRefused:
            return None


async def _cut(send: Send) -> None:
    """A long answer is announced, some of it comes, then the connection ends."""
    headers: list[Any] = [(b"content-type", b"application/json"), (b"content-length", b"65536")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b'{"slaves": [', "more_body": True})
    raise ConnectionAbortedError("cut on demand")
