"""mesos_maintenance through its real main(), against a master that keeps its schedule as Mesos does."""

from __future__ import annotations

import copy
import itertools
import json
import time
from typing import Any

import pytest
from ansible_collections.dcos.calico.plugins.module_utils._dcos import _maintenance
from ansible_collections.dcos.calico.plugins.module_utils._dcos._transport import Transport
from ansible_collections.dcos.calico.plugins.modules import mesos_maintenance

from ...support.mesos_master import SCHEDULE, SLAVES, STATUS, SUMMARY, Master

NODE0, NODE1, NODE2 = ({"hostname": f"node{n}.example.com", "ip": f"10.0.1.1{n}"} for n in range(3))
TEMPORARY, KEPT = 226_000_001, 226_000_002
FOREIGN = {"machine_ids": [{"hostname": "NODE1.example.com", "ip": "10.0.1.11"}, {"ip": "10.9.9.9"}], "unavailability": {"start": {"nanoseconds": 1}}, "x": 1}
Json = dict[str, Any]


@pytest.fixture
def run(run_module: Any, mesos_master: Master) -> Any:
    def call(state: str, *agents: str, check: bool = False, **args: Any) -> Json:
        mesos_master.api.requests.clear()
        return run_module(mesos_maintenance, mesos_master.api.args(agents=list(agents or ("10.0.1.10",)), state=state, **args), check=check, diff=True)

    return call


def windows(master: Master) -> list[tuple[list[str], int]]:
    """(addresses, mark) of each window."""
    found = master.maintenance.schedule().get("windows", [])
    return [([one["ip"] for one in window["machine_ids"]], window["unavailability"].get("duration", {}).get("nanoseconds", 0) % 10**9) for window in found]


def answer(result: Json) -> Json:
    [found] = result["agents"]
    return found


def test_schedules_waits_and_returns(run: Any, mesos_master: Master) -> None:
    mesos_master.tasks["S0"] = {"marathon": 2}
    mesos_master.leave = lambda tasks: tasks.update(S0={"marathon": tasks["S0"]["marathon"] - 1} if tasks["S0"].get("marathon", 0) > 1 else {})
    result = run("drained", duration=60)
    assert result["changed"] and result["drained"] and windows(mesos_master) == [(["10.0.1.10"], KEPT)]
    [window] = mesos_master.maintenance.schedule()["windows"]
    assert window["machine_ids"] == [NODE0] and window["unavailability"]["duration"]["nanoseconds"] == 60 * 10**9 + KEPT
    assert abs(window["unavailability"]["start"]["nanoseconds"] / 1e9 - time.time()) < 60
    assert answer(result) == {"name": "10.0.1.10", "hostname": "node0.example.com", "ip": "10.0.1.10", "mode": "draining", "scheduled_by": "kept", "tasks": 0,
                              "frameworks": []}  # fmt: skip
    # seen, written, and seen again; then two for each look, and one for the names
    assert mesos_master.api.asked() == [SLAVES, SCHEDULE, SCHEDULE, SCHEDULE, SCHEDULE, STATUS, SUMMARY, "/agent/S0/slave(1)/state", STATUS, SUMMARY]
    again = run("drained")
    assert not again["changed"] and again["drained"] and mesos_master.writes == []
    assert mesos_master.api.asked() == [SLAVES, SCHEDULE, STATUS, STATUS, SUMMARY]
    returned = run("up")
    assert returned["changed"] and answer(returned)["mode"] == "up" and mesos_master.maintenance.schedule() == {}
    assert mesos_master.api.asked() == [SCHEDULE, STATUS, STATUS, SCHEDULE, SCHEDULE, STATUS, SCHEDULE]
    assert not run("up")["changed"] and mesos_master.api.asked() == [SCHEDULE]


