"""What Marathon refuses: wrong types (400) and definitions that make no sense (422)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

SEGMENT = re.compile(r"^(([a-z0-9]|[a-z0-9][a-z0-9\-]*[a-z0-9])\.)*([a-z0-9]|[a-z0-9][a-z0-9\-]*[a-z0-9])$")
OPERATORS = ("UNIQUE", "CLUSTER", "GROUP_BY", "LIKE", "UNLIKE", "MAX_PER", "IS")
NEW_MODES = ("host", "container", "container/bridge")
OLD_MODES = ("HOST", "BRIDGE", "USER", "NONE")
PROTOCOLS = ("HTTP", "HTTPS", "TCP", "COMMAND", "MESOS_HTTP", "MESOS_HTTPS", "MESOS_TCP")
NO_PROGRAM = "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'."
Json = Mapping[str, Any]


class Invalid(ValueError):
    """A definition that is refused; the answer's status and body."""

    def __init__(self, status: int, message: str, details: list[dict[str, Any]]) -> None:
        super().__init__(f"{message}: {details}")
        self.status = status
        self.message, self.details = message, details
        self.body: dict[str, Any] = {"message": message, "details": details}


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is(kind: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kind)


_TYPES: dict[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("id", "cmd", "user", "executor"), (_is(str), "jsstring")),
    **dict.fromkeys(("cpus", "mem", "disk", "backoffFactor"), (_number, "jsnumber")),
    **dict.fromkeys(
        ("instances", "gpus", "backoffSeconds", "maxLaunchDelaySeconds", "taskKillGracePeriodSeconds"),
        (_integer, "jsnumber"),
    ),
    **dict.fromkeys(("labels", "env", "container", "ipAddress", "upgradeStrategy"), (_is(dict), "jsobject")),
    **dict.fromkeys(
        (
            "args",
            "constraints",
            "networks",
            "portDefinitions",
            "ports",
            "healthChecks",
            "fetch",
            "uris",
            "acceptedResourceRoles",
            "dependencies",
        ),
        (_is(list), "jsarray"),
    ),
    "requirePorts": (_is(bool), "jsboolean"),
}


def check(app: Json, networks_dialect: bool) -> None:
    """Raises Invalid with everything that is wrong."""
    mistyped = [(key, kind) for key, (fits, kind) in _TYPES.items() if key in app and not fits(app[key])]
    if mistyped:
        raise Invalid(
            400, "Invalid JSON", [{"path": f"/{key}", "errors": [f"error.expected.{kind}"]} for key, kind in mistyped]
        )
    wrong: dict[str, list[str]] = {}

    def found(path: str, error: str) -> None:
        wrong.setdefault(path, []).append(error)

    for part in (_identity, _program, _amounts, _networking, _health, _placement):
        part(app, networks_dialect, found)
    if wrong:
        raise Invalid(422, "Object is not valid", [{"path": path, "errors": errors} for path, errors in wrong.items()])


def _identity(app: Json, _dialect: bool, found: Callable[[str, str], None]) -> None:
    if "id" not in app:
        found("/id", "is a required field but was not found")  # the parser's own words
        return
    segments = app["id"].strip("/").split("/")
    if not all(SEGMENT.match(segment) for segment in segments):
        found("/id", f"must fully match regular expression '{SEGMENT.pattern}'")
    for name in ("labels", "env"):
        for key, value in app.get(name, {}).items():
            if not isinstance(value, str) and not (name == "env" and isinstance(value, dict)):
                found(f"/{name}({key})", "error.expected.jsstring")


def _program(app: Json, _dialect: bool, found: Callable[[str, str], None]) -> None:
    container = app.get("container") or {}
    if "cmd" in app and "args" in app:
        found("/", "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'.")
    if not app.get("cmd") and not app.get("args") and not container.get("docker") and not container.get("appc"):
        found("/", NO_PROGRAM)
    if container.get("type", "MESOS") not in ("MESOS", "DOCKER"):
        found("/container/type", "error.unknown.enum.literal")
    docker = container.get("docker")
    if docker is not None and not (isinstance(docker, dict) and docker.get("image")):
        found("/container/docker/image", "must not be empty")


def _amounts(app: Json, _dialect: bool, found: Callable[[str, str], None]) -> None:
    for name in ("cpus", "mem", "disk", "instances", "gpus"):
        if app.get(name, 0) < 0:
            found(f"/{name}", f"error.min got {app[name]}, expected 0 or more")


def _networking(app: Json, networks_dialect: bool, found: Callable[[str, str], None]) -> None:
    networks = app.get("networks")
    container = app.get("container") or {}
    docker = container.get("docker") or {}
    if networks is not None:
        if "ipAddress" in app:
            found("/", "cannot specify both networks and ipAddress")
        modes = [network.get("mode", "container") if isinstance(network, dict) else None for network in networks]
        if any(mode not in NEW_MODES for mode in modes):
            found("/networks", f"each mode must be one of {', '.join(NEW_MODES)}")
        if len(set(modes)) > 1 or modes.count("host") > 1 or modes.count("container/bridge") > 1:
            found("/networks", "may only use a single host or bridge network, or any number of container networks")
        if app.get("portDefinitions") and any(mode != "host" for mode in modes):
            found("/portDefinitions", "must be empty: port definitions are only allowed with host networking")
    if docker.get("network") is not None and docker["network"] not in OLD_MODES:
        found("/container/docker/network", "error.unknown.enum.literal")
    if "ipAddress" in app and not networks_dialect and (app.get("ports") or app.get("portDefinitions")):
        found("/", "ports and portDefinitions must not be used with ipAddress")
    if (
        app.get("ports")
        and app.get("portDefinitions")
        and list(app["ports"]) != [entry.get("port") for entry in app["portDefinitions"]]
    ):
        found("/", "ports and portDefinitions cannot both be given")


def _health(app: Json, _dialect: bool, found: Callable[[str, str], None]) -> None:
    for index, entry in enumerate(app.get("healthChecks", [])):
        protocol = entry.get("protocol", "HTTP")
        if protocol not in PROTOCOLS:
            found(f"/healthChecks({index})/protocol", "error.unknown.enum.literal")
        if protocol == "COMMAND" and not (entry.get("command") or {}).get("value"):
            found(f"/healthChecks({index})/command", "must be defined for the protocol COMMAND")
        if "port" in entry and "portIndex" in entry:
            found(f"/healthChecks({index})", "Health check must specify either a port or a portIndex")


def _placement(app: Json, _dialect: bool, found: Callable[[str, str], None]) -> None:
    for index, entry in enumerate(app.get("constraints", [])):
        if not isinstance(entry, list) or not 2 <= len(entry) <= 3 or entry[1] not in OPERATORS:
            found(f"/constraints({index})", f"operator must be one of {', '.join(OPERATORS)}")
    if "acceptedResourceRoles" in app and not app["acceptedResourceRoles"]:
        found("/acceptedResourceRoles", "must not be empty")
