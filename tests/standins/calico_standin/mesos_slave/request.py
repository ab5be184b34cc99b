"""A master's request for a task: what of it the agent carries out."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..errors import StandinError

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_FETCH_DEADLINE = 60
_HTTP_PORT = 80


class TaskError(StandinError):
    """A request for a task that cannot be carried out; `status` is HTTP's."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


def checked_id(request: Mapping[str, Any]) -> str:
    """The task's id, which names directories and a systemd scope."""
    task_id = request.get("task_id")
    if not isinstance(task_id, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}", task_id):
        raise TaskError(f"task_id: {task_id!r} is not made of letters, digits, '.', '_' and '-'")
    return task_id


def command(request: Mapping[str, Any]) -> str:
    """What /bin/sh -c gets. No image is ever pulled: one that would run its own command serves HTTP on its port."""
    if request.get("command"):
        return str(request["command"])
    if request.get("args"):
        return shlex.join(map(str, request["args"]))
    if not request.get("image"):
        raise TaskError("command: neither a command nor args nor an image")
    inside = [mapping.get("container_port") for mapping in request.get("port_mappings") or ()]
    ports = [port for port in (inside if request.get("network") else request.get("ports") or inside) if port]
    return f'exec "${{STANDIN_PYTHON:-python3}}" -m http.server {ports[0] if ports else _HTTP_PORT}'


def environment(request: Mapping[str, Any], address: str, sandbox: Path, ip: str | None) -> dict[str, str]:
    """What a command executor's task finds, the stand-ins' programs, and over all that what the request says."""
    ports = [int(port) for port in request.get("ports") or ()]
    variables = {
        "PATH": os.environ.get("PATH") or _PATH,
        "HOST": address,
        "LIBPROCESS_IP": address,
        "MESOS_SANDBOX": str(sandbox),
        "MESOS_TASK_ID": request["task_id"],
        "MESOS_CONTAINER_IP": ip or address,
        **{f"PORT{number}": str(port) for number, port in enumerate(ports)},
        **{name: value for name, value in os.environ.items() if name.startswith("STANDIN_")},
    }
    if ports:
        variables |= {"PORT": str(ports[0]), "PORTS": ",".join(map(str, ports))}
    return {**variables, **{key: str(value) for key, value in (request.get("env") or {}).items()}}


def fill(sandbox: Path, request: Mapping[str, Any]) -> None:
    """The sandbox with its files, paths inside it, and with what is fetched."""
    sandbox.mkdir(parents=True, exist_ok=True)
    for name, content in (request.get("files") or {}).items():
        path = (sandbox / name).resolve()
        if not path.is_relative_to(sandbox.resolve()):
            raise TaskError(f"{name} is outside of the sandbox")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        path.chmod(0o755)
    _fetch(sandbox, request.get("fetch") or ())


def _fetch(sandbox: Path, uris: Iterable[Any]) -> None:
    """From the lab's own mirror; what lies elsewhere cannot be had, and is noted where the task's errors go."""
    for uri in map(str, uris):
        if not uri.startswith("https://mirror.lab/"):
            with (sandbox / "stderr").open("a", encoding="utf-8") as stream:
                stream.write(f"not fetched by the stand-in: {uri}\n")
            continue
        argv = ["curl", "--fail", "--silent", "--show-error", "--location", "--remote-name", uri]
        done = subprocess.run(argv, cwd=sandbox, capture_output=True, text=True, timeout=_FETCH_DEADLINE, check=False)
        if done.returncode != 0:
            raise TaskError(f"Failed to fetch all URIs for container: {done.stderr.strip()}")