@pytest.mark.parametrize("state", ["draining", "drained", "down", "up"])
def test_check_mode_predicts_and_writes_nothing(run: Any, mesos_master: Master, state: str) -> None:
    if state == "up":
        run("down")
    mesos_master.tasks["S0"] = {} if state in ("down", "up") else {"marathon": 1}
    before = mesos_master.maintenance.dump()
    predicted = run(state, check=True)
    assert predicted["changed"] and mesos_master.writes == [] and mesos_master.maintenance.dump() == before
    assert predicted["drained"] is {"draining": None, "drained": False, "down": True, "up": None}[state]
    done = run(state, on_timeout="continue")
    assert (done["changed"], done["diff"]) == (True, predicted["diff"]) and mesos_master.writes
    assert {name: answer(done)[name] for name in ("mode", "scheduled_by")} == {name: answer(predicted)[name] for name in ("mode", "scheduled_by")}
    assert not run(state, on_timeout="continue")["changed"] and mesos_master.writes == []


def test_the_difference_says_mode_and_owner(run: Any) -> None:
    [diff] = run("draining", temporary=True)["diff"]
    assert (diff["before_header"], json.loads(diff["before"])) == ("agent 10.0.1.10", {"mode": "up", "scheduled_by": None})
    assert json.loads(diff["after"]) == {"mode": "draining", "scheduled_by": "temporary"}


@pytest.mark.parametrize(
    ("name", "aliases"),
    [
        ("10.0.1.10", []),
        ("Node0.example.com", []),
        ("node0.EXAMPLE.com", []),
        ("agent1", ["10.9.9.1", "10.0.1.10"]),
        ("agent1", ["node0.example.com"]),
    ],
)
def test_an_agent_is_known_by_address_or_host_name_and_scheduled_by_both(run: Any, mesos_master: Master, name: str, aliases: list[str]) -> None:
    result = run("draining", name, aliases={name: aliases} if aliases else {})
    assert answer(result)["name"] == name and mesos_master.maintenance.schedule()["windows"][0]["machine_ids"] == [NODE0]
    assert mesos_master.maintenance.mode(mesos_master.agents["S0"]) == "DRAINING", "Mesos takes it for the agent's"
    assert run("up", name, aliases={name: aliases} if aliases else {})["changed"] and mesos_master.maintenance.schedule() == {}


def test_an_agent_that_mesos_does_not_have(run: Any, mesos_master: Master) -> None:
    result = run("draining", "10.0.1.10", "10.0.7.7", aliases={"10.0.7.7": ["agent7"]})
    assert result["failed"] and mesos_master.writes == []
    assert "Mesos has no agent 10.0.7.7" in result["msg"] and "looked for as 10.0.7.7, agent7; its agents are 10.0.1.10 (node0.example.com)" in result["msg"]
    assert not run("up", "10.0.7.7")["changed"]
    skipped = run("down", "10.0.7.7", unknown="skip")
    assert not skipped["changed"] and skipped["drained"] and mesos_master.writes == []


def test_one_name_of_two_machines(run: Any, mesos_master: Master) -> None:
    result = run("draining", "agent1", aliases={"agent1": ["10.0.1.10", "10.0.1.11"]})
    assert result["failed"] and "agent1 is the name of 2 machines of Mesos: 10.0.1.10 (node0.example.com), 10.0.1.11" in result["msg"]


def test_an_agent_that_the_new_leader_has_not_heard_of(run: Any, mesos_master: Master) -> None:
    mesos_master.recovered.add("S0")
    result = run("draining", "node0.example.com")
    assert result["failed"] and "is not known whole" in result["msg"] and mesos_master.writes == []
    mesos_master.agents["S0"]["hostname"] = "10.0.1.10"  # as on DC/OS
    result = run("drained", on_timeout="continue")
    assert result["changed"] and result["drained"] is False and answer(result)["tasks"] is None, "nobody knows its tasks"


def test_windows_of_others_stay_as_they_are(run: Any, mesos_master: Master) -> None:
    mesos_master.maintenance.update({"windows": [copy.deepcopy(FOREIGN)]})
    run("draining", "10.0.1.10", temporary=True)
    assert mesos_master.maintenance.schedule()["windows"][0] == FOREIGN and windows(mesos_master)[1:] == [(["10.0.1.10"], TEMPORARY)]
    run("up", "10.0.1.10", temporary=True)
    assert mesos_master.maintenance.schedule()["windows"] == [FOREIGN]


