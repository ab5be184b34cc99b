"""The part of Google's compute API that google.cloud's modules ask for, on loopback. hooks/sitecustomize.py leads the modules here."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

PROJECT, ZONE = "my-project", "europe-west1-b"
TOKEN = "ya29.testing"
HOOKS = Path(__file__).with_name("hooks")


class Gce:
    """firewalls: {name: rule as the API has it}; instances: {zone: [instance]}; requests: (method, path) of all; bodies: of those that write."""

    def __init__(self) -> None:
        self.firewalls: dict[str, dict[str, Any]] = {}
        self.instances: dict[str, list[dict[str, Any]]] = {ZONE: []}
        self.requests: list[tuple[str, str]] = []
        self.bodies: list[dict[str, Any]] = []
        self.refuse = ""
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner._handle(self)

            do_POST = do_PATCH = do_GET

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.env = {
            "GCP_AUTH_KIND": "accesstoken",
            "GCP_ACCESS_TOKEN": TOKEN,
            "PYTHONPATH": str(HOOKS),
            "CALICO_TEST_GCE": self.url,
        }

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[Gce]:
        gce = cls()
        thread = threading.Thread(target=gce._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield gce
        finally:
            gce._server.shutdown()
            gce._server.server_close()

    def instance(self, name: str, address: str, *, forwards: bool, zone: str = ZONE) -> None:
        found = {
            "kind": "compute#instance",
            "name": name,
            "canIpForward": forwards,
            "networkInterfaces": [{"networkIP": address}],
        }
        self.instances.setdefault(zone, []).append(found)

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        self.requests.append((handler.command, parts.path))
        length = int(handler.headers.get("Content-Length") or 0)
        body = json.loads(handler.rfile.read(length) or b"null")
        status, answer = self._answer(
            handler.command, parts.path, parse_qs(parts.query), body, handler.headers.get("Authorization", "")
        )
        content = json.dumps(answer).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def _answer(
        self, method: str, path: str, query: dict[str, list[str]], body: Any, token: str
    ) -> tuple[int, dict[str, Any]]:
        if token != f"Bearer {TOKEN}":
            return 401, {
                "error": {
                    "code": 401,
                    "message": "Invalid Credentials",
                    "errors": [{"reason": "authError", "message": "Invalid Credentials"}],
                }
            }
        root = f"/compute/v1/projects/{PROJECT}/"
        kind, _slash, name = path.removeprefix(root).removeprefix("global/").partition("/")
        if not path.startswith(root):
            return 403, {
                "error": {
                    "code": 403,
                    "message": "Forbidden",
                    "errors": [{"reason": "forbidden", "message": "Forbidden"}],
                }
            }
        if kind == "zones":
            return 200, {"kind": "compute#instanceList", "items": self.instances.get(name.partition("/")[0], [])}
        if method != "GET":
            return self._write(body)
        if name:
            rule = self.firewalls.get(name)
            return (200, rule) if rule else (404, {"error": {"code": 404, "message": "not found"}})
        desired = (query.get("filter") or [""])[0].removeprefix("name = ")
        return 200, {
            "kind": "compute#firewallList",
            "items": [rule for rule in self.firewalls.values() if desired in ("", rule["name"])],
        }

    def _write(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.bodies.append(body)
        if self.refuse:
            return 403, {
                "error": {
                    "code": 403,
                    "message": self.refuse,
                    "errors": [{"reason": "forbidden", "message": self.refuse}],
                }
            }
        self.firewalls[body["name"]] = {
            "priority": 1000,
            "disabled": False,
            **self.firewalls.get(body["name"], {}),
            **body,
        }
        link = f"https://compute.googleapis.com/compute/v1/projects/{PROJECT}/global/firewalls/{body['name']}"
        return 200, {"kind": "compute#operation", "name": "operation-1", "status": "DONE", "targetLink": link}
