"""What installed packages do over time: real etcd members, the calico framework's steps, SDK plans."""

from __future__ import annotations

import json
import os
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api import Api
from conftest import Make
from modules import prepared
from standin_service import eventually, patience

COMPLETE = {
    "TaskRunEtcdProxy": 1,
    "TaskInstallDockerClusterStore": 2,
    "TaskInstallCalicoCNI": 2,
    "TaskRunCalicoNode": 1,
}


def fetch(url: str, method: str = "GET", data: bytes | None = None) -> Any:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, data, method=method), timeout=patience(10)) as answer:
        return json.loads(answer.read())


@pytest.fixture(name="cluster")
def with_etcd(make: Make, etcd: str) -> Api:
    """A cluster whose agents have a real etcd."""
    return make(start_seconds=15, launcher={"kind": "local", "etcd": etcd, "networks": ["dcos"]})


def members(api: Api) -> list[dict[str, Any]]:
    answer = api.get("/service/etcd/members")
    return answer.json() if answer.status_code == 200 else []


def test_etcd_0_0_3_starts_real_members_one_after_the_other(cluster: Api) -> None:
    assert cluster.install("etcd", "0.0.3").json() == {
        "packageName": "etcd",
        "packageVersion": "0.0.3",
        "appId": "/etcd",
    }
    seen: list[tuple[int, int]] = []

    def healthy() -> bool:
        answer = cluster.get("/service/etcd/healthz")
        if answer.status_code in (200, 500):
            seen.append((len(members(cluster)), answer.status_code))
        return answer.status_code == 200

    eventually(healthy, "three members agree")
    assert {status for count, status in seen if count < 3} == {500}, "not healthy before all members run"
    found = members(cluster)
    assert len({entry["host"] for entry in found}) == 3
    # Not through anything of the service: etcd itself.
    clients = [f"http://{entry['host']}:{entry['clientPort']}" for entry in found]
    assert fetch(f"{clients[0]}/v2/keys/calico", "PUT", b"value=here")["node"]["value"] == "here"
    assert fetch(f"{clients[2]}/v2/keys/calico?quorum=true")["node"]["value"] == "here"
    assert {member["name"] for member in fetch(f"{clients[1]}/v2/members")["members"]} == {
        entry["name"] for entry in found
    }
    # Records follow what runs: peers under _tcp, clients under the protocol etcd-mesos made up.
    for service, port in (
        ("_etcd-server._tcp.etcd.mesos", "rpcPort"),
        ("_etcd-server._client.etcd.mesos", "clientPort"),
    ):
        rows = cluster.get(f"/mesos_dns/v1/services/{service}").json()
        assert {(row["ip"], row["port"]) for row in rows} == {(entry["host"], str(entry[port])) for entry in found}
    assert cluster.get("/service/etcd/stats").json()["IsHealthy"] == 1
    app = cluster.deployed("/etcd")
    assert app["tasksHealthy"] == 1
    task = app["tasks"][0]
    assert len(fetch(f"http://{task['host']}:{task['ports'][0]}/members")) == 3, "the scheduler's own port answers too"


def test_etcd_replaces_a_member_and_leaves_leftovers(cluster: Api) -> None:
    cluster.install("etcd", "0.0.3")
    eventually(lambda: cluster.get("/service/etcd/healthz").status_code == 200, "it is healthy")
    lost = members(cluster)[0]
    cluster.standin.control("POST", "/_agent/unregister", {"agent_id": lost["slaveID"]})
    assert eventually(lambda: cluster.get("/service/etcd/healthz").status_code == 500, "a member is missed")
    cluster.standin.register(cluster.standin.address(24))
    eventually(lambda: cluster.get("/service/etcd/healthz").status_code == 200, "it is replaced")
    assert lost["name"] not in {entry["name"] for entry in members(cluster)}
    # Uninstalled: no app, no framework, no members; but ZooKeeper has the old framework's id.
    framework = next(
        entry["id"] for entry in cluster.get("/mesos/frameworks").json()["frameworks"] if entry["name"] == "etcd"
    )
    results = cluster.package("uninstall", packageName="etcd").json()["results"]
    assert (results[0]["appId"], results[0]["packageVersion"]) == ("/etcd", "0.0.3") and "/etcd" in results[0][
        "postUninstallNotes"
    ]
    cluster.gone("/etcd")
    gone = next(
        entry for entry in cluster.get("/mesos/frameworks").json()["completed_frameworks"] if entry["id"] == framework
    )
    eventually(
        lambda: not [task for task in cluster.get("/mesos/tasks").json()["tasks"] if task["state"] == "TASK_RUNNING"],
        "members end",
    )
    assert not gone["active"]
    cluster.install("etcd", "0.0.3")
    failure = eventually(
        lambda: cluster.app("/etcd", "lastTaskFailure").get("lastTaskFailure"), "the old state is in the way"
    )
    assert failure["message"] == "Framework has been removed"
    assert cluster.standin.control("POST", "/_zookeeper/delete", {"path": "/etcd"}) == {"deleted": ["/etcd"]}
    eventually(lambda: cluster.get("/service/etcd/healthz").status_code == 200, "the janitor was here")


