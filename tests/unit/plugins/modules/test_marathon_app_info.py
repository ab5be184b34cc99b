"""marathon_app_info through its real main(), against a Marathon that computes its answers."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.dcos.calico.plugins.modules import marathon_app_info

from ...support.marathon_double import MARATHON
from ...support.universe import Universe

TASKS = "/mesos/tasks"


@pytest.fixture
def run(run_module: Any, universe: Universe) -> Any:
    def call(**args: Any) -> dict[str, Any]:
        universe.api.requests.clear()
        return run_module(marathon_app_info, universe.args(**{"wait_timeout": 60, **args}))

    return call


def put(universe: Universe, *app_ids: str) -> None:
    for app_id in app_ids:
        universe.put({"id": app_id, "cmd": "sleep 1000", "labels": {"team": "x"}})


def test_lists_what_is_below_a_group_by_one_request(run: Any, universe: Universe) -> None:
    put(universe, "/web", "/web2", "/group/web")
    result = run(group="/group")
    assert [app["id"] for app in result["apps"]] == ["/group/web"] and universe.api.asked() == [f"{MARATHON}/apps"] and universe.writes == []
    app = result["apps"][0]
    assert not app["ready"] and app["labels"] == {"team": "x"} and app["failure"] == "" and not result["settled"] and not result["changed"]
    assert [app["id"] for app in run()["apps"]] == ["/group/web", "/web", "/web2"]
    assert run(group="web")["apps"] == [], "an id that has the group's name in it is not below it"


def test_waits_until_all_run(run: Any, universe: Universe) -> None:
    put(universe, "/web", "/web2")
    result = run(wait=True)
    assert result["settled"] and [app["text"] for app in result["apps"]] == ["1 of 1 instances run"] * 2
    assert result["apps"][0]["tasks"][0]["addresses"] == ["192.168.0.5"] and "mesos_addresses" not in result["apps"][0]["tasks"][0]


def test_an_app_that_fails_again_and_again_is_told_of(run: Any, universe: Universe) -> None:
    put(universe, "/web", "/web2")
    universe.state["apps"]["/web2"]["failure"] = "Unknown CNI network 'blue'"
    result = run(wait=True, failures=2)
    assert not result["settled"] and [app["ready"] for app in result["apps"]] == [True, False]
    assert "Unknown CNI network 'blue'" in result["apps"][1]["failure"] and "run dcos.calico.site for it" in result["apps"][1]["failure"]
    assert len(universe.api.requests) == 2


def test_time_is_up(run: Any, universe: Universe) -> None:
    put(universe, "/web")
    universe.starts_after = 10**6
    result = run(wait=True, wait_timeout=5)
    assert not result["settled"] and result["apps"][0]["text"] == "0 of 1 instances run, being deployed"


def test_nothing_to_wait_for(run: Any) -> None:
    result = run(wait=True, mesos=True, group="/none")
    assert (result["changed"], result["apps"], result["settled"]) == (False, [], True)


def test_what_mesos_has(run: Any, universe: Universe) -> None:
    put(universe, "/web")
    universe.starts_after = 0
    running = {"timestamp": 2.0, "container_status": {"network_infos": [{"ip_addresses": [{"ip_address": "192.168.0.7"}]}]}}
    universe.api.on("GET", TASKS, {"tasks": [{"id": "t0", "statuses": [{"timestamp": 1.0}, running]}, {"id": "x"}]})
    result = run(mesos=True)
    assert result["apps"][0]["tasks"][0]["mesos_addresses"] == ["192.168.0.7"] and universe.api.asked() == [f"{MARATHON}/apps", TASKS]
    universe.api.on("GET", TASKS, {"tasks": []})
    assert run(mesos=True)["apps"][0]["tasks"][0]["mesos_addresses"] == []
