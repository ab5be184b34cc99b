"""Mesos' maintenance primitives: the one schedule, the mode of each machine, and what frameworks answered to inverse offers. Pure.

Each behaviour names its place in Mesos 1.4.0; src/master/maintenance.cpp and maintenance.proto are the same from 1.2.0 to 1.9.0, but for two Java options.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]
Key = tuple[bool, str, bool, str]
DRAINING, DOWN = "DRAINING", "DOWN"
ANSWERS = ("ACCEPT", "DECLINE")


class Refused(ValueError):
    """A 400; its text is the body."""


def key_of(machine: Mapping[str, Any]) -> Key:
    """By what two machine ids are equal: both fields, given or not, the host name whatever its case (include/mesos/type_utils.hpp, operator==)."""
    host, ip = machine.get("hostname"), machine.get("ip")
    return host is not None, str(host or "").lower(), ip is not None, str(ip or "")


def _said(machine: Mapping[str, Any]) -> str:
    return json.dumps(dict(machine), separators=(",", ":"))


class Maintenance:
    """What the leading master keeps of it. It is in the registry, so it outlives an election and a restart; answers of frameworks do not."""

    def __init__(self, kept: Mapping[str, Any] | None = None) -> None:
        self._windows: list[Json] = list((kept or {}).get("windows") or [])
        self._down: dict[Key, Json] = {key_of(one): dict(one) for one in (kept or {}).get("down") or []}
        self.answers: dict[tuple[str, str], Json] = {}

    def dump(self) -> Json:
        return {"windows": self._windows, "down": list(self._down.values())}

    # -- questions --------------------------------------------------------------------------

    def machines(self) -> Iterator[tuple[Json, Json]]:
        """(machine id, its window) of each that is scheduled."""
        for window in self._windows:
            for machine in window["machine_ids"]:
                yield machine, window

    def mode(self, machine: Mapping[str, Any]) -> str | None:
        """DRAINING as long as it is scheduled and DOWN after /machine/down, whatever the clock says (docs/maintenance.md, Starting maintenance)."""
        key = key_of(machine)
        if key in self._down:
            return DOWN
        return DRAINING if any(key_of(one) == key for one, _window in self.machines()) else None

    def unavailability(self, machine: Mapping[str, Any]) -> Json | None:
        key = key_of(machine)
        return next((window["unavailability"] for one, window in self.machines() if key_of(one) == key), None)

    def schedule(self) -> Json:
        """GET /maintenance/schedule: an empty repeated field is left out (stout/protobuf.hpp, json())."""
        return {"windows": self._windows} if self._windows else {}

    def status(self, agents_on: Any) -> Json:
        """GET /maintenance/status. A framework is listed once it has answered, and until the next election (http.cpp, _getMaintenanceStatus).

        :param agents_on: callable(machine id) -> ids of the agents that are registered from there.
        """
        draining = []
        for machine, _window in self.machines():
            if key_of(machine) not in self._down:
                said = [
                    status
                    for (agent, _name), status in self.answers.items()
                    if agent in set(agents_on(key_of(machine)))
                ]
                draining.append({"id": machine, **({"statuses": said} if said else {})})
        out: Json = {"draining_machines": draining} if draining else {}
        return {**out, **({"down_machines": list(self._down.values())} if self._down else {})}

    # -- changes ----------------------------------------------------------------------------

    def update(self, said: Any) -> None:
        """POST /maintenance/schedule: it replaces the whole schedule; what is in it drains at once, what is no more in it is up (maintenance.cpp)."""
        if not isinstance(said, dict):
            raise Refused("Expecting a JSON object")
        windows, seen = said.get("windows") or [], set()
        for window in windows:
            if "unavailability" not in window or "start" not in window["unavailability"]:
                raise Refused("Protobuf parse failed: Missing required fields: windows[0].unavailability")
            if not window.get("machine_ids"):
                raise Refused("List of machines in the maintenance window is empty")
            if (window["unavailability"].get("duration") or {}).get("nanoseconds", 0) < 0:
                raise Refused("Unavailability 'duration' is negative")
            self._validate(window["machine_ids"], seen)
        missing = [machine for key, machine in self._down.items() if key not in seen]
        if missing:
            raise Refused(f"Machine '{_said(missing[0])}' is deactivated and cannot be removed from the schedule")
        self._windows = windows
        self.answers.clear()  # of every machine that is or was in it (Master::updateUnavailability, and the allocator's)

    def down(self, said: Any) -> list[Key]:
        """POST /machine/down: of machines that drain only (http.cpp, _startMaintenance). Their agents are to be shut down and removed."""
        return self._switch(
            said, DRAINING, "brought down", lambda machine: self._down.update({key_of(machine): machine})
        )

    def up(self, said: Any) -> list[Key]:
        """POST /machine/up: of machines that are down only; they leave the schedule, and their windows if nothing is left of them (_stopMaintenance)."""

        def back(machine: Json) -> None:
            del self._down[key_of(machine)]
            for window in self._windows:
                window["machine_ids"] = [one for one in window["machine_ids"] if key_of(one) != key_of(machine)]
            self._windows = [window for window in self._windows if window["machine_ids"]]

        return self._switch(said, DOWN, "brought up", back)

    def _switch(self, said: Any, mode: str, how: str, change: Any) -> list[Key]:
        if not isinstance(said, list):
            raise Refused("Expecting a JSON array")
        if not said:
            raise Refused("List of machines is empty")
        self._validate(said, set())
        for machine in said:
            if self.mode(machine) is None:
                raise Refused(f"Machine '{_said(machine)}' is not part of a maintenance schedule")
            if self.mode(machine) != mode:
                raise Refused(f"Machine '{_said(machine)}' is not in {mode} mode and cannot be {how}")
        for machine in said:
            change(dict(machine))
        return [key_of(machine) for machine in said]

    @staticmethod
    def _validate(machines: list[Json], seen: set[Key]) -> None:
        """maintenance.cpp, validation::machine and the check that each is there once."""
        for machine in machines:
            if not machine.get("hostname") and not machine.get("ip"):
                raise Refused("Both 'hostname' and 'ip' for a machine are empty")
            if machine.get("ip"):
                try:
                    ipaddress.IPv4Address(machine["ip"])
                except ValueError:
                    raise Refused(f"Failed to parse the IP: {machine['ip']}") from None
            if key_of(machine) in seen:
                raise Refused(f"Machine '{_said(machine)}' appears more than once in the schedule")
            seen.add(key_of(machine))
