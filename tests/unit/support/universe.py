"""A double of Cosmos, the Universe, Marathon and what schedulers answer, behind the loopback API of dcos_api.py.

Answers are computed from one state in a JSON file: an installation merges defaults, refuses what its schema refuses, makes an app of a template and
labels it as Cosmos does; an app starts, gets healthy and ends as often as it is looked at. Python 3.9 and newer.

    def test_installs(run_module, universe):
        result = run_module(dcos_package, universe.args(name="etcd", version="0.0.3"))
        assert universe.writes == ["POST /package/install"]
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, Callable

import pytest

from .dcos_api import Answer, Clock, DcosApi, Request
from .marathon_double import Marathon

READS = ("/package/describe", "/package/list", "/package/list-versions", "/package/render", "/package/search")
STEPS = ("TaskRunEtcdProxy", "TaskInstallDockerClusterStore", "TaskInstallCalicoCNI", "TaskRunCalicoNode")
GOALS = (1, 2, 2, 1)


def option(kind: str, default: Any = None, **more: Any) -> dict[str, Any]:
    return {"type": kind, **({} if default is None else {"default": default}), **more}


def group(**options: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": options, "required": [name for name, one in options.items() if "default" in one]}


ETCD_003 = group(
    etcd=group(
        **{
            "framework-name": option("string", "etcd", pattern="^/?[a-z0-9-]+$"),
            "cpus": option("number", 0.2, minimum=0.01),
            "cluster-size": option("integer", 3, minimum=1),
            "auto-reseed": option("boolean", True),
            "zk": option("string", "zk://master.mesos:2181/etcd"),
            "admin-password": option("string"),
        }
    )
)
ETCD_010 = group(service=group(name=option("string", "etcd")), node=group(count=option("integer", 3, minimum=3), token=option("string")))
CALICO = {
    "type": "object",
    "properties": {
        "Framework Settings": group(
            **{"framework-name": option("string", "calico-install-framework"), "zk": option("string", "zk://zk-1.zk:2181,zk-2.zk:2181/calico")}
        ),
        "Etcd Settings": group(**{"run-proxy": option("boolean", True), "cpu-limit": option("number", 0.1), "mem-limit": option("integer", 128)}),
        "Configure Docker Cluster-Store": group(
            enable=option("boolean", True), **{"cpu-limit": option("number", 0.2), "mem-limit": option("integer", 256)}
        ),
        "Install CNI": group(enable=option("boolean", True), **{"cpu-limit": option("number", 0.2), "mem-limit": option("integer", 512)}),
        "Run Calico-Node": group(enable=option("boolean", True), **{"cpu-limit": option("number", 0.2), "mem-limit": option("integer", 256)}),
    },
}


def etcd_app(options: dict[str, Any]) -> dict[str, Any]:
    settings = options["etcd"]
    return {
        "id": settings["framework-name"],
        "container": {"type": "DOCKER", "docker": {"image": "mesosphere/etcd-mesos:0.1.3", "network": "HOST", "forcePullImage": True}, "volumes": []},
        "cpus": settings["cpus"],
        "instances": 1,
        "ports": [0, 0, 0],
        "env": {"CLUSTER_SIZE": str(settings["cluster-size"]), "ZK_PERSIST": settings["zk"]},
        "healthChecks": [{"protocol": "HTTP", "path": "/healthz", "portIndex": 0, "maxConsecutiveFailures": 0}],
        "labels": {"DCOS_PACKAGE_FRAMEWORK_NAME": settings["framework-name"]},
    }


def sdk_app(options: dict[str, Any]) -> dict[str, Any]:
    labels = {"DCOS_COMMONS_API_VERSION": "v1", "DCOS_COMMONS_UNINSTALL": "true", "DCOS_SERVICE_NAME": options["service"]["name"]}
    return {"id": options["service"]["name"], "cmd": "./scheduler", "instances": 1, "env": {"COUNT": str(options["node"]["count"])}, "labels": labels}


def calico_app(options: dict[str, Any]) -> dict[str, Any]:
    settings = options["Framework Settings"]
    checks = [{"protocol": "HTTP", "path": "/health", "portIndex": 0}]
    env = {"CALICO_ZK": settings["zk"], "CALICO_ENABLE_RUN_NODE": str(options["Run Calico-Node"]["enable"]).lower()}
    labels = {"DCOS_PACKAGE_FRAMEWORK_NAME": settings["framework-name"]}
    return {"id": settings["framework-name"], "args": [], "instances": 1, "ports": [0], "env": env, "healthChecks": checks, "labels": labels}


def hello_app(options: dict[str, Any]) -> dict[str, Any]:
    return {"id": "hello", "cmd": "sleep 1000", "instances": 1}


# name -> {version: (schema, template)}, oldest version first
PACKAGES: dict[str, dict[str, tuple[Any, Callable[[dict[str, Any]], dict[str, Any]] | None]]] = {
    "etcd": {"0.0.2": (ETCD_003, etcd_app), "0.0.3": (ETCD_003, etcd_app), "0.1.0-3.3.12": (ETCD_010, sdk_app)},
    "calico": {"0.4.0": (CALICO, calico_app)},
    "hello": {"1.0": (None, hello_app)},
    "tool": {"1.0": (None, None)},
}


def error(kind: str, message: str, status: int = 400, data: Any = None) -> Answer:
    body = {"type": kind, "message": message, **({} if data is None else {"data": data})}
    return Answer(body, status, "application/vnd.dcos.package.error+json;charset=utf-8;version=v1")


def defaults(schema: dict[str, Any] | None) -> dict[str, Any]:
    found = {}
    for name, inner in ((schema or {}).get("properties") or {}).items():
        if "default" in inner:
            found[name] = inner["default"]
        elif "properties" in inner:
            found[name] = defaults(inner)
    return found


def merge(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    both = dict(under)
    for name, value in over.items():
        both[name] = merge(both[name], value) if isinstance(value, dict) and isinstance(both.get(name), dict) else value
    return both


class Universe(Marathon):
    """See the head of this file.

    :ivar state: besides apps, Mesos' agents, what /json says, SRV records, plans.
    :ivar notes_options: whether Cosmos labels apps with the options.
    """

    def __init__(self, api: DcosApi, file: Path) -> None:
        super().__init__(api, file)
        self.notes_options = True
        self.state.update({"agents": [], "status": {}, "srv": [], "frameworks": [], "plan": []})
        for name in ("describe", "list", "list-versions", "render", "install", "uninstall"):
            api.on("POST", f"/package/{name}", self._checked(name))
        api.on("GET", "/mesos/slaves", lambda request: {"slaves": self.state["agents"], "recovered_slaves": []})
        api.on("GET", "/mesos/state", lambda request: {"frameworks": self.state["frameworks"]})
        api.on("GET", "/mesos/master/state-summary", lambda request: {"frameworks": self.state["frameworks"]})
        for name in ("etcd", "etcd2"):
            api.on("GET", f"/mesos_dns/v1/services/_etcd-server._tcp.{name}.mesos", lambda request: self.state["srv"] or [dict(NOTHING)])
        api.on("GET", "/service/etcd/v1/plans/deploy", lambda request: self._plan())
        api.on("GET", "/healthz", self._healthz)
        api.on("GET", "/json", lambda request: self.state["status"])

    def args(self, **more: Any) -> dict[str, Any]:
        return self.api.args(**more)

    @property
    def writes(self) -> list[str]:
        """What was asked that writes: Cosmos reads by POST, too."""
        return [f"{request.method} {request.path}" for request in self.api.writes if request.path not in READS]

    @property
    def reads(self) -> list[str]:
        return [request.path for request in self.api.requests if request.method == "GET" or request.path in READS]

    def sent(self, path: str) -> Any:
        """Body of the last request to a path that had one."""
        return [request for request in self.api.requests if request.path == path and request.body][-1].json()

    def agent(self, number: int, **more: Any) -> dict[str, Any]:
        """Add an agent; 10.0.1.N."""
        found = {"id": f"S{number}", "hostname": f"10.0.1.{number}", "pid": f"slave(1)@10.0.1.{number}:5051", "active": True}
        found.update({"resources": {"cpus": 4, "mem": 4096}, "used_resources": {"cpus": 1, "mem": 1024}}, **more)
        self.state["agents"].append(found)
        return found

    def steps(self, agent: str, *states: int) -> None:
        """Set what /json says of an agent, step by step."""
        self.state["status"][agent] = {step: {"state": state, "task_id": f"{step[4:]}-1"} for step, state in zip(STEPS, states)}

    def members(self, count: int) -> None:
        service = "_etcd-server._tcp.etcd.mesos"
        self.state["srv"] = [{"service": service, "host": f"e{n}.mesos.", "ip": f"10.0.1.{n}", "port": f"{1024 + n}"} for n in range(1, count + 1)]

    # Cosmos

    def _checked(self, name: str) -> Callable[[Request], Any]:
        def answer(request: Request) -> Any:
            kind = f"application/vnd.dcos.package.{name}"
            version = {"describe": 3, "install": 2}.get(name, 1)
            given = (request.headers.get("Content-Type"), request.headers.get("Accept"))
            if given != (f"{kind}-request+json;charset=utf-8;version=v1", f"{kind}-response+json;charset=utf-8;version=v{version}"):
                return error("UnsupportedContentType", f"Unsupported Content-Type: {given[0]} Accept: {given[1]}")
            return getattr(self, "_" + name.replace("-", "_"))(request.json())

        return answer

    def _package(self, body: dict[str, Any]) -> Any:
        name, version = body["packageName"], body.get("packageVersion")
        if name not in PACKAGES:
            return error("PackageNotFound", f"Package [{name}] not found", data={"packageName": name})
        version = version or list(PACKAGES[name])[-1]
        if version not in PACKAGES[name]:
            return error("VersionNotFound", f"Version [{version}] of package [{name}] not found", data={"packageName": name, "packageVersion": version})
        return name, version, PACKAGES[name][version]

    def _describe(self, body: dict[str, Any]) -> Any:
        found = self._package(body)
        if isinstance(found, Answer):
            return found
        name, version, (schema, _template) = found
        return {"package": {"name": name, "version": version, **({"config": schema} if schema else {})}}

    def _list_versions(self, body: dict[str, Any]) -> Any:
        if body["packageName"] not in PACKAGES:
            return error("PackageNotFound", f"Package [{body['packageName']}] not found")
        # out of order, as a JSON object may be
        return {"results": {version: str(index) for index, version in reversed(list(enumerate(PACKAGES[body["packageName"]])))}}

    def _rendered(self, body: dict[str, Any]) -> Any:
        found = self._package(body)
        if isinstance(found, Answer):
            return found
        name, version, (schema, template) = found
        if template is None:
            return error("ServiceMarathonTemplateNotFound", f"Package: [{name}] version: [{version}] does not have a Marathon template defined")
        options = body.get("options") or {}
        if schema is None and options:
            return error("OptionsNotAllowed", "No schema available to validate the provided options")
        complete = merge(defaults(schema), options)
        if name == "etcd" and complete.get("etcd", {}).get("framework-name") == "refused-by-cosmos":
            data = {"errors": [{"level": "error", "instance": {"pointer": "/etcd/framework-name"}, "keyword": "not", "message": "is taken"}]}
            return error("JsonSchemaMismatch", "Options JSON failed validation", data=data)
        app = template(complete)
        app["id"] = "/" + (body.get("appId") or app["id"]).strip("/")
        labels = {"DCOS_PACKAGE_NAME": name, "DCOS_PACKAGE_VERSION": version}
        if self.notes_options:
            labels["DCOS_PACKAGE_OPTIONS"] = base64.b64encode(json.dumps(options).encode()).decode()
        return {**app, "labels": {**app.get("labels", {}), **labels}}

    def _render(self, body: dict[str, Any]) -> Any:
        app = self._rendered(body)
        return app if isinstance(app, Answer) else {"marathonJson": app}

    def _list(self, body: dict[str, Any]) -> Any:
        found = []
        for app_id, app in self.state["apps"].items():
            labels = app["definition"].get("labels", {})
            if "DCOS_PACKAGE_NAME" in labels and body.get("packageName") in (None, labels["DCOS_PACKAGE_NAME"]) and body.get("appId") in (None, app_id):
                package = {"name": labels["DCOS_PACKAGE_NAME"], "version": labels["DCOS_PACKAGE_VERSION"]}
                found.append({"appId": app_id, "packageInformation": {"packageDefinition": package}})
        return {"packages": found}

    def _install(self, body: dict[str, Any]) -> Any:
        app = self._rendered(body)
        if isinstance(app, Answer):
            return app
        if app["id"] in self.state["apps"]:
            return error("PackageAlreadyInstalled", "Package is already installed", 409)
        self.put(app)
        notes = "It runs now, says the package."
        return {"packageName": body["packageName"], "packageVersion": body["packageVersion"], "appId": app["id"], "postInstallNotes": notes}

    def _uninstall(self, body: dict[str, Any]) -> Any:
        found = [one["appId"] for one in self._list({"packageName": body["packageName"], "appId": body.get("appId")})["packages"]]
        if not found:
            return error("PackageNotInstalled", f"Package [{body['packageName']}] is not installed")
        if len(found) > 1:
            return error("AmbiguousAppId", f"Multiple apps named [{body['packageName']}] are installed: [{', '.join(found)}]")
        app = self.state["apps"][found[0]]
        if "DCOS_COMMONS_UNINSTALL" in app["definition"]["labels"]:
            app["definition"].setdefault("env", {})["SDK_UNINSTALL"] = "true"
        else:
            del self.state["apps"][found[0]]
        self.save()
        return {"results": [{"packageName": body["packageName"], "appId": found[0], "postUninstallNotes": "Mind what stays behind."}]}

    # schedulers

    def _running(self, app_id: str) -> bool:
        app = self.state["apps"].get(app_id)
        return app is not None and app["looks"] > self.healthy_after

    def _healthz(self, request: Request) -> Answer:
        healthy = self._running("/etcd") or self._running("/etcd2")
        return Answer("cluster is healthy" if healthy else "cluster is unhealthy", 200 if healthy else 500, "text/plain")

    def _plan(self) -> Any:
        plans = self.state["plan"] or [(200, {"status": "COMPLETE", "phases": [], "errors": []})]
        status, plan = plans.pop(0) if len(plans) > 1 else plans[0]
        return Answer(plan, status)


NOTHING = {"service": "", "host": "", "ip": "", "port": ""}


@pytest.fixture
def universe(dcos_api: DcosApi, dcos_clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Universe:
    """A cluster with a Universe, in which waits take no time, so that a test ends as it should on any machine."""
    from ansible_collections.dcos.calico.plugins.module_utils._dcos._client import DcosClient
    from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline

    monkeypatch.setattr(DcosClient, "deadline", lambda self, seconds: Deadline(seconds, dcos_clock, dcos_clock.sleep))
    return Universe(dcos_api, tmp_path / "universe.json")
