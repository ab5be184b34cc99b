"""A scheduler program: the part of a framework that runs as an app's task."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..agents import Agent
from ..mesos import Framework, Task

if TYPE_CHECKING:
    from ..cluster import Cluster

LOG = logging.getLogger(__name__)
ROUND_SECONDS = 1.0


@dataclass(frozen=True)
class Answer:
    """What a program's own HTTP server says."""

    status: int
    body: Any
    media: str = "application/json"


NOT_FOUND = Answer(404, "404 page not found\n", "text/plain")


class Gone(Exception):
    """The program ends with an error; the text becomes its task's message."""


class Program:
    """Lives as long as its task runs. Subclasses do their work in `step`, once a second or so, and may await."""

    name_variable = "FRAMEWORK_NAME"
    default_name = ""

    def __init__(self, cluster: Cluster, host: Task) -> None:
        self.cluster = cluster
        self.host = host
        self.env: dict[str, str] = host.order["env"]
        self.framework: Framework | None = None
        self._running: asyncio.Task[None] | None = None

    # -- to be defined ----------------------------------------------------------------------

    @property
    def zookeeper_path(self) -> str:
        """Where the program keeps its framework id."""
        raise NotImplementedError

    async def step(self) -> None:
        """One round of work; raises Gone."""
        raise NotImplementedError

    def handle(self, method: str, path: str, query: dict[str, str]) -> Answer:
        """A request to the program's HTTP server."""
        raise NotImplementedError

    # -- the frame --------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return self.env.get(self.name_variable) or self.default_name

    @property
    def role(self) -> str:
        return "*"

    def start(self) -> None:
        self._running = asyncio.ensure_future(self._run())

    async def stop(self) -> None:
        """The task ended: the framework is disconnected, not torn down, and its tasks go on."""
        if self._running:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running
        if self.framework:
            self.framework.active = False

    async def _run(self) -> None:
        try:
            self._register()
            while True:
                await self.step()
                await asyncio.sleep(max(0.05, self.cluster.clock.scaled(ROUND_SECONDS)))
        except Gone as gone:
            self.cluster.mesos.fail(self.host, str(gone))
        except asyncio.CancelledError:
            raise
        except Exception:
            LOG.exception("%s", self.name)
            self.cluster.mesos.fail(self.host, "the stand-in's program failed, see the service's log")

    def _register(self) -> None:
        """With the id in ZooKeeper, if there is one: of a framework that was torn down it is worth nothing any more."""
        kept = self.cluster.zookeeper.get(self.zookeeper_path)
        url = f"http://{self.host.agent_ip}:{self.host.ports[0]}" if self.host.ports else ""
        known = self.cluster.mesos.frameworks.get(kept or "")
        if kept and (known is None or known.completed):
            raise Gone("Framework has been removed")
        self.framework = self.cluster.mesos.register_framework(self.name, self.role, kept, url)
        self.cluster.zookeeper[self.zookeeper_path] = self.framework.id

    # -- for subclasses ---------------------------------------------------------------------

    def tasks(self) -> list[Task]:
        """The framework's tasks that have not ended, oldest first."""
        if self.framework is None:
            return []
        return [task for task in self.cluster.mesos.tasks_of(self.framework.id) if not task.terminal]

    def offers(
        self, resources: dict[str, float], ports: tuple[int, ...] = (), roles: tuple[str, ...] = ("*",)
    ) -> list[tuple[Agent, list[int]]]:
        """The agents that can give this, with the ports they would give."""
        found = []
        for agent in self.cluster.agents:
            got = self.cluster.mesos.offer(agent, resources, roles, ports)
            if got is not None:
                found.append((agent, got))
        return found
