"""The Mesos master's state: frameworks and tasks, and who holds what of which agent."""

from __future__ import annotations

import asyncio
import logging
import random
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .agents import PUBLIC_ROLE, SCALARS, Agent, Agents
from .clock import Clock
from .launcher import Launcher, Refused, Unreachable
from .maintenance import DRAINING, Key, Maintenance, key_of

LOG = logging.getLogger(__name__)
TERMINAL = ("TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_LOST", "TASK_ERROR", "TASK_GONE")
STATES = ("TASK_STAGING", "TASK_STARTING", "TASK_RUNNING", "TASK_KILLING", *TERMINAL[:5], "TASK_UNREACHABLE")
KEPT_COMPLETED = 1000


@dataclass
class Framework:
    """A registered scheduler; `completed` after a teardown, when its id can never be used again."""

    id: str
    name: str
    role: str
    webui_url: str = ""
    active: bool = True
    completed: bool = False
    registered_time: float = 0.0
    unregistered_time: float = 0.0


@dataclass
class Task:
    """A task from launch to its end. `order` is what the launcher gets; `data` belongs to its framework."""

    id: str
    name: str
    framework_id: str
    agent_id: str
    agent_ip: str
    role: str
    resources: dict[str, float]
    ports: list[int]
    order: dict[str, Any]
    discovery: dict[str, Any] | None
    launched: float
    data: dict[str, Any] = field(default_factory=dict)
    state: str = "TASK_STAGING"
    message: str = ""
    ip: str | None = None
    pid: int | None = None
    healthy: bool | None = None
    accepted: bool = False
    killing: bool = False
    statuses: list[dict[str, Any]] = field(default_factory=list)

    @property
    def terminal(self) -> bool:
        return self.state in TERMINAL

    @property
    def running(self) -> bool:
        return self.state == "TASK_RUNNING"

    @property
    def container_ip(self) -> str:
        """The task's own address; with host networking the agent's."""
        return self.ip or self.agent_ip


