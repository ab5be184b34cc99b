"""python -m kubernetes_standin --config FILE"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.requests import Request
from starlette.responses import Response

from . import auth, config, errors, rbac
from .api import Api, as_json
from .controllers import Controllers, addon
from .errors import Refused
from .kinds import KINDS
from .schemas import Schemas
from .store import Store

READY = "ready.json"
BY_NAME = {kind.name: kind for kind in KINDS}


class Server(uvicorn.Server):
    """Signals are the process' business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Outer:
    """The ASGI application: who asks, what is answered, and a record of it. `GET /_log` from loopback tells what was asked, `GET /_idle` why Calico's
    controllers do nothing."""

    def __init__(self, settings: config.Config, api: Api, controllers: Controllers) -> None:
        self._settings = settings
        self._api = api
        self._rights = rbac.Rights(settings, api.store)
        self._controllers = controllers
        self._left = settings.down["requests"] if settings.down else 0
        self._log: list[dict[str, Any]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        here = request.client is not None and request.client.host.startswith("127.")
        told = {"/_log": self._log, "/_idle": self._controllers.idle}
        answer = as_json(told[request.url.path]) if here and request.url.path in told else await self._answer(request)
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        user = ""
        try:
            self._check_up()
            asking = self._rights.impersonated(auth.user_of(request, self._settings), request.headers)
            user = asking.name
            self._rights.check(asking, rbac.wish_of(request.method, request.url.path))
            answer = await self._api.answer(request, asking)
        except errors.Page as page:
            answer = Response(page.body, page.code, media_type=page.media)
        except Refused as refusal:
            answer = as_json(refusal.body, refusal.code)
        entry = {
            "time": time.time(),
            "method": request.method,
            "path": request.url.path,
            "query": request.url.query,
            "user": user,
        }
        self._log.append({**entry, "status": answer.status_code, "agent": request.headers.get("user-agent", "")})
        return answer

    def _check_up(self) -> None:
        """At first, a proxy may have nobody behind it. Raises Refused."""
        if self._settings.down and self._left > 0:
            self._left -= 1
            raise errors.down(self._settings.down["proxy"])


def stocked(settings: config.Config) -> Store:
    """A store with what a fresh cluster has."""
    store = Store(Schemas(config.schema_dir(settings)), settings.release)
    for name in settings.namespaces:
        store.create(
            BY_NAME["Namespace"],
            "",
            {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": name},
                "spec": {"finalizers": ["kubernetes"]},
            },
        )
        store.create(
            BY_NAME["ServiceAccount"],
            "",
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": name}},
        )
    store.create(BY_NAME["Node"], "", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": settings.node}})
    for item in rbac.bootstrap() if settings.authorization == config.RBAC else ():
        store.create(BY_NAME[item["kind"]], rbac.GROUP, item)
    for item in settings.addons:
        store.create(BY_NAME["Deployment"], "extensions", addon(settings, item))
    return store


async def serve(settings: config.Config) -> None:
    """Until SIGTERM or SIGINT."""
    store = stocked(settings)
    controllers = Controllers(settings, store)
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((settings.address, settings.port))
    listening.listen(128)
    options: dict[str, Any] = {
        "lifespan": "off",
        "log_level": "critical",
        "access_log": False,
        "server_header": False,
        "http": auth.PeerProtocol,
    }
    if settings.tls:
        options.update(ssl_certfile=settings.tls["certificate"], ssl_keyfile=settings.tls["key"])
        if settings.client_ca:
            options.update(ssl_ca_certs=settings.client_ca, ssl_cert_reqs=ssl.CERT_OPTIONAL)
    server = Server(uvicorn.Config(Outer(settings, Api(settings, store), controllers), **options))
    running = asyncio.ensure_future(server.serve(sockets=[listening]))

    def end() -> None:
        server.should_exit = server.force_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end)
    controllers.start()
    while not server.started and not running.done():
        await asyncio.sleep(0.02)
    url = f"{'https' if settings.tls else 'http'}://{settings.address}:{listening.getsockname()[1]}"
    staged = settings.state_dir / f"{READY}.new"
    staged.write_text(json.dumps({"url": url}), encoding="utf-8")
    staged.replace(settings.state_dir / READY)
    try:
        await running
    finally:
        (settings.state_dir / READY).unlink(missing_ok=True)
        await controllers.stop()


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="kubernetes_standin", description="A stand-in Kubernetes API; see README.md beside this file."
    )
    parser.add_argument("--config", type=Path, required=True, metavar="FILE")
    arguments = parser.parse_args()
    try:
        settings = config.load(arguments.config)
    except (OSError, ValueError) as error:
        print(f"kubernetes_standin: {arguments.config}: {error}", file=sys.stderr)
        return 2
    asyncio.run(serve(settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
