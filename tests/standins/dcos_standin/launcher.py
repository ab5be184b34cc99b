"""How tasks become processes: through the agent's own stand-in, or right here for tests."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .agents import Agent

ANSWER_SECONDS = 60
POLL_SECONDS = 5


class Refused(Exception):
    """The agent will not run the task; the text becomes the task's message."""


class Unreachable(Exception):
    """The agent does not answer."""


class Launcher(ABC):
    """Runs tasks on agents. All methods may block and are called from threads."""

    @abstractmethod
    def launch(self, agent: Agent, order: Mapping[str, Any]) -> dict[str, Any]:
        """Start what the order (README, "For agents") says: {"ip", "pid"}; raises Refused, Unreachable."""

    @abstractmethod
    def states(self, agent: Agent) -> list[dict[str, Any]]:
        """What runs and ran on the agent; raises Unreachable."""

    @abstractmethod
    def kill(self, agent: Agent, task_id: str) -> None:
        """Begin to end a task; raises Unreachable."""

    def close(self) -> None:
        """Called when the service ends; production tasks outlive it."""
        return


class AgentLauncher(Launcher):
    """Over HTTP, to the stand-in agent that listens beside the real one's port."""

    def launch(self, agent: Agent, order: Mapping[str, Any]) -> dict[str, Any]:
        status, answer = self._ask(agent, "POST", "/_tasks", order, ANSWER_SECONDS)
        if status in (200, 201, 202):
            return answer
        raise Refused(str(answer.get("error") or f"The agent answered {status}"))

    def states(self, agent: Agent) -> list[dict[str, Any]]:
        status, answer = self._ask(agent, "GET", "/_tasks", None, POLL_SECONDS)
        if status != 200:
            raise Unreachable(f"{agent.ip}: GET /_tasks answered {status}")
        return list(answer.get("tasks", []))

    def kill(self, agent: Agent, task_id: str) -> None:
        self._ask(agent, "DELETE", f"/_tasks/{task_id}", None, POLL_SECONDS)

    @staticmethod
    def _ask(
        agent: Agent, method: str, path: str, body: Mapping[str, Any] | None, seconds: float
    ) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection(agent.ip, agent.port, timeout=seconds)
        try:
            connection.request(
                method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"}
            )
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"{agent.ip}:{agent.port}: {error}") from error
        finally:
            connection.close()
        try:
            return answer.status, json.loads(content or b"{}")
        except ValueError:
            return answer.status, {"error": content.decode(errors="replace")}


class LocalLauncher(Launcher):
    """Processes on this machine, for agents whose addresses are loopback's."""

    def __init__(self, sandboxes: Path, settings: Mapping[str, Any], python: str, networks: Sequence[str]) -> None:
        """`networks`: those that DC/OS itself brings."""
        self._sandboxes = sandboxes
        self._networks = settings.get("networks", networks)
        self._programs = {"STANDIN_PYTHON": python, "STANDIN_ETCD": settings.get("etcd", "etcd")}
        self._lock = threading.Lock()
        self._processes: dict[str, tuple[Agent, subprocess.Popen[bytes], bool]] = {}

    def launch(self, agent: Agent, order: Mapping[str, Any]) -> dict[str, Any]:
        network = order.get("network")
        if network and network not in self._networks:
            raise Refused(f"Unknown CNI network '{network}'")
        sandbox = self._sandboxes / str(order["task_id"])
        sandbox.mkdir(parents=True)
        for name, content in order.get("files", {}).items():
            (sandbox / name).write_text(content, encoding="utf-8")
            (sandbox / name).chmod(0o755)
        # An image is never pulled: without a command there is nothing to run but time.
        command = order.get("command") or "exec sleep 1000000"
        env = {
            "PATH": os.environ.get("PATH", os.defpath),
            **self._programs,
            "HOST": agent.ip,
            "MESOS_SANDBOX": str(sandbox),
            **order.get("env", {}),
        }
        with (sandbox / "stdout").open("wb") as out, (sandbox / "stderr").open("wb") as err:
            process = subprocess.Popen(
                ["/bin/sh", "-c", command],
                cwd=sandbox,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        with self._lock:
            self._processes[str(order["task_id"])] = (agent, process, False)
        return {"ip": agent.ip, "pid": process.pid}

    def states(self, agent: Agent) -> list[dict[str, Any]]:
        with self._lock:
            here = {task_id: entry for task_id, entry in self._processes.items() if entry[0].id == agent.id}
        return [self._state(task_id, process, killed) for task_id, (_, process, killed) in here.items()]

    def _state(self, task_id: str, process: subprocess.Popen[bytes], killed: bool) -> dict[str, Any]:
        code = process.poll()
        state, message = "TASK_RUNNING", ""
        if code is not None:
            state = "TASK_KILLED" if killed else "TASK_FINISHED" if code == 0 else "TASK_FAILED"
            message = (
                f"Command exited with status {code}"
                if code >= 0
                else f"Command terminated with signal {signal.Signals(-code).name}"
            )
        return {
            "task_id": task_id,
            "state": state,
            "pid": process.pid,
            "message": message,
            "exit_code": code,
            "healthy": None,
        }

    def kill(self, agent: Agent, task_id: str) -> None:
        with self._lock:
            entry = self._processes.get(task_id)
            if entry is None:
                return
            self._processes[task_id] = (entry[0], entry[1], True)
        self._signal(entry[1], signal.SIGTERM)
        threading.Thread(target=self._end, args=(entry[1],), daemon=True).start()

    @staticmethod
    def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            pass

    def _end(self, process: subprocess.Popen[bytes], grace: float = 3.0) -> None:
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            self._signal(process, signal.SIGKILL)

    def close(self) -> None:
        with self._lock:
            running = [process for _, process, _ in self._processes.values() if process.poll() is None]
        for process in running:
            self._signal(process, signal.SIGTERM)
        deadline = time.monotonic() + 3
        for process in running:
            self._end(process, max(0.0, deadline - time.monotonic()))
        shutil.rmtree(self._sandboxes, ignore_errors=True)
