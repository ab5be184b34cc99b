"""dcos_package through its real main(), against a Universe that computes its answers."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.dcos.calico.plugins.modules import dcos_package

from ...support.dcos_api import Answer, html
from ...support.universe import Universe

ETCD = {"name": "etcd", "version": "0.0.3"}


@pytest.fixture
def run(run_module: Any, universe: Universe) -> Any:
    def call(check: bool = False, diff: bool = False, **args: Any) -> dict[str, Any]:
        return run_module(dcos_package, universe.args(**{"wait_timeout": 120, **args}), check=check, diff=diff)

    return call


def sized(count: Any) -> dict[str, Any]:
    return {"etcd": {"cluster-size": count}}


# installing


def test_installs_and_waits_for_the_cluster_and_dns(run: Any, universe: Universe) -> None:
    universe.members(3)
    result = run(**ETCD, options=sized(3), diff=True)
    assert result["changed"] and result["ready"] and universe.writes == ["POST /package/install"]
    assert universe.sent("/package/install") == {"packageName": "etcd", "packageVersion": "0.0.3", "options": sized(3)}
    assert result["readiness"]["source"] == "scheduler" and "cluster is healthy; 3 of 3 members in DNS (10.0.1.1:1025" in result["readiness"]["text"]
    assert (result["app_id"], result["version"], result["previous_version"], result["compared"]) == ("/etcd", "0.0.3", None, "nothing")
    assert result["notes"] == ["It runs now, says the package."] and result["diff"][0]["before"] == ""
    assert '"cluster-size": 3' in result["diff"][0]["after"] and '"cpus": 0.2' in result["diff"][0]["after"]


def test_a_second_run_changes_nothing(run: Any, universe: Universe) -> None:
    universe.members(3)
    run(**ETCD, options=sized(3))
    universe.api.requests.clear()
    for options in (sized(3), {}, {"etcd": {"framework-name": "etcd", "cpus": 0.2}}):
        result = run(**ETCD, options=options, diff=True)
        assert not result["changed"] and result["ready"] and result["diff"] == [] and universe.writes == []
        assert result["compared"] == "options" and result["previous_version"] == "0.0.3"


def test_options_that_cosmos_did_not_note_are_compared_by_the_app(run: Any, universe: Universe) -> None:
    universe.notes_options = False
    universe.members(5)
    run(**ETCD, options=sized(3))
    result = run(**ETCD, options=sized(3))
    assert not result["changed"] and result["compared"] == "app"
    failed = run(**ETCD, options=sized(5))
    assert failed["failed"] and failed["compared"] == "app" and failed["differences"] == ['env.CLUSTER_SIZE is "3", not "5"']


def test_text_is_turned_into_what_the_schema_wants(run: Any, universe: Universe) -> None:
    universe.members(5)
    run(**ETCD, options={"etcd": {"cluster-size": "5", "auto-reseed": "no"}})
    assert universe.sent("/package/install")["options"] == {"etcd": {"cluster-size": 5, "auto-reseed": False}}


@pytest.mark.parametrize(("diff", "check"), [(False, True), (True, True)])
def test_check_mode_sends_nothing_that_writes(run: Any, universe: Universe, diff: bool, check: bool) -> None:
    result = run(**ETCD, check=check, diff=diff)
    assert result["changed"] and universe.writes == [] and not result["ready"] and result["version"] == "0.0.3"
    assert "/package/render" in universe.reads


def test_the_app_id_can_be_chosen(run: Any, universe: Universe) -> None:
    result = run(name="hello", version="1.0", app_id="group/web")
    assert result["app_id"] == "/group/web" and universe.sent("/package/install")["appId"] == "/group/web" and result["ready"]


def test_another_framework_name_is_another_installation(run: Any, universe: Universe) -> None:
    universe.members(3)
    run(**ETCD)
    result = run(**ETCD, options={"etcd": {"framework-name": "etcd2"}})
    assert result["changed"] and result["app_id"] == "/etcd2" and set(universe.state["apps"]) == {"/etcd", "/etcd2"}


def test_without_waiting(run: Any, universe: Universe) -> None:
    result = run(**ETCD, wait=False)
    assert result["changed"] and not result["ready"] and result["readiness"]["kind"] == "none"
    again = run(**ETCD, wait=False)
    assert not again["changed"] and not again["ready"] and again["readiness"]["kind"] == "etcd"


# differences


def test_changed_options_are_an_error_that_names_them(run: Any, universe: Universe) -> None:
    universe.members(3)
    run(**ETCD, options=sized(3))
    universe.api.requests.clear()
    for check in (True, False):
        failed = run(**ETCD, options={"etcd": {"cluster-size": 5, "auto-reseed": False}}, check=check)
        assert failed["failed"] and universe.writes == []
        assert failed["differences"] == ["etcd.auto-reseed is true, not false", "etcd.cluster-size is 3, not 5"]
        assert "etcd.cluster-size is 3, not 5" in failed["msg"] and "state: absent, which loses all data" in failed["msg"]


def test_another_version_is_an_error(run: Any, universe: Universe) -> None:
    universe.state["plan"] = [(200, {"status": "COMPLETE"})]
    run(name="etcd", version="0.1.0-3.3.12")
    failed = run(**ETCD)
    assert failed["failed"] and failed["differences"] == ["its version is 0.1.0-3.3.12, not 0.0.3"] and failed["differences"][0] in failed["msg"]


def test_reinstalls_when_told_to(run: Any, universe: Universe) -> None:
    sdk = {"name": "etcd", "version": "0.1.0-3.3.12"}
    run(**sdk)
    universe.api.requests.clear()
    predicted = run(**sdk, options={"node": {"count": 5}}, reinstall=True, check=True, diff=True)
    assert predicted["changed"] and universe.writes == []
    result = run(**sdk, options={"node": {"count": 5}}, reinstall=True, diff=True)
    assert universe.writes == ["POST /package/uninstall", "POST /package/install"] and result["diff"] == predicted["diff"]
    assert '"count": 3' in result["diff"][0]["before"] and '"count": 5' in result["diff"][0]["after"] and result["ready"]
    assert result["differences"] == predicted["differences"] == ["node.count is 3, not 5"]


def test_etcd_mesos_cannot_be_reinstalled_in_one_go(run: Any, universe: Universe) -> None:
    universe.members(3)
    run(**ETCD, options={"etcd": {"zk": "zk://a:2181/kept"}})
    failed = run(**ETCD, reinstall=True)
    assert failed["failed"] and "janitor.py -z kept on a master), and install it anew" in failed["msg"] and list(universe.state["apps"]) == ["/etcd"]


def test_a_reinstallation_that_never_gets_ready_names_what_may_be_the_cause(run: Any, universe: Universe) -> None:
    calico = {"name": "calico", "version": "0.4.0"}
    universe.agent(1)
    universe.steps("S1", 1, 2, 2, 1)
    run(**calico)
    universe.steps("S1", 1)
    failed = run(**calico, options={"Install CNI": {"cpu-limit": 0.3}}, reinstall=True, wait_timeout=60)
    assert failed["failed"] and "10.0.1.1: Docker cluster store waits for its turn" in failed["msg"]
    assert "ZooKeeper node /calico of the old one" in failed["msg"]


def test_secrets_are_shown_nowhere(run: Any, universe: Universe) -> None:
    universe.members(3)
    secret = {"etcd": {"admin-password": "hunter2"}}
    first = run(**ETCD, secret_options=secret, diff=True)
    assert first["changed"] and universe.sent("/package/install")["options"]["etcd"]["admin-password"] == "hunter2"
    assert not run(**ETCD, secret_options=secret)["changed"]
    failed = run(**ETCD, secret_options={"etcd": {"admin-password": "hunter3"}}, diff=True)
    assert failed["failed"] and failed["differences"] == ["etcd.admin-password differs (secret, not shown)"]
    assert "hunter" not in str([first["diff"], failed["msg"], failed["differences"]])


def test_a_secret_that_changes_is_a_difference_with_both_sides_hidden(run: Any, universe: Universe) -> None:
    sdk = {"name": "etcd", "version": "0.1.0-3.3.12"}
    run(**sdk, secret_options={"node": {"token": "hunter2"}})
    predicted = run(**sdk, secret_options={"node": {"token": "hunter3"}}, reinstall=True, check=True, diff=True)
    assert predicted["changed"] and predicted["diff"][0]["before"] != predicted["diff"][0]["after"] and "hunter" not in str(predicted["diff"])


# what is refused before anything is sent


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (sized(0), "etcd.cluster-size is 0, less than 1"),
        (sized("many"), 'etcd.cluster-size is "many", not of type integer'),
        ({"etcd": {"cluster-sise": 3}}, "etcd.cluster-sise is no option of the package; did you mean etcd.cluster-size?"),
        ({"etcd": {"framework-name": "Not Valid"}}, "does not match ^/?[a-z0-9-]+$"),
        ({"etcd": 3}, "etcd is 3, not of type object"),
    ],
)
def test_options_that_the_schema_refuses(run: Any, universe: Universe, options: dict[str, Any], words: str) -> None:
    failed = run(**ETCD, options=options)
    assert failed["failed"] and words in failed["msg"] and "nothing was sent" in failed["msg"]
    assert universe.api.asked() == ["/package/describe"]


def test_options_that_cosmos_refuses(run: Any, universe: Universe) -> None:
    failed = run(**ETCD, options={"etcd": {"framework-name": "refused-by-cosmos"}})
    assert failed["failed"] and "JsonSchemaMismatch" not in failed["msg"] and "etcd.framework-name: is taken" in failed["msg"] and universe.writes == []


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"name": "nosuch", "version": "1"}, "Package [nosuch] not found"),
        ({"name": "etcd", "version": "9.9"}, "Choose one of 0.0.2, 0.0.3, 0.1.0-3.3.12"),
        ({"name": "hello", "version": "1.0", "options": {"a": 1}}, "Package hello 1.0 has no options"),
        ({"name": "tool", "version": "1.0"}, "there is nothing to install on the cluster"),
        ({"name": "etcd"}, "version"),
    ],
)
def test_what_there_is_not(run: Any, universe: Universe, args: dict[str, Any], words: str) -> None:
    failed = run(**args)
    assert failed["failed"] and words in failed["msg"] and universe.writes == []


def test_an_app_of_that_id_that_is_no_package(run: Any, universe: Universe) -> None:
    universe.put({"id": "/etcd", "cmd": "sleep 1"})
    failed = run(**ETCD)
    assert failed["failed"] and "no such package" in failed["msg"] and universe.writes == []


# answers in the middle


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (html(401, "acsjwt"), "refused (401)"),
        (html(403), "dcos:adminrouter:package full"),
        (Answer({"type": "Forbidden", "message": "Unable to complete request due to Forbidden response from service [marathon]"}, 403), "service [marathon]"),
        (Answer({"type": "MarathonBadResponse", "message": "Object is not valid"}, 400), "Marathon refuses what the package makes of the options"),
        (Answer({"type": "MarathonGenericError", "message": "boom"}, 500), "logs of dcos-marathon"),
        (Answer({"type": "UnsupportedContentType", "message": "Unsupported Content-Type"}, 400), "another dialect"),
    ],
)
def test_an_installation_that_is_refused(run: Any, universe: Universe, answer: Answer, words: str) -> None:
    universe.api.on("POST", "/package/install", answer)
    failed = run(**ETCD, token="sesame")
    assert failed["failed"] and words in failed["msg"] and universe.writes == ["POST /package/install"]


def test_an_installation_is_never_sent_twice(run: Any, universe: Universe) -> None:
    universe.api.on("POST", "/package/install", Answer("bad gateway", 502, "text/plain"))
    assert run(**ETCD)["failed"] and universe.writes == ["POST /package/install"]


def test_reading_is_repeated(run: Any, universe: Universe) -> None:
    universe.members(3)
    lists = universe.api._answers["POST", "/package/list"]
    universe.api.on("POST", "/package/list", Answer("bad gateway", 502, "text/plain"), *lists)
    assert run(**ETCD)["changed"]


def test_somebody_else_was_faster(run: Any, universe: Universe) -> None:
    universe.members(3)
    install = universe.api._answers["POST", "/package/install"][0]

    def race(request: Any) -> Any:
        install(request)
        return install(request)

    universe.api.on("POST", "/package/install", race)
    result = run(**ETCD, diff=True)
    assert not result["changed"] and result["ready"] and result["diff"] == []


def between(universe: Universe, asked: str, act: Any) -> None:
    """Another job acts once, right after Cosmos has answered what is asked here, and before Marathon is asked."""
    answer, acts = universe.api._answers["POST", asked][0], [act]

    def answered(request: Any) -> Any:
        said = answer(request)
        if acts:
            acts.pop()()
        return said

    universe.api.on("POST", asked, answered)


def by_another_job(universe: Universe, **more: Any) -> Any:
    return lambda: universe._install({"packageName": "etcd", "packageVersion": "0.0.3", **more})


def test_another_job_installs_between_the_look_at_the_packages_and_that_at_the_apps(run: Any, universe: Universe) -> None:
    """It is waited for as one's own, and nothing was changed here."""
    universe.members(3)
    between(universe, "/package/list", by_another_job(universe))
    result = run(**ETCD, diff=True)
    assert not result["changed"] and result["ready"] and result["previous_version"] == "0.0.3" and result["diff"] == [] and universe.writes == []


