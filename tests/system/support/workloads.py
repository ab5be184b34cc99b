"""Containers on a network, one on each agent, and who reaches whom."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import itertools
import time
import uuid
from types import TracebackType

from dcoslab.process import scaled

from support.lab import Host, Lab


@dataclasses.dataclass(frozen=True)
class Workload:
    agent: Host
    container: str
    address: str


class Workloads:
    """One container on each agent, gone at the end of the with block."""

    def __init__(self, lab: Lab, network: str, agents: list[Host] | None = None) -> None:
        self.agents = agents or lab.agents
        self.network = network
        self.items: list[Workload] = []

    def __enter__(self) -> Workloads:
        try:
            for agent in self.agents:
                started = agent.launch(self.network, f"test-{uuid.uuid4().hex[:8]}")
                self.items.append(Workload(agent, started["container_id"], started["ip"]))
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Kill what was started."""
        for item in self.items:
            item.agent.kill(item.container)
        self.items.clear()

    def of(self, agent: Host) -> Workload:
        return next(item for item in self.items if item.agent is agent)

    def unreachable(self, seconds: float = 20) -> list[tuple[str, str]]:
        """Ordered pairs of agents whose containers do not reach each other, once every pair has had its time."""
        missing = list(itertools.permutations(self.items, 2))
        deadline = time.monotonic() + scaled(seconds)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            while missing:
                answers = pool.map(lambda pair: pair[0].agent.ping(pair[0].container, pair[1].address), missing)
                missing = [pair for pair, answer in zip(missing, answers) if not answer]
                if time.monotonic() > deadline:
                    break
        return [(a.agent.name, b.agent.name) for a, b in missing]
