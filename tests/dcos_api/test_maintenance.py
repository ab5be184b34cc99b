"""Mesos' maintenance in the stand-in: what its documentation and source say, each by the sentence or the place that says it. No real Mesos was asked."""

from __future__ import annotations

import time
from typing import Any

import pytest
from api import Api
from conftest import Make
from standin_service import eventually, patience

SLEEP = {"cmd": "exec sleep 1000", "cpus": 0.5, "mem": 16, "instances": 1}
ONE, TWO = ({"hostname": f"127.9.0.2{n}", "ip": f"127.9.0.2{n}"} for n in (1, 2))
SCHEDULE, STATUS = "/mesos/maintenance/schedule", "/mesos/maintenance/status"
Json = dict[str, Any]


def window(*machines: Json, start: int = 1443830400000000000, duration: int | None = 3600000000000) -> Json:
    length = {} if duration is None else {"duration": {"nanoseconds": duration}}
    return {"machine_ids": list(machines), "unavailability": {"start": {"nanoseconds": start}, **length}}


@pytest.fixture
def api(make: Make) -> Api:
    """Two private agents."""
    return make(agents=(2, 0))


def schedule(api: Api, *windows: Json) -> Any:
    return api.post(SCHEDULE, {"windows": list(windows)})


def test_posting_a_new_schedule_replaces_the_previous_one(api: Api) -> None:
    """docs/maintenance.md, Scheduling maintenance."""
    assert (api.get(SCHEDULE).json(), api.get(STATUS).json()) == ({}, {})
    answer = schedule(api, window(ONE))
    assert (answer.status_code, answer.text) == (200, "")
    assert schedule(api, window(TWO, duration=None)).status_code == 200
    assert api.get("/mesos/master/maintenance/schedule").json() == {"windows": [window(TWO, duration=None)]}
    assert api.get(STATUS).json() == {"draining_machines": [{"id": TWO}]}
    assert schedule(api).status_code == 200 and api.get(SCHEDULE).json() == {}


@pytest.mark.parametrize(
    ("windows", "words"),
    [
        ([window()], "List of machines in the maintenance window is empty"),
        ([window({})], "Both 'hostname' and 'ip' for a machine are empty"),
        ([window({"ip": "10.0.0"})], "10.0.0"),
        ([window(ONE), window({**ONE})], "appears more than once in the schedule"),
        ([window({"hostname": "A"}, {"hostname": "a"})], "appears more than once in the schedule"),
        ([window(ONE, duration=-1)], "Unavailability 'duration' is negative"),
        ([{"machine_ids": [ONE]}], "unavailability"),
    ],
)
def test_a_schedule_is_refused_as_a_whole(api: Api, windows: list[Json], words: str) -> None:
    """src/master/maintenance.cpp, validation."""
    schedule(api, window(TWO))
    answer = schedule(api, *windows)
    assert answer.status_code == 400 and words in answer.text, answer.text
    assert api.get(SCHEDULE).json() == {"windows": [window(TWO)]}


def test_both_host_name_and_address_have_to_be_those_of_the_agent(make: Make) -> None:
    """include/mesos/mesos.proto, MachineID; type_utils.hpp: one that lacks a field is another machine."""
    api = make(agents=(1, 0))
    named = api.standin.register("127.9.0.22", hostname="Node2.example.com")
    for machine in ({"ip": "127.9.0.22"}, {"hostname": "node2.example.com"}, TWO):
        schedule(api, window(machine))
        assert api.post("/mesos/machine/down", [machine]).status_code == 200
        assert len(api.get("/mesos/slaves").json()["slaves"]) == 2, f"{machine} is no agent's"
        assert api.post("/mesos/machine/up", [machine]).status_code == 200
    right = {"hostname": "node2.EXAMPLE.com", "ip": "127.9.0.22"}
    schedule(api, window(right))
    assert api.post("/mesos/machine/down", [right]).status_code == 200
    assert named not in [agent["id"] for agent in api.get("/mesos/slaves").json()["slaves"]]


