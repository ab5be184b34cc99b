"""The network config of the Calico plugins and the datastore client it asks for."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ConfigError
from ..etcd import Etcd, from_settings
from ..ipam.log import Log, level_of
from ..settings import settings_from_environment
from . import gojson
from .protocol import PluginError, config_version

_STRINGS = (
    "name",
    "type",
    "hostname",
    "nodename",
    "datastore_type",
    "etcd_authority",
    "etcd_endpoints",
    "etcd_scheme",
    "etcd_key_file",
    "etcd_cert_file",
    "etcd_ca_cert_file",
    "log_level",
)
_IPAM_STRINGS = ("type", "subnet", "assign_ipv4", "assign_ipv6")
_GO_KINDS = {bool: "bool", int: "number", float: "number", str: "string", list: "array", dict: "object"}
_SETTINGS = ("authority", "endpoints", "scheme", "key_file", "cert_file", "ca_cert_file")


@dataclass(frozen=True)
class NetConf:
    """What the plugins read of a network config."""

    text: str
    version: str
    strings: Mapping[str, str]
    ipam: Mapping[str, Any]
    mtu: int
    labels: Mapping[str, str]
    policy_type: str

    @property
    def name(self) -> str:
        return self.strings.get("name", "")

    @property
    def ipam_type(self) -> str:
        return str(self.ipam.get("type", ""))

    @property
    def node(self) -> str:
        """The node's name: from the config, else the host's."""
        named = self.strings.get("nodename") or self.strings.get("hostname")
        return named or socket.gethostname().strip().lower()

    @property
    def log(self) -> Log:
        return Log(level_of(self.strings.get("log_level", "")))

    def handle(self, container_id: str) -> str:
        """The name under which IPAM keeps a container's addresses."""
        return f"{self.name}.{container_id}"


def load(text: str) -> NetConf:
    """Read a config, refusing fields of another type as Go's decoder does."""
    document = gojson.decode(text)
    if not isinstance(document, dict):
        raise _mismatch(document, "utils.NetConf", "Go value")
    strings = _strings(document, _STRINGS, "NetConf")
    ipam = document.get("ipam") or {}
    _strings(ipam, _IPAM_STRINGS, "")
    mtu = document.get("mtu") or 0
    if not isinstance(mtu, int) or isinstance(mtu, bool):
        raise _mismatch(mtu, "int", "Go struct field NetConf.mtu")
    mesos = ((document.get("args") or {}).get("org.apache.mesos") or {}).get("network_info") or {}
    labels = {item["key"]: item["value"] for item in (mesos.get("labels") or {}).get("labels") or ()}
    policy = document.get("policy") or {}
    return NetConf(text, config_version(document), strings, ipam, mtu, labels, str(policy.get("type", "")))


def _strings(document: Mapping[str, Any], names: tuple[str, ...], struct: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        value = document.get(name)
        if value is None:
            continue
        if not isinstance(value, str):
            raise _mismatch(value, "string", f"Go struct field {struct}.{name}")
        found[name] = value
    return found


def _mismatch(value: object, wanted: str, where: str) -> PluginError:
    kind = _GO_KINDS.get(type(value), "null")
    return PluginError(f"failed to load netconf: json: cannot unmarshal {kind} into {where} of type {wanted}")


def export_settings(conf: NetConf) -> None:
    """Put the config's datastore settings into the environment, where the client and the IPAM plugin find them."""
    for name in _SETTINGS:
        value = conf.strings.get(f"etcd_{name}")
        if value:
            os.environ[f"ETCD_{name.upper()}"] = value
    if conf.strings.get("datastore_type"):
        os.environ["DATASTORE_TYPE"] = conf.strings["datastore_type"]


def connect(conf: NetConf) -> Etcd:
    """A client for the config's datastore."""
    export_settings(conf)
    log = conf.log
    variables = " ".join(f"{name}={value}" for name, value in os.environ.items())
    log.info("utils.go 263", f"Configured environment: [{variables}]")
    log.info("client.go 202", "Loading config from environment")
    try:
        return from_settings(settings_from_environment(os.environ))
    except ConfigError as exc:
        raise PluginError(str(exc)) from exc
