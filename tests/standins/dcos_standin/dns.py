"""mesos-dns: records from what runs, over HTTP and for the lab's name server. IPSources is DC/OS' default, host before netinfo."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .answers import as_json
from .mesos import Task

if TYPE_CHECKING:
    from .cluster import Cluster

DIRECTORY = "dcos.thisdcos.directory"


@dataclass
class Records:
    """Names without the last dot."""

    a: dict[str, list[str]] = field(default_factory=dict)
    srv: dict[str, list[tuple[str, int]]] = field(default_factory=dict)

    def address(self, name: str, ip: str) -> None:
        known = self.a.setdefault(name, [])
        if ip not in known:
            known.append(ip)

    def service(self, name: str, target: str, port: int) -> None:
        known = self.srv.setdefault(name, [])
        if (target, port) not in known:
            known.append((target, port))


def fragment(text: str) -> str:
    """A name as labels of a domain: what may not stand there becomes a dash, dots stay."""
    return ".".join(re.sub(r"[^a-z0-9-]+", "-", part.lower()).strip("-") for part in text.split(".") if part)


def records(cluster: Cluster) -> Records:
    """All records of this moment."""
    found = Records()
    if cluster.leader:
        found.address("leader.mesos", cluster.leader)
        found.service("_leader._tcp.mesos", "leader.mesos", 5050)
    for index, master in enumerate(cluster.config.masters):
        found.address("master.mesos", master)
        found.address(f"master{index}.mesos", master)
    for agent in cluster.agents:
        found.address("slave.mesos", agent.ip)
        found.service("_slave._tcp.mesos", "slave.mesos", 5051)
    for task in cluster.mesos.tasks.values():
        framework = cluster.mesos.frameworks.get(task.framework_id)
        if task.running and framework and not framework.completed:
            _of_task(found, task, fragment(framework.name))
    return found


def _of_task(found: Records, task: Task, framework: str) -> None:
    name = fragment((task.discovery or {}).get("name") or task.name)
    mark = hashlib.sha1(task.id.encode()).hexdigest()[:5]
    canonical = f"{name}-{mark}-{task.agent_id.rpartition('-')[2].lower()}"
    for host in (name, canonical):
        found.address(f"{host}.{framework}.mesos", task.agent_ip)
        found.address(f"{host}.{framework}.slave.mesos", task.agent_ip)
    # Several ways to name the app in DC/OS' own domain; groups are joined by dashes there.
    flat = name.replace(".", "-")
    found.address(f"{flat}.{framework}.containerip.{DIRECTORY}", task.container_ip)
    found.address(f"{flat}.{framework}.agentip.{DIRECTORY}", task.agent_ip)
    found.address(f"{flat}.{framework}.autoip.{DIRECTORY}", task.agent_ip if task.ports else task.container_ip)
    for port in (task.discovery or {}).get("ports", []):
        protocol = port.get("protocol") or "tcp"
        target = f"{canonical}.{framework}.mesos"
        found.service(f"_{name}._{protocol}.{framework}.mesos", target, port["number"])
        if port.get("name"):
            found.service(f"_{fragment(port['name'])}._{name}._{protocol}.{framework}.mesos", target, port["number"])


def as_document(found: Records) -> dict[str, Any]:
    """For /_dns/records; the serial follows from the content."""
    out: dict[str, Any] = {
        "a": {name: sorted(ips) for name, ips in sorted(found.a.items())},
        "srv": {
            name: [{"target": target, "port": port} for target, port in sorted(entries)]
            for name, entries in sorted(found.srv.items())
        },
    }
    digest = hashlib.sha1(repr(out).encode()).hexdigest()
    return {"serial": int(digest[:12], 16), **out}


def routes(cluster: Cluster) -> list[Route]:
    """mesos-dns' HTTP API under /mesos_dns. What is not known is answered with 200 and one empty record."""

    async def hosts(request: Request) -> Response:
        name = request.path_params["name"].rstrip(".").lower()
        ips = records(cluster).a.get(name, [])
        return as_json([{"host": f"{name}.", "ip": ip} for ip in sorted(ips)] or [{"host": "", "ip": ""}])

    async def services(request: Request) -> Response:
        found, name = records(cluster), request.path_params["name"].rstrip(".").lower()
        targets = sorted(found.srv.get(name, []))
        rows = [
            {"service": name, "host": f"{target}.", "ip": (found.a.get(target) or [""])[0], "port": str(port)}
            for target, port in targets
        ]
        return as_json(rows or [{"service": "", "host": "", "ip": "", "port": ""}])

    async def version(_request: Request) -> Response:
        return as_json(
            {"Service": "Mesos-DNS", "URL": "https://github.com/mesosphere/mesos-dns", "Version": "v0.7.0-rc2"}
        )

    async def config(_request: Request) -> Response:
        out: dict[str, Any] = {
            "RefreshSeconds": 30, "TTL": 60, "Port": 61053, "Domain": "mesos", "Listener": "0.0.0.0", "HTTPPort": 8123,
            "IPSources": ["host", "netinfo"], "Zk": "zk://zk-1.zk:2181/mesos", "MesosHTTPSOn": cluster.release.enterprise,
            "File": "/opt/mesosphere/etc/mesos-dns" + ("-enterprise" if cluster.release.enterprise else "") + ".json",
        }  # fmt: skip
        if cluster.release.enterprise:
            out["HTTPListener"] = "127.0.0.1"
        return as_json(out)

    return [
        Route("/mesos_dns/v1/hosts/{name}", hosts),
        Route("/mesos_dns/v1/services/{name}", services),
        Route("/mesos_dns/v1/version", version),
        Route("/mesos_dns/v1/config", config),
    ]