def test_an_agent_in_a_window_of_others_is_waited_for_and_left_there(run: Any, mesos_master: Master) -> None:
    mesos_master.maintenance.update({"windows": [copy.deepcopy(FOREIGN)]})
    result = run("drained", "10.0.1.11", temporary=True)
    assert not result["changed"] and result["drained"] and answer(result)["scheduled_by"] == "others"
    assert not run("up", "10.0.1.11", temporary=True)["changed"] and mesos_master.writes == []
    for state in ("up", "down"):
        refused = run(state, "10.0.1.11")
        assert refused["failed"] and "because something else has scheduled its maintenance" in refused["msg"] and mesos_master.writes == []
    run("draining", "10.0.1.10")
    result = run("up", "10.0.1.10", "10.0.1.11")
    words = "10.0.1.11 stays in maintenance, because something else has scheduled it"
    assert result["changed"] and len(result["warnings"]) == 1 and words in str(result["warnings"])
    assert mesos_master.maintenance.schedule()["windows"] == [FOREIGN]
    mesos_master.maintenance.down([NODE1])
    assert run("drained", "10.0.1.11")["drained"], "its tasks ended when it was taken down"


def test_what_an_operator_has_drained_outlives_a_run_and_what_a_run_has_left_is_an_operators(run: Any, mesos_master: Master) -> None:
    run("draining")
    assert not run("drained", temporary=True)["changed"] and not run("up", temporary=True)["changed"]
    assert answer(run("up", temporary=True))["mode"] == "draining" and windows(mesos_master) == [(["10.0.1.10"], KEPT)]
    run("up")
    run("draining", temporary=True)
    assert run("draining")["changed"] and windows(mesos_master) == [(["10.0.1.10"], KEPT)]
    run("up")
    run("draining", temporary=True)
    assert run("up")["changed"] and windows(mesos_master) == []


def test_a_window_that_has_passed_begins_anew(run: Any, mesos_master: Master, monkeypatch: pytest.MonkeyPatch) -> None:
    run("draining", duration=60)
    [before] = mesos_master.maintenance.schedule()["windows"]
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now + 90 * 10**9)
    predicted = run("draining", check=True)
    assert predicted["changed"] and "has passed" in predicted["diff"][0]["before"]
    assert run("draining")["changed"] and windows(mesos_master) == [(["10.0.1.10"], KEPT)]
    [after] = mesos_master.maintenance.schedule()["windows"]
    assert after["unavailability"]["start"]["nanoseconds"] > before["unavailability"]["start"]["nanoseconds"]


def test_no_agent_would_be_left(run: Any, mesos_master: Master) -> None:
    result = run("draining", "10.0.1.10", "10.0.1.11", "10.0.1.12")
    assert result["failed"] and "no other agent would be left for the tasks" in result["msg"] and mesos_master.writes == []
    mesos_master.maintenance.update({"windows": [copy.deepcopy(FOREIGN)]})
    assert run("draining", "10.0.1.10", "10.0.1.12")["failed"]
    assert not run("draining", "10.0.1.10").get("failed") and not run("draining", "10.0.1.10").get("failed")


# -- what others write meanwhile ---------------------------------------------------------


def test_what_was_written_before_our_write_is_kept(run: Any, mesos_master: Master) -> None:
    """Between the look that the plan is made of, and the one right before the write."""
    reads = itertools.count()

    def read(request: Any) -> Any:
        if next(reads) == 1:
            mesos_master.maintenance.update({"windows": [copy.deepcopy(FOREIGN)]})
        return mesos_master.maintenance.schedule()

    mesos_master.api.on("GET", SCHEDULE, read)
    run("draining", "10.0.1.10")
    assert mesos_master.maintenance.schedule()["windows"][0] == FOREIGN and windows(mesos_master)[1:] == [(["10.0.1.10"], KEPT)]


