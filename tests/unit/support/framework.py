"""Calico's framework of the Universe behind the double of universe.py: its package, and what Mesos has of it. Python 3.9 and newer.

A scheduler that ends without unregistering leaves its framework disconnected, and its tasks run (calico-dcos 0.4.0, framework/framework.py: a
failover_timeout of a week; Mesos 1.2.0, src/master/master.cpp, Master::_exited).
"""

from __future__ import annotations

from typing import Any

from .universe import Universe

APP = "/calico-install-framework"


class Framework:
    """A framework that has done its work on two agents.

    :ivar tasks: (agent, class) of each that runs.
    :ivar late: how often it is looked at until the master notices that the scheduler is gone.
    :ivar ending: after how many looks all tasks are gone; None for never.
    """

    def __init__(self, universe: Universe) -> None:
        self.universe = universe
        self.late = 0
        self.ending: int | None = None
        self.tasks = [(agent, name) for agent in ("S1", "S2") for name in ("RunEtcdProxy", "RunCalicoNode")]
        universe.state["agents"].clear()
        for number in (1, 2):
            universe.agent(number)
        package = universe._rendered({"packageName": "calico", "packageVersion": "0.4.0"})
        universe.put(package)
        universe.api.on("GET", "/mesos/state", lambda request: self.state())

    def active(self) -> bool:
        app = self.universe.state["apps"].get(APP)
        return bool(app and app["definition"]["instances"]) or self.late > 0

    def state(self) -> dict[str, Any]:
        active = self.active()
        if not (self.universe.state["apps"].get(APP) or {"definition": {"instances": 0}})["definition"]["instances"]:
            self.late = max(0, self.late - 1)
        if self.ending is not None:
            self.ending -= 1
            if self.ending < 0:
                self.tasks.clear()
        running = [{"id": f"{name}-0", "slave_id": agent, "state": "TASK_RUNNING"} for agent, name in self.tasks]
        ended = {"id": "InstallCalicoCNI-0", "slave_id": "S1", "state": "TASK_FINISHED"}
        found = {"id": "F1", "name": "calico", "active": active, "tasks": [*running, ended]}
        return {
            "frameworks": [{"id": "F0", "name": "marathon", "active": True, "tasks": []}, found],
            "slaves": self.universe.state["agents"],
        }
