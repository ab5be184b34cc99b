"""Agents: who they are, what they have, whether they are alive."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .clock import Clock

PUBLIC_ROLE = "slave_public"
SCALARS = ("cpus", "mem", "disk", "gpus")
DEFAULT_PORTS = "[1025-2180, 2182-3887, 3889-5049, 5052-8079, 8082-8180, 8182-32000]"
HEARTBEATS_PER_TIMEOUT = 5


class BadAgent(ValueError):
    """What an agent says of itself cannot be."""


@dataclass
class Agent:
    """A registered agent; `reachable` is false while a test keeps its heartbeats away.

    `hostname` is what it calls itself (`--hostname`); Mesos looks at none of it. `recovered` is true while the leading master knows it from its registry only,
    as after an election until it comes back.
    """

    id: str
    ip: str
    port: int
    role: str
    resources: dict[str, Any]
    attributes: dict[str, Any]
    domain: dict[str, Any] | None
    registered_time: float
    last_heartbeat: float
    reachable: bool = True
    hostname: str = ""
    recovered: bool = False
    known_tasks: list[str] = field(default_factory=list)

    @property
    def public(self) -> bool:
        return self.role == PUBLIC_ROLE

    @property
    def machine(self) -> dict[str, str]:
        """Its machine id: the host name and the address that it registered with (master.cpp, registerSlave)."""
        return {"hostname": self.hostname or self.ip, "ip": self.ip}

    @property
    def ports(self) -> list[tuple[int, int]]:
        return parse_ranges(str(self.resources.get("ports", DEFAULT_PORTS)))

    def total(self, name: str) -> float:
        return float(self.resources.get(name, 0))


def parse_ranges(text: str) -> list[tuple[int, int]]:
    """Mesos' "[1-21, 23-5050]"; raises BadAgent."""
    if not re.fullmatch(r"\[\s*(\d+-\d+(\s*,\s*\d+-\d+)*)?\s*\]", text):
        raise BadAgent(f"{text} is no list of port ranges")
    return [(int(first), int(last)) for first, last in re.findall(r"(\d+)-(\d+)", text)]


def render_ranges(ranges: list[tuple[int, int]]) -> str:
    return "[" + ", ".join(f"{first}-{last}" for first, last in ranges) + "]"


def ranges_of(ports: list[int]) -> list[tuple[int, int]]:
    """Ports as the fewest ranges."""
    ranges: list[tuple[int, int]] = []
    for port in sorted(set(ports)):
        if ranges and ranges[-1][1] == port - 1:
            ranges[-1] = (ranges[-1][0], port)
        else:
            ranges.append((port, port))
    return ranges


class Agents:
    """All agents of the cluster, by id."""

    def __init__(self, clock: Clock, timeout_seconds: float, master_id: str) -> None:
        self._clock = clock
        self.timeout = clock.scaled(timeout_seconds)
        self._master_id = master_id
        self._next = 0
        self._agents: dict[str, Agent] = {}

    def __iter__(self) -> Iterator[Agent]:
        return iter(list(self._agents.values()))

    def get(self, agent_id: str) -> Agent | None:
        return self._agents.get(agent_id)

    @property
    def heartbeat_seconds(self) -> float:
        return self.timeout / HEARTBEATS_PER_TIMEOUT

    def register(self, said: Mapping[str, Any]) -> Agent:
        """A new agent, or one that comes back; raises BadAgent."""
        try:
            ip = str(ipaddress.IPv4Address(said["ip"]))
            port = int(said.get("port", 5051))
        except (KeyError, ValueError) as error:
            raise BadAgent(f"ip and port: {error}") from error
        resources = {
            "cpus": 4,
            "mem": 14018,
            "disk": 35572,
            "gpus": 0,
            "ports": DEFAULT_PORTS,
            **(said.get("resources") or {}),
        }
        parse_ranges(str(resources["ports"]))
        now = self._clock.now()
        back = self._agents.get(said.get("agent_id") or "")
        if back:
            back.ip, back.port, back.last_heartbeat, back.recovered = ip, port, now, False
            return back
        agent = Agent(
            id=f"{self._master_id}-S{self._next}",
            ip=ip,
            port=port,
            role=str(said.get("role") or "*"),
            resources=resources,
            attributes=dict(said.get("attributes") or {}),
            domain=said.get("domain"),
            registered_time=now,
            last_heartbeat=now,
            hostname=str(said.get("hostname") or ip),
        )
        self._next += 1
        self._agents[agent.id] = agent
        return agent

    def heartbeat(self, agent_id: str) -> bool:
        """False if the agent has to register again."""
        agent = self._agents.get(agent_id)
        if agent is None:
            return False
        if agent.reachable:
            agent.last_heartbeat = self._clock.now()
        return True

    def remove(self, agent_id: str) -> Agent | None:
        return self._agents.pop(agent_id, None)

    def silent(self) -> list[Agent]:
        """Those whose last heartbeat is too long ago."""
        limit = self._clock.now() - self.timeout
        return [agent for agent in self if agent.last_heartbeat < limit]

    def dump(self) -> dict[str, Any]:
        return {"next": self._next, "agents": [asdict(agent) for agent in self]}

    def load(self, kept: Mapping[str, Any]) -> None:
        """After a restart every agent has its whole time-out to show up again."""
        self._next = kept["next"]
        for entry in kept["agents"]:
            self._agents[entry["id"]] = Agent(**{**entry, "last_heartbeat": self._clock.now()})
