"""Mesos' maintenance in the stand-in: what its documentation and source say, each by the sentence or the place that says it. No real Mesos was asked."""

from __future__ import annotations

import time
from typing import Any

import pytest
from api import Api
from conftest import Make
from modules import Modules, prepared
from standin import SCALE
from standin_service import eventually, patience

SLEEP = {"cmd": "exec sleep 1000", "cpus": 0.5, "mem": 16, "instances": 1}
ONE, TWO = ({"hostname": f"127.9.0.2{n}", "ip": f"127.9.0.2{n}"} for n in (1, 2))
SLOW = pytest.mark.slow
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


REFUSED: list[tuple[list[Json], str]] = [
    ([window()], "List of machines in the maintenance window is empty"),
    ([window({})], "Both 'hostname' and 'ip' for a machine are empty"),
    ([window({"ip": "10.0.0"})], "10.0.0"),
    ([window(ONE), window({**ONE})], "appears more than once in the schedule"),
    ([window({"hostname": "A"}, {"hostname": "a"})], "appears more than once in the schedule"),
    ([window(ONE, duration=-1)], "Unavailability 'duration' is negative"),
    ([{"machine_ids": [ONE]}], "unavailability"),
]


def test_a_schedule_is_refused_as_a_whole(api: Api) -> None:
    """src/master/maintenance.cpp, validation."""
    schedule(api, window(TWO))
    for windows, words in REFUSED:
        answer = schedule(api, *windows)
        assert answer.status_code == 400 and words in answer.text, (windows, answer.text)
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


# -- the collection's module ---------------------------------------------------------------


def modules_of(api: Api) -> Modules:
    return prepared({"url": api.standin.url, "token": api.token})


def test_an_agent_goes_for_good_while_others_keep_their_windows(make: Make) -> None:
    """Its tasks start elsewhere, because Marathon is told that they are lost; who is left out of a window stays up."""
    api = make("1.12.5", agents=(3, 0))
    foreign = window(TWO, duration=None)
    schedule(api, foreign)
    api.apps("POST", body={"id": "/web", **SLEEP})
    api.deployed("/web")
    modules, three = modules_of(api), "127.9.0.23"
    [task] = api.get("/service/marathon/v2/apps/web/tasks").json()["tasks"]
    # wherever it was started: of the two that are no one's, the one that has it goes
    agent, other = task["host"], ({"127.9.0.21", three} - {task["host"]}).pop()
    if agent == TWO["ip"]:
        pytest.fail("Marathon 1.7 starts nothing within a window")
    late = modules.run("mesos_maintenance", {"agents": [agent], "state": "drained", "wait_timeout": 0})
    assert late["failed"] and "marathon has not answered whether it moves its 1 task" in late["msg"], late
    done = modules.run(
        "mesos_maintenance", {"agents": [agent], "state": "down", "wait_timeout": 0, "on_timeout": "continue"}
    )
    assert (done["changed"], done["drained"], done["agents"][0]["mode"]) == (True, False, "down"), done
    eventually(lambda: [task["host"] for task in _running(api, "/web")] == [other], "its task starts elsewhere")
    assert api.get(SCHEDULE).json()["windows"][0] == foreign and agent not in str(api.get("/mesos/slaves").json())
    with pytest.raises(OSError, match="403"):
        api.standin.register(agent)
    assert modules.run("mesos_maintenance", {"agents": [agent], "state": "up"})["changed"]
    assert api.get(SCHEDULE).json() == {"windows": [foreign]} and api.standin.register(agent)


def _running(api: Api, app_id: str) -> list[Json]:
    tasks = api.get(f"/service/marathon/v2/apps{app_id}/tasks").json()["tasks"]
    return [task for task in tasks if task["state"] == "TASK_RUNNING"]


def test_an_election_during_a_wait_is_survived(make: Make) -> None:
    api = make("1.12.5", agents=(2, 0))
    api.apps("POST", body={"id": "/web", **SLEEP, "constraints": [["hostname", "LIKE", r"127\.9\.0\.21"]]})
    api.deployed("/web")
    api.standin.control("POST", "/_leader", {"ip": "127.9.0.12", "election_seconds": patience(2) / SCALE})
    arguments = {
        "agents": ["127.9.0.21"],
        "state": "drained",
        "wait_timeout": 1,
        "on_timeout": "continue",
        "timeout": 60,
    }
    done = modules_of(api).run("mesos_maintenance", arguments)
    assert done["changed"] and done["agents"][0]["frameworks"][0]["name"] == "marathon", done
    assert api.get(STATUS).json() == {"draining_machines": [{"id": ONE}]}


@pytest.mark.parametrize(
    "kind", [pytest.param("500", marks=SLOW), pytest.param("503", marks=SLOW), "cut", pytest.param("slow", marks=SLOW)]
)
def test_a_write_that_is_cut_off_is_looked_at(make: Make, kind: str) -> None:
    api = make(agents=(2, 0))
    api.standin.fault("/mesos/maintenance/schedule", kind, method="POST", seconds=0.1)
    done = modules_of(api).run("mesos_maintenance", {"agents": ["127.9.0.21"], "state": "draining"})
    if kind == "500":
        assert done["failed"] and "500" in done["msg"]
    else:
        assert done["changed"] and api.get(STATUS).json() == {"draining_machines": [{"id": ONE}]}
