"""Felix's configuration: the environment over the host's keys over the global ones."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from ...ipam.log import level_of
from ..datastore import Snapshot

_TRUE = ("true", "1", "yes", "y", "t")
_PREFIX = "FELIX_"


@dataclass(frozen=True)
class Config:
    """The raw parameters, by lower-case name."""

    raw: Mapping[str, str]

    @classmethod
    def load(cls, snapshot: Snapshot, node: str) -> Config:
        """Read all sources; later ones win."""
        raw = {name.lower(): value for name, value in snapshot.under("/v1/config") if "/" not in name}
        raw.update((name.lower(), value) for name, value in snapshot.under(f"/v1/host/{node}/config"))
        raw.update(
            (name[len(_PREFIX) :].lower(), value) for name, value in os.environ.items() if name.startswith(_PREFIX)
        )
        return cls(raw)

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean parameter; what is not one counts as the default."""
        value = self.raw.get(name.lower(), "").lower()
        if value in _TRUE:
            return True
        return default if not value else False

    def number(self, name: str, default: int) -> int:
        """An integer parameter; what is not one counts as the default."""
        value = self.raw.get(name.lower(), "")
        return int(value) if value.isdigit() else default

    def text(self, name: str, default: str = "") -> str:
        """A string parameter."""
        return self.raw.get(name.lower()) or default

    @property
    def level(self) -> str:
        """The level of the log lines on the screen."""
        return level_of(self.text("LogSeverityScreen", "info"))

    @property
    def endpoint_to_host(self) -> str:
        """What happens to packets from workloads to their own host."""
        action = self.text("DefaultEndpointToHostAction", "DROP").upper()
        return action if action in ("DROP", "RETURN", "ACCEPT") else "DROP"
