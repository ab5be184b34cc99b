"""App definitions in one inner form, that of Marathon 1.5; what comes in and goes out in the dialect of 1.4 is converted."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from .validation import Invalid, check

Json = dict[str, Any]
DEFAULT_NETWORK = "dcos"
FIRST_SERVICE_PORT = 10000
_APP_DEFAULTS: Json = {
    "backoffFactor": 1.15,
    "backoffSeconds": 1,
    "cpus": 1,
    "disk": 0,
    "executor": "",
    "gpus": 0,
    "instances": 1,
    "labels": {},
    "maxLaunchDelaySeconds": 3600,
    "mem": 128,
    "requirePorts": False,
    "upgradeStrategy": {"maximumOverCapacity": 1, "minimumHealthCapacity": 1},
}
_NEW_DEFAULTS: Json = {
    "killSelection": "YOUNGEST_FIRST",
    "unreachableStrategy": {"inactiveAfterSeconds": 0, "expungeAfterSeconds": 0},
}
_OLD_NULLS = (
    "args",
    "user",
    "residency",
    "secrets",
    "taskKillGracePeriodSeconds",
    "acceptedResourceRoles",
    "ipAddress",
    "cmd",
    "container",
)
_HEALTH_DEFAULTS: Json = {
    "gracePeriodSeconds": 300,
    "intervalSeconds": 60,
    "maxConsecutiveFailures": 3,
    "timeoutSeconds": 20,
    "protocol": "HTTP",
}
_NO_VALUE = object()
_READ_ONLY = (
    "version",
    "versionInfo",
    "deployments",
    "tasks",
    "tasksStaged",
    "tasksRunning",
    "tasksHealthy",
    "tasksUnhealthy",
    "lastTaskFailure",
    "taskStats",
)


def app_id(text: str) -> str:
    """Absolute, without a last slash."""
    return "/" + text.strip("/")


def merge(current: Mapping[str, Any] | None, given: Mapping[str, Any], networks_dialect: bool) -> Json:
    """What POST and PUT mean: fields given replace those of before, null removes. What one can only read is not read back."""
    change = {key: copy.deepcopy(value) for key, value in given.items() if key not in _READ_ONLY}
    if not networks_dialect:
        change = _drop_new(change)
    merged = {**copy.deepcopy(dict(current or {})), **change}
    if current and ("ipAddress" in change or "container" in change and "networks" not in change):
        # A 1.4 form that replaces the network replaces the inner form's too.
        docker = (change.get("container") or {}).get("docker") or {}
        if "ipAddress" in change or "network" in docker:
            merged.pop("networks", None)
    if current and ("ports" in change or "ipAddress" in change) and "portDefinitions" not in change:
        merged.pop("portDefinitions", None)
    return {key: value for key, value in merged.items() if value is not None}


def canonical(given: Mapping[str, Any], networks_dialect: bool) -> Json:
    """The inner form with all defaults; raises Invalid."""
    app = {key: copy.deepcopy(value) for key, value in given.items() if value is not None}
    check(app, networks_dialect)
    app["id"] = app_id(app["id"])
    if "uris" in app:
        app.setdefault("fetch", [{"uri": uri} for uri in app.pop("uris")])
    _take_old_networking(app)
    for key, value in {**_APP_DEFAULTS, **(_NEW_DEFAULTS if networks_dialect else {})}.items():
        app.setdefault(key, copy.deepcopy(value))
    _complete_container(app)
    if "healthChecks" in app:
        app["healthChecks"] = [_health_check(entry, networks_dialect) for entry in app["healthChecks"]]
    return app


def _drop_new(app: Json) -> Json:
    """1.4 reads neither `networks` nor mappings outside of `docker`."""
    kept = {key: value for key, value in app.items() if key != "networks"}
    container = kept.get("container")
    if isinstance(container, dict):
        container.pop("portMappings", None)
    return kept


def _take_old_networking(app: Json) -> None:
    container = app.get("container") or {}
    docker = container.get("docker") or {}
    old_network = docker.pop("network", None)
    mappings = docker.pop("portMappings", None)
    if mappings is not None:
        container.setdefault("portMappings", mappings)
    address = app.pop("ipAddress", None)
    if "networks" not in app:
        app["networks"] = _networks_of(address, old_network)
    for network in app["networks"]:
        network.setdefault("mode", "container")
        if network["mode"] == "container":
            network.setdefault("name", DEFAULT_NETWORK)
    if address is not None and container.get("type") != "DOCKER":
        found = (address.get("discovery") or {}).get("ports", [])
        if found:
            app.setdefault("container", {"type": "MESOS"})
            app["container"].setdefault("portMappings", [_from_discovery(port) for port in found])
    ports = app.pop("ports", None)
    if is_host(app):
        if ports is not None:
            app.setdefault("portDefinitions", [{"port": port, "protocol": "tcp"} for port in ports])
        app.setdefault("portDefinitions", [{"port": 0, "protocol": "tcp"}] if "portMappings" not in container else [])
        for definition in app["portDefinitions"]:
            definition.setdefault("port", 0)
            definition.setdefault("protocol", "tcp")
    else:
        # 1.4 tells the service ports of mappings as definitions, too.
        app.pop("portDefinitions", None)


def _networks_of(address: Json | None, old_network: str | None) -> list[Json]:
    if old_network == "BRIDGE":
        return [{"mode": "container/bridge"}]
    if address is None and old_network in (None, "HOST"):
        return [{"mode": "host"}]
    network: Json = {"mode": "container", "name": (address or {}).get("networkName") or DEFAULT_NETWORK}
    if (address or {}).get("labels"):
        network["labels"] = (address or {})["labels"]
    return [network]


def _from_discovery(port: Json) -> Json:
    return {"containerPort": port["number"], "name": port.get("name"), "protocol": port.get("protocol", "tcp")}


def _complete_container(app: Json) -> None:
    container = app.get("container")
    if container is None:
        return
    container.setdefault("type", "DOCKER" if container.get("docker") and "type" not in container else "MESOS")
    container.setdefault("volumes", [])
    docker = container.get("docker")
    if docker is not None:
        docker.setdefault("forcePullImage", False)
        if container["type"] == "DOCKER":
            docker.setdefault("parameters", [])
            docker.setdefault("privileged", False)
    bridge = any(network["mode"] == "container/bridge" for network in app["networks"])
    for mapping in container.get("portMappings") or []:
        mapping.setdefault("containerPort", 0)
        if bridge:
            mapping.setdefault("hostPort", 0)
        mapping.setdefault("labels", {})
        mapping.setdefault("protocol", "tcp")
        mapping.setdefault("servicePort", 0)
        if mapping.get("name", _NO_VALUE) is None:
            del mapping["name"]


def _health_check(given: Json, networks_dialect: bool) -> Json:
    entry = {**_HEALTH_DEFAULTS, **given}
    if networks_dialect:
        entry.setdefault("delaySeconds", 15)
    if entry["protocol"].endswith(("HTTP", "HTTPS")):
        entry.setdefault("path", "/")
        entry.setdefault("ignoreHttp1xx", False)
    if entry["protocol"] != "COMMAND" and "port" not in entry:
        entry.setdefault("portIndex", 0)
    return entry


def assign_service_ports(app: Json, taken: set[int], own: Sequence[int] = ()) -> None:
    """Ports 0 of definitions and mappings become service ports of their own, those that the app had before first."""
    before = [port for port in own if port and port not in service_ports(app)]

    def free() -> int:
        if before:
            return before.pop(0)
        port = FIRST_SERVICE_PORT
        while port in taken:
            port += 1
        taken.add(port)
        return port

    for definition in app.get("portDefinitions", []):
        definition["port"] = definition["port"] or free()
    for mapping in (app.get("container") or {}).get("portMappings") or []:
        mapping["servicePort"] = mapping["servicePort"] or free()


def service_ports(app: Mapping[str, Any]) -> list[int]:
    mappings = (app.get("container") or {}).get("portMappings") or []
    return [definition["port"] for definition in app.get("portDefinitions", [])] + [
        mapping["servicePort"] for mapping in mappings
    ]


def is_host(app: Mapping[str, Any]) -> bool:
    return all(network["mode"] == "host" for network in app["networks"])


def container_network(app: Mapping[str, Any]) -> Json | None:
    """The first network of mode container."""
    return next((network for network in app["networks"] if network["mode"] == "container"), None)


def rendered(app: Mapping[str, Any], networks_dialect: bool) -> Json:
    """The inner form in the release's dialect."""
    out = copy.deepcopy(dict(app))
    return out if networks_dialect else _as_old(out)


