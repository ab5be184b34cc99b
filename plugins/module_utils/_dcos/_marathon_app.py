# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Definitions of Marathon apps in both dialects, and what differs between a desired and a stored one. Pure.

Marathon 1.4 (DC/OS 1.9) has C(ipAddress) and C(container.docker.network); 1.5 has C(networks) and C(container.portMappings), takes the old
form too and always answers in the new one. Everything here is compared in the new form. Sources: Marathon's network-api-migration.md and its
normalisation of apps.
"""
from __future__ import annotations

import copy
import posixpath
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils._dcos._schema import Difference
from ansible_collections.dcos.calico.plugins.module_utils._dcos._shape import ANY
from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError

App = dict[str, Any]
# What of a definition is looked into here: a shape of _shape.py, for those of users and of Marathon.
DEFINITION: dict[str, Any] = {
    "env?": dict,
    "labels?": dict,
    "healthChecks?": [dict],
    "dependencies?": [ANY],
    "networks?": [{"mode?": str, "name?": str, "labels?": dict}],
    "ipAddress?": {"networkName?": str, "labels?": dict, "discovery?": {"ports?": [dict]}},
    "container?": {"type?": str, "volumes?": [dict], "portMappings?": [dict], "docker?": {"network?": str, "portMappings?": [dict], "parameters?": [ANY]}},
    "portDefinitions?": [dict],
    "ports?": [ANY],
    "uris?": [ANY],
    "fetch?": [dict],
    "upgradeStrategy?": dict,
}

NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
NETWORKS_SINCE = (1, 5)
MODES = {"HOST": "host", "BRIDGE": "container/bridge", "USER": "container"}
ARCHIVES = (".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz", ".zip")
# What Marathon puts where the user wrote nothing, by path; "*" is any element of a list. CHOSEN is a value that Marathon chooses.
CHOSEN = object()
FILLED_IN: dict[tuple[str, ...], dict[str, Any]] = {
    ("container",): {"volumes": [], "portMappings": [], "type": CHOSEN, "docker": CHOSEN},
    ("container", "docker"): {"forcePullImage": False, "privileged": False, "parameters": [], "credential": None},
    ("container", "portMappings", "*"): {"protocol": "tcp", "labels": {}, "hostPort": None, "servicePort": CHOSEN, "name": None, "networkNames": []},
    ("networks", "*"): {"labels": {}, "name": CHOSEN},
    ("portDefinitions", "*"): {"protocol": "tcp", "labels": {}, "name": None, "port": CHOSEN},
    ("fetch", "*"): {"cache": False, "extract": True, "executable": False},
    ("upgradeStrategy",): {"maximumOverCapacity": 1, "minimumHealthCapacity": 1},
    ("healthChecks", "*"): {
        "protocol": "HTTP",
        "path": CHOSEN,
        "portIndex": CHOSEN,
        "gracePeriodSeconds": 300,
        "intervalSeconds": 60,
        "timeoutSeconds": 20,
        "maxConsecutiveFailures": 3,
        "delaySeconds": 15,
        "ignoreHttp1xx": False,
        "ipProtocol": "IPv4",
    },
}
# Whose keys are all the user's: one that is no longer desired has to go.
FREE = {("env",), ("labels",), ("secrets",), ("networks", "*", "labels"), ("container", "portMappings", "*", "labels"), ("portDefinitions", "*", "labels")}
UNORDERED = {("healthChecks",), ("constraints",), ("acceptedResourceRoles",), ("dependencies",)}
# What is no text in Marathon's definitions; templates of ansible-core 2.16 make text of all values.
_NUMBERS: dict[tuple[str, ...], tuple[str, ...]] = {
    (): (
        "instances", "cpus", "mem", "disk", "gpus", "backoffSeconds", "backoffFactor", "maxLaunchDelaySeconds", "taskKillGracePeriodSeconds", "ports",
    ),
    ("upgradeStrategy",): ("minimumHealthCapacity", "maximumOverCapacity"),
    ("unreachableStrategy",): ("inactiveAfterSeconds", "expungeAfterSeconds"),
    ("residency",): ("relaunchEscalationTimeoutSeconds",),
    ("healthChecks", "*"): (
        "gracePeriodSeconds", "intervalSeconds", "timeoutSeconds", "delaySeconds", "maxConsecutiveFailures", "portIndex", "port",
    ),
    ("readinessChecks", "*"): ("intervalSeconds", "timeoutSeconds", "httpStatusCodesForReady"),
    ("portDefinitions", "*"): ("port",),
    ("container", "portMappings", "*"): ("containerPort", "hostPort", "servicePort"),
    ("container", "docker", "portMappings", "*"): ("containerPort", "hostPort", "servicePort"),
    ("container", "volumes", "*", "persistent"): ("size", "maxSize"),
    ("ipAddress", "discovery", "ports", "*"): ("number",),
}
_BOOLEANS: dict[tuple[str, ...], tuple[str, ...]] = {
    (): ("requirePorts",),
    ("container", "docker"): ("forcePullImage", "privileged"),
    ("fetch", "*"): ("cache", "extract", "executable"),
    ("healthChecks", "*"): ("ignoreHttp1xx",),
    ("readinessChecks", "*"): ("preserveLastResponse",),
}
NUMBERS = {(*path, name) for path, names in _NUMBERS.items() for name in names}
BOOLEANS = {(*path, name) for path, names in _BOOLEANS.items() for name in names}
# Ports that Marathon chooses where 0 is required.
CHOSEN_AT_ZERO = {("portDefinitions", "*", "port"), ("container", "portMappings", "*", "servicePort")}
# What describes an app's state and not what is required of it.
NO_SETTING = {"id", "version", "versionInfo", "deployments", "tasks", "tasksStaged", "tasksRunning", "tasksHealthy", "tasksUnhealthy", "lastTaskFailure"}
DEFAULT_PORT_MAPPINGS = [{"containerPort": 0}]


def app_id(text: str) -> str:
    """An absolute id, such as C(/group/web)."""
    return "/" + text.strip("/")


def absolute(dependency: Any) -> Any:
    """A dependency as Marathon stores it: one without a leading slash is taken from the root."""
    return posixpath.normpath("/" + dependency.lstrip("/")) if isinstance(dependency, str) else dependency


def typed(value: Any, path: tuple[str, ...]) -> Any:
    """A setting with the numbers and truth values in it that templates made text of; what is neither is left for Marathon to refuse."""
    if isinstance(value, dict):
        return {key: typed(item, (*path, str(key))) for key, item in value.items()}
    if isinstance(value, list):
        return [typed(item, path if path in NUMBERS else (*path, "*")) for item in value]
    if isinstance(value, str) and path in NUMBERS and NUMBER.fullmatch(value.strip()):
        return float(value) if "." in value else int(value)
    if isinstance(value, str) and path in BOOLEANS and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    return value


def canonical(app: Mapping[str, Any], stored: bool = False) -> App:
    """An app in the form of Marathon 1.5.

    :arg stored: it is Marathon's answer, in which what is missing has its default; in a user's definition it is left as it is.
    """
    found: App = {name: typed(copy.deepcopy(value), (name,)) for name, value in app.items() if value is not None}
    if "id" in found:
        found["id"] = app_id(str(found["id"]))
    if isinstance(found.get("dependencies"), list):
        found["dependencies"] = [absolute(one) for one in found["dependencies"]]
    for name in ("env", "labels"):
        if isinstance(found.get(name), dict):
            found[name] = {key: _text(value) for key, value in found[name].items() if value is not None}
    _canonical_networks(found, stored)
    _canonical_ports(found)
    _canonical_fetch(found)
    return found


def _text(value: Any) -> Any:
    """Marathon takes text only; templates give numbers and truth values. A reference to a secret is a dict."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else value


