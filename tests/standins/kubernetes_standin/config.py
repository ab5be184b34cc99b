"""The service's configuration file; README.md says what each key means."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

ALWAYS_ALLOW, RBAC = "AlwaysAllow", "RBAC"
# What a proxy in front answers while the API behind it is down.
PROXIES = ("kubectl proxy", "HAProxy")
NEWEST_SCHEMAS = 12
DEFAULT_NAMESPACES = ("default", "kube-public", "kube-system")
DEFAULT_ADDONS = (
    {"name": "kube-dns", "image": "gcr.io/google_containers/k8s-dns-kube-dns-amd64:1.14.10"},
    {"name": "kubernetes-dashboard", "image": "k8s.gcr.io/kubernetes-dashboard-amd64:v1.8.3"},
    {"name": "metrics-server", "image": "k8s.gcr.io/metrics-server-amd64:v0.2.1"},
)


class ConfigError(ValueError):
    """The configuration cannot be used."""


@dataclass(frozen=True)
class Config:
    """See README.md."""

    version: str
    schemas: Path
    state_dir: Path
    controllers_image: str
    address: str = "127.0.0.1"
    port: int = 0
    tls: dict[str, str] | None = None
    client_ca: str | None = None
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    authorization: str = RBAC
    proxy_user: dict[str, Any] | None = None
    down: dict[str, Any] | None = None
    namespaces: list[str] = field(default_factory=lambda: list(DEFAULT_NAMESPACES))
    addons: list[dict[str, str]] = field(default_factory=lambda: [dict(item) for item in DEFAULT_ADDONS])
    node: str = "kube-node-0-kubelet.kubernetes.mesos"
    node_run: list[str] = field(default_factory=list)
    time_scale: float = 1.0

    @property
    def release(self) -> tuple[int, int]:
        major, minor = re.findall(r"\d+", self.version)[:2]
        return int(major), int(minor)


def parse(values: Mapping[str, Any]) -> Config:
    """Check the file's values; raises ConfigError."""
    known = {entry.name for entry in fields(Config)}
    unknown = sorted(set(values) - known)
    missing = [name for name in ("version", "schemas", "state_dir", "controllers_image") if not values.get(name)]
    if unknown or missing:
        raise ConfigError(f"unknown keys: {', '.join(unknown) or 'none'}; missing keys: {', '.join(missing) or 'none'}")
    if not re.fullmatch(r"v1\.([7-9]|1\d|20)\.\d+", values["version"]):
        raise ConfigError("version is one of v1.7.x to v1.20.x")
    if values.get("authorization", RBAC) not in (ALWAYS_ALLOW, RBAC):
        raise ConfigError(f"authorization is one of {ALWAYS_ALLOW} and {RBAC}")
    if values.get("down") and values["down"].get("proxy") not in PROXIES:
        raise ConfigError(f"the proxy of down is one of {', '.join(PROXIES)}")
    config = Config(**{**values, "schemas": Path(values["schemas"]), "state_dir": Path(values["state_dir"])})
    if not schema_dir(config).is_dir():
        raise ConfigError(f"there are no schemas in {schema_dir(config)}")
    return config


def schema_dir(config: Config) -> Path:
    """The folder of schemas that goes with the version: one for each minor version up to 1.12, whose are used for newer ones, too."""
    major, minor = config.release
    return config.schemas / f"v{major}.{min(minor, NEWEST_SCHEMAS)}.0-local-strict"


def load(path: Path) -> Config:
    """Read the file."""
    config = parse(json.loads(path.read_text(encoding="utf-8")))
    config.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    return config
