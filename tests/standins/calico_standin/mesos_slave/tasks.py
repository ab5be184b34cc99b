"""Tasks: real processes, each with an executor, on the host's network or in a container of its own; checkpointed."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..errors import StandinError
from . import glog
from .containers import Containers
from .executor import RUN, STATUS, TASK, scope_name, start_time, write

_START_DEADLINE = 20
_POLL = 0.2
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
RUNNING = ("TASK_STAGING", "TASK_RUNNING", "TASK_KILLING")


class TaskError(StandinError):
    """A request for a task that cannot be carried out; `status` is HTTP's."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


@dataclass
class Task:
    """What the agent remembers of a task."""

    task_id: str
    network: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    ports: list[int] = field(default_factory=list)
    state: str = "TASK_STAGING"
    message: str = ""
    exit_code: int | None = None
    ip: str | None = None
    pid: int | None = None
    container_id: str | None = None
    sandbox: str = ""
    started: float = 0
    finished: float | None = None


class Tasks:
    """Every task of the agent."""

    def __init__(self, containers: Containers, container_lock: threading.Lock, work_dir: Path, address: str) -> None:
        self._containers = containers
        self._container_lock = container_lock
        self._meta = work_dir / "meta" / "tasks"
        self._sandboxes = work_dir / "sandboxes"
        self._address = address
        self._lock = threading.Lock()
        self._known: dict[str, Task] = {}
        self._children: list[subprocess.Popen[bytes]] = []

    # -- questions ----------------------------------------------------------------------------

    def listing(self) -> list[dict[str, Any]]:
        """All tasks, the finished ones too, until they are deleted."""
        with self._lock:
            return [asdict(task) for task in self._known.values()]

    def describe(self, task_id: str) -> dict[str, Any]:
        """One task."""
        return asdict(self._find(task_id))

    def output(self, task_id: str, stream: str) -> bytes:
        """What a task has written so far."""
        path = Path(self._find(task_id).sandbox) / stream
        return path.read_bytes() if path.exists() else b""

    def _find(self, task_id: str) -> Task:
        with self._lock:
            if task_id not in self._known:
                raise TaskError(f"task {task_id} is not known", 404)
            return self._known[task_id]

    # -- launch -------------------------------------------------------------------------------

    def launch(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Start a task; one that cannot be attached to its network has failed, which is an answer and no error."""
        task = _task(request)
        task.sandbox = str(self._sandboxes / task.task_id)
        task.started = time.time()
        with self._lock:
            if task.task_id in self._known:
                raise TaskError(f"task {task.task_id} exists", 409)
            self._known[task.task_id] = task
        glog.info(f"Launching task {task.task_id}")
        try:
            _fill(Path(task.sandbox), request.get("files") or ())
            self._attach(task)
            self._start(task, request)
        except (StandinError, OSError) as exc:
            self._end(task, {"state": "TASK_FAILED", "message": f"Failed to launch container: {exc}", "exit_code": None})
        return asdict(task)

    def _attach(self, task: Task) -> None:
        if task.network is None:
            task.ip = self._address
            return
        with self._container_lock:
            container = self._containers.launch([task.network], task.task_id, task.labels)
        task.container_id = container["container_id"]
        # Without an ip4 in the plugin's answer Mesos knows no address but the agent's.
        task.ip = container["ip"] or self._address

    def _start(self, task: Task, request: Mapping[str, Any]) -> None:
        namespace = None
        if task.container_id is not None:
            namespace = next(item["namespace"] for item in self._containers.listing() if item["container_id"] == task.container_id)
        folder = self._meta / task.task_id
        environment = {**_environment(task, self._address), **{key: str(value) for key, value in (request.get("env") or {}).items()}}
        details = {"command": request["command"], "namespace": namespace, "env": environment}
        write(folder / TASK, {**asdict(task), **details, **({"grace": request["grace"]} if "grace" in request else {})})
        self._children.append(subprocess.Popen([*_scope(task.task_id), sys.argv[0], "executor", str(folder)], stdin=subprocess.DEVNULL))
        deadline = time.monotonic() + _START_DEADLINE
        while not (RUN / f"{task.task_id}.json").exists() and not (folder / STATUS).exists():
            if time.monotonic() > deadline:
                raise TaskError("the executor did not start")
            time.sleep(0.01)
        with contextlib.suppress(OSError, ValueError):
            task.pid = json.loads((RUN / f"{task.task_id}.json").read_text(encoding="utf-8"))["pid"]
        task.state = "TASK_RUNNING"
        self._store(task)

    # -- the end ------------------------------------------------------------------------------

    def kill(self, task_id: str) -> dict[str, Any]:
        """Ask a running task to end; forget one that has ended."""
        task = self._find(task_id)
        if task.state not in RUNNING:
            with self._lock:
                self._known.pop(task_id, None)
            shutil.rmtree(self._meta / task_id, ignore_errors=True)
            shutil.rmtree(task.sandbox, ignore_errors=True)
            return asdict(task)
        task.state = "TASK_KILLING"
        self._store(task)
        executor = self._executor(task_id)
        if executor is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(executor, signal.SIGTERM)
        return asdict(task)

    def _executor(self, task_id: str) -> int | None:
        """The process of a task's executor, if it is alive."""
        try:
            found = json.loads((RUN / f"{task_id}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return int(found["executor"]) if start_time(found["executor"]) == found["executor_started"] else None

    def _end(self, task: Task, status: Mapping[str, Any]) -> None:
        if task.container_id is not None:
            with self._container_lock:
                try:
                    self._containers.kill(task.container_id)
                except StandinError as exc:
                    glog.error(f"Failed to destroy container {task.container_id}: {exc}")
        # The state last: who reads it may count on the rest.
        task.exit_code, task.message, task.finished = status["exit_code"], status["message"], time.time()
        task.state = status["state"]
        self._store(task)
        glog.info(f"Task {task.task_id} is in state {task.state}: {task.message}")

    def _store(self, task: Task) -> None:
        write(self._meta / task.task_id / "record.json", asdict(task))

    # -- watching -----------------------------------------------------------------------------

    def recover(self) -> None:
        """Take over the tasks of an earlier run of the agent."""
        for path in sorted(self._meta.glob("*/record.json")):
            task = Task(**json.loads(path.read_text(encoding="utf-8")))
            self._known[task.task_id] = task
            glog.info(f"Recovered task {task.task_id} in state {task.state}")

    def watch(self) -> None:
        """For ever: notice which tasks have ended."""
        while True:
            time.sleep(_POLL)
            self._children = [child for child in self._children if child.poll() is None]
            with self._lock:
                running = [task for task in self._known.values() if task.state in RUNNING and task.state != "TASK_STAGING"]
            for task in running:
                self._look_at(task)

    def _look_at(self, task: Task) -> None:
        alive = self._executor(task.task_id) is not None  # asked first: it writes the status before it ends
        status = self._meta / task.task_id / STATUS
        if status.exists():
            self._end(task, json.loads(status.read_text(encoding="utf-8")))
        elif not alive:
            self._end(task, {"state": "TASK_LOST", "message": "Executor terminated", "exit_code": None})


def _task(request: Mapping[str, Any]) -> Task:
    """A request's task, if it is a sound one."""
    task_id, command = request.get("task_id"), request.get("command")
    if not isinstance(task_id, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}", task_id):
        raise TaskError(f"task_id: {task_id!r} is not made of letters, digits, '.', '_' and '-'")
    if not isinstance(command, str) or not command:
        raise TaskError("command: a shell command is required")
    unknown = set(request) - {"task_id", "command", "network", "labels", "env", "ports", "files", "grace"}
    if unknown:
        raise TaskError(f"unknown keys: {', '.join(sorted(unknown))}")
    return Task(task_id, request.get("network"), dict(request.get("labels") or {}), [int(port) for port in request.get("ports") or ()])


def _fill(sandbox: Path, files: Any) -> None:
    """The sandbox with its files: [{path, content, mode?}], paths inside it."""
    sandbox.mkdir(parents=True, exist_ok=True)
    for item in files:
        path = (sandbox / item["path"]).resolve()
        if not path.is_relative_to(sandbox.resolve()):
            raise TaskError(f"{item['path']} is outside of the sandbox")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(item["content"], encoding="utf-8")
        path.chmod(int(str(item.get("mode", "644")), 8))


def _environment(task: Task, address: str) -> dict[str, str]:
    """What a command executor's task finds."""
    variables = {
        "PATH": os.environ.get("PATH") or _PATH,
        "HOST": address,
        "MESOS_SANDBOX": task.sandbox,
        "MESOS_TASK_ID": task.task_id,
        "MESOS_CONTAINER_IP": task.ip or "",
        **{f"PORT{number}": str(port) for number, port in enumerate(task.ports)},
    }
    if task.ports:
        variables |= {"PORT": str(task.ports[0]), "PORTS": ",".join(map(str, task.ports))}
    return variables


def _scope(task_id: str) -> list[str]:
    """Out of the unit's cgroup, which dies with the agent; a machine without systemd has none."""
    if not os.path.isdir("/run/systemd/system"):
        return []
    return ["systemd-run", "--quiet", "--scope", "--collect", "--slice=mesos_executors.slice", f"--unit={scope_name(task_id)}"]
