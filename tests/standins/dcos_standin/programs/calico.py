"""calico-dcos 0.4.0, the scheduler of package calico: four tasks per agent, one after the other, and a page that says how far they are.

What the tasks do on an agent is up to the agent (STANDIN_CALICO_INSTALLER, see README.md).
"""

from __future__ import annotations

import uuid
from typing import Any

from ..agents import Agent
from ..clock import rfc3339
from ..mesos import Task
from .base import NOT_FOUND, Answer, Program

# Class, step of the installer, the environment's switch, whether it stays, its cpus and mem in the environment.
STEPS: tuple[tuple[str, str, str, bool, str], ...] = (
    ("TaskRunEtcdProxy", "etcd-proxy", "CALICO_RUN_ETCD_PROXY", True, "ETCD_PROXY"),
    ("TaskInstallDockerClusterStore", "docker", "CALICO_CONFIGURE_DOCKER", False, "DOCKER"),
    ("TaskInstallCalicoCNI", "cni", "CALICO_INSTALL_CNI", False, "CNI"),
    ("TaskRunCalicoNode", "node", "CALICO_RUN_NODE", True, "NODE"),
)
NUMBERS = {
    "TASK_STARTING": 0, "TASK_RUNNING": 1, "TASK_FINISHED": 2, "TASK_FAILED": 3, "TASK_KILLED": 4, "TASK_LOST": 5, "TASK_STAGING": 6, "TASK_ERROR": 7,
}  # fmt: skip
ROLES = ("*", "slave_public")
INSTALLER = """#!/bin/sh
# Stands where an agent brings no installer of its own: changes nothing.
case "$1" in
    etcd-proxy | node) exec sleep 1000000 ;;
    docker | cni) exit 0 ;;
esac
exit 64
"""


class Calico(Program):
    """Settings come from the app's environment."""

    @property
    def name(self) -> str:
        """Whatever its options say: another name than that by which Cosmos looks for it (framework/framework.py, launch_framework())."""
        return "calico"

    @property
    def zookeeper_path(self) -> str:
        return "/" + self.env.get("CALICO_ZK", "zk://zk-1.zk:2181/calico").rpartition("/")[2]

    @property
    def role(self) -> str:
        return "slave_public"

    def _steps(self) -> list[tuple[str, str, str, bool, str]]:
        return [step for step in STEPS if self.env.get(step[2], "true").lower() == "true"]

    def _latest(self, agent: Agent) -> dict[str, Task]:
        """The last task of each class on an agent."""
        assert self.framework
        return {
            task.data["class"]: task
            for task in self.cluster.mesos.tasks_of(self.framework.id)
            if task.agent_id == agent.id
        }

    async def step(self) -> None:
        restarting = sum(1 for agent in self.cluster.agents if self._restarts(agent))
        for agent in self.cluster.agents:
            step = self._next(agent)
            if step is None:
                continue
            if not step[3]:
                if restarting >= int(self.env.get("CALICO_MAX_CONCURRENT_RESTARTS", "1")):
                    continue
                restarting += 1
            self._launch(agent, step)

    def _restarts(self, agent: Agent) -> bool:
        tasks = self._latest(agent)
        return any(cls in tasks and not tasks[cls].terminal for cls, _, _, stays, _ in STEPS if not stays)

    def _next(self, agent: Agent) -> tuple[str, str, str, bool, str] | None:
        """The first step that is not as it should be, if it has to be started: a failed one is tried for ever."""
        tasks = self._latest(agent)
        for step in self._steps():
            task = tasks.get(step[0])
            if task is None or task.terminal and (step[3] or task.state != "TASK_FINISHED"):
                return step
            if not (task.running if step[3] else task.state == "TASK_FINISHED"):
                return None
        return None

    def _launch(self, agent: Agent, step: tuple[str, str, str, bool, str]) -> None:
        cls, name, _, _, kind = step
        resources = {
            "cpus": float(self.env.get(f"CALICO_{kind}_CPUS", "0.1")),
            "mem": float(self.env.get(f"CALICO_{kind}_MEM", "128")),
            "disk": 0.0,
        }
        if self.framework is None or self.cluster.mesos.offer(agent, resources, ROLES) is None:
            return
        task_id = f"{cls[4:]}-{str(uuid.uuid4()).upper()}"
        order = {
            "name": f"calico-{name}",
            "command": f'exec "${{STANDIN_CALICO_INSTALLER:-./calico-installer}}" {name}',
            "env": {key: value for key, value in self.env.items() if key.startswith(("CALICO_", "ETCD_"))},
            "files": {"calico-installer": INSTALLER},
            "user": "root",
        }
        self.cluster.mesos.launch(
            self.framework, agent, task_id, order, resources=resources, data={"class": cls, "hash": 0}
        )

    def handle(self, method: str, path: str, query: dict[str, str]) -> Answer:
        if path == "/health":
            return Answer(200, {"health": "OK"})
        if path == "/json":
            return Answer(200, {agent.id: self._row(agent) for agent in self.cluster.agents} if self.framework else {})
        if path == "/":
            return Answer(200, "<!DOCTYPE html><html><body><h1>Calico</h1></body></html>", "text/html")
        return NOT_FOUND

    def _row(self, agent: Agent) -> dict[str, Any]:
        return {
            cls: {
                "task_id": task.id,
                "state": NUMBERS[task.state],
                "created": rfc3339(task.launched),
                "updated": rfc3339(task.statuses[-1]["timestamp"]),
                "hash": task.data["hash"],
                "role": agent.role,
            }
            for cls, task in self._latest(agent).items()
        }
