"""The service's configuration file."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from .clock import Clock
from .releases import Release

LISTENER_KINDS = ("admin_router", "mesos", "marathon", "mesos_dns")


class ConfigError(ValueError):
    """The configuration cannot be used."""


@dataclass(frozen=True)
class Config:
    """See README.md for what each key means."""

    dcos_version: str
    masters: list[str]
    state_dir: Path
    variant: str = "open"
    cluster_id: str = ""
    cluster_name: str = "lab"
    listen: list[dict[str, Any]] = field(
        default_factory=lambda: [{"address": "127.0.0.1", "port": 0, "as": "admin_router"}]
    )
    admin_router: bool = False
    tls: dict[str, str] | None = None
    auth_enabled: bool = True
    token_seconds: float = 432000
    users: list[dict[str, Any]] = field(default_factory=list)
    service_accounts: list[dict[str, Any]] = field(default_factory=list)
    oidc_public_key: str | None = None
    ca_bundle: str | None = None
    ca_url: str | None = None
    control_token: str | None = None
    launcher: dict[str, Any] = field(default_factory=lambda: {"kind": "agent"})
    scheduler_url: str | None = None
    time_scale: float = 1.0
    start_seconds: float = 3.0
    agent_timeout_seconds: float = 75.0

    @property
    def enterprise(self) -> bool:
        return self.variant == "enterprise"

    @property
    def release(self) -> Release:
        return Release(self.dcos_version, self.enterprise)

    @property
    def clock(self) -> Clock:
        return Clock(self.time_scale)


def parse(values: Mapping[str, Any]) -> Config:
    """Check the file's values; raises ConfigError."""
    known = {entry.name for entry in fields(Config)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise ConfigError(f"unknown keys: {', '.join(unknown)}")
    missing = [name for name in ("dcos_version", "masters", "state_dir") if not values.get(name)]
    if missing:
        raise ConfigError(f"missing keys: {', '.join(missing)}")
    if values.get("variant", "open") not in ("open", "enterprise"):
        raise ConfigError("variant is neither open nor enterprise")
    for listener in values.get("listen", []):
        if listener.get("as") not in LISTENER_KINDS:
            raise ConfigError(f"a listener is `as` one of {', '.join(LISTENER_KINDS)}")
        if listener.get("tls") and not values.get("tls"):
            raise ConfigError("a listener wants TLS, but tls is not set")
    config = Config(**{**values, "state_dir": Path(values["state_dir"])})
    try:
        _ = config.release.mesos
    except (ValueError, IndexError) as error:
        raise ConfigError(f"dcos_version: {error}") from error
    return config


def load(path: Path) -> Config:
    """Read the file; the cluster's id, when it is not given, is made once and kept in the state directory."""
    config = parse(json.loads(path.read_text(encoding="utf-8")))
    config.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    if config.cluster_id:
        return config
    kept = config.state_dir / "cluster-id"
    if not kept.exists():
        kept.write_text(str(uuid.uuid4()), encoding="utf-8")
    return Config(
        **{
            **{entry.name: getattr(config, entry.name) for entry in fields(Config)},
            "cluster_id": kept.read_text(encoding="utf-8"),
        }
    )
