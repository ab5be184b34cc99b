"""The agent's HTTP side: tasks for the master, and a little of what Mesos shows."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .registration import Identity
from .request import TaskError
from .tasks import Tasks

_LARGEST = 16 << 20
_STARTED = time.monotonic()
_LIVE = ("TASK_STAGING", "TASK_RUNNING")


def server(identity: Identity, tasks: Tasks) -> ThreadingHTTPServer:
    """Listening already, not serving yet."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer("GET")

        def do_POST(self) -> None:
            self._answer("POST")

        def do_DELETE(self) -> None:
            self._answer("DELETE")

        def _answer(self, method: str) -> None:
            # Read whatever comes of it: what is left of a body would be taken for the next request.
            body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), _LARGEST))
            try:
                document = _perform(identity, tasks, method, self.path.partition("?")[0], body)
                status = 200
            except TaskError as exc:
                document, status = {"error": str(exc)}, exc.status
            except (AttributeError, KeyError, TypeError, ValueError) as exc:
                document, status = {"error": f"not a request for this: {exc!r}"}, 400
            plain = isinstance(document, bytes)
            data = document if plain else json.dumps(document).encode() + b"\n"
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; charset=utf-8" if plain else "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """The master asks all the time."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

    return Server((identity.ip, identity.port), Handler)


def _perform(identity: Identity, tasks: Tasks, method: str, path: str, body: bytes) -> Any:
    if path == "/_tasks":
        if method == "POST":
            return tasks.launch(json.loads(body))
        if method == "GET":
            return {"tasks": tasks.listing()}
    found = re.fullmatch(r"/_tasks/([^/]+)(?:/(stdout|stderr))?", path)
    if found:
        task_id, stream = found.groups()
        if method == "DELETE" and stream is None:
            return tasks.kill(task_id)
        if method == "GET":
            return tasks.output(task_id, stream) if stream else tasks.describe(task_id)
    if method == "GET" and path in ("/health", "/slave(1)/health"):
        return b""
    if method == "GET" and path in ("/state", "/slave(1)/state"):
        return _state(identity, tasks.listing())
    if method == "GET" and path == "/metrics/snapshot":
        return _metrics(identity, tasks.listing())
    raise TaskError(f"no {method} of {path}", 404)


def _state(identity: Identity, tasks: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Some of Mesos' /state, in its shape: each framework with its executors, each of which has one task here."""
    about = identity.describe()
    frameworks: dict[str, dict[str, Any]] = {}
    for task in tasks:
        shown = frameworks.setdefault(
            task["framework"],
            {
                "id": task["framework"],
                "name": task["framework"],
                "checkpoint": True,
                "executors": [],
                "completed_executors": [],
            },
        )
        live = task["state"] in _LIVE
        entry = {"id": task["task_id"], "state": task["state"], "slave_id": identity.agent_id}
        executor = {
            "id": task["task_id"],
            "tasks": [entry] if live else [],
            "queued_tasks": [],
            "completed_tasks": [] if live else [entry],
        }
        shown["executors" if live else "completed_executors"].append(executor)
    return {
        "id": identity.agent_id or "",
        "hostname": identity.ip,
        "pid": f"slave(1)@{identity.ip}:{identity.port}",
        "attributes": about["attributes"],
        "resources": about["resources"],
        "flags": {"default_role": identity.role},
        "frameworks": list(frameworks.values()),
        "completed_frameworks": [],
    }


def _metrics(identity: Identity, tasks: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Some of Mesos' metrics, each a number."""
    running = sum(task["state"] == "TASK_RUNNING" for task in tasks)
    return {
        "slave/registered": float(identity.registered),
        "slave/tasks_running": float(running),
        "slave/uptime_secs": time.monotonic() - _STARTED,
    }
