"""The Mesos master, mesos-dns and what else tells of the cluster."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import pytest
from api import Api
from conftest import Make
from standin_service import eventually, patience

SLEEP = {"cmd": "exec sleep 1000", "cpus": 0.5, "mem": 16, "instances": 1}


def test_state_tells_who_leads_and_who_follows(dcos: Api) -> None:
    state = dcos.get("/mesos/state").json()
    assert (state["leader"], state["hostname"], state["activated_slaves"]) == (
        "master@127.9.0.11:5050",
        "127.9.0.11",
        4,
    )
    assert state["version"] == "1.5.4" and [entry["name"] for entry in state["frameworks"]] == ["marathon"]
    for path in ("/mesos/state.json", "/mesos/master/state.json", "/mesos/master/state"):
        assert dcos.get(path).json()["id"] == state["id"]


def test_summary_counts_tasks(fresh: Api) -> None:
    fresh.apps("POST", body={"id": "/counted", **SLEEP})
    fresh.deployed("/counted")
    summary = fresh.get("/mesos/master/state-summary").json()
    assert sum(agent["TASK_RUNNING"] for agent in summary["slaves"]) == 1
    busy = next(agent for agent in summary["slaves"] if agent["TASK_RUNNING"])
    assert busy["used_resources"]["cpus"] == 0.5 and busy["framework_ids"] == [summary["frameworks"][0]["id"]]
    assert busy["used_resources"]["ports"].startswith("[")


def test_one_agent_may_be_asked_for_since_mesos_1_4(make: Make, dcos: Api) -> None:
    first = dcos.standin.agents[0]
    assert [agent["id"] for agent in dcos.get(f"/mesos/slaves?slave_id={first}").json()["slaves"]] == [first]
    old = make("1.9.10", agents=(2, 0))
    assert len(old.get(f"/mesos/slaves?slave_id={old.standin.agents[0]}").json()["slaves"]) == 2
    assert dcos.get(f"/agent/{first}/slave(1)/state").json()["hostname"] == "127.9.0.21"
    assert dcos.get("/agent/x/slave(1)/state").text == "404 Not Found: agent `x` unknown."
    assert "<html>" in old.get("/slave/x/slave(1)/state").text


def test_an_agent_that_is_silent_is_lost_with_its_tasks(make: Make) -> None:
    api = make(agents=(0, 0), agent_timeout_seconds=patience(100))
    ids = [api.standin.register(f"127.9.0.2{number}") for number in (1, 2)]
    with beating(api, ids) as alive:
        api.apps("POST", body={"id": "/web", **SLEEP, "constraints": [["hostname", "LIKE", r"127\.9\.0\.21"]]})
        api.deployed("/web")
        alive.remove(ids[0])
        eventually(
            lambda: [agent["id"] for agent in api.get("/mesos/slaves").json()["slaves"]] == [ids[1]],
            "the silent agent is lost",
        )
        app = api.app("/web", "lastTaskFailure")
        assert (app["tasksRunning"], app["lastTaskFailure"]["state"]) == (0, "TASK_LOST")
        alive.append(api.standin.register("127.9.0.21", agent_id=ids[0]))
        assert alive[-1] not in ids, "an agent that was lost is a new one"
        eventually(lambda: api.app("/web")["tasksRunning"] == 1, "the app runs again")


@contextlib.contextmanager
def beating(api: Api, agents: list[str]) -> Iterator[list[str]]:
    """Heartbeats of these agents; what is taken from the list falls silent."""
    alive, ended = list(agents), threading.Event()

    def beat() -> None:
        while not ended.wait(0.2):
            for agent in list(alive):
                api.standin.control("POST", "/_agent/heartbeat", {"agent_id": agent})

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield alive
    finally:
        ended.set()
        thread.join()


def test_an_agent_leaves_when_it_says_so(make: Make) -> None:
    api = make(agents=(2, 0))
    api.standin.control("POST", "/_agent/unregister", {"agent_id": api.standin.agents[0]})
    assert [agent["hostname"] for agent in api.get("/mesos/slaves").json()["slaves"]] == ["127.9.0.22"]


def test_another_master_leads_after_an_election(make: Make) -> None:
    api = make(agents=(1, 0))
    api.standin.control("POST", "/_leader", {"ip": None, "election_seconds": 0})
    eventually(lambda: api.get("/mesos/slaves").status_code == 503, "nobody leads")
    assert api.anyone().get("/redirect", base=api.standin.listeners["mesos"]).status_code == 503
    assert api.get("/mesos_dns/v1/hosts/leader.mesos").json() == [{"host": "", "ip": ""}]
    api.standin.control("POST", "/_leader", {"ip": "127.9.0.12", "election_seconds": 5})
    eventually(lambda: api.get("/mesos/slaves").status_code == 200, "somebody leads")
    assert api.get("/mesos/state").json()["leader"] == "master@127.9.0.12:5050"
    assert [
        node["hostname"] for node in api.get("/exhibitor/exhibitor/v1/cluster/status").json() if node["isLeader"]
    ] == ["127.9.0.12"]


def test_names_of_what_runs(fresh: Api) -> None:
    app = {"id": "/group/web", **SLEEP, "portDefinitions": [{"port": 0, "protocol": "tcp", "name": "http"}]}
    fresh.apps("POST", body=app)
    fresh.deployed("/group/web")
    task = fresh.get("/service/marathon/v2/apps/group/web/tasks").json()["tasks"][0]
    assert fresh.get("/mesos_dns/v1/hosts/web.group.marathon.mesos").json() == [
        {"host": "web.group.marathon.mesos.", "ip": task["host"]}
    ]
    row = fresh.get("/mesos_dns/v1/services/_http._web.group._tcp.marathon.mesos").json()[0]
    assert (row["ip"], row["port"]) == (task["host"], str(task["ports"][0]))
    records = fresh.standin.control("GET", "/_dns/records")
    assert records["a"]["web-group.marathon.containerip.dcos.thisdcos.directory"] == [task["host"]]
    assert records["a"][records["srv"]["_web.group._tcp.marathon.mesos"][0]["target"]] == [task["host"]]
    assert sorted(fresh.get("/mesos_dns/v1/hosts/master.mesos").json(), key=str) == [
        {"host": "master.mesos.", "ip": f"127.9.0.1{n}"} for n in (1, 2)
    ]
    fresh.apps("DELETE", "/group/web")
    fresh.gone("/group/web")
    assert fresh.standin.control("GET", "/_dns/records")["serial"] != records["serial"]


@pytest.mark.parametrize(
    ("version", "variant_told", "net", "exhibitor"),
    [("1.9.10", False, 404, 401), ("1.12.5", True, 404, 200), ("2.0.6", True, 200, 200)],
)
def test_what_comes_with_a_release(make: Make, version: str, variant_told: bool, net: int, exhibitor: int) -> None:
    api = make(version, agents=(1, 1))
    assert ("dcos-variant" in api.anyone().get("/dcos-metadata/dcos-version.json").json()) is variant_told
    assert api.get("/net/v1/nodes").status_code == net
    assert api.anyone().get("/exhibitor/exhibitor/v1/cluster/status").status_code == exhibitor
    roles = {node["host_ip"]: node["role"] for node in api.get("/system/health/v1/nodes").json()["nodes"]}
    assert roles == {
        "127.9.0.11": "master",
        "127.9.0.12": "master",
        "127.9.0.21": "agent",
        "127.9.0.61": "agent_public",
    }
    unknown = api.get("/service/nothing/")
    assert unknown.status_code == 404 and (unknown.text == "404 Not Found: service not found.") is (version != "1.9.10")


def test_a_restart_of_the_service_forgets_nothing(make: Make) -> None:
    api = make(agents=(1, 0))
    api.apps("POST", body={"id": "/kept", **SLEEP})
    api.deployed("/kept")
    before = api.get("/mesos/state").json()
    api.standin.stop()
    api.standin.start()
    after = api.get("/mesos/state").json()
    assert (after["id"], after["slaves"][0]["id"]) == (before["id"], before["slaves"][0]["id"]), (
        "and the token is still good"
    )
    # Local processes end with the service, so the task is started anew.
    eventually(lambda: api.app("/kept")["tasksRunning"] == 1, "the app runs again")


def test_agents_of_the_registry_have_no_pid_and_call_themselves_what_they_like(make: Make) -> None:
    """After an election, until they come back, the master knows no more of them than what they said of themselves."""
    api = make("2.0.6", agents=(1, 0))
    named = api.standin.register(
        "127.9.0.22",
        hostname="fe80::1%{{ 7 * 7 }}",
        domain={"fault_domain": {"region": {"name": "r"}, "zone": {"name": "z"}}},
    )
    (listed,) = [agent for agent in api.get("/mesos/slaves").json()["slaves"] if agent["id"] == named]
    assert (listed["hostname"], listed["pid"]) == ("fe80::1%{{ 7 * 7 }}", "slave(1)@127.9.0.22:5051")
    api.standin.control("POST", f"/_agents/{named}/recovered")
    for path in ("/mesos/slaves", "/mesos/state"):
        found = api.get(path).json()
        assert [agent["id"] for agent in found["slaves"]] == [api.standin.agents[0]]
        assert [sorted(agent) for agent in found["recovered_slaves"]] == [
            ["attributes", "domain", "hostname", "id", "port"]
        ]
    assert api.get("/mesos/state").json()["activated_slaves"] == 1
    api.standin.register("127.9.0.22", agent_id=named)
    assert api.get("/mesos/slaves").json()["recovered_slaves"] == []