def test_another_job_installs_something_else_between_the_looks(run: Any, universe: Universe) -> None:
    between(universe, "/package/list", by_another_job(universe, options=sized(7)))
    failed = run(**ETCD)
    assert failed["failed"] and "etcd.cluster-size is 7, not 3" in failed["msg"] and universe.writes == []


def test_another_job_removes_between_the_looks(run: Any, universe: Universe) -> None:
    universe.members(3)
    by_another_job(universe)()
    between(universe, "/package/list", lambda: universe._uninstall({"packageName": "etcd"}))
    assert run(**ETCD)["changed"] and universe.writes == ["POST /package/install"]


def test_another_job_installs_another_version_between_the_looks(run: Any, universe: Universe) -> None:
    universe.members(3)
    universe._install({"packageName": "etcd", "packageVersion": "0.0.2"})

    def newer() -> None:
        universe._uninstall({"packageName": "etcd"})
        by_another_job(universe)()

    between(universe, "/package/list", newer)
    assert not run(**ETCD)["changed"] and universe.writes == []


def test_a_removal_finds_that_another_job_has_just_removed_it(run: Any, universe: Universe) -> None:
    by_another_job(universe)()
    between(universe, "/package/list", lambda: universe._uninstall({"packageName": "etcd"}))
    assert not run(name="etcd", state="absent")["changed"] and universe.writes == []