def test_what_is_written_over_ours_is_kept_and_ours_written_again(run: Any, mesos_master: Master) -> None:
    """By a program that read the schedule before our write, and writes after it, which has no window of ours."""
    writes = itertools.count()

    def write(request: Any) -> Any:
        done = mesos_master.change(mesos_master.maintenance.update, request)
        if next(writes) == 0:
            mesos_master.maintenance.update({"windows": [copy.deepcopy(FOREIGN)]})
        return done

    mesos_master.api.on("POST", SCHEDULE, write)
    run("draining", "10.0.1.10")
    assert mesos_master.writes == [SCHEDULE, SCHEDULE]
    assert mesos_master.maintenance.schedule()["windows"][0] == FOREIGN and windows(mesos_master)[1:] == [(["10.0.1.10"], KEPT)]


@pytest.mark.parametrize("state", ["drained", "down"])
def test_a_schedule_without_the_agent_during_the_wait_is_completed_again(run: Any, mesos_master: Master, state: str) -> None:
    looks = itertools.count()

    def leave(tasks: Json) -> None:
        if next(looks) == 0:
            mesos_master.maintenance.update({"windows": [copy.deepcopy(FOREIGN)]})
        tasks["S0"] = {"marathon": 1} if next(looks) < 3 else {}

    mesos_master.leave = leave
    result = run(state)
    assert result["drained"] and mesos_master.maintenance.schedule()["windows"][0] == FOREIGN
    assert mesos_master.maintenance.mode(NODE0) == ("DOWN" if state == "down" else "DRAINING")


def test_a_program_that_never_stops_writing_ends_the_module(run: Any, mesos_master: Master, dcos_clock: Any) -> None:
    def write(request: Any) -> Any:
        dcos_clock.sleep(1)
        return mesos_master.api.Answer("")

    mesos_master.api.on("POST", SCHEDULE, write)
    result = run("draining")
    assert result["failed"] and "something else writes Mesos' maintenance schedule as well" in result["msg"]


@pytest.mark.parametrize("status", [502, 503, 504])
@pytest.mark.parametrize("carried_out", [False, True])
@pytest.mark.parametrize("path", [SCHEDULE, "/mesos/machine/down", "/mesos/machine/up"])
def test_a_write_without_an_answer_is_looked_at_before_it_is_repeated(run: Any, mesos_master: Master, path: str, carried_out: bool, status: int) -> None:
    maintenance = mesos_master.maintenance
    call = {SCHEDULE: maintenance.update, "/mesos/machine/down": mesos_master.down, "/mesos/machine/up": maintenance.up}[path]
    writes = itertools.count()

    def write(request: Any) -> Any:
        first = next(writes) == 0
        done = mesos_master.change(call, request) if carried_out or not first else None
        return mesos_master.api.Answer("", status) if first else done

    mesos_master.api.on("POST", path, write)
    assert run("down")["changed"] and maintenance.mode(NODE0) == "DOWN"
    assert run("up")["changed"] and maintenance.schedule() == {}
    assert next(writes) == (1 if carried_out else 2)


# -- tasks that do not leave ---------------------------------------------------------------