def test_a_machine_that_is_down_loses_its_agent_and_tasks_and_is_refused_until_it_is_up(api: Api) -> None:
    """src/master/http.cpp, _startMaintenance and _stopMaintenance; master.cpp, registerSlave."""
    only = [["hostname", "LIKE", r"127\.9\.0\.21"]]
    api.apps("POST", body={"id": "/web", **SLEEP, "constraints": only})
    api.deployed("/web")
    first = api.standin.agents[0]
    assert "is not part of a maintenance schedule" in api.post("/mesos/machine/down", [ONE]).text
    schedule(api, window(ONE), window(TWO))
    assert "is not in DOWN mode and cannot be brought up" in api.post("/mesos/machine/up", [ONE]).text
    assert api.post("/mesos/machine/down", [ONE]).status_code == 200
    assert api.get(STATUS).json() == {"draining_machines": [{"id": TWO}], "down_machines": [ONE]}
    assert [agent["hostname"] for agent in api.get("/mesos/slaves").json()["slaves"]] == ["127.9.0.22"]
    assert api.app("/web", "lastTaskFailure")["lastTaskFailure"]["state"] == "TASK_LOST"
    assert "is not in DRAINING mode" in api.post("/mesos/machine/down", [ONE]).text
    assert "is deactivated and cannot be removed from the schedule" in schedule(api, window(TWO)).text
    with pytest.raises(OSError, match="403"):
        api.standin.register("127.9.0.21", agent_id=first)
    assert api.post("/mesos/machine/up", [ONE]).status_code == 200
    assert api.get(SCHEDULE).json() == {"windows": [window(TWO)]}, "its window went with it"
    assert api.standin.register("127.9.0.21", agent_id=first) != first, "it comes back as a new agent"


@pytest.mark.parametrize(("version", "stays"), [("1.11.12", False), ("1.12.5", True)])
def test_marathon_never_answers_and_starts_no_task_in_a_window_since_1_7(make: Make, version: str, stays: bool) -> None:
    """Marathon's changelog; src/sched/sched.cpp: the scheduler driver drops inverse offers."""
    api = make(version, agents=(1, 0))
    api.apps("POST", body={"id": "/before", **SLEEP})
    api.deployed("/before")
    schedule(api, window(ONE, start=1, duration=None))
    api.apps("POST", body={"id": "/within", **SLEEP})
    if stays:
        time.sleep(patience(1))
        assert api.app("/within")["tasksRunning"] == 0
        schedule(api, window(ONE, start=1, duration=1), window(TWO))  # long past
    api.deployed("/within")
    assert [api.app(name)["tasksRunning"] for name in ("/before", "/within")] == [1, 1], "no task moves by itself"
    assert api.get(STATUS).json()["draining_machines"][0] == {"id": ONE}


def test_what_a_framework_answers_is_listed_until_the_schedule_or_the_leader_changes(api: Api) -> None:
    """hierarchical.cpp, updateUnavailability; http.cpp, MAINTENANCE_STATUS_HELP."""
    api.apps("POST", body={"id": "/web", **SLEEP, "constraints": [["hostname", "LIKE", r"127\.9\.0\.21"]]})
    api.deployed("/web")
    framework = api.get("/mesos/frameworks").json()["frameworks"][0]["id"]
    said = {"agent_id": api.standin.agents[0], "framework_id": framework, "status": "DECLINE"}

    def statuses() -> list[Json]:
        return api.get(STATUS).json()["draining_machines"][0].get("statuses", [])

    with pytest.raises(OSError, match="400"):
        api.standin.control("POST", "/_inverse_offers", said)
    schedule(api, window(ONE))
    api.standin.control("POST", "/_inverse_offers", said)
    [status] = statuses()
    assert (status["status"], status["framework_id"], list(status["timestamp"])) == (
        "DECLINE",
        {"value": framework},
        ["nanoseconds"],
    )
    assert schedule(api, window(ONE), window(TWO)).status_code == 200 and statuses() == []
    api.standin.control("POST", "/_inverse_offers", said)
    api.standin.control("POST", "/_leader", {"ip": "127.9.0.12", "election_seconds": 0})
    eventually(lambda: api.get(SCHEDULE).status_code == 200, "somebody leads")
    assert statuses() == [] and len(api.get(SCHEDULE).json()["windows"]) == 2


def test_a_schedule_outlives_a_restart_of_the_service(api: Api) -> None:
    """docs/maintenance.md: it is stored in the replicated log."""
    schedule(api, window(ONE), window(TWO))
    api.post("/mesos/machine/down", [ONE])
    api.standin.stop()
    api.standin.start()
    assert api.get(STATUS).json() == {"draining_machines": [{"id": TWO}], "down_machines": [ONE]}
