"""etcd-mesos 0.1.3, the scheduler of package etcd 0.0.2 and 0.0.3: real etcd members on random ports.

It starts one member, then adds one after the other through etcd's own members API. `/healthz` is 500 until all of them run
and agree on a leader.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import uuid
from typing import Any

from ..agents import Agent
from ..mesos import Task
from .base import NOT_FOUND, Answer, Program

TASK_NAME = "etcd-server"
ANSWER_SECONDS = 3


class EtcdMesos(Program):
    """Settings come from the app's environment: FRAMEWORK_NAME, CLUSTER_SIZE, ZK_PERSIST, CPU_LIMIT, MEM_LIMIT, DISK_LIMIT."""

    default_name = "etcd"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.healthy = False
        self.counters = {
            "RunningServers": 0,
            "LaunchedServers": 0,
            "FailedServers": 0,
            "ClusterLivelocks": 0,
            "ClusterReseeds": 0,
            "IsHealthy": 0,
        }
        self._failed: set[str] = set()

    @property
    def zookeeper_path(self) -> str:
        return "/" + self.env.get("ZK_PERSIST", "zk://master.mesos:2181/etcd").rpartition("/")[2]

    @property
    def size(self) -> int:
        return int(self.env.get("CLUSTER_SIZE", "3"))

    async def step(self) -> None:
        servers = [task for task in self.tasks() if not task.killing]
        running = [task for task in servers if task.running]
        answering = [task for task in running if await asyncio.to_thread(_ask, task, "GET", "/health")]
        self.counters["RunningServers"] = len(running)
        self.healthy = len(answering) == self.size == len(running)
        self.counters["IsHealthy"] = int(self.healthy)
        self._count_failures()
        if len(servers) >= self.size or len(servers) != len(answering):
            return
        offer = self._place(answering)
        if offer is None:
            return
        if answering:
            await self._announce(answering, offer)
        self._launch(answering, offer)

    def _count_failures(self) -> None:
        if self.framework:
            ended = {
                task.id
                for task in self.cluster.mesos.tasks_of(self.framework.id)
                if task.terminal and task.state != "TASK_KILLED"
            }
            self.counters["FailedServers"] += len(ended - self._failed)
            self._failed |= ended

    async def _announce(self, running: list[Task], offer: tuple[Agent, list[int]]) -> None:
        """Forget members whose tasks are gone, and tell the others of the next one before it starts."""
        known = await asyncio.to_thread(_ask, running[0], "GET", "/v2/members")
        peers = {_peer_url(task) for task in running}
        for member in (known or {}).get("members", []):
            if not set(member["peerURLs"]) & peers:
                await asyncio.to_thread(_ask, running[0], "DELETE", f"/v2/members/{member['id']}")
        agent, ports = offer
        await asyncio.to_thread(
            _ask, running[0], "POST", "/v2/members", {"peerURLs": [f"http://{agent.ip}:{ports[0]}"]}
        )

    def _resources(self) -> dict[str, float]:
        return {
            "cpus": float(self.env.get("CPU_LIMIT", "1")),
            "mem": float(self.env.get("MEM_LIMIT", "2048")),
            "disk": float(self.env.get("DISK_LIMIT", "4096")),
        }

    def _place(self, running: list[Task]) -> tuple[Agent, list[int]] | None:
        """An agent without a member, and its ports for peers, clients and reseeding."""
        taken = {task.agent_id for task in running}
        return next(
            ((agent, ports) for agent, ports in self.offers(self._resources(), (0, 0, 0)) if agent.id not in taken),
            None,
        )

    def _launch(self, running: list[Task], offer: tuple[Agent, list[int]]) -> None:
        assert self.framework
        agent, ports = offer
        name = f"{TASK_NAME}-{uuid.uuid4().hex[:5]}"
        resources = self._resources()
        peer, client, reseed = ports
        others = [(task.data["node"]["name"], _peer_url(task)) for task in running]
        members = ",".join(f"{member}={url}" for member, url in [*others, (name, f"http://{agent.ip}:{peer}")])
        order = {
            "name": TASK_NAME,
            "command": (
                f'exec "${{STANDIN_ETCD:-etcd}}" --name {name} --data-dir ./etcd_data'
                f" --listen-peer-urls http://{agent.ip}:{peer} --initial-advertise-peer-urls http://{agent.ip}:{peer}"
                f" --listen-client-urls http://{agent.ip}:{client} --advertise-client-urls http://{agent.ip}:{client}"
                f" --initial-cluster {members} --initial-cluster-state {'existing' if running else 'new'}"
                " --strict-reconfig-check=false"
            ),
            "image": "mesosphere/etcd-mesos:0.1.3",
        }
        node = {
            "name": name,
            "host": agent.ip,
            "rpcPort": peer,
            "clientPort": client,
            "httpPort": reseed,
            "type": "",
            "slaveID": agent.id,
        }
        # The protocol "client" is etcd-mesos' own idea: it makes mesos-dns publish _etcd-server._client.
        discovery = {
            "name": TASK_NAME,
            "ports": [
                {"number": peer, "name": "server", "protocol": "tcp"},
                {"number": client, "name": "client", "protocol": "client"},
            ],
        }
        task_id = f"{name} {agent.ip} {peer} {client} {reseed}".replace(" ", "-")
        self.counters["LaunchedServers"] += 1
        self.cluster.mesos.launch(
            self.framework,
            agent,
            task_id,
            order,
            resources=resources,
            ports=ports,
            discovery=discovery,
            data={"node": node},
        )

    def handle(self, method: str, path: str, query: dict[str, str]) -> Answer:
        if path == "/healthz":
            return (
                Answer(200, "cluster is healthy", "text/plain")
                if self.healthy
                else Answer(500, "cluster is unhealthy", "text/plain")
            )
        if path == "/stats":
            return Answer(200, self.counters)
        if path == "/members":
            return Answer(200, [task.data["node"] for task in self.tasks() if task.running])
        if path == "/":
            return Answer(200, "<!DOCTYPE html><html><body><h1>etcd-mesos</h1></body></html>", "text/html")
        return NOT_FOUND


def _peer_url(task: Task) -> str:
    node = task.data["node"]
    return f"http://{node['host']}:{node['rpcPort']}"


def _ask(task: Task, method: str, path: str, body: Any = None) -> Any:
    """A member's JSON answer; None when it has none."""
    node = task.data["node"]
    connection = http.client.HTTPConnection(node["host"], node["clientPort"], timeout=ANSWER_SECONDS)
    try:
        connection.request(
            method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"}
        )
        answer = connection.getresponse()
        content = answer.read()
        return json.loads(content) if content and answer.status < 300 else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
