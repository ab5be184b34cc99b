"""Restarts of Mesos agents: which process an agent is, and the heart of what they must leave as it was."""

from __future__ import annotations

from typing import Any

from support.ansible import Run, playbook
from support.apps import one_on_each_agent, tasks
from support.lab import Host, Lab

PLUGINS = "/opt/mesosphere/active/cni/:/opt/mesosphere/active/dcos-cni/:/opt/mesosphere/active/mesos/libexec/mesos"
OVERRIDE = "/var/lib/dcos/mesos-slave-common"


def unit(host: Host) -> str:
    return "dcos-mesos-slave-public.service" if host.role == "slave_public" else "dcos-mesos-slave.service"


def shown(host: Host, of_unit: str, name: str) -> str:
    """One property of a unit."""
    return host.out("systemctl", "show", "-p", name, of_unit).strip().partition("=")[2]


def pids(lab: Lab) -> dict[str, str]:
    """Process of each agent."""
    return {agent.name: shown(agent, unit(agent), "MainPID") for agent in lab.agents}


def started(host: Host, of_unit: str) -> int:
    """When a unit's process was started, in microseconds on the clock that all hosts of a lab share."""
    return int(shown(host, of_unit, "ExecMainStartTimestampMonotonic"))


def is_strict(host: Host) -> None:
    """Neither `all` nor an interface of a container is loose."""
    names = ["all", *(name for name in host.out("ls", "/proc/sys/net/ipv4/conf").split() if name.startswith("cali"))]
    assert {name: host.read(f"/proc/sys/net/ipv4/conf/{name}/rp_filter").strip() for name in names} == dict.fromkeys(
        names, "1"
    )


def other_plugin_path(host: Host, more: str = "/opt/calico/cni") -> None:
    """What an operator writes who keeps plugins elsewhere."""
    host.write(OVERRIDE, f"MESOS_NETWORK_CNI_PLUGINS_DIR={PLUGINS}:{more}\n")


def heart(lab: Lab, variables: dict[str, Any] | None = None) -> Run:
    """On a lab with Calico: another plugin path restarts that agent and no other, under tasks that do not notice. Half a minute."""
    victim, before = lab.agents[0], pids(lab)
    with one_on_each_agent(lab, "agent-restart", "calico") as tasks_before:
        other_plugin_path(victim)
        try:
            run = playbook(lab.inventory, "--tags", "node,cni", variables=variables).require()
            after = pids(lab)
            assert [name for name in before if after[name] != before[name]] == [victim.name]
            assert "/opt/calico/cni" in victim.out("cat", f"/proc/{after[victim.name]}/environ")
            assert [(task["id"], task["startedAt"]) for task in tasks(lab, "agent-restart")] == [
                (task["id"], task["startedAt"]) for task in tasks_before
            ]
            is_strict(victim)
        finally:
            victim.run("rm", OVERRIDE)
            victim.run("systemctl", "restart", unit(victim))
    return run
