"""What dcos_package waits for, and what becomes of a package that is uninstalled."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.dcos.calico.plugins.modules import dcos_package

from ...support.dcos_api import Answer, html
from ...support.marathon_double import MARATHON
from ...support.universe import Universe

ETCD = {"name": "etcd", "version": "0.0.3"}
CALICO = {"name": "calico", "version": "0.4.0"}


@pytest.fixture
def run(run_module: Any, universe: Universe) -> Any:
    def call(check: bool = False, diff: bool = False, **args: Any) -> dict[str, Any]:
        return run_module(dcos_package, universe.args(**{"wait_timeout": 120, **args}), check=check, diff=diff)

    return call


def test_etcd_is_not_ready_before_its_members_are_in_dns(run: Any, universe: Universe) -> None:
    universe.members(2)
    failed = run(**ETCD, wait_timeout=60)
    assert failed["failed"] and "ready for use was not reached within 60 seconds" in failed["msg"] and "2 of 3 members in DNS" in failed["msg"]
    assert "If it was installed here before" in failed["msg"] and "janitor.py -z etcd" in failed["msg"]


def test_where_the_scheduler_is_out_of_reach_marathon_decides(run: Any, universe: Universe) -> None:
    universe.direct = False
    universe.members(3)
    result = run(**ETCD)
    assert result["ready"] and result["readiness"]["source"] == "marathon" and "Marathon says: 1 of 1 instances run, 1 healthy" in result["readiness"]["text"]


def test_mesos_dns_that_may_not_be_asked(run: Any, universe: Universe) -> None:
    universe.api.on("GET", "/mesos_dns/v1/services/_etcd-server._tcp.etcd.mesos", html(403))
    assert run(**ETCD)["ready"]


def test_a_task_that_fails_is_told(run: Any, universe: Universe) -> None:
    run(**ETCD, wait=False)
    universe.state["apps"]["/etcd"]["failure"] = "Failed to launch container: no space left on device"
    failed = run(**ETCD, wait_timeout=60)
    assert failed["failed"] and "TASK_FAILED on 10.0.1.7: Failed to launch container: no space left on device" in failed["msg"]


def test_a_master_that_is_away_for_a_while(run: Any, universe: Universe) -> None:
    universe.members(3)
    slow = [Answer("Service Unavailable", 503, "text/plain")] * 2
    read = universe.api._answers["GET", f"{MARATHON}/apps/etcd"][0]
    universe.api.on("GET", f"{MARATHON}/apps/etcd", read, *slow, read)
    assert run(**ETCD)["ready"]


def test_calico_needs_each_step_on_each_agent(run: Any, universe: Universe) -> None:
    for number in (1, 2, 3):
        universe.agent(number)
    universe.agent(4, resources={"cpus": 0.1, "mem": 64})
    universe.agent(5, active=False)
    universe.steps("S1", 1, 2, 2, 1)
    universe.steps("S2", 1, 1)
    failed = run(**CALICO, wait_timeout=60)
    assert failed["failed"] and "1 of 3 agents done" in failed["msg"] and "10.0.1.2: Docker cluster store is running" in failed["msg"]
    assert "10.0.1.3: etcd proxy waits for its turn" in failed["msg"] and "10.0.1.4 is left out: 0.1 cpus and 64 MB" in failed["msg"]
    assert "10.0.1.5" not in failed["msg"]
    universe.steps("S2", 1, 2, 2, 1)
    universe.steps("S3", 1, 2, 2, 1)
    universe.steps("S9", 1, 3)
    result = run(**CALICO)
    done = [row["agent"] for row in result["readiness"]["agents"] if row["done"]]
    assert result["ready"] and not result["changed"] and done == ["10.0.1.1", "10.0.1.2", "10.0.1.3"]


def test_calico_by_mesos_where_the_scheduler_is_out_of_reach(run: Any, universe: Universe) -> None:
    universe.direct = False
    universe.agent(1)
    tasks = [{"name": f"Task({name}-1)", "slave_id": "S1", "state": "TASK_RUNNING"} for name in ("RunEtcdProxy", "RunCalicoNode")]
    universe.state["frameworks"] = [{"name": "calico", "id": "F1", "tasks": tasks}, {"name": "marathon", "id": "F2", "tasks": [{"name": "x"}]}]
    result = run(**CALICO)
    assert result["ready"] and result["readiness"]["source"] == "mesos"
    assert result["readiness"]["agents"][0]["steps"]["CNI plugin"] == "finished"


def test_the_plan_of_an_sdk_service(run: Any, universe: Universe) -> None:
    steps = [{"name": "etcd-0:[node]", "status": "COMPLETE"}, {"name": "etcd-1:[node]", "status": "STARTING"}]
    going = {"status": "IN_PROGRESS", "phases": [{"name": "node", "steps": steps}], "errors": []}
    universe.state["plan"] = [(503, {}), (202, going), (200, {"status": "COMPLETE", "phases": [], "errors": []})]
    result = run(name="etcd", version="0.1.0-3.3.12")
    assert result["ready"] and result["readiness"] == {"kind": "sdk", "source": "scheduler", "text": "plan deploy is complete", "agents": []}


def test_a_plan_with_errors_ends_the_wait(run: Any, universe: Universe) -> None:
    universe.state["plan"] = [(417, {"status": "ERROR", "errors": ["node.count must not shrink"]})]
    failed = run(name="etcd", version="0.1.0-3.3.12")
    assert failed["failed"] and "cannot be deployed" in failed["msg"] and "node.count must not shrink" in failed["msg"]


def test_progress_is_written_when_it_changes(run: Any, universe: Universe, tmp_path: Any) -> None:
    universe.members(3)
    file = tmp_path / "progress"
    assert run(**ETCD, progress_file=str(file))["ready"]
    lines = file.read_text().splitlines()
    assert lines[0].startswith("0:00 etcd: 0 of 1 instances run, 0 healthy, being deployed") and "cluster is unhealthy" in "".join(lines)
    assert "cluster is healthy" in lines[-1] and len(lines) == len(set(lines))


def test_progress_that_cannot_be_written_does_not_matter(run: Any, universe: Universe, tmp_path: Any) -> None:
    universe.members(3)
    result = run(**ETCD, progress_file=str(tmp_path / "nosuch" / "file"))
    assert result["ready"] and "cannot be written" in str(result["warnings"])


# uninstalling


def test_uninstalls_and_names_what_stays_behind(run: Any, universe: Universe) -> None:
    universe.members(3)
    run(**ETCD, options={"etcd": {"zk": "zk://a:2181,b:2181/kept/here"}})
    universe.api.requests.clear()
    predicted = run(name="etcd", state="absent", check=True, diff=True)
    assert predicted["changed"] and universe.writes == []
    result = run(name="etcd", state="absent", diff=True)
    assert result["changed"] and universe.writes == ["POST /package/uninstall"] and universe.state["apps"] == {}
    assert [left["what"] for left in result["leftovers"]] == ["ZooKeeper node /kept/here"] and "-z kept/here" in result["leftovers"][0]["remedy"]
    assert result["notes"] == ["Mind what stays behind."] and result["version"] is None and result["previous_version"] == "0.0.3"
    assert all(result[key] == predicted[key] for key in result if key not in ("notes", "invocation"))
    again = run(name="etcd", state="absent", diff=True)
    assert not again["changed"] and again["leftovers"] == [] and again["app_id"] is None and again["diff"] == []


def test_what_calico_leaves_behind(run: Any, universe: Universe) -> None:
    universe.agent(1)
    universe.steps("S1", 1, 2, 2, 1)
    run(**CALICO)
    universe.state["frameworks"] = [{"name": "calico", "id": "F1"}, {"name": "etcd", "id": "F2"}]
    result = run(name="calico", state="absent")
    what = " | ".join(left["what"] for left in result["leftovers"])
    for words in ("framework calico (F1)", "ZooKeeper node /calico", "container calico-node", "calico.cni", "cluster-store", "/etc/calico/installer"):
        assert words in what


def test_a_service_that_uninstalls_itself_is_waited_for(run: Any, universe: Universe) -> None:
    run(name="etcd", version="0.1.0-3.3.12")
    universe.gone_after = 10
    assert run(name="etcd", state="absent", wait=False)["changed"] and "/etcd" in universe.state["apps"]
    failed = run(name="etcd", version="0.1.0-3.3.12")
    assert failed["failed"] and "is being uninstalled" in failed["msg"]
    universe.api.requests.clear()
    result = run(name="etcd", state="absent")
    assert not result["changed"] and universe.writes == [] and universe.state["apps"] == {}


def test_of_several_installations_one_has_to_be_named(run: Any, universe: Universe) -> None:
    universe.members(3)
    run(**ETCD)
    run(**ETCD, options={"etcd": {"framework-name": "etcd2"}})
    failed = run(name="etcd", state="absent")
    assert failed["failed"] and "/etcd, /etcd2" in failed["msg"] and "app_id" in failed["msg"]
    assert run(name="etcd", state="absent", app_id="etcd2")["changed"] and list(universe.state["apps"]) == ["/etcd"]


def test_a_removal_that_stays_half_done(run: Any, universe: Universe) -> None:
    run(**CALICO, wait=False)
    universe.api.on("POST", "/package/uninstall", Answer({"type": "IncompleteUninstall", "message": "Incomplete uninstall of package [calico]"}, 503))
    failed = run(name="calico", state="absent")
    assert failed["failed"] and "framework is still registered with Mesos" in failed["msg"]


def test_a_removal_that_somebody_else_did(run: Any, universe: Universe) -> None:
    universe.members(3)
    run(**ETCD)
    uninstall = universe.api._answers["POST", "/package/uninstall"][0]

    def race(request: Any) -> Any:
        uninstall(request)
        return uninstall(request)

    universe.api.on("POST", "/package/uninstall", race)
    result = run(name="etcd", state="absent")
    assert result["changed"] and result["notes"] == []


def test_the_token_goes_to_no_scheduler(run: Any, universe: Universe) -> None:
    universe.members(3)
    run(**ETCD, token="sesame")
    asked = {request.path: request.headers.get("Authorization") for request in universe.api.requests}
    assert asked["/healthz"] is None and asked["/package/install"] == "token=sesame"
