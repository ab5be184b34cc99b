"""Tasks: real processes, each with an executor, on the host's network or in a container of its own; checkpointed."""

from __future__ import annotations

import contextlib
import json
import os
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
from . import glog, health
from .containers import Containers
from .executor import RUN, STATUS, TASK, scope_name, start_time, write
from .request import TaskError, checked_id, command, environment, fill

_START_DEADLINE = 30
_POLL = 0.2
_KEPT = 100  # ended tasks
_ALIVE = ("TASK_STAGING", "TASK_RUNNING")


@dataclass
class Task:
    """What the agent remembers of a task."""

    task_id: str
    framework: str = "marathon"
    network: str | None = None
    network_labels: dict[str, str] = field(default_factory=dict)
    health_checks: list[dict[str, Any]] = field(default_factory=list)
    state: str = "TASK_STAGING"
    message: str = ""
    exit_code: int | None = None
    healthy: bool | None = None
    ip: str | None = None
    pid: int | None = None
    container_id: str | None = None
    namespace: str | None = None
    sandbox: str = ""
    started: float = 0
    finished: float | None = None
    killed: bool = False


class Tasks:
    """Every task of the agent."""

    def __init__(self, containers: Containers, container_lock: threading.Lock, work_dir: Path, address: str) -> None:
        self._containers = containers
        self._container_lock = container_lock
        self._meta = work_dir / "meta" / "tasks"
        self._frameworks = work_dir / "slaves" / "S0" / "frameworks"
        self._address = address
        self._lock = threading.Lock()
        self._known: dict[str, Task] = {}
        self._children: list[subprocess.Popen[bytes]] = []

    # -- questions ----------------------------------------------------------------------------

    def listing(self) -> list[dict[str, Any]]:
        """All tasks, and the latest that ended."""
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
        """Take a task on; whether it starts is told by its state."""
        request = {**request, "command": command(request)}
        task = Task(
            checked_id(request),
            str(request.get("framework") or "marathon"),
            request.get("network"),
            dict(request.get("network_labels") or {}),
            list(request.get("health_checks") or ()),
            started=time.time(),
        )
        # As Mesos has it, by which a process of a task is known: slaves/ID/frameworks/ID/executors/ID/runs/ID.
        task.sandbox = str(self._frameworks / task.framework / "executors" / task.task_id / "runs" / "0")
        with self._lock:
            if task.task_id in self._known:
                raise TaskError(f"task {task.task_id} exists", 409)
            self._known[task.task_id] = task
        self._store(task)
        glog.info(f"Launching task {task.task_id}")
        threading.Thread(target=self._begin, args=(task, request), daemon=True).start()
        return asdict(task)

    def _begin(self, task: Task, request: Mapping[str, Any]) -> None:
        try:
            fill(Path(task.sandbox), request)
            self._attach(task)
            if not task.killed:
                self._start(task, request)
        except (StandinError, OSError, subprocess.SubprocessError) as exc:
            self._end(task, "TASK_FAILED", f"Failed to launch container: {exc}")
            return
        if task.killed and task.pid is None:
            self._end(task, "TASK_KILLED", "Killed before it was started")

    def _attach(self, task: Task) -> None:
        if task.network is None:
            task.ip = self._address
            return
        with self._container_lock:
            container = self._containers.launch([task.network], task.task_id, task.network_labels)
        task.container_id, task.namespace = container["container_id"], container["namespace"]
        # Without an ip4 in the plugin's answer Mesos knows no address but the agent's.
        task.ip = container["ip"] or self._address
        self._store(task)

    def _start(self, task: Task, request: Mapping[str, Any]) -> None:
        folder, running = self._meta / task.task_id, RUN / f"{task.task_id}.json"
        variables = environment(request, self._address, Path(task.sandbox), task.ip)
        grace = {"grace": request["grace_seconds"]} if request.get("grace_seconds") is not None else {}
        write(folder / TASK, {**asdict(task), "command": request["command"], "env": variables, **grace})
        self._children.append(
            subprocess.Popen([*_scope(task.task_id), sys.argv[0], "executor", str(folder)], stdin=subprocess.DEVNULL)
        )
        deadline = time.monotonic() + _START_DEADLINE
        while not running.exists() and not (folder / STATUS).exists():
            if time.monotonic() > deadline:
                raise TaskError("the executor did not start")
            time.sleep(0.01)
        with contextlib.suppress(OSError, ValueError):
            task.pid = json.loads(running.read_text(encoding="utf-8"))["pid"]
        task.state = "TASK_RUNNING"
        self._store(task)
        if task.killed:
            self._terminate(task)
        self._check_health(task)

    def _check_health(self, task: Task) -> None:
        if not task.health_checks:
            return

        def tell(healthy: bool) -> None:
            task.healthy = healthy

        inside = ["nsenter", f"--net={task.namespace}", "--"] if task.namespace else []
        arguments = (task.health_checks, task.ip or self._address, inside, lambda: task.state == "TASK_RUNNING", tell)
        threading.Thread(target=health.watch, args=arguments, daemon=True).start()

    # -- the end ------------------------------------------------------------------------------

    def kill(self, task_id: str) -> dict[str, Any]:
        """Ask a running task to end; forget one that has ended."""
        task = self._find(task_id)
        if task.state not in _ALIVE:
            self._forget(task)
            return asdict(task)
        task.killed = True
        self._store(task)
        self._terminate(task)
        return asdict(task)

    def _terminate(self, task: Task) -> None:
        executor = self._executor(task.task_id)
        if executor is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(executor, signal.SIGTERM)

    def _executor(self, task_id: str) -> int | None:
        """The process of a task's executor, if it is alive."""
        try:
            found = json.loads((RUN / f"{task_id}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return int(found["executor"]) if start_time(found["executor"]) == found["executor_started"] else None

    def _end(self, task: Task, state: str, message: str, exit_code: int | None = None) -> None:
        if task.container_id is not None:
            with self._container_lock:
                try:
                    self._containers.kill(task.container_id)
                except StandinError as exc:
                    glog.error(f"Failed to destroy container {task.container_id}: {exc}")
        task.exit_code, task.message, task.finished = exit_code, message, time.time()
        task.state = state  # last: who reads it may count on the rest
        self._store(task)
        glog.info(f"Task {task.task_id} is in state {state}: {message}")

    def _forget(self, task: Task) -> None:
        with self._lock:
            self._known.pop(task.task_id, None)
        shutil.rmtree(self._meta / task.task_id, ignore_errors=True)
        shutil.rmtree(Path(task.sandbox).parents[1], ignore_errors=True)

    def _store(self, task: Task) -> None:
        write(self._meta / task.task_id / "record.json", asdict(task))

    # -- watching -----------------------------------------------------------------------------

    def recover(self) -> None:
        """Take over the tasks of an earlier run of the agent."""
        found = [Task(**json.loads(path.read_text(encoding="utf-8"))) for path in self._meta.glob("*/record.json")]
        for task in sorted(found, key=lambda item: item.started):
            self._known[task.task_id] = task
            if task.state == "TASK_STAGING" and self._executor(task.task_id) is None:
                self._end(task, "TASK_FAILED", "The agent was restarted while the container was launched")
            elif task.state in _ALIVE:
                task.state = "TASK_RUNNING"
                glog.info(f"Recovered task {task.task_id}")
                self._check_health(task)

    def watch(self) -> None:
        """For ever: notice which tasks have ended."""
        while True:
            time.sleep(_POLL)
            self._children = [child for child in self._children if child.poll() is None]
            with self._lock:
                running = [task for task in self._known.values() if task.state == "TASK_RUNNING"]
                ended = sorted(
                    (task for task in self._known.values() if task.finished), key=lambda item: item.finished or 0
                )
            for task in running:
                self._look_at(task)
            for task in ended[:-_KEPT]:
                self._forget(task)

    def _look_at(self, task: Task) -> None:
        alive = self._executor(task.task_id) is not None  # asked first: it writes the status before it ends
        path = self._meta / task.task_id / STATUS
        if path.exists():
            status = json.loads(path.read_text(encoding="utf-8"))
            self._end(task, status["state"], status["message"], status["exit_code"])
        elif not alive:
            self._end(task, "TASK_FAILED", "Executor terminated")


def _scope(task_id: str) -> list[str]:
    """Out of the unit's cgroup, which dies with the agent; a machine without systemd has none."""
    if not os.path.isdir("/run/systemd/system"):
        return []
    return [
        "systemd-run",
        "--quiet",
        "--scope",
        "--collect",
        "--slice=mesos_executors.slice",
        f"--unit={scope_name(task_id)}",
    ]
