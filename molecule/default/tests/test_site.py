"""What only the whole site gives: containers of all agents reach each other."""

from __future__ import annotations

import itertools
import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

AGENT_PROGRAM = "/opt/lab/dcos-mesos-slave"
SECONDS = 40


@dataclass(frozen=True)
class Container:
    """One that Mesos started on an agent."""

    agent: Any
    identity: str
    address: str

    def reaches(self, address: str) -> bool:
        namespace = f"/var/run/mesos/isolators/network/cni/{self.identity}/ns"
        with self.agent.sudo():
            return self.agent.run("nsenter --net=%s ping -c 1 -W 1 %s", namespace, address).rc == 0


@pytest.fixture
def containers(agent_hosts: list[Any]) -> Iterator[list[Container]]:
    """One on each agent, gone afterwards."""
    started: list[Container] = []
    try:
        for agent in agent_hosts:
            with agent.sudo():
                answer = json.loads(
                    agent.check_output("%s launch calico --name %s", AGENT_PROGRAM, f"molecule-{uuid.uuid4().hex[:8]}")
                )
            started.append(Container(agent, answer["container_id"], answer["ip"]))
        yield started
    finally:
        for container in started:
            with container.agent.sudo():
                container.agent.check_output("%s kill %s", AGENT_PROGRAM, container.identity)


def test_containers_of_all_agents_reach_each_other_both_ways(containers: list[Container]) -> None:
    assert len({container.address for container in containers}) == len(containers) > 1
    missing, deadline = list(itertools.permutations(containers, 2)), time.monotonic() + SECONDS
    while missing and time.monotonic() < deadline:
        missing = [(one, other) for one, other in missing if not one.reaches(other.address)]
    assert not missing