def _as_old(app: Json) -> Json:
    networks = app.pop("networks")
    ports = service_ports(app)
    container = app.get("container") or {}
    mappings = container.pop("portMappings", None)
    network = next((entry for entry in networks if entry["mode"] == "container"), None)
    docker = container.get("docker") if container.get("type") == "DOCKER" else None
    if docker is not None:
        docker["network"] = "USER" if network else "BRIDGE" if networks[0]["mode"] == "container/bridge" else "HOST"
        docker["portMappings"] = mappings
    if network:
        found = [] if docker is not None else [_to_discovery(mapping) for mapping in mappings or []]
        app["ipAddress"] = {
            "groups": [],
            "labels": network.get("labels", {}),
            "discovery": {"ports": found},
            "networkName": network["name"],
        }
    for key in _OLD_NULLS:
        app.setdefault(key, None)
    for key, empty in (
        ("constraints", []),
        ("fetch", []),
        ("storeUrls", []),
        ("dependencies", []),
        ("env", {}),
        ("healthChecks", []),
        ("readinessChecks", []),
    ):
        app.setdefault(key, empty)
    app["uris"] = [entry["uri"] for entry in app["fetch"]]
    app["ports"] = [] if network else ports
    app.setdefault("portDefinitions", [{"port": port, "protocol": "tcp", "labels": {}} for port in app["ports"]])
    return app


def _to_discovery(mapping: Json) -> Json:
    return {
        "number": mapping["containerPort"],
        "name": mapping.get("name", ""),
        "protocol": mapping["protocol"],
        "labels": {},
    }


__all__ = [
    "Invalid",
    "app_id",
    "assign_service_ports",
    "canonical",
    "container_network",
    "is_host",
    "merge",
    "rendered",
    "service_ports",
]
