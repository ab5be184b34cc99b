"""The Mesos master's HTTP API as Admin Router offers it under /mesos, and agents' state under /agent and /slave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from . import admin_router
from .agents import PUBLIC_ROLE, SCALARS, Agent, ranges_of, render_ranges
from .answers import BadBody, as_json, as_text, body_of
from .maintenance import Refused
from .mesos import STATES, Framework, Task

if TYPE_CHECKING:
    from .cluster import Cluster

Json = dict[str, Any]
_CAPABILITIES = ["MULTI_ROLE", "HIERARCHICAL_ROLE", "RESERVATION_REFINEMENT"]


def routes(cluster: Cluster) -> list[Route]:
    api = Api(cluster)
    found = []
    for path, handler in (
        ("slaves", api.slaves),
        ("state", api.state),
        ("state.json", api.state),
        ("state-summary", api.summary),
        ("frameworks", api.frameworks),
        ("tasks", api.tasks),
    ):
        found += [Route(f"/mesos/{path}", api.led(handler)), Route(f"/mesos/master/{path}", api.led(handler))]
    return [
        *found,
        Route("/mesos/version", api.led(api.version)),
        Route("/mesos/health", api.led(api.health)),
        Route("/mesos/master/health", api.led(api.health)),
        Route("/mesos/redirect", api.redirect),
        Route("/mesos/master/redirect", api.redirect),
        Route("/mesos/master/teardown", api.led(api.teardown), methods=["POST"]),
        Route("/mesos/teardown", api.led(api.teardown), methods=["POST"]),
        *(
            Route(f"/mesos/{master}{path}", api.led(handler), methods=methods)
            for master in ("", "master/")
            for path, handler, methods in (
                ("maintenance/schedule", api.schedule, ["GET", "POST"]),
                ("maintenance/status", api.maintenance_status, ["GET"]),
                ("machine/down", api.machine_down, ["POST"]),
                ("machine/up", api.machine_up, ["POST"]),
            )
        ),
        Route("/agent/{id}/{path:path}", api.agent),
        Route("/slave/{id}/{path:path}", api.agent),
    ]


class Api:
    """Handlers and the JSON they tell."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._mesos = cluster.mesos
        self._release = cluster.release

    def led(self, handler: Any) -> Any:
        """Without a leader there is nobody behind /mesos."""

        async def handle(request: Request) -> Response:
            if self._cluster.leader is None:
                return admin_router.page(503)
            return await handler(request)

        return handle

    # -- agents -----------------------------------------------------------------------------

    def agent_json(self, agent: Agent) -> Json:
        """One agent as /slaves tells it in this release."""
        used, ports = self._mesos.used(agent)
        total = {**{name: _plain(agent.total(name)) for name in SCALARS}, "ports": render_ranges(agent.ports)}
        nothing: Json = dict.fromkeys(SCALARS, 0)
        used_json: Json = {name: _plain(value) for name, value in used.items()}
        if ports:
            used_json["ports"] = render_ranges(ranges_of(ports))
        out: Json = {
            **self._info_json(agent),
            "pid": f"slave(1)@{agent.ip}:5051",
            "registered_time": agent.registered_time,
            "resources": total,
            "used_resources": used_json,
            "offered_resources": dict(nothing),
            "reserved_resources": {PUBLIC_ROLE: total} if agent.public else {},
            "unreserved_resources": dict(nothing) if agent.public else total,
            "active": True,
            "version": self._release.mesos,
        }
        if self._release.slave_query:
            out["capabilities"] = list(_CAPABILITIES)
        if self._release.draining:
            out["deactivated"] = False
        return out

    def _info_json(self, agent: Agent) -> Json:
        """What an agent says of itself, which is all that a registry keeps of it (SlaveInfo)."""
        domain = {"domain": agent.domain} if self._release.domains and agent.domain else {}
        return {
            "id": agent.id,
            "hostname": agent.hostname or agent.ip,
            "port": 5051,
            "attributes": dict(agent.attributes),
            **domain,
        }

    def _both(self, wanted: str | None = None) -> Json:
        """Agents that came back since the last election, and those that are known from the registry only."""
        found = [agent for agent in self._cluster.agents if wanted in (None, agent.id)]
        registered, recovered = ([agent for agent in found if agent.recovered is only] for only in (False, True))
        return {
            "slaves": [self.agent_json(agent) for agent in registered],
            "recovered_slaves": [self._info_json(agent) for agent in recovered],
        }

    async def slaves(self, request: Request) -> Response:
        wanted = request.query_params.get("slave_id") if self._release.slave_query else None
        return as_json(self._both(wanted))

    # -- state ------------------------------------------------------------------------------

    def _master(self) -> Json:
        leader = str(self._cluster.leader)
        return {
            "id": self._cluster.master_id,
            "pid": f"master@{leader}:5050",
            "hostname": leader,
            "leader": f"master@{leader}:5050",
            "cluster": self._cluster.config.cluster_name,
            "version": self._release.mesos,
            "start_time": self._cluster.started,
            "elected_time": self._cluster.elected,
        }

    async def state(self, _request: Request) -> Response:
        agents = self._both()
        out = {
            **self._master(),
            "activated_slaves": len(agents["slaves"]),
            "deactivated_slaves": 0,
            "unreachable_slaves": 0,
            "flags": {
                "cluster": self._cluster.config.cluster_name,
                "quorum": str(len(self._cluster.config.masters) // 2 + 1),
                "zk": "zk://127.0.0.1:2181/mesos",
            },
            **agents,
            "frameworks": [
                self._framework(entry, True) for entry in self._mesos.frameworks.values() if not entry.completed
            ],
            "completed_frameworks": [
                self._framework(entry, True) for entry in self._mesos.frameworks.values() if entry.completed
            ],
            "orphan_tasks": [],
            "unregistered_frameworks": [],
        }
        if self._release.domains:
            out["leader_info"] = {
                "id": self._cluster.master_id,
                "pid": out["pid"],
                "port": 5050,
                "hostname": out["hostname"],
            }
        return as_json(out)

    async def summary(self, _request: Request) -> Response:
        agents = []
        for agent in self._cluster.agents:
            tasks = [task for task in self._mesos.tasks.values() if task.agent_id == agent.id]
            frameworks = sorted({task.framework_id for task in tasks if not task.terminal})
            agents.append({**self.agent_json(agent), **_counts(tasks), "framework_ids": frameworks})
        frameworks_json = []
        for entry in self._mesos.frameworks.values():
            if not entry.completed:
                tasks = list(self._mesos.tasks_of(entry.id))
                alive = sorted({task.agent_id for task in tasks if not task.terminal})
                frameworks_json.append({**self._framework(entry, False), **_counts(tasks), "slave_ids": alive})
        leader = str(self._cluster.leader)
        return as_json(
            {
                "hostname": leader,
                "cluster": self._cluster.config.cluster_name,
                "slaves": agents,
                "frameworks": frameworks_json,
            }
        )

    def _framework(self, entry: Framework, with_tasks: bool) -> Json:
        tasks = list(self._mesos.tasks_of(entry.id))
        out: Json = {
            "id": entry.id,
            "name": entry.name,
            "pid": f"scheduler@{self._cluster.leader}:15101",
            "hostname": str(self._cluster.leader),
            "webui_url": entry.webui_url,
            "role": entry.role,
            "active": entry.active,
            "connected": entry.active,
            "recovered": False,
            "capabilities": [],
            "registered_time": entry.registered_time,
            "unregistered_time": entry.unregistered_time,
            "used_resources": {
                name: _plain(sum(task.resources.get(name, 0.0) for task in tasks if not task.terminal))
                for name in SCALARS
            },
        }
        if with_tasks:
            out["tasks"] = [self.task_json(task) for task in tasks if not task.terminal]
            out["completed_tasks"] = [self.task_json(task) for task in tasks if task.terminal]
        return out

    def task_json(self, task: Task) -> Json:
        network: Json = {"ip_addresses": [{"ip_address": task.container_ip, "protocol": "IPv4"}]}
        if task.order["network"]:
            network["name"] = task.order["network"]
        statuses = [
            {
                **entry,
                **({"container_status": {"network_infos": [network]}} if entry["state"] == "TASK_RUNNING" else {}),
            }
            for entry in task.statuses
        ]
        return {
            "id": task.id,
            "name": task.name,
            "framework_id": task.framework_id,
            "executor_id": "",
            "slave_id": task.agent_id,
            "state": task.state,
            "resources": {
                **{name: _plain(task.resources.get(name, 0.0)) for name in SCALARS},
                **({"ports": render_ranges(ranges_of(task.ports))} if task.ports else {}),
            },
            "statuses": statuses,
            "labels": [{"key": key, "value": value} for key, value in task.order["labels"].items()],
            "discovery": {
                "visibility": "FRAMEWORK",
                "name": task.discovery["name"],
                "ports": {"ports": task.discovery["ports"]},
            }
            if task.discovery
            else {},
        }

    async def frameworks(self, _request: Request) -> Response:
        entries = list(self._mesos.frameworks.values())
        return as_json(
            {
                "frameworks": [self._framework(entry, True) for entry in entries if not entry.completed],
                "completed_frameworks": [self._framework(entry, True) for entry in entries if entry.completed],
                "unregistered_frameworks": [],
            }
        )

    async def tasks(self, request: Request) -> Response:
        limit, offset = int(request.query_params.get("limit", 100)), int(request.query_params.get("offset", 0))
        newest = list(reversed(list(self._mesos.tasks.values())))
        return as_json({"tasks": [self.task_json(task) for task in newest[offset : offset + limit]]})

    async def version(self, _request: Request) -> Response:
        return as_json({"version": self._release.mesos})

    async def health(self, _request: Request) -> Response:
        return Response(status_code=200)

    async def redirect(self, _request: Request) -> Response:
        if self._cluster.leader is None:
            return as_text("No leader elected", 503)
        return Response(status_code=307, headers={"Location": f"//{self._cluster.leader}:5050"})

    async def teardown(self, request: Request) -> Response:
        fields = parse_qs((await request.body()).decode())
        wanted = (fields.get("frameworkId") or [""])[0]
        if not self._mesos.teardown(wanted):
            return as_text("No framework found with specified ID", 400)
        return Response(status_code=200)

    # -- maintenance ------------------------------------------------------------------------

    async def schedule(self, request: Request) -> Response:
        if request.method == "GET":
            return as_json(self._mesos.maintenance.schedule())
        return await self._change(request, self._mesos.maintenance.update)

    async def maintenance_status(self, _request: Request) -> Response:
        return as_json(self._mesos.maintenance.status(self._mesos.agents_on))

    async def machine_down(self, request: Request) -> Response:
        return await self._change(request, self._mesos.machines_down)

    async def machine_up(self, request: Request) -> Response:
        return await self._change(request, self._mesos.maintenance.up)

    @staticmethod
    async def _change(request: Request, change: Any) -> Response:
        """200 and nothing (OK()), or 400 and a line of text (BadRequest())."""
        try:
            change(await body_of(request))
        except (BadBody, Refused) as error:
            return as_text(str(error), 400)
        return Response(status_code=200)

    # -- one agent --------------------------------------------------------------------------

    async def agent(self, request: Request) -> Response:
        wanted = request.path_params["id"]
        agent = self._cluster.agents.get(wanted)
        if agent is None:
            return (
                as_text(f"404 Not Found: agent `{wanted}` unknown.", 404)
                if self._release.agent_proxy_text
                else admin_router.page(404)
            )
        if request.path_params["path"] not in ("slave(1)/state", "slave(1)/state.json", "state", "state.json"):
            return Response(status_code=404)
        frameworks = []
        for entry in self._mesos.frameworks.values():
            tasks = [task for task in self._mesos.tasks_of(entry.id) if task.agent_id == agent.id and not task.terminal]
            if tasks:
                frameworks.append(
                    {
                        "id": entry.id,
                        "name": entry.name,
                        "executors": [{"tasks": [self.task_json(task)]} for task in tasks],
                    }
                )
        keep = ("id", "hostname", "attributes", "pid", "resources", "version")
        flags = {"ip": agent.ip, "port": "5051", "default_role": agent.role}
        out = {key: value for key, value in self.agent_json(agent).items() if key in keep}
        return as_json({**out, "flags": flags, "master_hostname": str(self._cluster.leader), "frameworks": frameworks})


def _plain(value: float) -> float | int:
    """12.0 as 12, as Mesos prints it."""
    return int(value) if float(value).is_integer() else round(value, 3)


def _counts(tasks: list[Task]) -> Json:
    return {state: len([task for task in tasks if task.state == state]) for state in STATES}
