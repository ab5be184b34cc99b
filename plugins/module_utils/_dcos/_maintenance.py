# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mesos' maintenance: its one schedule, which windows of it are ours, and what frameworks answer. Pure, but for the readers and writers at the end.

Of Mesos 1.2.0 to 1.9.0 (docs/maintenance.md, src/master/http.cpp and maintenance.cpp). A write replaces the whole schedule, and there is no compare-and-swap.
A window has no field for a note. Ours are known by what is beyond whole seconds in their duration: a program that copies a schedule through floating point
spoils the start, a number of 19 digits, and keeps the duration.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils._dcos._client import DcosClient
from ansible_collections.dcos.calico.plugins.module_utils._dcos._shape import ANY

SECOND = 1_000_000_000
TEMPORARY, KEPT, OTHERS = "temporary", "kept", "others"
MARKS = {TEMPORARY: 226_000_001, KEPT: 226_000_002}
UP, DRAINING, DOWN = "up", "draining", "down"
ANSWERS = {"ACCEPT": "accepted", "DECLINE": "declined"}
NO_ANSWER = "none"
_MACHINE = {"hostname?": str, "ip?": str}
_TIME = {"nanoseconds": int}
SCHEDULE = {"windows?": [{"machine_ids": [_MACHINE], "unavailability": {"start": _TIME, "duration?": _TIME}}]}
STATUS = {"draining_machines?": [{"id": _MACHINE, "statuses?": [{"status": str, "framework_id": {"value": str}}]}], "down_machines?": [_MACHINE]}
# of tasks that have not ended; one that is unreachable is of no agent that the master knows
ALIVE = ("TASK_STAGING", "TASK_STARTING", "TASK_RUNNING", "TASK_KILLING")
SUMMARY = {"slaves": [{"id": str, **{f"{state}?": int for state in ALIVE}}]}
AGENT_STATE = {"frameworks?": [{"id": str, "name?": str, "executors?": [{"tasks?": [ANY], "queued_tasks?": [ANY]}]}]}
Schedule = dict[str, Any]
Window = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Machine:
    """A machine id. Mesos takes an agent for one of it if both fields are those that it registered with; the host name's case does not matter."""

    hostname: str
    ip: str

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Machine:
        return cls(str(said.get("hostname") or "").lower(), str(said.get("ip") or ""))

    def __str__(self) -> str:
        return f"{self.ip} ({self.hostname})" if self.hostname not in ("", self.ip) and self.ip else self.ip or self.hostname

    @property
    def whole(self) -> bool:
        return bool(self.hostname and self.ip)

    def is_called(self, names: Collection[str]) -> bool:
        """Whether one of these names, in lower case, is its address or its host name."""
        return bool({self.hostname, self.ip} & set(names) - {""})


def machines(schedule: Schedule) -> Iterator[tuple[Machine, Window]]:
    """Each machine that is scheduled, with its window. Mesos has none in two."""
    for window in schedule.get("windows") or []:
        for said in window["machine_ids"]:
            yield Machine.of(said), window


def owner(window: Window) -> str:
    """TEMPORARY for the time of a run, KEPT until an operator ends it, OTHERS for what is not ours."""
    length = (window["unavailability"].get("duration") or {}).get("nanoseconds", 0)
    return next((kind for kind, mark in MARKS.items() if length % SECOND == mark), OTHERS)


def is_over(window: Window, now: int) -> bool:
    """Whether its interval has passed, which ends nothing in Mesos; Marathon uses the agent again.

    :param now: nanoseconds since 1970.
    """
    unavailability = window["unavailability"]
    length = (unavailability.get("duration") or {}).get("nanoseconds")
    return length is not None and unavailability["start"]["nanoseconds"] + length < now


def scheduled(schedule: Schedule, add: Iterable[Machine], kind: str, now: int, seconds: float) -> Schedule:
    """The schedule with these machines in it, itself if they are. A window is replaced if it is of the same kind and has passed, or TEMPORARY and to be KEPT.

    The window begins now, because Marathon from 1.7 on starts no tasks on an agent within its window, and does before it.
    """
    there = dict(machines(schedule))
    missing = [machine for machine in add if machine not in there or _is_stale(there[machine], kind, now)]
    if not missing:
        return schedule
    duration = int(seconds) * SECOND + MARKS[kind]
    window = {
        "machine_ids": [{"hostname": machine.hostname, "ip": machine.ip} for machine in missing],
        "unavailability": {"start": {"nanoseconds": now}, "duration": {"nanoseconds": duration}},
    }
    rest = without(schedule, missing)
    return {**rest, "windows": [*(rest.get("windows") or []), window]}