def test_tasks_that_stay_are_told_by_framework_and_answer(run: Any, mesos_master: Master) -> None:
    mesos_master.tasks["S0"] = {"marathon": 2, "hdfs": 1, "kafka": 1}

    def leave(tasks: Json) -> None:
        mesos_master.answered("S0", "hdfs", "DECLINE")
        mesos_master.answered("S0", "kafka", "ACCEPT")

    mesos_master.leave = leave
    result = run("drained", wait_timeout=60)
    assert result["failed"] and windows(mesos_master) == [(["10.0.1.10"], KEPT)]
    for words in (
        "Tasks did not leave within 60 seconds: 10.0.1.10: 4 tasks are left (hdfs has declined to move its 1 task; kafka has accepted to move its 1 task; "
        "marathon has not answered whether it moves its 2 tasks). Marathon moves no task for maintenance.",
        "wait longer (wait_timeout), or go on without (on_timeout: continue). The agents stay in the maintenance schedule until they are returned (state: up).",
    ):
        assert words in result["msg"], result["msg"]
    assert mesos_master.api.asked().count("/agent/S0/slave(1)/state") == 1
    on = run("drained", wait_timeout=0, on_timeout="continue")
    assert not on["changed"] and on["drained"] is False and answer(on)["tasks"] == 4
    assert {one["name"]: one["answer"] for one in answer(on)["frameworks"]} == {"hdfs": "declined", "kafka": "accepted", "marathon": "none"}
    down = run("down", wait_timeout=0, on_timeout="continue")
    assert down["changed"] and down["drained"] is False and answer(down)["mode"] == "down" and "S0" not in mesos_master.agents


def test_frameworks_that_may_not_be_asked_for_are_not_named(run: Any, mesos_master: Master) -> None:
    mesos_master.tasks["S0"] = {"marathon": 1}
    mesos_master.api.on("GET", "/agent/S0/slave(1)/state", mesos_master.api.html(403))
    result = run("drained", wait_timeout=10, temporary=True)
    assert result["failed"] and "10.0.1.10: 1 task is left (of frameworks that are not known)" in result["msg"] and "schedule until" not in result["msg"]


def test_progress(run: Any, mesos_master: Master, tmp_path: Any) -> None:
    mesos_master.tasks["S0"] = {"marathon": 1}
    run("drained", wait_timeout=10, on_timeout="continue", progress_file=str(tmp_path / "progress"))
    assert "maintenance: 10.0.1.10: 1 task is left (marathon has not answered whether it moves its 1 task)" in (tmp_path / "progress").read_text()


def test_a_login_that_has_expired_leaves_what_the_next_run_finds(run: Any, mesos_master: Master) -> None:
    mesos_master.tasks["S0"] = {"marathon": 1}
    mesos_master.api.on("GET", SUMMARY, mesos_master.api.html(401, "acsjwt"))
    result = run("drained", token="a.secret.token", temporary=True)
    assert result["failed"] and "401" in result["msg"] and "a.secret.token" not in json.dumps(result)
    assert windows(mesos_master) == [(["10.0.1.10"], TEMPORARY)]
    assert run("up", token="another.good.token", temporary=True)["changed"] and windows(mesos_master) == []


def test_a_login_that_can_be_renewed_is(run: Any, mesos_master: Master) -> None:
    mesos_master.api.on("POST", "/acs/api/v1/auth/login", {"token": "a.secret.token"})
    mesos_master.api.on("POST", SCHEDULE, mesos_master.api.html(401, "acsjwt"), lambda request: mesos_master.change(mesos_master.maintenance.update, request))
    assert run("draining", uid="bob", password="sesame")["changed"] and windows(mesos_master)


# -- a kill --------------------------------------------------------------------------------


class Killed(BaseException):
    """Nothing of the module's own catches it."""


def killed_at(monkeypatch: pytest.MonkeyPatch, number: int, after: bool) -> None:
    """Kill at a request: before it is sent, or after it was carried out and before its answer was read."""
    count, send = itertools.count(), Transport.send

    def one(self: Any, *args: Any, **more: Any) -> Any:
        last = next(count) == number
        if last and not after:
            raise Killed
        answered = send(self, *args, **more)
        if last:
            raise Killed
        return answered

    monkeypatch.setattr(Transport, "send", one)


