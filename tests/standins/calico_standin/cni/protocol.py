"""The CNI protocol both plugins speak: variables in, a result or an error object out."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from ..errors import StandinError
from ..release import PLUGINS as PLUGIN_VERSION
from . import gojson

SUPPORTED_VERSIONS = ("0.1.0", "0.2.0", "0.3.0", "0.3.1")
_FAILED = 100
_INCOMPATIBLE = 1
# The variables the protocol knows, in the order they are missed, and the commands that need each.
_VARIABLES = {
    "CNI_NETNS": ("ADD",),
    "CNI_IFNAME": ("ADD", "DEL"),
    "CNI_PATH": ("ADD", "DEL"),
}
_NETWORK_NAME = re.compile(r"[a-zA-Z0-9._-]+")


class PluginError(StandinError):
    """A failure that is told to the caller as CNI's error object."""

    def __init__(self, message: str, code: int = _FAILED, details: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.details = details


@dataclass(frozen=True)
class Call:
    """One invocation of a plugin."""

    container_id: str
    netns: str
    ifname: str
    path: Sequence[str]
    args: str
    stdin: str


Command = Callable[[Call], Mapping[str, Any] | None]


def run(program: str, argv: Sequence[str], add: Command, delete: Command) -> int:
    """Answer the command line or the CNI command in the environment; the exit code."""
    if argv:
        return _flags(program, argv)
    variables = os.environ
    try:
        command, call = _read_call(variables)
        if command == "VERSION":
            answer = {"cniVersion": SUPPORTED_VERSIONS[-1], "supportedVersions": list(SUPPORTED_VERSIONS)}
            print(gojson.compact(answer))
            return 0
        chosen = {"ADD": add, "DEL": delete}.get(command)
        if chosen is None:
            raise PluginError(f"unknown CNI_COMMAND: {command}")
        _check_version(call.stdin)
        result = chosen(call)
    except StandinError as exc:
        sys.stdout.write(gojson.indented(_error_object(exc)))
        return 1
    if result is not None:
        sys.stdout.write(gojson.indented(result))
    return 0


def _flags(program: str, argv: Sequence[str]) -> int:
    if argv[0] in ("-v", "--v"):
        print(PLUGIN_VERSION)
        return 0
    if argv[0] not in ("-h", "-help", "--help"):
        print(f"flag provided but not defined: {argv[0]}", file=sys.stderr)
    print(f"Usage of {program}:\n  -v\tDisplay version", file=sys.stderr)
    return 2


def _read_call(variables: Mapping[str, str]) -> tuple[str, Call]:
    command = variables.get("CNI_COMMAND", "")
    missing = [] if command else ["CNI_COMMAND"]
    missing += [name for name, commands in _VARIABLES.items() if command in commands and not variables.get(name)]
    if missing:
        for name in missing:
            print(f"{name} env variable missing", file=sys.stderr)
        raise PluginError("required env variables missing")
    call = Call(
        container_id=variables.get("CNI_CONTAINERID", ""),
        netns=variables.get("CNI_NETNS", ""),
        ifname=variables.get("CNI_IFNAME", ""),
        path=variables.get("CNI_PATH", "").split(":"),
        args=variables.get("CNI_ARGS", ""),
        stdin=sys.stdin.read(),
    )
    return command, call


def _check_version(text: str) -> None:
    try:
        document = gojson.decode(text)
    except gojson.DecodeError as exc:
        raise PluginError(f"decoding version from network config: {exc}") from exc
    version = config_version(document)
    if version not in SUPPORTED_VERSIONS:
        known = " ".join(f'"{item}"' for item in SUPPORTED_VERSIONS)
        raise PluginError(
            "incompatible CNI versions", _INCOMPATIBLE, f'config is "{version}", plugin supports [{known}]'
        )


def config_version(document: object) -> str:
    """The version a network config asks for; configs without one predate the field."""
    version = document.get("cniVersion") if isinstance(document, dict) else None
    return version if isinstance(version, str) and version else "0.1.0"


def _error_object(exc: StandinError) -> dict[str, Any]:
    code, details = (exc.code, exc.details) if isinstance(exc, PluginError) else (_FAILED, "")
    answer: dict[str, Any] = {"code": code, "msg": str(exc)}
    if details:
        answer["details"] = details
    return answer


def valid_network_name(name: str) -> str:
    """The name, when it may become the name of a profile."""
    if not _NETWORK_NAME.fullmatch(name):
        raise PluginError(
            "Invalid characters detected in the given network name. Only letters a-z, numbers 0-9, and symbols _.- are supported."
        )
    return name


def requested_address(args: str) -> IPv4Address | IPv6Address | None:
    """The address asked for by `IP=` in CNI_ARGS; other arguments are ignored."""
    wanted = None
    for pair in args.split(";") if args else ():
        name, separator, value = pair.partition("=")
        if not separator or "=" in value:
            raise PluginError(f'ARGS: invalid pair "{pair}"')
        if name == "IP":
            try:
                wanted = ip_address(value)
            except ValueError as exc:
                raise PluginError(f'ARGS: error parsing value of pair "{pair}": invalid IP address: {value})') from exc
    return wanted


def result_of(version: str, networks: Sequence[str]) -> dict[str, Any]:
    """CNI's result for some addresses with prefix, in the shape the config's version asks for."""
    if version in ("0.1.0", "0.2.0"):
        old: dict[str, Any] = {}
        for network in networks:
            old.setdefault("ip6" if ":" in network else "ip4", {"ip": network})
        return {**old, "dns": {}}
    ips = [{"version": "6" if ":" in network else "4", "address": network} for network in networks]
    return {"ips": ips, "dns": {}}


def networks_of(result: Mapping[str, Any]) -> list[str]:
    """The addresses with prefix in a result of either shape."""
    found = [item["address"] for item in result.get("ips") or ()]
    found += [result[key]["ip"] for key in ("ip4", "ip6") if result.get(key)]
    return found


def parse_result(text: str) -> dict[str, Any]:
    """A plugin's answer as an object; {} for no answer."""
    return dict(json.loads(text)) if text.strip() else {}