def test_calico_goes_agent_by_agent_and_step_by_step(make: Make) -> None:
    api = make(start_seconds=10)
    api.install("calico", "0.4.0")
    url = "/service/calico-install-framework"
    seen: list[dict[str, dict[str, int]]] = []

    def states() -> dict[str, dict[str, int]]:
        answer = api.get(f"{url}/json")
        if answer.status_code != 200:
            return {}
        seen.append({agent: {cls: task["state"] for cls, task in row.items()} for agent, row in answer.json().items()})
        return seen[-1]

    eventually(
        lambda: (found := states()) and len(found) == 4 and all(row == COMPLETE for row in found.values()),
        "all agents are done",
    )
    for found in seen:
        for row in found.values():
            order = [cls for cls in COMPLETE if cls in row]
            assert order == list(COMPLETE)[: len(order)], "one after the other"
        restarting = [
            agent
            for agent, row in found.items()
            for cls in ("TaskInstallDockerClusterStore", "TaskInstallCalicoCNI")
            if row.get(cls) in (0, 1, 6)
        ]
        assert len(restarting) <= 1, "at most one agent restarts services"
    roles = {row["TaskRunCalicoNode"]["role"] for row in api.get(f"{url}/json").json().values()}
    assert roles == {"*", "slave_public"}
    assert api.get(f"{url}/health").json() == {"health": "OK"}
    api.standin.register("127.9.0.40")
    eventually(
        lambda: len(found := states()) == 5 and all(row == COMPLETE for row in found.values()),
        "a new agent gets it too",
    )


def test_calico_leaves_out_what_is_switched_off_and_tries_again_what_fails(make: Make, tmp_path: Path) -> None:
    api = make(agents=(1, 0))
    options = {
        "Etcd Settings": {"run-proxy": False},
        "Configure Docker Cluster-Store": {"enable": False},
        "Install CNI": {"enable": False},
    }
    api.install("calico", "0.4.0", options=options)
    url = "/service/calico-install-framework/json"

    def node() -> dict[str, Any]:
        answer = api.get(url)
        return next(iter(answer.json().values()), {}) if answer.status_code == 200 else {}

    eventually(lambda: node().get("TaskRunCalicoNode", {}).get("state") == 1, "the node runs")
    assert node().keys() == {"TaskRunCalicoNode"}
    first = node()["TaskRunCalicoNode"]["task_id"]
    pid = next(task for task in api.get("/mesos/tasks").json()["tasks"] if task["id"] == first)
    assert pid["state"] == "TASK_RUNNING"
    _end(api, first)
    eventually(
        lambda: node()["TaskRunCalicoNode"]["task_id"] != first and node()["TaskRunCalicoNode"]["state"] == 1,
        "another one runs",
    )


