"""Schedulers made with dcos-commons: a deploy plan of phases and steps, each step a task; uninstalled by a restart with SDK_UNINSTALL."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from ..agents import Agent
from ..mesos import Task
from .base import NOT_FOUND, Answer, Program

COMPLETE, PENDING, STARTING = "COMPLETE", "PENDING", "STARTING"
_CODES = {COMPLETE: 200, "ERROR": 417}


@dataclass(frozen=True)
class Step:
    """One pod instance."""

    name: str
    order: dict[str, Any]
    resources: dict[str, float]
    ports: tuple[int, ...] = ()
    roles: tuple[str, ...] = ("*",)
    unique: bool = False
    discovery: list[dict[str, Any]] = field(default_factory=list)


class Sdk(Program):
    """Subclasses say what the phases are."""

    @property
    def zookeeper_path(self) -> str:
        return f"/dcos-service-{self.name.replace('/', '__')}"

    @property
    def uninstalling(self) -> bool:
        return self.env.get("SDK_UNINSTALL", "").lower() == "true"

    def phases(self) -> list[tuple[str, str, list[Step]]]:
        """(phase, strategy serial or parallel, steps)."""
        raise NotImplementedError

    def _task(self, step: Step) -> Task | None:
        return next((task for task in self.tasks() if task.data["step"] == step.name), None)

    def _status(self, step: Step) -> str:
        task = self._task(step)
        return PENDING if task is None else COMPLETE if task.running else STARTING

    async def step(self) -> None:
        if self.uninstalling:
            self._uninstall()
            return
        for _, strategy, steps in self.phases():
            for step in steps:
                if self._task(step) is None:
                    self._launch(step)
                if strategy == "serial" and self._status(step) != COMPLETE:
                    return
            if any(self._status(step) != COMPLETE for step in steps):
                return

    def _uninstall(self) -> None:
        for task in self.tasks():
            self.cluster.mesos.kill(task)
        if not self.tasks() and self.framework and not self.framework.completed:
            self.cluster.mesos.teardown(self.framework.id)
            self.cluster.zookeeper.pop(self.zookeeper_path, None)

    def place(self, step: Step, offers: list[tuple[Agent, list[int]]]) -> tuple[Agent, list[int]] | None:
        """Where the step goes; unique steps of one kind not beside each other."""
        kind = step.name.rpartition("-")[0]
        taken = {task.agent_id for task in self.tasks() if step.unique and task.data["step"].rpartition("-")[0] == kind}
        return next(((agent, ports) for agent, ports in offers if agent.id not in taken), None)

    def _launch(self, step: Step) -> None:
        found = self.place(step, self.offers(step.resources, step.ports, step.roles))
        if found is None or self.framework is None:
            return
        agent, ports = found
        discovery = {"name": step.name, "ports": step.discovery}
        order = {**step.order, "name": step.name}
        task_id = f"{step.name}__{uuid.uuid4()}"
        self.cluster.mesos.launch(
            self.framework,
            agent,
            task_id,
            order,
            resources=step.resources,
            ports=ports,
            discovery=discovery,
            data={"step": step.name},
        )

    # -- its HTTP server --------------------------------------------------------------------

    def _plan(self) -> dict[str, Any]:
        if self.uninstalling:
            status = COMPLETE if self.framework and self.framework.completed else "IN_PROGRESS"
            return {"phases": [], "errors": [], "strategy": "serial", "status": status}
        phases = []
        for name, strategy, steps in self.phases():
            rows = [
                {"id": str(uuid.uuid5(uuid.NAMESPACE_DNS, step.name)), "name": step.name, "status": self._status(step)}
                for step in steps
            ]
            phases.append(
                {
                    "id": str(uuid.uuid5(uuid.NAMESPACE_DNS, name)),
                    "name": name,
                    "steps": rows,
                    "strategy": strategy,
                    "status": _sum(rows),
                }
            )
        return {"phases": phases, "errors": [], "strategy": "serial", "status": _sum(phases)}

    def handle(self, method: str, path: str, query: dict[str, str]) -> Answer:
        if path == "/v1/health":
            return Answer(200, {"status": "OK"})
        if path == "/v1/plans":
            return Answer(200, ["deploy", "recovery"])
        if path == "/v1/plans/deploy":
            plan = self._plan()
            return Answer(_CODES.get(plan["status"], 202), plan)
        if path == "/v1/plans/recovery":
            return Answer(200, {"phases": [], "errors": [], "strategy": "parallel", "status": COMPLETE})
        if path == "/v1/pod":
            return Answer(200, [step.name for _, _, steps in self.phases() for step in steps])
        return NOT_FOUND


def _sum(parts: list[dict[str, Any]]) -> str:
    states = {part["status"] for part in parts}
    if states <= {COMPLETE}:
        return COMPLETE
    return PENDING if states == {PENDING} else "IN_PROGRESS"


class EtcdSdk(Sdk):
    """Package etcd 0.1.0-3.3.12: real etcd members at fixed ports, one per agent, started together."""

    default_name = "etcd"

    def _placed(self) -> list[tuple[str, str]]:
        """Member and address, chosen once and kept in ZooKeeper, because a static bootstrap needs all addresses beforehand."""
        key = f"{self.zookeeper_path}/placement"
        kept = self.cluster.zookeeper.get(key, "")
        if not kept:
            count, client, peer = (
                int(self.env["NODE_COUNT"]),
                int(self.env["ETCD_CLIENT_PORT"]),
                int(self.env["ETCD_PEER_PORT"]),
            )
            offers = self.offers(self._resources(), (client, peer))
            if len(offers) < count:
                return []
            kept = ",".join(f"etcd-{index}-node={agent.ip}" for index, (agent, _) in zip(range(count), offers))
            self.cluster.zookeeper[key] = kept
        return [(name, ip) for name, _, ip in (entry.partition("=") for entry in kept.split(","))]

    def _resources(self) -> dict[str, float]:
        return {
            "cpus": float(self.env["NODE_CPUS"]),
            "mem": float(self.env["NODE_MEM"]),
            "disk": float(self.env["NODE_DISK"]),
        }

    def phases(self) -> list[tuple[str, str, list[Step]]]:
        client, peer = int(self.env["ETCD_CLIENT_PORT"]), int(self.env["ETCD_PEER_PORT"])
        placed = self._placed()
        members = ",".join(f"{name}=http://{ip}:{peer}" for name, ip in placed)
        steps = [
            Step(
                name,
                {
                    "command": f'exec "${{STANDIN_ETCD:-etcd}}" --name {name} --data-dir ./data --initial-cluster {members}'
                    f" --listen-peer-urls http://{ip}:{peer} --initial-advertise-peer-urls http://{ip}:{peer}"
                    f" --listen-client-urls http://{ip}:{client} --advertise-client-urls http://{ip}:{client}"
                },
                self._resources(),
                (client, peer),
                unique=True,
                discovery=[
                    {"number": client, "name": "client", "protocol": "tcp"},
                    {"number": peer, "name": "peer", "protocol": "tcp"},
                ],
            )
            for name, ip in placed
        ]
        waiting = [
            Step(f"etcd-{index}-node", {}, self._resources(), (client, peer))
            for index in range(int(self.env["NODE_COUNT"]))
        ]
        return [("etcd", self.env.get("DEPLOY_STRATEGY", "parallel"), steps or waiting)]

    def place(self, step: Step, offers: list[tuple[Agent, list[int]]]) -> tuple[Agent, list[int]] | None:
        addresses = dict(self._placed())
        return next(((agent, ports) for agent, ports in offers if agent.ip == addresses.get(step.name)), None)

    def _uninstall(self) -> None:
        super()._uninstall()
        self.cluster.zookeeper.pop(f"{self.zookeeper_path}/placement", None)


class Kubernetes(Sdk):
    """Package kubernetes 1.x: the plan and its tasks; the kubelets' containers join the network `network_provider`. No Kubernetes runs."""

    default_name = "kubernetes"

    def phases(self) -> list[tuple[str, str, list[Step]]]:
        masters = 3 if self.env.get("HIGH_AVAILABILITY") == "true" else 1
        small = {"cpus": 0.1, "mem": 64.0, "disk": 0.0}

        def steps(kind: str, count: int, roles: tuple[str, ...] = ("*",), network: str | None = None) -> list[Step]:
            order = {"command": "exec sleep 1000000", "network": network}
            return [Step(f"{kind}-{index}", order, small, roles=roles, unique="node" in kind) for index in range(count)]

        network = self.env.get("NETWORK_PROVIDER", "dcos")
        return [
            ("etcd", "serial", steps("etcd", 3 if masters == 3 else 1)),
            ("apiserver", "parallel", steps("kube-apiserver", masters)),
            ("controller-manager", "parallel", steps("kube-controller-manager", masters)),
            ("scheduler", "parallel", steps("kube-scheduler", masters)),
            ("node", "parallel", steps("kube-node", int(self.env.get("NODE_COUNT", "1")), network=network)),
            (
                "public-node",
                "parallel",
                steps("kube-node-public", int(self.env.get("PUBLIC_NODE_COUNT", "0")), ("slave_public",), network),
            ),
        ]