def _canonical_networks(app: App, stored: bool) -> None:
    address = app.pop("ipAddress", None)
    if address is not None:
        app.setdefault("container", {"type": "MESOS"})
    container = app.get("container")
    docker = container.get("docker") if isinstance(container, dict) else None
    mode = docker.pop("network", None) if isinstance(docker, dict) else None
    if not app.get("networks"):
        app.pop("networks", None)
        network = _network(address, MODES.get(str(mode)))
        if network or stored:
            app["networks"] = [network or {"mode": "host"}]
    if isinstance(container := app.get("container"), dict):
        _canonical_port_mappings(container, address, {network.get("mode") for network in app.get("networks") or []})


def _network(address: Mapping[str, Any] | None, mode: str | None) -> App | None:
    """The network that fields of Marathon 1.4 mean; None if they name none."""
    if mode in ("host", "container/bridge"):
        return {"mode": mode}
    if address is None and mode is None:
        return None
    network: App = {"mode": "container"}
    for old, new in (("networkName", "name"), ("labels", "labels")):
        if address and address.get(old):
            network[new] = address[old]
    return network


def _canonical_port_mappings(container: App, address: Mapping[str, Any] | None, modes: set[Any]) -> None:
    docker = container.get("docker")
    old = docker.pop("portMappings", None) if isinstance(docker, dict) else None
    discovered = ((address or {}).get("discovery") or {}).get("ports")
    mappings = container.pop("portMappings", None)
    if mappings is None:
        mappings = old
    if not mappings and discovered is not None and container.get("type") == "MESOS":
        kept = ("name", "protocol", "labels")
        mappings = [{"containerPort": port.get("number", 0), **{key: port[key] for key in kept if key in port}} for port in discovered]
    if mappings is None or "host" in modes:
        return
    if "container/bridge" in modes:
        mappings = [{"hostPort": 0, **_without_none(mapping)} for mapping in mappings]
    container["portMappings"] = [_without_none(mapping) for mapping in mappings]


