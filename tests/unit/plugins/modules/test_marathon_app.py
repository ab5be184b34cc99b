"""marathon_app through its real main(), against a Marathon that computes its answers in the dialect of its version."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.dcos.calico.plugins.modules import marathon_app

from ...support.dcos_api import Answer
from ...support.marathon_double import MARATHON
from ...support.universe import Universe

WEB = {"id": "/web", "cmd": "python3 -m http.server", "instances": 2, "cpus": 0.1, "env": {"PORT": 80, "TLS": False}}
NEW = {
    "id": "web",
    "container": {"type": "MESOS", "portMappings": [{"containerPort": 80, "name": "http", "protocol": "tcp"}]},
    "networks": [{"mode": "container", "name": "calico", "labels": {"role": "web"}}],
}
OLD = {
    "id": "web",
    "container": {"type": "MESOS"},
    "ipAddress": {"networkName": "calico", "labels": {"role": "web"}, "discovery": {"ports": [{"number": 80, "name": "http", "protocol": "tcp"}]}},
}


@pytest.fixture
def run(run_module: Any, universe: Universe) -> Any:
    def call(*apps: dict[str, Any], check: bool = False, diff: bool = False, **args: Any) -> dict[str, Any]:
        return run_module(marathon_app, universe.args(**{"apps": list(apps), "wait_timeout": 120, **args}), check=check, diff=diff)

    return call


def actions(result: dict[str, Any]) -> list[str]:
    return [app["action"] for app in result["apps"]]


def test_makes_an_app_and_waits_for_it(run: Any, universe: Universe) -> None:
    predicted = run(WEB, check=True, diff=True)
    assert predicted["changed"] and universe.writes == [] and actions(predicted) == ["created"]
    result = run(WEB, diff=True)
    assert result["changed"] and universe.writes == [f"POST {MARATHON}/apps"] and result["diff"] == predicted["diff"]
    assert universe.sent(f"{MARATHON}/apps")["env"] == {"PORT": "80", "TLS": "false"}
    app = result["apps"][0]
    assert app["ready"] and app["text"] == "2 of 2 instances run" and app["tasks"][0]["addresses"] == ["192.168.0.5"] and result["marathon_version"] == "1.5"


def test_a_second_run_asks_twice_and_changes_nothing(run: Any, universe: Universe) -> None:
    run(WEB)
    universe.api.requests.clear()
    result = run(WEB, diff=True)
    assert not result["changed"] and result["diff"] == [] and actions(result) == ["none"] and result["apps"][0]["ready"]
    assert universe.api.asked() == [f"{MARATHON}/info", f"{MARATHON}/apps/web"]


@pytest.mark.parametrize("version", ["1.4.12", "1.5.12", "1.11.23"])
@pytest.mark.parametrize("definition", [NEW, OLD])
@pytest.mark.parametrize("later", [NEW, OLD])
def test_either_form_on_either_version(run: Any, universe: Universe, version: str, definition: dict[str, Any], later: dict[str, Any]) -> None:
    universe.marathon_version = version
    assert actions(run(definition)) == ["created"]
    sent = universe.sent(f"{MARATHON}/apps")
    assert ("ipAddress" in sent, "networks" in sent) == ((True, False) if version.startswith("1.4") else (False, True))
    assert actions(run(later)) == ["none"]


@pytest.mark.parametrize("version", ["1.4.12", "1.5.12"])
def test_a_network_is_changed_in_the_form_of_the_version(run: Any, universe: Universe, version: str) -> None:
    universe.marathon_version = version
    run(NEW)
    other = {**NEW, "networks": [{"mode": "container", "name": "blue"}]}
    result = run(other)
    assert actions(result) == ["updated"] and 'networks[0].name is "calico", not "blue"' in result["apps"][0]["differences"]
    sent = universe.sent(f"{MARATHON}/apps/web")
    assert ("ipAddress" in sent) == version.startswith("1.4") and "container" in sent and actions(run(other)) == ["none"]


def test_only_what_differs_is_sent(run: Any, universe: Universe) -> None:
    run(WEB)
    changed = {**WEB, "instances": 3, "env": {"PORT": 80}}
    predicted = run(changed, check=True, diff=True)
    universe.api.requests.clear()
    result = run(changed, diff=True)
    assert result["apps"][0]["differences"] == predicted["apps"][0]["differences"] == ["env.TLS is set, and is not required", "instances is 2, not 3"]
    assert universe.writes == [f"PUT {MARATHON}/apps/web"]
    put = [request for request in universe.api.requests if request.method == "PUT"][0]
    assert put.json() == {"instances": 3, "env": {"PORT": "80"}}


def test_a_secret_environment_is_sent_and_not_shown(run: Any, universe: Universe) -> None:
    old, new = 'old "one" of three words', 'new "one" of three words'
    first = run(WEB, secret_env={"web": {"SETTING": old}}, diff=True)
    assert universe.sent(f"{MARATHON}/apps")["env"] == {"PORT": "80", "TLS": "false", "SETTING": old}
    second = run(WEB, secret_env={"/web": {"SETTING": new}}, diff=True)
    assert second["apps"][0]["differences"] == ["env.SETTING differs (secret, not shown)"] and second["diff"][0]["before"] != second["diff"][0]["after"]
    assert actions(run(WEB, secret_env={"web": {"SETTING": new}})) == ["none"]
    third = run({**WEB, "env": {"PASSWORD": new, "PORT": 80, "TLS": False}}, diff=True)
    assert third["apps"][0]["differences"] == ["env.PASSWORD differs (secret, not shown)", "env.SETTING is set, and is not required"]
    for word in ("old", "new"):
        assert f"{word} \\" not in str([first, second, third]) and f'{word} "' not in str([first, second, third])


@pytest.mark.parametrize("given", [{"/other": {"A": "b"}}, {"web": "text"}])
def test_secrets_of_no_app_are_an_error(run: Any, universe: Universe, given: Any) -> None:
    assert "secret_env" in run(WEB, secret_env=given)["msg"] and universe.api.asked() == []


def test_settings_that_are_not_named_are_left(run: Any, universe: Universe) -> None:
    run({**WEB, "labels": {"a": "b"}})
    assert actions(run({"id": "/web", "instances": 2})) == ["none"]


def test_secrets_are_hidden(run: Any, universe: Universe) -> None:
    first = run({**WEB, "env": {"DB_PASSWORD": "hunter2"}}, diff=True)
    result = run({**WEB, "env": {"DB_PASSWORD": "hunter3"}}, diff=True)
    assert result["changed"] and "hunter" not in str([first["diff"], result["diff"], result["apps"]])
    assert result["diff"][0]["before"] != result["diff"][0]["after"]


def test_suspends_and_resumes(run: Any, universe: Universe) -> None:
    run(WEB)
    result = run({"id": "/web"}, state="suspended")
    assert actions(result) == ["updated"] and result["apps"][0]["text"] == "suspended (0 instances)"
    assert actions(run({"id": "/web"}, state="suspended")) == ["none"] and actions(run(WEB)) == ["updated"]


def test_removes(run: Any, universe: Universe) -> None:
    run(WEB)
    universe.api.requests.clear()
    assert actions(run({"id": "/web"}, {"id": "/web2"}, state="absent", check=True)) == ["deleted", "none"] and universe.writes == []
    result = run({"id": "/web"}, {"id": "/web2"}, state="absent")
    assert actions(result) == ["deleted", "none"] and universe.state["apps"] == {} and not result["apps"][0]["ready"]
    assert not run({"id": "/web"}, state="absent")["changed"]


def test_several_apps_in_one_call(run: Any, universe: Universe) -> None:
    run(WEB)
    assert actions(run(WEB, {**WEB, "id": "/web2"}, {**WEB, "id": "/group/web"})) == ["none", "created", "created"]


def test_an_app_that_is_locked(run: Any, universe: Universe) -> None:
    run(WEB)
    universe.state["apps"]["/web"]["locked"] = True
    failed = run({**WEB, "instances": 3})
    assert failed["failed"] and "/web is locked by the deployment d7" in failed["msg"] and "set force to true" in failed["msg"]
    assert run({**WEB, "instances": 3}, force=True)["changed"]


def test_a_definition_that_marathon_refuses(run: Any, universe: Universe) -> None:
    failed = run({**WEB, "cpus": -1})
    assert failed["failed"] and "Marathon refuses the definition of /web" in failed["msg"] and "/cpus: got -1, expected 0 or more" in failed["msg"]


def test_json_that_marathon_does_not_understand(run: Any, universe: Universe) -> None:
    universe.api.on("POST", f"{MARATHON}/apps", Answer({"message": "Invalid JSON", "details": "expected a number at /cpus"}, 400))
    failed = run(WEB)
    assert failed["failed"] and "does not understand the definition" in failed["msg"] and "expected a number at /cpus" in failed["msg"]


def test_a_network_that_no_agent_knows(run: Any, universe: Universe) -> None:
    run(NEW, wait=False)
    message = "Failed to launch container: Unknown CNI network 'calico'"
    universe.state["apps"]["/web"]["failure"] = message
    failed = run(NEW, wait_timeout=60)
    assert failed["failed"] and "app /web deployed was not reached" in failed["msg"] and f"TASK_FAILED on 10.0.1.7: {message}" in failed["msg"]
    assert "run dcos.calico.site for it" in failed["msg"]


def test_somebody_else_made_it_meanwhile(run: Any, universe: Universe) -> None:
    create = universe.api._answers["POST", f"{MARATHON}/apps"][0]

    def race(request: Any) -> Any:
        universe.put({**WEB, "env": {}, "instances": 1})
        return create(request)

    universe.api.on("POST", f"{MARATHON}/apps", race)
    result = run(WEB)
    assert result["changed"] and universe.state["apps"]["/web"]["definition"]["instances"] == 2


def test_a_write_is_not_repeated(run: Any, universe: Universe) -> None:
    universe.api.on("POST", f"{MARATHON}/apps", Answer("bad gateway", 502, "text/plain"))
    assert run(WEB)["failed"] and universe.writes == [f"POST {MARATHON}/apps"]


@pytest.mark.parametrize(
    ("apps", "words"),
    [
        ([{"cmd": "x"}], "App 1 of 1 has no id"),
        ([{"id": "/"}], "App 1 of 1 has no id"),
        ([WEB, {"id": "web"}], "Apps are given twice: /web"),
    ],
)
def test_apps_that_cannot_be_right(run: Any, universe: Universe, apps: list[dict[str, Any]], words: str) -> None:
    failed = run(*apps)
    assert failed["failed"] and words in failed["msg"] and universe.api.requests == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"networks": [{"mode": "container", "name": "a"}, {"mode": "container", "name": "b"}]}, "networks a, b"),
        ({"networks": [{"mode": "container/bridge"}]}, "network mode container/bridge"),
        ({**NEW, "container": {"type": "MESOS", "portMappings": [{"containerPort": 80, "hostPort": 0}]}}, "hostPort"),
    ],
)
def test_what_marathon_1_4_cannot_do_is_refused_before_anything_is_changed(run: Any, universe: Universe, more: dict[str, Any], words: str) -> None:
    universe.marathon_version = "1.4.2"
    failed = run({"id": "/web2", "cmd": "x"}, {**WEB, **more, "id": "/web"})
    assert failed["failed"] and words in failed["msg"] and "DC/OS 1.9" in failed["msg"] and universe.writes == []


def test_a_service_that_admin_router_does_not_know_is_no_missing_app(run: Any, universe: Universe) -> None:
    universe.api.on("GET", f"{MARATHON}/apps/web", Answer("404 Not Found: service not found.", 404, "text/plain"))
    failed = run(WEB)
    assert failed["failed"] and "service not found" in failed["msg"] and universe.writes == []