def passes(run: Any, state: str, **args: Any) -> bool:
    """Whether it came to its end."""
    try:
        return not run(state, **args).get("failed")
    except Killed:
        return False


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("temporary", [False, True])
def test_killed_anywhere_the_next_run_finishes(run: Any, mesos_master: Master, monkeypatch: pytest.MonkeyPatch, temporary: bool, after: bool) -> None:
    """And returning afterwards leaves the schedule as it was before all."""
    others = {**FOREIGN, "machine_ids": [NODE2]}
    mesos_master.maintenance.update({"windows": [copy.deepcopy(others)]})
    agents = dict(mesos_master.agents)
    killed = 0
    for state, number in itertools.product(("draining", "drained", "down", "up"), range(12)):
        mesos_master.agents = dict(agents)
        if state == "up":
            assert passes(run, "down", temporary=temporary)
        with monkeypatch.context() as patch:
            killed_at(patch, number, after)
            killed += not passes(run, state, temporary=temporary)
        assert passes(run, state, temporary=temporary)
        mode = mesos_master.maintenance.mode(NODE0)
        assert mode == {"draining": "DRAINING", "drained": "DRAINING", "down": "DOWN", "up": None}[state], (state, number)
        assert passes(run, "up", temporary=temporary)
        assert mesos_master.maintenance.schedule() == {"windows": [others]}, (state, number)
        assert passes(run, "up", temporary=temporary) and mesos_master.writes == []
    assert killed > 25


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True])
def test_killed_anywhere_a_return_alone_leaves_all_as_it_was(run: Any, mesos_master: Master, monkeypatch: pytest.MonkeyPatch, after: bool) -> None:
    for state, number in itertools.product(("drained", "down"), range(12)):
        agents = dict(mesos_master.agents)
        with monkeypatch.context() as patch:
            killed_at(patch, number, after)
            passes(run, state, temporary=True)
        assert passes(run, "up", temporary=True) and mesos_master.maintenance.dump() == {"windows": [], "down": []}, (state, number)
        mesos_master.agents = agents


# -- strange answers ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (SCHEDULE, []),
        (SCHEDULE, {"windows": [{"machine_ids": [], "unavailability": {}}]}),
        (SCHEDULE, {"windows": [{"machine_ids": ["a"], "unavailability": {"start": {"nanoseconds": 1}}}]}),
        (STATUS, {"draining_machines": [{}]}),
        (SUMMARY, {"slaves": {}}),
        (SUMMARY, {"slaves": [{"id": "S0", "TASK_RUNNING": "many"}]}),
    ],
)
def test_answers_of_another_shape_are_named(run: Any, mesos_master: Master, path: str, said: Any) -> None:
    mesos_master.api.on("GET", path, said)
    result = run("drained")
    assert result["failed"] and path in result["msg"] and "something else than expected" in result["msg"]


def test_numbers_of_others_are_written_back_digit_by_digit(run: Any, mesos_master: Master) -> None:
    exact = {"machine_ids": [NODE2], "unavailability": {"start": {"nanoseconds": 1443830400000000123}, "duration": {"nanoseconds": 9007199254740993}}}
    mesos_master.maintenance.update({"windows": [copy.deepcopy(exact)]})
    run("draining")
    assert mesos_master.maintenance.schedule()["windows"][0] == exact


def test_owners() -> None:
    def of(nanoseconds: int | None) -> str:
        length = {} if nanoseconds is None else {"duration": {"nanoseconds": nanoseconds}}
        return _maintenance.owner({"machine_ids": [], "unavailability": {"start": {"nanoseconds": 1}, **length}})

    assert [of(None), of(3600 * 10**9), of(3600 * 10**9 + TEMPORARY), of(KEPT)] == ["others", "others", "temporary", "kept"]


@pytest.mark.parametrize(
    ("said", "name", "whole"),
    [
        ({"hostname": "Agent1", "ip": "10.0.1.11"}, "10.0.1.11 (agent1)", True),
        ({"hostname": "10.0.1.11", "ip": "10.0.1.11"}, "10.0.1.11", True),
        ({"hostname": "agent1"}, "agent1", False),
        ({"ip": "10.0.1.11"}, "10.0.1.11", False),
        ({}, "", False),
    ],
)
def test_what_a_machine_is_called(said: dict[str, str], name: str, whole: bool) -> None:
    machine = _maintenance.Machine.of(said)
    assert str(machine) == name and machine.whole == whole