def test_a_framework_that_is_suspended_starts_nothing_anew_and_ends_with_its_last_task(make: Make) -> None:
    """Its scheduler unregisters nothing when it ends, and asks for a failover timeout of a week (framework/framework.py, launch_framework())."""
    api = make(agents=(1, 0))
    options = {"Configure Docker Cluster-Store": {"enable": False}, "Install CNI": {"enable": False}}
    api.install("calico", "0.4.0", options=options)
    modules, running = prepared({"url": api.standin.url, "token": api.token}), ["RunCalicoNode", "RunEtcdProxy"]

    def tasks() -> list[dict[str, Any]]:
        known = [one for one in api.get("/mesos/state").json()["frameworks"] if one["name"] == "calico"]
        return [task for framework in known for task in framework["tasks"] if task["state"] == "TASK_RUNNING"]

    eventually(lambda: sorted(task["id"].partition("-")[0] for task in tasks()) == running, "both tasks run")
    first = modules.run("dcos_calico_framework", {"state": "suspended", "wait_timeout": patience(60)})
    assert first["changed"] and (first["tasks"], first["agents"]) == (2, ["127.9.0.21"]), first
    known = tasks()
    assert len(known) == 2
    for task in known:
        left = modules.run("dcos_calico_framework", {"state": "absent"}, check=True)
        assert not left["changed"] and left["version"] == "0.4.0"
        _end(api, task["id"])
        eventually(lambda task=task: task["id"] not in [one["id"] for one in tasks()], "it is known to have ended")
    gone = modules.run("dcos_calico_framework", {"state": "absent"})
    assert gone["changed"] and (gone["tasks"], gone["version"]) == (0, None), gone
    assert api.package("list", packageName="calico").json()["packages"] == []


def _end(api: Api, task_id: str) -> None:
    """Kill a task's process behind the cluster's back."""
    sandbox = api.standin.directory / "state" / "sandboxes" / task_id
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").resolve() == sandbox:
                os.kill(int(process.name), signal.SIGKILL)
        except OSError:
            continue


@pytest.fixture(name="sdk")
def sdk_cluster(make: Make, etcd: str) -> Iterator[Api]:
    yield make("1.12.5", start_seconds=25, launcher={"kind": "local", "etcd": etcd, "networks": ["dcos", "calico"]})


def test_the_sdk_etcd_follows_its_plan_and_uninstalls_itself(sdk: Api) -> None:
    assert sdk.install("etcd").json()["packageVersion"] == "0.1.0-3.3.12"
    codes: list[int] = []

    def deployed() -> bool:
        codes.append(sdk.get("/service/etcd/v1/plans/deploy").status_code)
        return codes[-1] == 200

    eventually(deployed, "the plan is complete")
    assert 202 in codes
    plan = sdk.get("/service/etcd/v1/plans/deploy").json()
    assert plan["status"] == "COMPLETE" and [step["name"] for step in plan["phases"][0]["steps"]] == [
        f"etcd-{n}-node" for n in range(3)
    ]
    agents = {task["slave_id"] for task in sdk.get("/mesos/tasks").json()["tasks"] if task["name"].startswith("etcd-")}
    assert len(agents) == 3
    eventually(lambda: fetch(f"http://{sdk.standin.address(21)}:2379/health")["health"] == "true", "etcd answers")
    assert sdk.package("uninstall", packageName="etcd").status_code == 200
    assert sdk.get("/service/marathon/v2/apps/etcd").status_code == 200, (
        "the app goes when its uninstall plan is complete"
    )
    sdk.gone("/etcd")
    assert sdk.standin.control("GET", "/_zookeeper") == {"nodes": []}, "an SDK service cleans up"


def test_kubernetes_joins_the_network_it_is_told(sdk: Api) -> None:
    sdk.install("kubernetes", "1.3.1-1.10.8", options={"kubernetes": {"network_provider": "calico", "node_count": 2}})
    eventually(lambda: sdk.get("/service/kubernetes/v1/plans/deploy").status_code == 200, "the plan is complete")
    tasks = sdk.get("/mesos/tasks").json()["tasks"]
    networks = {
        task["name"]: [info.get("name") for info in task["statuses"][-1]["container_status"]["network_infos"]]
        for task in tasks
        if "kube" in task["name"]
    }
    assert networks["kube-node-0"] == ["calico"] and networks["kube-apiserver-0"] == [None]


def test_a_network_nobody_has_stops_a_plan(sdk: Api) -> None:
    sdk.install("kubernetes", "1.3.1-1.10.8", options={"kubernetes": {"network_provider": "missing"}})
    failed = eventually(
        lambda: [task for task in sdk.get("/mesos/tasks").json()["tasks"] if task["state"] == "TASK_FAILED"],
        "the node fails",
    )
    assert failed[0]["name"] == "kube-node-0"
    plan = sdk.get("/service/kubernetes/v1/plans/deploy")
    assert (plan.status_code, plan.json()["status"]) == (202, "IN_PROGRESS")