class Mesos:
    """Launches, follows and kills tasks for frameworks."""

    def __init__(self, clock: Clock, agents: Agents, launcher: Launcher, start_seconds: float) -> None:
        self._clock = clock
        self.agents = agents
        self._launcher = launcher
        self._start = clock.scaled(start_seconds)
        self.frameworks: dict[str, Framework] = {}
        self.tasks: dict[str, Task] = {}
        self.maintenance = Maintenance()
        self.listeners: list[Callable[[Task], None]] = []
        self._background: set[asyncio.Task[None]] = set()
        self.changes = 0

    # -- frameworks -------------------------------------------------------------------------

    def register_framework(
        self, name: str, role: str = "*", framework_id: str | None = None, webui_url: str = ""
    ) -> Framework:
        """A new framework, or one that returns by its id; raises Refused if that one was torn down."""
        known = self.frameworks.get(framework_id or "")
        if known and known.completed:
            raise Refused("Framework has been removed")
        if known:
            known.active, known.webui_url = True, webui_url
            return known
        framework = Framework(f"{uuid.uuid4()}-0000", name, role, webui_url, registered_time=self._clock.now())
        self.frameworks[framework.id] = framework
        self.changes += 1
        return framework

    def teardown(self, framework_id: str) -> bool:
        """End a framework and all it runs."""
        framework = self.frameworks.get(framework_id)
        if framework is None or framework.completed:
            return False
        framework.active, framework.completed, framework.unregistered_time = False, True, self._clock.now()
        for task in self.tasks_of(framework_id):
            if not task.terminal:
                self.kill(task)
        self.changes += 1
        return True

    def tasks_of(self, framework_id: str) -> Iterator[Task]:
        return (task for task in list(self.tasks.values()) if task.framework_id == framework_id)

    # -- resources --------------------------------------------------------------------------

    def used(self, agent: Agent) -> tuple[dict[str, float], list[int]]:
        """What tasks hold of an agent: scalars and ports."""
        scalars, ports = dict.fromkeys(SCALARS, 0.0), []
        for task in self.tasks.values():
            if task.agent_id == agent.id and not task.terminal:
                for name in SCALARS:
                    scalars[name] += task.resources.get(name, 0.0)
                ports += task.ports
        return scalars, ports

    def offer(
        self, agent: Agent, resources: Mapping[str, float], roles: tuple[str, ...], ports: tuple[int, ...] = ()
    ) -> list[int] | None:
        """The ports (0 asks for any) if the agent can give all of this to these roles, else None."""
        if (PUBLIC_ROLE if agent.public else "*") not in roles or not agent.reachable:
            return None
        scalars, taken = self.used(agent)
        if any(scalars[name] + resources.get(name, 0.0) > agent.total(name) + 1e-9 for name in SCALARS):
            return None
        got: list[int] = []
        for wanted in ports:
            port = wanted or self._free_port(agent, taken + got)
            if port is None or port in taken + got or not any(first <= port <= last for first, last in agent.ports):
                return None
            got.append(port)
        return got

    @staticmethod
    def _free_port(agent: Agent, taken: list[int]) -> int | None:
        for _ in range(200):
            first, last = random.choice(agent.ports or [(0, -1)])
            if first > last:
                return None
            port = random.randint(first, last)
            if port not in taken:
                return port
        return None

    # -- tasks ------------------------------------------------------------------------------

    def launch(self, framework: Framework, agent: Agent, task_id: str, order: dict[str, Any], **more: Any) -> Task:
        """Start a task; `more` are fields of Task: resources, ports, discovery, data."""
        order = {
            "command": None, "args": [], "image": None, "containerizer": "MESOS", "network": None, "labels": {}, "network_labels": {}, "env": {},
            "port_mappings": [], "user": None, "grace_seconds": 3, "files": {}, "fetch": [], "health_checks": [],
            **order, "task_id": task_id, "framework": framework.name, "ports": more.get("ports", []), "resources": more.get("resources", {}),
        }  # fmt: skip
        task = Task(
            id=task_id, name=order["name"], framework_id=framework.id, agent_id=agent.id, agent_ip=agent.ip, role=agent.role, order=order,
            launched=self._clock.now(), resources=dict(more.get("resources", {})), ports=list(more.get("ports", [])),
            discovery=more.get("discovery"), data=dict(more.get("data", {})),
        )  # fmt: skip
        self.tasks[task.id] = task
        self._forget_old()
        self._note(task)
        if framework.completed:  # torn down while its scheduler was about to launch
            self.update(task, "TASK_LOST", "Framework has been removed")
        else:
            self._spawn(self._launch(task, agent))
        return task

    async def _launch(self, task: Task, agent: Agent) -> None:
        try:
            answer = await asyncio.to_thread(self._launcher.launch, agent, task.order)
        except Refused as refused:
            self.update(task, "TASK_FAILED", str(refused))
        except Unreachable as lost:
            self.update(task, "TASK_LOST", f"Agent unreachable: {lost}")
        else:
            task.ip, task.pid, task.accepted = answer.get("ip"), answer.get("pid"), True
            self.changes += 1
            if task.killing or task.terminal:
                await self._kill(task)

    def kill(self, task: Task) -> None:
        if task.terminal or task.killing:
            return
        task.killing = True
        self.changes += 1
        self._spawn(self._kill(task))

    async def _kill(self, task: Task) -> None:
        agent = self.agents.get(task.agent_id)
        try:
            if agent is not None:
                await asyncio.to_thread(self._launcher.kill, agent, task.id)
        except Unreachable as lost:
            LOG.warning("kill of %s: %s", task.id, lost)
            task.killing = False

    def fail(self, task: Task, message: str) -> None:
        """A scheduler program that gives up: its process ends with an error."""
        self.kill(task)
        self.update(task, "TASK_FAILED", message)

    def update(self, task: Task, state: str, message: str = "") -> None:
        """A status update; what has ended stays as it is."""
        if task.terminal or (state == task.state and message == task.message):
            return
        task.state, task.message = state, message
        self._note(task)
        for listener in list(self.listeners):
            listener(task)

    def _note(self, task: Task) -> None:
        task.statuses.append({"state": task.state, "timestamp": self._clock.now()})
        self.changes += 1

    def _forget_old(self) -> None:
        ended = [task_id for task_id, task in self.tasks.items() if task.terminal]
        for task_id in ended[: max(0, len(ended) - KEPT_COMPLETED)]:
            del self.tasks[task_id]

    def _spawn(self, work: Any) -> None:
        running = asyncio.ensure_future(work)
        self._background.add(running)
        running.add_done_callback(self._background.discard)

    # -- agents -----------------------------------------------------------------------------

    def agent_lost(self, agent: Agent, why: str = "health check timed out") -> None:
        """Everything on an agent that is gone is lost."""
        self.agents.remove(agent.id)
        for task in list(self.tasks.values()):
            if task.agent_id == agent.id and not task.terminal:
                self.update(task, "TASK_LOST", f"Agent {agent.ip} removed: {why}")
        self.changes += 1

    # -- maintenance ------------------------------------------------------------------------

    def agents_on(self, machine: Key) -> list[str]:
        """Ids of the agents that are registered from a machine: both its host name and its address are theirs."""
        return [agent.id for agent in self.agents if key_of(agent.machine) == machine and not agent.recovered]

    def machines_down(self, said: Any) -> None:
        """Their agents are told to shut down and are removed at once, their tasks lost with them (http.cpp, _startMaintenance)."""
        for machine in self.maintenance.down(said):
            for agent_id in self.agents_on(machine):
                agent = self.agents.get(agent_id)
                if agent is not None:
                    self.agent_lost(agent, "Operator initiated 'Machine DOWN'")

    def answer(self, agent_id: str, framework_id: str, status: str) -> bool:
        """A framework answers an inverse offer; it has one if it holds something of an agent that drains (hierarchical.cpp, deallocate)."""
        agent = self.agents.get(agent_id)
        holds = any(task.agent_id == agent_id and not task.terminal for task in self.tasks_of(framework_id))
        if agent is None or not holds or self.maintenance.mode(agent.machine) != DRAINING:
            return False
        timestamp = {"nanoseconds": int(self._clock.now() * 10**9)}
        self.maintenance.answers[agent_id, framework_id] = {
            "status": status,
            "framework_id": {"value": framework_id},
            "timestamp": timestamp,
        }
        return True

    async def poll(self) -> None:
        """Ask every agent what became of its tasks; lose agents that are silent."""
        for agent in self.agents.silent():
            self.agent_lost(agent)
        await asyncio.gather(*(self._poll(agent) for agent in self.agents if agent.reachable))

    async def _poll(self, agent: Agent) -> None:
        expected = {
            task.id for task in self.tasks.values() if task.agent_id == agent.id and task.accepted and not task.terminal
        }
        try:
            states = await asyncio.to_thread(self._launcher.states, agent)
        except Unreachable:
            return
        seen = {entry["task_id"]: entry for entry in states}
        for task_id in expected:
            self._follow(self.tasks[task_id], seen.get(task_id))
        for task_id, entry in seen.items():
            # What has ended for this master must not go on. What it never knew is left alone: tests start tasks on agents, too.
            stray = task_id in self.tasks and self.tasks[task_id].terminal
            if stray and entry.get("state") in ("TASK_RUNNING", "TASK_STAGING"):
                await asyncio.to_thread(self._launcher.kill, agent, task_id)

    def _follow(self, task: Task, entry: Mapping[str, Any] | None) -> None:
        if entry is None:
            self.update(
                task, "TASK_KILLED" if task.killing else "TASK_LOST", "The agent does not know this task any more"
            )
            return
        task.ip = entry.get("ip") or task.ip
        task.pid = entry.get("pid") or task.pid
        if task.healthy != entry.get("healthy"):
            task.healthy = entry.get("healthy")
            self.changes += 1
        state = entry["state"]
        if state == "TASK_RUNNING" and task.state == "TASK_STAGING" and self._clock.now() < task.launched + self._start:
            return
        if task.killing and state in TERMINAL:
            state = "TASK_KILLED"
        if not (state == "TASK_STAGING" and task.running):
            self.update(task, state, entry.get("message") or "")

    # -- state ------------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        return {
            "frameworks": [asdict(f) for f in self.frameworks.values()],
            "tasks": [asdict(task) for task in self.tasks.values()],
            "maintenance": self.maintenance.dump(),
        }

    def load(self, kept: Mapping[str, Any]) -> None:
        self.frameworks = {entry["id"]: Framework(**entry) for entry in kept["frameworks"]}
        self.tasks = {entry["id"]: Task(**entry) for entry in kept["tasks"]}
        self.maintenance = Maintenance(kept.get("maintenance"))
        for task in self.tasks.values():
            # The launch was under way when the service ended: the agent says at the next poll whether it has it.
            task.accepted = task.accepted or not task.terminal