def _without_none(values: Mapping[str, Any]) -> App:
    return {name: value for name, value in values.items() if value is not None}


def _canonical_ports(app: App) -> None:
    ports = app.pop("ports", None)
    if ports is not None and "portDefinitions" not in app:
        app["portDefinitions"] = [{"port": port} for port in ports]


def _canonical_fetch(app: App) -> None:
    uris = app.pop("uris", None)
    if uris is not None and not app.get("fetch"):
        app["fetch"] = [{"uri": uri, "extract": str(uri).endswith(ARCHIVES)} for uri in uris]


def for_version(app: Mapping[str, Any], version: tuple[int, ...]) -> App:
    """A definition in the form that this Marathon takes.

    :raises ValidationError: if it wants something that Marathon 1.4 does not know.
    """
    found = canonical(app)
    return found if version >= NETWORKS_SINCE else _in_form_of_1_4(found)


def _in_form_of_1_4(app: App) -> App:
    networks = app.pop("networks", None)
    if networks is None:
        return app
    if len(networks) > 1:
        raise _unknown_to_1_4(app, f"networks {', '.join(str(network.get('name')) for network in networks)}", "an app has one network only")
    network = networks[0] if networks else {"mode": "host"}
    container = app.get("container")
    if network.get("mode") == "host":
        if isinstance(container, dict) and container.get("type") == "DOCKER":
            container.setdefault("docker", {})["network"] = "HOST"
        return app
    container = app.setdefault("container", {"type": "MESOS"})
    mappings = container.pop("portMappings", None)
    if container.get("type") == "DOCKER":
        bridge = network.get("mode") == "container/bridge"
        container.setdefault("docker", {})["network"] = "BRIDGE" if bridge else "USER"
        if mappings is not None:
            container["docker"]["portMappings"] = mappings
        return app if bridge else {**app, "ipAddress": _ip_address(network)}
    if network.get("mode") != "container":
        raise _unknown_to_1_4(app, f"network mode {network.get('mode')}", "without Docker there is a container network or the host's own")
    address = _ip_address(network)
    if any("hostPort" in mapping for mapping in mappings or []):
        raise _unknown_to_1_4(app, "hostPort", "a container network of the Mesos containerizer maps no ports to the host's")
    if mappings:
        address["discovery"] = {"ports": [_discovered(mapping) for mapping in mappings]}
    return {**app, "ipAddress": address}


