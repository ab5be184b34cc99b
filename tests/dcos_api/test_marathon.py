"""Marathon's API: what it refuses, how apps change, what it tells of tasks."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from api import Api
from conftest import Make
from standin_service import eventually

SLEEP: dict[str, Any] = {"cmd": "exec sleep 1000", "cpus": 0.1, "mem": 16, "instances": 1}
SERVE = f"exec {sys.executable} -m http.server --bind $HOST $PORT0"


@pytest.mark.parametrize(
    ("app", "path", "status"),
    [
        ({"id": "/x"}, "/", 422),
        ({**SLEEP}, "/id", 422),
        ({"id": "/Upper", **SLEEP}, "/id", 422),
        ({"id": "/x", **SLEEP, "args": ["a"]}, "/", 422),
        ({"id": "/x", **SLEEP, "networks": [{"mode": "bogus"}]}, "/networks", 422),
        (
            {"id": "/x", **SLEEP, "networks": [{"mode": "host"}, {"mode": "container", "name": "dcos"}]},
            "/networks",
            422,
        ),
        ({"id": "/x", **SLEEP, "networks": [{"mode": "container", "name": "dcos"}], "ipAddress": {}}, "/", 422),
        (
            {"id": "/x", **SLEEP, "networks": [{"mode": "container"}], "portDefinitions": [{"port": 0}]},
            "/portDefinitions",
            422,
        ),
        ({"id": "/x", **SLEEP, "cpus": -1}, "/cpus", 422),
        ({"id": "/x", **SLEEP, "constraints": [["hostname", "NEAR"]]}, "/constraints(0)", 422),
        ({"id": "/x", **SLEEP, "healthChecks": [{"protocol": "SMTP"}]}, "/healthChecks(0)/protocol", 422),
        ({"id": "/x", **SLEEP, "labels": {"a": 1}}, "/labels(a)", 422),
        ({"id": "/x", **SLEEP, "cpus": "many"}, "/cpus", 400),
        ({"id": "/x", **SLEEP, "container": {"docker": {}}}, "/container/docker/image", 422),
    ],
)
def test_what_is_refused(dcos: Api, app: dict[str, Any], path: str, status: int) -> None:
    refused = dcos.apps("POST", body=app)
    assert refused.status_code == status
    assert refused.json()["message"] == ("Object is not valid" if status == 422 else "Invalid JSON")
    assert path in [entry["path"] for entry in refused.json()["details"]] and refused.json()["details"][0]["errors"]


@pytest.mark.slow
def test_old_marathon_refuses_ports_beside_an_address(make: Make) -> None:
    api = make("1.9.10", agents=(1, 0))
    refused = api.apps("POST", body={"id": "/x", **SLEEP, "ipAddress": {"networkName": "dcos"}, "ports": [0]})
    assert refused.status_code == 422


def test_other_refusals(dcos: Api) -> None:
    path = "/service/marathon/v2/apps"
    broken = dcos._session.post(
        dcos.standin.url + path, data="{", headers={"Authorization": f"token={dcos.token}"}, timeout=20
    )
    assert (broken.status_code, broken.json()["message"]) == (400, "Invalid JSON")
    assert dcos.get(f"{path}/none").json() == {"message": "App '/none' does not exist"}
    assert [dcos.apps(method, "/none").status_code for method in ("GET", "DELETE")] == [404, 404]
    assert dcos.get(f"{path}/none/tasks").status_code == 404


def test_the_life_of_an_app(fresh: Api) -> None:
    created = fresh.apps("PUT", "/life", {"id": "/life", **SLEEP})
    assert created.status_code == 201 and created.json().keys() == {"version", "deploymentId"}
    first = fresh.deployed("/life")
    again = fresh.apps("POST", body={"id": "/life", **SLEEP})
    assert (again.status_code, again.json()) == (409, {"message": "An app with id [/life] already exists."})
    assert fresh.apps("PUT", "/life", {"instances": 3}).status_code == 200
    scaled = fresh.deployed("/life")
    assert (scaled["tasksRunning"], scaled["cmd"]) == (3, first["cmd"])
    assert scaled["versionInfo"]["lastConfigChangeAt"] == first["versionInfo"]["lastConfigChangeAt"], (
        "scaling is no change of configuration"
    )
    before = {task["id"] for task in scaled["tasks"]}
    fresh.apps("PUT", "/life", {"env": {"A": "b"}})
    changed = fresh.deployed("/life")
    assert not before & {task["id"] for task in changed["tasks"]} and changed["tasksRunning"] == 3
    assert len(fresh.get("/service/marathon/v2/apps/life/versions").json()["versions"]) == 3
    assert fresh.apps("DELETE", "/life").json().keys() == {"version", "deploymentId"}
    fresh.gone("/life")


@pytest.mark.parametrize("version", [pytest.param("1.9.10", marks=pytest.mark.slow), "1.11.12"])
def test_what_get_tells_can_be_put_back_unchanged(make: Make, version: str) -> None:
    """Whatever form it was made in: putting back what was read is no change of configuration."""
    api = make(version)
    port = {"number": 80, "name": "http", "protocol": "tcp"}
    apps = [
        {"id": "/host", **SLEEP, "ports": [0, 0]},
        {"id": "/address", **SLEEP, "ipAddress": {"networkName": "dcos", "labels": {"a": "b"}, "discovery": {"ports": [port]}}},
        {"id": "/image", "cpus": 0.1, "mem": 16, "ipAddress": {"networkName": "dcos"},
         "container": {"type": "DOCKER", "docker": {"image": "nginx", "network": "USER"}}},
        {"id": "/bridge", "cpus": 0.1, "mem": 16,
         "container": {"type": "DOCKER", "docker": {"image": "nginx", "network": "BRIDGE", "portMappings": [{"containerPort": 80}]}}},
    ]  # fmt: skip
    for app in apps:
        assert api.apps("POST", body=app).status_code == 201
    for app in apps:
        told = api.deployed(app["id"])
        assert api.apps("PUT", app["id"], told).status_code == 200
        now = api.deployed(app["id"])
        assert now["versionInfo"]["lastConfigChangeAt"] == told["versionInfo"]["lastConfigChangeAt"]
        changing = ("version", "versionInfo", "tasks")
        assert {key: value for key, value in now.items() if key not in changing} == {
            key: value for key, value in told.items() if key not in changing
        }


def test_a_container_without_a_name_is_on_the_overlay(fresh: Api) -> None:
    """Leaving the network's name out silently gives `dcos`."""
    fresh.apps("POST", body={"id": "/quiet", **SLEEP, "networks": [{"mode": "container"}]})
    assert fresh.deployed("/quiet")["networks"] == [{"mode": "container", "name": "dcos"}]


