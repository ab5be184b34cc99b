"""Apps and their deployments: what is wanted, and the steps until it is so."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ..clock import Clock, rfc3339
from ..mesos import Task
from . import definition as definitions
from .definition import Json

STEPS = {
    "start": [["StartApplication"], ["ScaleApplication"]],
    "update": [["RestartApplication"]],
    "scale": [["ScaleApplication"]],
    "stop": [["StopApplication"]],
}
STEP_SECONDS = 1.0


class Conflict(Exception):
    """409: the body."""

    def __init__(self, body: Json) -> None:
        super().__init__(body["message"])
        self.body = body


class NoSuchApp(Exception):
    """404."""


@dataclass
class App:
    """An app as it is wanted now, with its past versions."""

    id: str
    definition: Json
    version: str
    versions: dict[str, Json] = field(default_factory=dict)
    last_scaling: str = ""
    last_config: str = ""
    last_failure: Json | None = None
    delay: float = 0.0
    delayed_until: float = 0.0

    @property
    def instances(self) -> int:
        return int(self.definition["instances"])


@dataclass
class Deployment:
    """A change on its way; `kind` is one of STEPS."""

    id: str
    version: str
    app_id: str
    kind: str
    step: int = 0
    step_started: float = 0.0

    def as_json(self) -> Json:
        def actions(names: list[str]) -> list[Json]:
            return [{"action": name, "app": self.app_id} for name in names]

        steps = STEPS[self.kind]
        return {
            "id": self.id,
            "version": self.version,
            "affectedApps": [self.app_id],
            "affectedPods": [],
            "steps": [{"actions": actions(names)} for names in steps],
            "currentActions": [{**action, "readinessCheckResults": []} for action in actions(steps[self.step])],
            "currentStep": self.step + 1,
            "totalSteps": len(steps),
        }


class Apps:
    """All apps and deployments."""

    def __init__(self, clock: Clock, networks_dialect: bool) -> None:
        self._clock = clock
        self._dialect = networks_dialect
        self.apps: dict[str, App] = {}
        self.deployments: dict[str, Deployment] = {}
        self.changes = 0

    def get(self, app_id: str) -> App:
        app = self.apps.get(definitions.app_id(app_id))
        if app is None:
            raise NoSuchApp(definitions.app_id(app_id))
        return app

    def deployments_of(self, app_id: str) -> list[Deployment]:
        return [entry for entry in self.deployments.values() if entry.app_id == app_id]

    # -- changes ----------------------------------------------------------------------------

    def create(self, given: Mapping[str, Any]) -> tuple[App, Deployment]:
        """Raises definition.Invalid, Conflict."""
        wanted = definitions.canonical(definitions.merge(None, given, self._dialect), self._dialect)
        if wanted["id"] in self.apps:
            raise Conflict({"message": f"An app with id [{wanted['id']}] already exists."})
        return self._store(wanted, "start", None)

    def put(self, app_id: str, given: Mapping[str, Any], force: bool) -> tuple[App, Deployment, bool]:
        """The app, its deployment, and whether it is new; raises definition.Invalid, Conflict."""
        app_id = definitions.app_id(app_id)
        current = self.apps.get(app_id)
        merged = definitions.merge(
            current.definition if current else None, {**given, "id": given.get("id", app_id)}, self._dialect
        )
        wanted = definitions.canonical(merged, self._dialect)
        if current is None:
            app, deployment = self._store(wanted, "start", None)
            return app, deployment, True
        self._unlock(app_id, force)
        definitions.assign_service_ports(
            wanted, self._taken_ports(current), definitions.service_ports(current.definition)
        )
        kind = "scale" if _configuration(wanted) == _configuration(current.definition) else "update"
        app, deployment = self._store(wanted, kind, current)
        return app, deployment, False

    def restart(self, app_id: str, force: bool) -> Deployment:
        app = self.get(app_id)
        self._unlock(app.id, force)
        return self._store(app.definition, "update", app)[1]

    def delete(self, app_id: str, force: bool) -> Deployment:
        """Raises NoSuchApp, Conflict."""
        app = self.get(app_id)
        self._unlock(app.id, force)
        return self._deploy(app.id, "stop")

    def cancel(self, deployment_id: str) -> bool:
        return self.deployments.pop(deployment_id, None) is not None

    def _unlock(self, app_id: str, force: bool) -> None:
        locking = self.deployments_of(app_id)
        if not locking:
            return
        if not force:
            message = "App is locked by one or more deployments. Override with the option '?force=true'. View details at '/v2/deployments/<DEPLOYMENT_ID>'."
            raise Conflict({"message": message, "deployments": [{"id": entry.id} for entry in locking]})
        for entry in locking:
            del self.deployments[entry.id]

    def _store(self, wanted: Json, kind: str, current: App | None) -> tuple[App, Deployment]:
        version = self._new_version()
        definitions.assign_service_ports(wanted, self._taken_ports(current))
        if current is None:
            app = App(wanted["id"], wanted, version, last_scaling=version, last_config=version)
            self.apps[app.id] = app
        else:
            app = current
            app.definition, app.last_scaling = wanted, version
            app.delay = app.delayed_until = 0.0
            if kind != "scale":
                app.version = app.last_config = version
        app.versions[version] = wanted
        return app, self._deploy(app.id, kind, version)

    def _taken_ports(self, but: App | None) -> set[int]:
        """The service ports of the other apps."""
        return {
            port for app in self.apps.values() if app is not but for port in definitions.service_ports(app.definition)
        }

    def _new_version(self) -> str:
        known = {version for app in self.apps.values() for version in app.versions}
        moment = self._clock.now()
        while rfc3339(moment) in known:
            moment += 0.001
        return rfc3339(moment)

    def _deploy(self, app_id: str, kind: str, version: str | None = None) -> Deployment:
        deployment = Deployment(
            str(uuid.uuid4()), version or self._new_version(), app_id, kind, step_started=self._clock.now()
        )
        self.deployments[deployment.id] = deployment
        self.changes += 1
        return deployment

    # -- progress ---------------------------------------------------------------------------

    def advance(self, tasks: Mapping[str, list[Task]], ready: set[str]) -> None:
        """Move every deployment on whose step is done. `tasks`: those alive, by app; `ready`: ids that run and are not unhealthy."""
        for deployment in list(self.deployments.values()):
            if self._clock.now() - deployment.step_started < self._clock.scaled(STEP_SECONDS):
                continue
            app = self.apps.get(deployment.app_id)
            if app is not None and not self._step_done(deployment, app, tasks.get(app.id, []), ready):
                continue
            deployment.step += 1
            deployment.step_started = self._clock.now()
            self.changes += 1
            if deployment.step >= len(STEPS[deployment.kind]) or app is None:
                del self.deployments[deployment.id]
                if deployment.kind == "stop":
                    self.apps.pop(deployment.app_id, None)

    @staticmethod
    def _step_done(deployment: Deployment, app: App, alive: list[Task], ready: set[str]) -> bool:
        action = STEPS[deployment.kind][deployment.step][0]
        if action == "StartApplication":
            return True
        if action == "StopApplication":
            return not alive
        current = [task for task in alive if task.data.get("version") == app.version]
        if action == "RestartApplication" and len(current) != len(alive):
            return False
        return len(alive) == app.instances and all(task.id in ready for task in current)

    def stopping(self, app_id: str) -> bool:
        return any(entry.kind == "stop" for entry in self.deployments_of(app_id))

    def plan(self, app: App, alive: list[Task], ready: set[str]) -> tuple[int, list[Task]]:
        """How many tasks to start now, and which to kill, on the way to what is wanted."""
        if self.stopping(app.id):
            return 0, alive
        strategy = app.definition["upgradeStrategy"]
        new = [task for task in alive if task.data.get("version") == app.version]
        old = [task for task in alive if task.data.get("version") != app.version]
        surplus = new[app.instances :]
        room = app.instances + math.floor(app.instances * float(strategy.get("maximumOverCapacity", 1))) - len(alive)
        start = max(0, min(app.instances - len(new), room if old else app.instances - len(new)))
        keep = math.ceil(app.instances * float(strategy.get("minimumHealthCapacity", 1)))
        spare = len([task for task in alive if task.id in ready]) - keep
        unready_old = [task for task in old if task.id not in ready]
        ready_old = [task for task in old if task.id in ready]
        return start, surplus + unready_old + ready_old[: max(0, spare)]

    # -- state ------------------------------------------------------------------------------

    def dump(self) -> Json:
        return {
            "apps": [asdict(app) for app in self.apps.values()],
            "deployments": [asdict(entry) for entry in self.deployments.values()],
        }

    def load(self, kept: Mapping[str, Any]) -> None:
        self.apps = {entry["id"]: App(**entry) for entry in kept["apps"]}
        self.deployments = {entry["id"]: Deployment(**entry) for entry in kept["deployments"]}


def _configuration(app: Json) -> Json:
    """Without what scaling changes, and without what is empty, which 1.4 tells and nobody has to."""
    return {key: value for key, value in app.items() if key != "instances" and value not in (None, [], {})}