def _is_stale(window: Window, kind: str, now: int) -> bool:
    return (owner(window) == kind and is_over(window, now)) or (kind == KEPT and owner(window) == TEMPORARY)


def without(schedule: Schedule, remove: Collection[Machine]) -> Schedule:
    """The schedule without these machines, and without windows that nothing is left of; all else as it was."""
    left = []
    for window in copy.deepcopy(schedule.get("windows") or []):
        window["machine_ids"] = [said for said in window["machine_ids"] if Machine.of(said) not in remove]
        left += [window] if window["machine_ids"] else []
    return {**schedule, "windows": left}


def kinds_ended(temporary: bool) -> tuple[str, ...]:
    """Which windows a call ends: that of a run no other than such, that of an operator all of ours."""
    return (TEMPORARY,) if temporary else (TEMPORARY, KEPT)


@dataclasses.dataclass(frozen=True)
class Status:
    """What the master says of machines; answers are {machine: {framework id: accepted or declined}}. Who has not answered is not listed."""

    draining: frozenset[Machine]
    down: frozenset[Machine]
    answers: Mapping[Machine, Mapping[str, str]]

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Status:
        found = [(Machine.of(entry["id"]), entry.get("statuses") or []) for entry in said.get("draining_machines") or []]
        answers = {machine: {one["framework_id"]["value"]: ANSWERS.get(one["status"], NO_ANSWER) for one in statuses} for machine, statuses in found}
        return cls(frozenset(answers), frozenset(Machine.of(one) for one in said.get("down_machines") or []), answers)

    def mode(self, machine: Machine) -> str:
        return DOWN if machine in self.down else DRAINING if machine in self.draining else UP


def tasks_alive(summary: Mapping[str, Any], agents: Collection[str]) -> int | None:
    """How many tasks of these agents have not ended; None if the master does not hear of one of them, so that nobody knows."""
    found = {one["id"]: sum(one.get(state) or 0 for state in ALIVE) for one in summary["slaves"]}
    return sum(found[agent] for agent in agents) if agents and all(agent in found for agent in agents) else None


@dataclasses.dataclass(frozen=True)
class Framework:
    """Whose tasks are on an agent; answer is accepted, declined or none."""

    id: str
    name: str
    tasks: int
    answer: str = NO_ANSWER

    def __str__(self) -> str:
        said = {"accepted": "has accepted to move", "declined": "has declined to move"}.get(self.answer, "has not answered whether it moves")
        return f"{self.name} {said} its {self.tasks} {'task' if self.tasks == 1 else 'tasks'}"


def frameworks(state: Mapping[str, Any]) -> list[Framework]:
    """Of an agent's own state, ordered by name; those without tasks are left out."""
    found = []
    for entry in state.get("frameworks") or []:
        tasks = sum(len(executor.get(key) or []) for executor in entry.get("executors") or [] for key in ("tasks", "queued_tasks"))
        found += [Framework(entry["id"], entry.get("name") or entry["id"], tasks)] if tasks else []
    return sorted(found, key=lambda framework: (framework.name, framework.id))


def read_schedule(client: DcosClient) -> Schedule:
    return dict(client.get("/mesos/maintenance/schedule").shaped(SCHEDULE))


def read_status(client: DcosClient) -> Status:
    return Status.of(client.get("/mesos/maintenance/status").shaped(STATUS))


def read_summary(client: DcosClient) -> Mapping[str, Any]:
    """For tasks_alive()."""
    found: Mapping[str, Any] = client.get("/mesos/master/state-summary").shaped(SUMMARY)
    return found


def read_frameworks(client: DcosClient, agent: str) -> list[Framework]:
    return frameworks(client.get(f"/agent/{agent}/slave(1)/state").shaped(AGENT_STATE))


def write_schedule(client: DcosClient, schedule: Schedule) -> None:
    client.post("/mesos/maintenance/schedule", schedule)


def switch(client: DcosClient, mode: str, of: Iterable[Machine]) -> None:
    """Take machines down, or up again, which also takes them out of the schedule."""
    client.post(f"/mesos/machine/{mode}", [{"hostname": machine.hostname, "ip": machine.ip} for machine in of])