def test_services_that_never_agree_are_not_taken_for_an_app_of_somebody_else(run: Any, universe: Universe, dcos_clock: Any) -> None:
    by_another_job(universe)()
    universe.api.on("POST", "/package/list", {"packages": []})
    failed = run(**ETCD)
    assert failed["failed"] and "do not agree" in failed["msg"] and universe.writes == []
    assert 1 < universe.api.asked("POST").count("/package/list") < 10 and sum(dcos_clock.slept) <= 0.4


def test_somebody_else_was_faster_with_something_else(run: Any, universe: Universe) -> None:
    def race(request: Any) -> Any:
        universe._install({"packageName": "etcd", "packageVersion": "0.0.3", "options": sized(7)})
        return universe._install(request.json())

    universe.api.on("POST", "/package/install", race)
    failed = run(**ETCD, reinstall=True)
    assert failed["failed"] and "etcd.cluster-size is 7, not 3" in failed["msg"]


def test_an_installation_whose_answer_is_lost(run: Any, universe: Universe) -> None:
    universe.members(3)
    install = universe.api._answers["POST", "/package/install"][0]

    def cut(request: Any) -> Any:
        install(request)
        return Answer("x" * 100, cut=3)

    universe.api.on("POST", "/package/install", cut)
    result = run(**ETCD)
    assert result["changed"] and result["ready"] and universe.writes == ["POST /package/install"]