def _ip_address(network: Mapping[str, Any]) -> App:
    address: App = {"networkName": network["name"]} if network.get("name") else {}
    if network.get("labels"):
        address["labels"] = network["labels"]
    return address


def _discovered(mapping: Mapping[str, Any]) -> App:
    """A port in ipAddress.discovery, where it must have a name."""
    number = mapping.get("containerPort", 0)
    return {"number": number, "name": mapping.get("name") or f"port{number}", "protocol": mapping.get("protocol", "tcp")}


def _unknown_to_1_4(app: App, what: str, why: str) -> ValidationError:
    return ValidationError(f"Marathon 1.4 (DC/OS 1.9) cannot run {app.get('id')} with {what}", why, "Change the definition of the app")


def differences(desired: Mapping[str, Any], stored: Mapping[str, Any]) -> list[Difference]:
    """What of a desired definition is not so in Marathon. Settings that it does not name are left to what they are.

    :arg desired, stored: in either dialect.
    """
    new, old = canonical(desired), canonical(stored, stored=True)
    found: list[Difference] = []
    for name in sorted(set(new) - NO_SETTING):
        found += _compare(new[name], old.get(name), (name,), (name,))
    return found


def changed_settings(found: list[Difference]) -> set[str]:
    """The top-level settings that differences are in."""
    return {re.split(r"[.\[]", one.option, maxsplit=1)[0] for one in found}


def _compare(new: Any, old: Any, path: tuple[str, ...], name: tuple[str, ...]) -> list[Difference]:
    if isinstance(new, dict) and isinstance(old, dict):
        return _compare_objects(new, old, path, name)
    if isinstance(new, list) and isinstance(old, list):
        return _compare_lists(new, old, path, name)
    if path in CHOSEN_AT_ZERO and new == 0:
        return []
    if (new == old and isinstance(new, bool) == isinstance(old, bool)) or (_empty(new) and _empty(old)):
        return []
    return [Difference(".".join(name).replace(".[", "["), old, new)]


def _compare_objects(new: App, old: App, path: tuple[str, ...], name: tuple[str, ...]) -> list[Difference]:
    found = []
    for key, value in new.items():
        filled = FILLED_IN.get(path, {}).get(key)
        found += _compare(value, old.get(key, None if filled is CHOSEN else filled), (*path, key), (*name, key))
    for key in set(old) - set(new):
        if path in FREE:
            found += _compare(None, old[key], (*path, key), (*name, key))
        elif key in FILLED_IN.get(path, {}) and not _is_filled_in(path, key, old[key]):
            found.append(Difference(".".join((*name, key)).replace(".[", "["), old[key], None))
    return sorted(found, key=lambda one: one.option)


def _is_filled_in(path: tuple[str, ...], key: str, value: Any) -> bool:
    """Whether a setting that the user does not name is as Marathon fills it in."""
    filled = FILLED_IN[path][key]
    if path == ("container",) and key == "portMappings" and len(value) == 1:
        return not _compare(DEFAULT_PORT_MAPPINGS, value, ("container", "portMappings"), ())
    return filled is CHOSEN or value == filled or (_empty(filled) and _empty(value))


def _compare_lists(new: list[Any], old: list[Any], path: tuple[str, ...], name: tuple[str, ...]) -> list[Difference]:
    if path in UNORDERED:
        rest = list(old)
        for item in new:
            same = next((other for other in rest if not _compare(item, other, (*path, "*"), name)), None)
            if same is None:
                return [Difference(".".join(name), old, new)]
            rest.remove(same)
        return [Difference(".".join(name), old, new)] if rest else []
    if len(new) != len(old):
        return [Difference(".".join(name), old, new)]
    found = []
    for index, (item, other) in enumerate(zip(new, old)):
        found += _compare(item, other, (*path, "*"), (*name, f"[{index}]"))
    return found


def _empty(value: Any) -> bool:
    return value is None or value == [] or value == {}
