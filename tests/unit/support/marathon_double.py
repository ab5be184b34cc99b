"""A double of Marathon for universe.py: apps as it stores and answers them, in the dialect of its version. Python 3.9 and newer."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from .dcos_api import Answer, DcosApi, Request

MARATHON = "/service/marathon/v2"
IDS = ("/etcd", "/etcd2", "/calico-install-framework", "/hello", "/tool", "/web", "/web2", "/group/web")


class Marathon:
    """Apps start, get healthy and end as often as they are looked at.

    :ivar state: apps by id; save() after a change by hand.
    :ivar starts_after, healthy_after: how often an app is looked at before it runs, is healthy.
    :ivar gone_after: how often one that uninstalls itself is looked at before it is gone.
    :ivar direct: whether the controller reaches the hosts of tasks.
    """

    def __init__(self, api: DcosApi, file: Path) -> None:
        self.api = api
        self.file = file
        self.starts_after = 1
        self.healthy_after = 2
        self.gone_after = 2
        self.direct = True
        self.marathon_version = "1.5.12"
        self.state: dict[str, Any] = {"apps": {}}
        self.save()
        api.on("GET", f"{MARATHON}/info", lambda request: {"version": self.marathon_version})
        api.on("POST", f"{MARATHON}/apps", self._post_app)
        api.on("GET", f"{MARATHON}/apps", self._list_apps)
        for app_id in IDS:
            for method, answer in (("GET", self._get_app), ("PUT", self._put_app), ("DELETE", self._delete_app)):
                api.on(method, f"{MARATHON}/apps{app_id}", lambda request, answer=answer, app_id=app_id: answer(app_id, request))

    def save(self) -> None:
        self.file.write_text(json.dumps({"apps": {app_id: app["definition"] for app_id, app in self.state["apps"].items()}}, sort_keys=True))

    def put(self, definition: dict[str, Any]) -> None:
        """An app as Marathon stores it, which starts anew."""
        stored = self._as_stored(copy.deepcopy(definition))
        self.state["apps"]["/" + stored["id"].strip("/")] = {"definition": stored, "looks": 0}
        self.save()

    def _as_stored(self, app: dict[str, Any]) -> dict[str, Any]:
        """What Marathon 1.5 makes of deprecated fields, and the defaults that it answers with."""
        app = {"instances": 1, "cpus": 0.1, "mem": 128, "backoffFactor": 1.15, "upgradeStrategy": {"maximumOverCapacity": 1, "minimumHealthCapacity": 1}, **app}
        if not self.marathon_version.startswith("1.4"):
            docker = (app.get("container") or {}).get("docker") or {}
            mode, address = docker.pop("network", None), app.pop("ipAddress", None)
            if "portMappings" in docker:
                app["container"]["portMappings"] = docker.pop("portMappings")
            if address is not None:
                container = app.setdefault("container", {"type": "MESOS"})
                ports = (address.get("discovery") or {}).get("ports")
                if ports:
                    container["portMappings"] = [{"containerPort": port["number"], "name": port["name"], "protocol": port["protocol"]} for port in ports]
                app["networks"] = [{"mode": "container", "name": address.get("networkName", "dcos"), "labels": address.get("labels", {})}]
            elif "networks" not in app:
                app["networks"] = [{"mode": {"BRIDGE": "container/bridge"}.get(str(mode), "host")}]
            for mapping in (app.get("container") or {}).get("portMappings") or []:
                mapping.setdefault("servicePort", 10000)
                mapping.setdefault("labels", {})
                mapping.setdefault("protocol", "tcp")
            if "ports" in app:
                app["portDefinitions"] = [{"port": 10000 + n, "protocol": "tcp", "labels": {}} for n, _port in enumerate(app.pop("ports"))]
        if docker := (app.get("container") or {}).get("docker"):
            docker.setdefault("forcePullImage", False)
            docker.setdefault("parameters", [])
        for check in app.get("healthChecks") or []:
            check.update({"gracePeriodSeconds": 300, "intervalSeconds": 60, "timeoutSeconds": 20, "delaySeconds": 15, **check})
        return app

    def _missing(self, app_id: str) -> Answer:
        return Answer({"message": f"App '{app_id}' does not exist"}, 404)

    def _get_app(self, app_id: str, request: Request) -> Any:
        app = self.state["apps"].get(app_id)
        if app is None:
            return self._missing(app_id)
        app["looks"] += 1
        definition, looks = app["definition"], app["looks"]
        if definition.get("env", {}).get("SDK_UNINSTALL") and looks > self.gone_after:
            del self.state["apps"][app_id]
            return self._missing(app_id)
        desired = definition["instances"]
        running = desired if looks > self.starts_after and not app.get("failure") else 0
        healthy = running if looks > self.healthy_after else 0
        host = "127.0.0.1" if self.direct else "127.0.0.1x.invalid"
        task = {"host": host, "ports": [self.api.port], "state": "TASK_RUNNING", "ipAddresses": [{"ipAddress": "192.168.0.5"}]}
        tasks = [{"id": f"t{n}", **task} for n in range(running)]
        seen = {"tasksRunning": running, "tasksHealthy": healthy, "deployments": [] if running == desired else [{"id": "d1"}], "tasks": tasks, "version": "v1"}
        if app.get("failure"):
            failure = {"host": "10.0.1.7", "state": "TASK_FAILED", "message": app["failure"], "version": "v1", "taskId": f"f{looks}"}
            seen["lastTaskFailure"] = failure
        return {"app": {**definition, **seen}}

    def _list_apps(self, request: Request) -> Any:
        """Those whose id has a text somewhere in it."""
        part = (request.query.get("id") or [""])[0]
        return {"apps": [self._get_app(app_id, request)["app"] for app_id in list(self.state["apps"]) if part in app_id]}

    def _post_app(self, request: Request) -> Any:
        app = request.json()
        if app["id"] in self.state["apps"]:
            return Answer({"message": f"An app with id [{app['id']}] already exists."}, 409)
        refused = self._refusal(app)
        if refused:
            return refused
        self.put(app)
        return Answer({**app, "deployments": [{"id": "d1"}]}, 201)

    def _refusal(self, app: dict[str, Any]) -> Answer | None:
        if self.marathon_version.startswith("1.4") and "networks" in app:
            return Answer({"message": "Object is not valid", "details": [{"path": "/", "errors": ["unknown field networks"]}]}, 422)
        if app.get("cpus", 1) < 0:
            return Answer({"message": "Object is not valid", "details": [{"path": "/cpus", "errors": ["got -1, expected 0 or more"]}]}, 422)
        return None

    def _put_app(self, app_id: str, request: Request) -> Any:
        settings, app = request.json(), self.state["apps"].get(app_id)
        locked = app is not None and app.get("locked") and request.query.get("force") != ["true"]
        if locked:
            message = "App is locked by one or more deployments. Override with the option '?force=true'. View details at '/v2/deployments/<DEPLOYMENT_ID>'."
            return Answer({"message": message, "deployments": [{"id": "d7"}]}, 409)
        refused = self._refusal(settings)
        if refused:
            return refused
        before = app["definition"] if app else {"id": app_id}
        if "ipAddress" in settings or "docker" in (settings.get("container") or {}):
            before = {key: value for key, value in before.items() if key != "networks"}
        self.put({**before, **settings})
        return {"version": "v1", "deploymentId": "d1"}

    def _delete_app(self, app_id: str, request: Request) -> Any:
        if app_id not in self.state["apps"]:
            return self._missing(app_id)
        del self.state["apps"][app_id]
        self.save()
        return {"version": "v1", "deploymentId": "d1"}
