"""Docker containers on Calico's network, and what of Docker and Calico is behind them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from support.agent_restart import shown
from support.ansible import Run, playbook
from support.lab import Host, Lab, eventually

NAME = "playbooks/docker_network.yml"
CONFIG = "/etc/docker/daemon.json"
DESIRED: dict[str, Any] = {"calico_docker_network": True}
# The plugin has containers under the host's name.
NAMES: dict[str, Any] = {"calico_node_name": "{{ calico_agent.node.hostname }}"}
# The lab's kernel has IPv6, and its Docker is newer than 17.03.
ON: dict[str, Any] = {**DESIRED, "calico_docker_network_disable_ipv6": True, **NAMES}
CONSENT: dict[str, Any] = {**ON, "calico_docker_network_restart": True}


def pids(lab: Lab) -> dict[str, str]:
    """Process of each Docker."""
    return {agent.name: shown(agent, "docker.service", "MainPID") for agent in lab.agents}


def image(host: Host) -> str:
    """The image that calico/node runs."""
    return host.out("docker", "inspect", "--format", "{{.Config.Image}}", "calico-node").strip()


@contextmanager
def containers(lab: Lab, network: str, prefix: str = "on") -> Iterator[dict[str, dict[str, Any]]]:
    """One Docker container on each agent, {agent: what Docker says of its place on the network}; gone at the end."""
    names = {agent.name: f"{prefix}-{agent.name}" for agent in lab.agents}
    try:
        for agent in lab.agents:
            agent.run(
                "docker",
                "run",
                "-d",
                "--net",
                network,
                "--name",
                names[agent.name],
                "--entrypoint",
                "/bin/sleep",
                image(agent),
                "3600",
            )
        found = {}
        for agent in lab.agents:
            inspected = json.loads(agent.out("docker", "inspect", names[agent.name]))[0]
            found[agent.name] = {"name": names[agent.name], **inspected["NetworkSettings"]["Networks"][network]}
        yield found
    finally:
        for agent in lab.agents:
            agent.run("docker", "rm", "-f", names[agent.name], check=False)


def ping(host: Host, container: str, address: str) -> bool:
    return host.run("docker", "exec", container, "ping", "-c", "1", "-W", "1", address, check=False).returncode == 0


def reach_each_other(lab: Lab, found: dict[str, dict[str, Any]]) -> None:
    """Every container every other, both ways; the first packets may come before the routes."""
    for one, other in itertools.permutations(found, 2):
        eventually(
            f"{one} reaches {other}",
            lambda one=one, other=other: ping(lab.hosts[one], found[one]["name"], found[other]["IPAddress"]),
            seconds=30,
        )


def heart(lab: Lab, variables: dict[str, Any] | None = None) -> Run:
    """On a lab with Calico and its libnetwork plugin: networks in Docker, containers of two agents that reach each other. Under a minute."""
    run = playbook(lab.inventory, name=NAME, variables={**CONSENT, **(variables or {})}).require()
    with containers(lab, "calico") as found:
        reach_each_other(lab, found)
    assert playbook(lab.inventory, name=NAME, variables={**CONSENT, **(variables or {})}).require().changed() == []
    return run
