"""A double of a leading Mesos master behind the loopback API of dcos_api.py. What it keeps is that of the stand-in DC/OS, which names its sources.

Tasks leave as often as they are looked at. Python 3.9 and newer.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Callable

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / "standins"))

from dcos_standin.maintenance import Maintenance, Refused, key_of  # noqa: E402

from .dcos_api import Answer, Clock, DcosApi, Request

SCHEDULE, STATUS, SUMMARY, SLAVES = "/mesos/maintenance/schedule", "/mesos/maintenance/status", "/mesos/master/state-summary", "/mesos/slaves"
Json = dict[str, Any]


class Master:
    """Agents S0, S1 and S2 at 10.0.1.10 and up, each with the host name nodeN; C(tasks) of each: {framework: how many}.

    :ivar leave: callable(tasks), called before each look at tasks.
    :arg file: has what is kept after each write.
    """

    def __init__(self, api: DcosApi, file: Path) -> None:
        self.api = api
        self.file = file
        self.maintenance = Maintenance()
        self.agents = {f"S{n}": {"hostname": f"Node{n}.example.com", "ip": f"10.0.1.1{n}"} for n in range(3)}
        self.tasks: dict[str, dict[str, int]] = {agent: {} for agent in self.agents}
        self.recovered: set[str] = set()
        self.leave: Callable[[dict[str, dict[str, int]]], None] = lambda tasks: None
        api.on("GET", SLAVES, lambda request: self.slaves())
        api.on("GET", SCHEDULE, lambda request: self.maintenance.schedule())
        api.on("GET", STATUS, lambda request: self.maintenance.status(self.agents_on))
        api.on("GET", SUMMARY, lambda request: self.summary())
        api.on("POST", SCHEDULE, lambda request: self.change(self.maintenance.update, request))
        api.on("POST", "/mesos/machine/down", lambda request: self.change(self.down, request))
        api.on("POST", "/mesos/machine/up", lambda request: self.change(self.maintenance.up, request))
        for agent in self.agents:
            api.on("GET", f"/agent/{agent}/slave(1)/state", lambda request, agent=agent: self.state(agent))

    def agents_on(self, machine: Any) -> list[str]:
        return [agent for agent, said in self.agents.items() if key_of(said) == machine]

    def slaves(self) -> Json:
        def entry(agent: str) -> Json:
            said = self.agents[agent]
            pid = {} if agent in self.recovered else {"pid": f"slave(1)@{said['ip']}:5051", "active": True}
            return {"id": agent, "hostname": said["hostname"], **pid}

        listed: dict[str, list[Json]] = {"slaves": [], "recovered_slaves": []}
        for agent in self.agents:
            listed["recovered_slaves" if agent in self.recovered else "slaves"].append(entry(agent))
        return listed

    def summary(self) -> Json:
        self.leave(self.tasks)
        counts = {agent: sum(self.tasks[agent].values()) for agent in self.agents if agent not in self.recovered}
        return {"hostname": "10.0.0.1", "slaves": [{"id": agent, "TASK_RUNNING": number, "TASK_LOST": 7} for agent, number in counts.items()]}

    def state(self, agent: str) -> Json:
        tasks = self.tasks[agent].items()
        return {"frameworks": [{"id": f"id-{name}", "name": name, "executors": [{"tasks": [{}] * number}]} for name, number in tasks]}

    def down(self, said: Any) -> None:
        for machine in self.maintenance.down(said):
            for agent in self.agents_on(machine):
                del self.agents[agent]

    def change(self, call: Callable[[Any], Any], request: Request) -> Answer:
        try:
            call(request.json())
            self.file.write_text(json.dumps(self.maintenance.dump()))
        except Refused as error:
            return Answer(str(error), 400, "text/plain; charset=utf-8")
        return Answer("", 200, "text/plain")

    def answered(self, agent: str, framework: str, status: str) -> None:
        said = {"status": status, "framework_id": {"value": f"id-{framework}"}, "timestamp": {"nanoseconds": 1}}
        self.maintenance.answers[agent, f"id-{framework}"] = said

    @property
    def writes(self) -> list[str]:
        return [request.path for request in self.api.writes]


@pytest.fixture
def mesos_master(dcos_api: DcosApi, dcos_clock: Clock, tmpdir: Any, monkeypatch: pytest.MonkeyPatch) -> Master:
    """A cluster whose waits take no time."""
    from ansible_collections.dcos.calico.plugins.module_utils._dcos._client import DcosClient
    from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline

    monkeypatch.setattr(DcosClient, "deadline", lambda self, seconds: Deadline(seconds, dcos_clock, dcos_clock.sleep))
    return Master(dcos_api, Path(str(tmpdir)) / "master.json")