def test_health_is_what_the_task_answers(fresh: Api) -> None:
    check = {
        "protocol": "HTTP",
        "path": "/",
        "portIndex": 0,
        "gracePeriodSeconds": 5,
        "intervalSeconds": 10,
        "maxConsecutiveFailures": 0,
    }
    fresh.apps("POST", body={"id": "/web", **SLEEP, "cmd": SERVE, "healthChecks": [check]})
    app = fresh.deployed("/web")
    assert (app["tasksHealthy"], app["tasksUnhealthy"]) == (1, 0)
    task = app["tasks"][0]
    assert task["healthCheckResults"][0]["alive"] and task["ipAddresses"] == [
        {"ipAddress": task["host"], "protocol": "IPv4"}
    ]
    fresh.apps("PUT", "/web", {"healthChecks": [{**check, "path": "/missing"}]})
    sick = eventually(lambda: (found := fresh.app("/web"))["tasksUnhealthy"] and found, "the new task is unhealthy")
    assert sick["deployments"] and sick["tasksHealthy"] == 1, "the old task stays until the new one is healthy"


def test_a_task_that_fails_is_tried_again_and_told(fresh: Api) -> None:
    fresh.apps("POST", body={"id": "/broken", **SLEEP, "cmd": "exit 3"})
    failure = eventually(lambda: fresh.app("/broken", "lastTaskFailure").get("lastTaskFailure"), "it fails")
    assert (failure["message"], failure["state"], failure["appId"]) == (
        "Command exited with status 3",
        "TASK_FAILED",
        "/broken",
    )
    first = failure["taskId"]
    eventually(
        lambda: fresh.app("/broken", "lastTaskFailure")["lastTaskFailure"]["taskId"] != first, "it is tried again"
    )
    assert fresh.app("/broken")["deployments"]


def test_placement(fresh: Api) -> None:
    fresh.apps(
        "POST",
        body={
            "id": "/each",
            **SLEEP,
            "instances": 4,
            "constraints": [["hostname", "UNIQUE"]],
            "acceptedResourceRoles": ["*", "slave_public"],
        },
    )
    assert len({task["host"] for task in fresh.deployed("/each")["tasks"]}) == 4
    fresh.apps("POST", body={"id": "/public", **SLEEP, "acceptedResourceRoles": ["slave_public"]})
    assert fresh.deployed("/public")["tasks"][0]["host"] == "127.9.0.61"
    fresh.apps("POST", body={"id": "/big", **SLEEP, "cpus": 100})
    queue = eventually(lambda: fresh.get("/service/marathon/v2/queue").json()["queue"], "it waits")
    assert [entry["app"]["id"] for entry in queue] == ["/big"]
    deployment = fresh.app("/big")["deployments"][0]["id"]
    assert fresh.ask("DELETE", f"/service/marathon/v2/deployments/{deployment}").status_code == 202
    assert fresh.apps("DELETE", "/big").status_code == 200


def test_lists(fresh: Api) -> None:
    for name, labels in (("a", {"team": "x"}), ("b", {"team": "y"})):
        fresh.apps("POST", body={"id": f"/{name}", **SLEEP, "labels": labels})
    assert [app["id"] for app in fresh.apps("GET").json()["apps"]] == ["/a", "/b"]
    assert [app["id"] for app in fresh.apps("GET", label="team==y").json()["apps"]] == ["/b"]
    fresh.deployed("/a")
    fresh.deployed("/b")
    assert {task["appId"] for task in fresh.get("/service/marathon/v2/tasks").json()["tasks"]} == {"/a", "/b"}
    assert fresh.get("/marathon/v2/info").json()["version"] == "1.6.585", "the old address leads there too"
    assert fresh.get("/service/marathon/v2/leader").json() == {"leader": "127.9.0.11:8080"}
