from __future__ import annotations

import ast
import re
from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError
from ansible_collections.dcos.calico.plugins.plugin_utils import _verify_plan as plan

AGENTS: list[dict[str, Any]] = [
    {"address": "10.0.1.11", "hostname": "10.0.1.11", "public": False, "active": True},
    {"address": "10.0.1.12", "hostname": "a12.example.com", "public": False, "active": False},
    {"address": "10.0.2.61", "hostname": "10.0.2.61", "public": True, "active": True},
]
CLUSTER = {"agents": AGENTS, "leader": "10.0.0.11"}
CALICO = plan.Desired(["calico"], ["calico", "blue"])


def test_an_app_for_each_agent_that_is_there_and_each_network() -> None:
    apps = plan.definitions(plan.Desired(["calico", "blue"], ["calico", "blue"]), CLUSTER, "r1", "owner", 1000)
    assert [app["id"].rpartition("/")[2] for app in apps] == [
        "a10-0-1-11-0",
        "a10-0-2-61-0",
        "a10-0-1-11-1",
        "a10-0-2-61-1",
    ]
    first, public = apps[0], apps[1]
    assert first["constraints"] == [["hostname", "CLUSTER", "10.0.1.11"]] and first["acceptedResourceRoles"] == ["*"]
    assert public["acceptedResourceRoles"] == ["slave_public"]
    assert first["networks"] == [
        {
            "mode": "container",
            "name": "calico",
            "labels": {"dcos-calico-verify": "r1", "dcos-calico-verify-app": "a10-0-1-11-0"},
        }
    ]
    assert first["labels"]["CALICO_VERIFY_AGENT"] == "10.0.1.11" and first["labels"]["CALICO_VERIFY_UNTIL"] == "1000"
    assert len({app["id"] for app in apps}) == len(apps)


def test_ids_and_names_fit_in_what_takes_them() -> None:
    """Marathon's segments and labels of DNS, even with the longest address."""
    agents = [{"address": "255.255.255.255", "hostname": "x", "public": False, "active": True}]
    networks = [f"n{number}" for number in range(12)]
    app = plan.definitions(plan.Desired(networks, networks), {"agents": agents, "leader": None}, "r12345678", "", 0)[
        -1
    ]["id"]
    segment = re.compile(r"([a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9])")
    assert all(segment.fullmatch(part) for part in app.strip("/").split("/"))
    containerip, mesos = plan.names(app, True)
    assert (
        containerip == "a255-255-255-255-11-r12345678-dcos-calico-verify.marathon.containerip.dcos.thisdcos.directory"
    )
    assert mesos == "a255-255-255-255-11.r12345678.dcos-calico-verify.marathon.mesos"
    assert max(len(label) for name in (containerip, mesos) for label in name.split(".")) <= 63 and plan.names(
        app, False
    ) == [containerip]


def test_the_servers_program_is_of_any_python() -> None:
    tree = ast.parse(plan.SERVER)
    assert not [node for node in ast.walk(tree) if isinstance(node, (ast.JoinedStr, ast.AnnAssign, ast.Nonlocal))]
    assert "print" not in plan.SERVER and '"""' not in plan.SERVER


@pytest.mark.parametrize(
    ("desired", "words"),
    [
        (plan.Desired(["red"], ["calico"]), "calico_verify_networks has red, which calico_networks does not (calico)"),
        (plan.Desired([], []), "there is no network to verify"),
        (
            plan.Desired(["calico"], ["calico"], agents=["10.9.9.9"]),
            "calico_verify_agents has 10.9.9.9, and no agent of the cluster has that address",
        ),
        (plan.Desired(["calico"], ["calico"], outside=["x"]), "'x', which is not host:port"),
        (plan.Desired(["calico"], ["calico"], outside=["x:99999"]), "'x:99999', which is not host:port"),
        (plan.Desired(["calico"], ["calico"], skip=["started"]), "'started', which is none of address, route"),
        (
            plan.Desired(["calico"], ["calico"], port=int("17008")),
            "calico_verify_port and calico_verify_denied_port are both 17008",
        ),
    ],
)
def test_what_is_refused(desired: plan.Desired, words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        plan.validate(desired, CLUSTER)
    assert words in str(refused.value) and "Nothing was started" in str(refused.value)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    assert len(plan.refusals(plan.Desired(["red"], [], agents=["x"], skip=["y"]), {"agents": []})) == 4
    assert plan.refusals(CALICO, CLUSTER) == []


def test_a_subset() -> None:
    some = plan.Desired(["calico"], ["calico"], agents=["10.0.2.61"])
    assert [agent["address"] for agent in plan.chosen(some, CLUSTER)] == ["10.0.2.61"] and len(
        plan.definitions(some, CLUSTER, "r", "", 0)
    ) == 1


def test_what_runs_before_have_left() -> None:
    def app(run: str, owner: str = "", until: Any = 0) -> dict[str, Any]:
        labels = {"CALICO_VERIFY_OWNER": owner, "CALICO_VERIFY_UNTIL": str(until)}
        return {
            "id": f"/dcos-calico-verify/{run}/x",
            "labels": {name: value for name, value in labels.items() if value},
        }

    is_over = {"dead": True, "alive": False}.get
    apps = [
        app("a", "dead", 9999),
        app("b", "alive", 1),
        app("c", "elsewhere", 999),
        app("d", "elsewhere", 1001),
        app("e"),
        app("f", "elsewhere", "x"),
    ]
    assert [plan.run_of(one) for one in plan.leftovers(apps, 1000, is_over)] == ["a", "c", "e", "f"]


def test_containers_are_those_that_run() -> None:
    labels = {"CALICO_VERIFY_RUN": "r1", "CALICO_VERIFY_AGENT": "10.0.1.11", "CALICO_VERIFY_NETWORK": "calico"}
    app = {
        "id": "/dcos-calico-verify/r1/a10-0-1-11-0",
        "labels": labels,
        "ready": True,
        "tasks": [{"addresses": []}, {"addresses": ["192.168.0.5"]}],
    }
    found = plan.containers(
        [app, {**app, "ready": False}, {**app, "tasks": []}, {**app, "labels": {**labels, "CALICO_VERIFY_RUN": "r2"}}],
        "r1",
    )
    name = "a10-0-1-11-0-r1-dcos-calico-verify.marathon.containerip.dcos.thisdcos.directory"
    assert found == [
        {"app": app["id"], "agent": "10.0.1.11", "network": "calico", "address": "192.168.0.5", "names": [name]}
    ]


def test_what_is_reached_outside() -> None:
    assert (
        plan.outside(CALICO, CLUSTER) == ["10.0.0.11:5050"]
        and plan.outside(CALICO, {"agents": [], "leader": None}) == []
    )
    assert plan.outside(plan.Desired([], [], outside=["x:1"]), CLUSTER) == ["x:1"]


def test_a_container_asks_for_little() -> None:
    """An agent that is nearly full is verified too; docs/verify.md says how much is needed."""
    [app] = plan.definitions(plan.Desired(["calico"], ["calico"], agents=["10.0.1.11"]), CLUSTER, "r", "", 0)
    assert (app["cpus"], app["mem"], app["instances"]) == (0.05, 64, 1)
