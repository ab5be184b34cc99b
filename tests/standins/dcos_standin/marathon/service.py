"""Marathon as a framework: launches the tasks its apps want, follows them, and tells how they are."""

from __future__ import annotations

import random
import re
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from ..agents import Agent
from ..clock import Clock, rfc3339
from ..mesos import Mesos, Task
from ..releases import Release, parse
from .apps import App, Apps
from .definition import Json, container_network, is_host, rendered, service_ports
from .health import Health

NAME = "marathon"


class Marathon:
    """Ties apps to tasks."""

    def __init__(self, clock: Clock, mesos: Mesos, release: Release, adapt: Callable[[dict[str, Any]], None]) -> None:
        """`adapt` may change what is launched, before it is."""
        self._adapt = adapt
        self._clock = clock
        self._mesos = mesos
        self._release = release
        self.apps = Apps(clock, release.networks_dialect)
        self.health = Health(clock, mesos)
        known = next((entry for entry in mesos.frameworks.values() if entry.name == NAME and not entry.completed), None)
        self.framework = known or mesos.register_framework(NAME, "slave_public")
        mesos.listeners.append(self._on_update)

    # -- tasks ------------------------------------------------------------------------------

    def tasks(self, app_id: str | None = None) -> list[Task]:
        """Alive, oldest first; of one app or all."""
        alive = [task for task in self._mesos.tasks_of(self.framework.id) if not task.terminal]
        return [task for task in alive if app_id is None or task.data["app"] == app_id]

    def ready(self) -> set[str]:
        return {task.id for task in self.tasks() if task.running and self.health.healthy(task)}

    def _on_update(self, task: Task) -> None:
        if task.framework_id != self.framework.id or not task.terminal:
            return
        app = self.apps.apps.get(task.data["app"])
        if app is None or task.state == "TASK_KILLED":
            return
        definition = app.definition
        app.delay = min(
            definition["maxLaunchDelaySeconds"],
            app.delay * definition["backoffFactor"] if app.delay else definition["backoffSeconds"],
        )
        app.delayed_until = self._clock.now() + self._clock.scaled(app.delay)
        if task.state == "TASK_FINISHED":
            return
        app.last_failure = {
            "appId": app.id,
            "host": task.agent_ip,
            "message": task.message,
            "state": task.state,
            "taskId": task.id,
            "timestamp": rfc3339(self._clock.now()),
            "version": task.data["version"],
            "slaveId": task.agent_id,
        }
        self.apps.changes += 1

    async def tick(self) -> None:
        """Start and kill what the apps want, then move deployments on."""
        ready = self.ready()
        by_app: dict[str, list[Task]] = {}
        for task in self.tasks():
            by_app.setdefault(task.data["app"], []).append(task)
        for app in list(self.apps.apps.values()):
            start, kill = self.apps.plan(app, by_app.get(app.id, []), ready)
            for task in kill:
                self._mesos.kill(task)
            if self._clock.now() >= app.delayed_until:
                for _ in range(start):
                    if not self._launch(app):
                        break
        for app_id in by_app.keys() - self.apps.apps.keys():
            for task in by_app[app_id]:
                self._mesos.kill(task)
        self.apps.advance({app_id: self.tasks(app_id) for app_id in self.apps.apps}, ready)
        self.health.forget()

    # -- placement --------------------------------------------------------------------------

    def _launch(self, app: App) -> bool:
        """Start one task where it may run; False if it may nowhere now."""
        definition = app.definition
        roles = tuple(definition.get("acceptedResourceRoles") or ("*",))
        resources = {name: float(definition[name]) for name in ("cpus", "mem", "disk", "gpus")}
        wanted = self._wanted_ports(definition)
        agents = list(self._mesos.agents)
        random.shuffle(agents)
        for agent in agents:
            if not all(self._fits(entry, agent, app) for entry in definition.get("constraints", [])):
                continue
            if self._release.respects_maintenance and self._in_window(agent):
                continue
            ports = self._mesos.offer(agent, resources, roles, wanted)
            if ports is not None:
                self._start(app, agent, resources, ports)
                return True
        return False

    def _in_window(self, agent: Agent) -> bool:
        """From its start to its end, for ever without a duration (Marathon 1.8, mesosphere/mesos/Availability.scala)."""
        window = self._mesos.maintenance.unavailability(agent.machine)
        if window is None or self._clock.now() * 10**9 <= window["start"]["nanoseconds"]:
            return False
        length = (window.get("duration") or {}).get("nanoseconds")
        return length is None or self._clock.now() * 10**9 <= window["start"]["nanoseconds"] + length

    @staticmethod
    def _wanted_ports(definition: Mapping[str, Any]) -> tuple[int, ...]:
        if is_host(definition):
            return tuple(entry["port"] if definition["requirePorts"] else 0 for entry in definition["portDefinitions"])
        mappings = (definition.get("container") or {}).get("portMappings") or []
        return tuple(mapping["hostPort"] for mapping in mappings if mapping.get("hostPort") is not None)

    def _fits(self, constraint: list[str], agent: Agent, app: App) -> bool:
        def value_of(one: Agent) -> str:
            return one.ip if field in ("hostname", "@hostname") else str(one.attributes.get(field, ""))

        field, operator, *argument = constraint
        others = [
            value_of(found) for found in (self._mesos.agents.get(task.agent_id) for task in self.tasks(app.id)) if found
        ]
        mine = value_of(agent)
        if operator == "UNIQUE":
            return mine not in others
        if operator in ("LIKE", "UNLIKE"):
            return bool(re.fullmatch(argument[0], mine)) == (operator == "LIKE")
        if operator in ("CLUSTER", "IS"):
            return mine == argument[0] if argument else not others or mine == others[0]
        if operator == "MAX_PER":
            return others.count(mine) < int(argument[0])
        # GROUP_BY: nowhere more than on the emptiest.
        counts = Counter({value_of(one): 0 for one in self._mesos.agents}) + Counter(others)
        return others.count(mine) <= min((counts.get(value_of(one), 0) for one in self._mesos.agents), default=0)

    def _start(self, app: App, agent: Agent, resources: dict[str, float], ports: list[int]) -> None:
        definition = app.definition
        container = definition.get("container") or {}
        network = container_network(definition)
        segments = app.id.strip("/").split("/")
        instance = f"{'_'.join(segments)}.{uuid.uuid1()}"
        if parse(self._release.marathon) >= (1, 8):
            instance = f"{'_'.join(segments)}.instance-{uuid.uuid1()}._app.1"
        mappings = self._mappings(container, ports)
        name = ".".join(reversed(segments))
        order = {
            "name": name,
            "command": definition.get("cmd"),
            "args": definition.get("args", []),
            "image": (container.get("docker") or {}).get("image"),
            "containerizer": container.get("type", "MESOS"),
            "network": network["name"] if network else None,
            "network_labels": (network or {}).get("labels", {}),
            "labels": definition["labels"],
            "env": self._env(app, instance, mappings, ports),
            "port_mappings": mappings,
            "user": definition.get("user"),
            "grace_seconds": definition.get("taskKillGracePeriodSeconds", 3),
            "fetch": [entry["uri"] for entry in definition.get("fetch", [])],
            "health_checks": [
                entry
                for entry in definition.get("healthChecks", [])
                if not entry["protocol"].startswith(("HTTP", "TCP"))
            ],
        }
        self._adapt(order)
        data = {
            "app": app.id,
            "version": app.version,
            "checks": definition.get("healthChecks", []),
            "networks_of": {"networks": definition["networks"], "portMappings": container.get("portMappings", [])},
        }
        discovery = {"name": name, "ports": self._discovery(definition, mappings, ports)}
        self._mesos.launch(
            self.framework, agent, instance, order, resources=resources, ports=ports, discovery=discovery, data=data
        )

    @staticmethod
    def _mappings(container: Mapping[str, Any], ports: list[int]) -> list[Json]:
        given = iter(ports)
        return [
            {
                "container_port": mapping["containerPort"],
                "host_port": next(given) if mapping.get("hostPort") is not None else None,
                "protocol": mapping["protocol"],
                "name": mapping.get("name"),
            }
            for mapping in container.get("portMappings") or []
        ]

    @staticmethod
    def _discovery(definition: Mapping[str, Any], mappings: list[Json], ports: list[int]) -> list[Json]:
        if mappings:
            return [
                {
                    "number": entry["host_port"] or entry["container_port"],
                    "name": entry["name"],
                    "protocol": entry["protocol"],
                }
                for entry in mappings
            ]
        named = definition.get("portDefinitions", [])
        return [
            {"number": port, "name": entry.get("name"), "protocol": entry["protocol"]}
            for port, entry in zip(ports, named)
        ]

    @staticmethod
    def _env(app: App, instance: str, mappings: list[Json], ports: list[int]) -> dict[str, str]:
        definition = app.definition
        numbers = [entry["host_port"] or entry["container_port"] for entry in mappings] if mappings else ports
        env = {f"PORT{index}": str(number) for index, number in enumerate(numbers)}
        env.update({f"PORT_{port}": str(number) for port, number in zip(service_ports(definition), numbers)})
        if numbers:
            env.update(PORT=str(numbers[0]), PORTS=",".join(map(str, numbers)))
        image = (definition.get("container") or {}).get("docker", {}).get("image")
        env.update(
            MARATHON_APP_ID=app.id,
            MARATHON_APP_VERSION=app.version,
            MESOS_TASK_ID=instance,
            **({"MARATHON_APP_DOCKER_IMAGE": image} if image else {}),
            **{
                f"MARATHON_APP_RESOURCE_{name.upper()}": str(definition[name])
                for name in ("cpus", "mem", "disk", "gpus")
            },
        )
        env.update({key: value for key, value in definition.get("env", {}).items() if isinstance(value, str)})
        return env

    # -- what is told -----------------------------------------------------------------------

    def app_json(self, app: App, embed: tuple[str, ...] = ()) -> Json:
        """An app as GET tells it, in the release's dialect."""
        tasks = self.tasks(app.id)
        running = [task for task in tasks if task.running]
        checked = [task for task in running if self.health.results(task)]
        out = rendered(app.definition, self._release.networks_dialect)
        out.update(
            version=max(app.versions, default=app.version),
            versionInfo={"lastScalingAt": app.last_scaling, "lastConfigChangeAt": app.last_config},
            tasksStaged=len(tasks) - len(running),
            tasksRunning=len(running),
            tasksHealthy=len([task for task in checked if self.health.healthy(task)]),
            tasksUnhealthy=len([task for task in checked if self.health.unhealthy(task)]),
            deployments=[{"id": entry.id} for entry in self.apps.deployments_of(app.id)],
        )
        if "tasks" in embed:
            out["tasks"] = [self.task_json(task) for task in tasks]
        if "lastTaskFailure" in embed and app.last_failure:
            out["lastTaskFailure"] = app.last_failure
        return out

    def task_json(self, task: Task) -> Json:
        started = next((entry["timestamp"] for entry in task.statuses if entry["state"] == "TASK_RUNNING"), None)
        app = self.apps.apps.get(task.data["app"])
        out = {
            "id": task.id,
            "appId": task.data["app"],
            "host": task.agent_ip,
            "slaveId": task.agent_id,
            "state": "TASK_KILLING" if task.killing and task.running else task.state,
            "ports": task.ports,
            "servicePorts": service_ports(app.definition) if app else [],
            "ipAddresses": [{"ipAddress": task.container_ip, "protocol": "IPv4"}] if task.running else [],
            "stagedAt": rfc3339(task.launched),
            "startedAt": rfc3339(started) if started else None,
            "version": task.data["version"],
            "localVolumes": [],
        }
        results = self.health.results(task)
        if results and any(result.last_success or result.last_failure for result in results):
            out["healthCheckResults"] = [result.as_json(task.id) for result in results]
        return out

    def waiting(self) -> list[tuple[App, int, float]]:
        """For /queue: apps whose tasks could not be started yet, how many, and the seconds until the next try."""
        found = []
        for app in self.apps.apps.values():
            start, _ = self.apps.plan(app, self.tasks(app.id), self.ready())
            if start:
                found.append((app, start, max(0.0, app.delayed_until - self._clock.now())))
        return found
