"""Health checks: each really made, at the address where the task is."""

from __future__ import annotations

import asyncio
import http.client
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..clock import Clock, rfc3339
from ..mesos import Mesos, Task
from .definition import is_host


@dataclass
class Result:
    """What one check of one task found so far."""

    alive: bool = False
    failures: int = 0
    first_success: float = 0.0
    last_success: float = 0.0
    last_failure: float = 0.0
    cause: str = ""
    next_at: float = 0.0

    def as_json(self, task_id: str) -> dict[str, Any]:
        def moment(seconds: float) -> str | None:
            return rfc3339(seconds) if seconds else None

        return {
            "alive": self.alive,
            "consecutiveFailures": self.failures,
            "firstSuccess": moment(self.first_success),
            "lastSuccess": moment(self.last_success),
            "lastFailure": moment(self.last_failure),
            "lastFailureCause": self.cause or None,
            "taskId": task_id,
        }


class Health:
    """Results by task and check."""

    def __init__(self, clock: Clock, mesos: Mesos) -> None:
        self._clock = clock
        self._mesos = mesos
        self._results: dict[str, list[Result]] = {}

    def results(self, task: Task) -> list[Result]:
        """One per check of the task's app; without checks none."""
        return self._results.setdefault(task.id, [Result() for _ in task.data.get("checks", [])])

    def healthy(self, task: Task) -> bool:
        return all(result.alive for result in self.results(task))

    def unhealthy(self, task: Task) -> bool:
        """A check has failed; one that was not made yet has not."""
        return any(not result.alive and result.failures for result in self.results(task))

    def forget(self) -> None:
        for task_id in list(self._results):
            task = self._mesos.tasks.get(task_id)
            if task is None or task.terminal:
                del self._results[task_id]

    async def check(self, tasks: list[Task]) -> None:
        """Make the checks that are due."""
        now = self._clock.now()
        due = [
            (task, check, result)
            for task in tasks
            if task.running
            for check, result in zip(task.data.get("checks", []), self.results(task), strict=True)
            if result.next_at <= now
        ]
        await asyncio.gather(*(self._check(*entry) for entry in due))

    async def _check(self, task: Task, check: Mapping[str, Any], result: Result) -> None:
        result.next_at = self._clock.now() + self._clock.scaled(check["intervalSeconds"])
        if check["protocol"].startswith("MESOS_") and task.healthy is not None or check["protocol"] == "COMMAND":
            problem = "" if task.healthy else "the agent reports it unhealthy"
        else:
            problem = await asyncio.to_thread(_attempt, address(task, check), check)
        now = self._clock.now()
        if not problem:
            result.alive, result.failures, result.cause, result.last_success = True, 0, "", now
            result.first_success = result.first_success or now
            return
        in_grace = not result.first_success and now < task.launched + self._clock.scaled(check["gracePeriodSeconds"])
        result.alive, result.last_failure, result.cause = False, now, problem
        result.failures += 0 if in_grace else 1
        if 0 < check["maxConsecutiveFailures"] <= result.failures and not task.killing:
            self._mesos.kill(task)


def address(task: Task, check: Mapping[str, Any]) -> tuple[str, int]:
    """Where the check goes: with host or bridge networking to the agent, else to the container."""
    app = task.data["networks_of"]
    mappings = app.get("portMappings") or []
    index = check.get("portIndex", 0)
    if "port" in check:
        return (task.agent_ip if is_host(app) else task.container_ip), int(check["port"])
    if any(network["mode"] == "container" for network in app["networks"]):
        return task.container_ip, int(mappings[index]["containerPort"]) if index < len(mappings) else 0
    return task.agent_ip, task.ports[index] if index < len(task.ports) else 0


def _attempt(where: tuple[str, int], check: Mapping[str, Any]) -> str:
    """Why the check failed; empty if it did not."""
    host, port = where
    seconds = float(check["timeoutSeconds"])
    protocol = check["protocol"].removeprefix("MESOS_")
    try:
        if protocol == "TCP":
            socket.create_connection(where, seconds).close()
            return ""
        if protocol == "HTTPS":
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, port, timeout=seconds, context=_unverified()
            )
        else:
            connection = http.client.HTTPConnection(host, port, timeout=seconds)
        try:
            connection.request("GET", check["path"])
            status = connection.getresponse().status
        finally:
            connection.close()
    except (OSError, http.client.HTTPException) as error:
        return f"{type(error).__name__}: {error}"
    return "" if 200 <= status < 400 else f"{status} from {host}:{port}{check['path']}"


def _unverified() -> ssl.SSLContext:
    """Marathon does not verify the certificates of tasks."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
