"""Definitions of apps in both dialects: pure, by tables."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.dcos.calico.plugins.module_utils._dcos import _marathon_app
from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError

DOCKER = {"type": "DOCKER", "docker": {"image": "nginx"}}
MESOS = {"type": "MESOS"}
HOST = [{"mode": "host"}]
CALICO = [{"mode": "container", "name": "calico"}]


def docker(**more: Any) -> dict[str, Any]:
    return {"type": "DOCKER", "docker": {"image": "nginx", **more}}


# (in the form of 1.4, in the form of 1.5)
FORMS = [
    ({"container": docker(network="HOST")}, {"container": DOCKER, "networks": [{"mode": "host"}]}),
    (
        {"container": docker(network="BRIDGE", portMappings=[{"containerPort": 80}])},
        {"container": {**DOCKER, "portMappings": [{"hostPort": 0, "containerPort": 80}]}, "networks": [{"mode": "container/bridge"}]},
    ),
    (
        {"container": docker(network="USER", portMappings=[{"containerPort": 80, "name": "web"}]), "ipAddress": {"networkName": "calico"}},
        {"container": {**DOCKER, "portMappings": [{"containerPort": 80, "name": "web"}]}, "networks": [{"mode": "container", "name": "calico"}]},
    ),
    (
        {"container": {"type": "MESOS"}, "ipAddress": {"networkName": "calico", "labels": {"a": "b"}}},
        {"container": {"type": "MESOS"}, "networks": [{"mode": "container", "name": "calico", "labels": {"a": "b"}}]},
    ),
    (
        {
            "container": {"type": "MESOS", "docker": {"image": "nginx"}},
            "ipAddress": {"networkName": "calico", "discovery": {"ports": [{"number": 80, "name": "web", "protocol": "tcp"}]}},
        },
        {
            "container": {"type": "MESOS", "docker": {"image": "nginx"}, "portMappings": [{"containerPort": 80, "name": "web", "protocol": "tcp"}]},
            "networks": [{"mode": "container", "name": "calico"}],
        },
    ),
]


@pytest.mark.parametrize(("old", "new"), FORMS)
def test_both_forms_are_the_same(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert _marathon_app.canonical(old) == _marathon_app.canonical(new) == new
    for desired, stored in ((old, new), (new, old), (old, old), (new, new)):
        assert _marathon_app.differences(desired, stored) == []


@pytest.mark.parametrize(("old", "new"), FORMS)
def test_each_version_gets_its_own_form(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert _marathon_app.for_version(old, (1, 5)) == new and _marathon_app.for_version(new, (1, 11)) == new
    sent = _marathon_app.for_version(new, (1, 4))
    assert "networks" not in sent and "portMappings" not in sent["container"] and _marathon_app.canonical(sent) == new
    assert _marathon_app.for_version(old, (1, 4)) == sent


def test_without_a_container_an_address_means_one() -> None:
    assert _marathon_app.canonical({"ipAddress": {}}) == {"container": {"type": "MESOS"}, "networks": [{"mode": "container"}]}


def test_the_host_s_network_is_a_setting_of_docker_s_containers_only_in_1_4() -> None:
    desired = {"container": {"type": "MESOS", "docker": {"image": "nginx"}}, "networks": HOST}
    assert _marathon_app.for_version(desired, (1, 4, 0)) == {"container": {"type": "MESOS", "docker": {"image": "nginx"}}}


def test_a_definition_without_a_network_says_nothing_about_it() -> None:
    assert "networks" not in _marathon_app.canonical({"cmd": "x"}) and _marathon_app.for_version({"cmd": "x"}, (1, 4)) == {"cmd": "x"}
    assert _marathon_app.canonical({"cmd": "x"}, stored=True)["networks"] == [{"mode": "host"}]
    assert _marathon_app.differences({"cmd": "x"}, {"cmd": "x", "networks": [{"mode": "container", "name": "calico"}]}) == []


def test_ports_of_discovery_get_a_name_in_1_4() -> None:
    app = {"container": {"type": "MESOS", "portMappings": [{"containerPort": 80}]}, "networks": [{"mode": "container", "name": "c"}]}
    assert _marathon_app.for_version(app, (1, 4))["ipAddress"]["discovery"] == {"ports": [{"number": 80, "name": "port80", "protocol": "tcp"}]}


@pytest.mark.parametrize(
    "app",
    [
        {"networks": [{"mode": "container", "name": "a"}, {"mode": "container", "name": "b"}]},
        {"networks": [{"mode": "container/bridge"}]},
        {"networks": [{"mode": "container", "name": "a"}], "container": {"type": "MESOS", "portMappings": [{"containerPort": 1, "hostPort": 0}]}},
    ],
)
def test_what_1_4_does_not_know(app: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="Marathon 1.4"):
        _marathon_app.for_version({"id": "/x", **app}, (1, 4))


@pytest.mark.parametrize(
    ("desired", "stored"),
    [
        ({"env": {"A": 1, "B": True}}, {"env": {"A": "1", "B": "true"}}),
        ({"env": {}}, {}),
        ({"mem": 128}, {"mem": 128.0}),
        ({"ports": [0, 0]}, {"portDefinitions": [{"port": 10001, "protocol": "tcp", "labels": {}}, {"port": 10002}]}),
        ({"ports": [0]}, {"ports": [10001], "portDefinitions": [{"port": 10001}]}),
        ({"uris": ["http://x/a.tgz"]}, {"fetch": [{"uri": "http://x/a.tgz", "extract": True, "cache": False}]}),
        ({"uris": ["http://x/b"]}, {"fetch": [{"uri": "http://x/b", "extract": False}]}),
        ({"container": docker()}, {"container": docker(forcePullImage=False, privileged=False, parameters=[])}),
        ({"container": docker(network="HOST")}, {"container": {**docker(), "volumes": [], "portMappings": None}, "networks": [{"mode": "host"}]}),
        (
            {"container": MESOS, "networks": CALICO},
            {"container": {**MESOS, "portMappings": [{"containerPort": 0, "servicePort": 10003, "labels": {}}]}, "networks": [{**CALICO[0], "labels": {}}]},
        ),
        ({"networks": [{"mode": "container"}]}, {"networks": [{"mode": "container", "name": "dcos"}]}),
        ({"constraints": [["hostname", "UNIQUE"], ["rack", "GROUP_BY"]]}, {"constraints": [["rack", "GROUP_BY"], ["hostname", "UNIQUE"]]}),
        ({"acceptedResourceRoles": ["*", "slave_public"]}, {"acceptedResourceRoles": ["slave_public", "*"]}),
        ({"healthChecks": [{"path": "/a"}, {"path": "/b"}]}, {"healthChecks": [{"path": "/b", "gracePeriodSeconds": 300, "portIndex": 0}, {"path": "/a"}]}),
        (
            {"healthChecks": [{"path": "/"}]},
            {"healthChecks": [{"path": "/", "gracePeriodSeconds": 300, "intervalSeconds": 60, "timeoutSeconds": 20, "maxConsecutiveFailures": 3}]},
        ),
        ({"upgradeStrategy": {"minimumHealthCapacity": 0.5}}, {"upgradeStrategy": {"minimumHealthCapacity": 0.5, "maximumOverCapacity": 1}}),
        ({"id": "x", "version": "1", "tasks": []}, {"id": "/x"}),
        ({"cmd": None}, {"cmd": "x"}),
    ],
)
def test_what_marathon_fills_in_is_no_difference(desired: dict[str, Any], stored: dict[str, Any]) -> None:
    assert _marathon_app.differences(desired, stored) == []


@pytest.mark.parametrize(
    ("desired", "stored", "names"),
    [
        ({"cmd": "a", "mem": 1}, {"cmd": "b", "mem": 2}, ["cmd", "mem"]),
        ({"env": {"A": "1"}}, {"env": {"A": "1", "B": "2"}}, ["env.B"]),
        ({"labels": {}}, {"labels": {"a": "b"}}, ["labels.a"]),
        ({"container": docker()}, {"container": docker(forcePullImage=True)}, ["container.docker.forcePullImage"]),
        ({"container": docker()}, {"container": {**DOCKER, "volumes": [{"containerPath": "/x"}]}}, ["container.volumes"]),
        ({"container": MESOS}, {"container": {**MESOS, "portMappings": [{"containerPort": 80}]}, "networks": CALICO}, ["container.portMappings"]),
        ({"networks": [{"mode": "container", "name": "a"}]}, {"networks": [{"mode": "container", "name": "b"}]}, ["networks[0].name"]),
        ({"networks": HOST}, {"networks": [{"mode": "container", "labels": {"x": "y"}}]}, ["networks[0].labels", "networks[0].mode"]),
        ({"networks": HOST}, {"ipAddress": {"networkName": "b"}}, ["networks[0].mode"]),
        ({"constraints": [["hostname", "UNIQUE"]]}, {"constraints": []}, ["constraints"]),
        ({"healthChecks": [{"path": "/a"}]}, {"healthChecks": [{"path": "/a"}, {"path": "/b"}]}, ["healthChecks"]),
        ({"healthChecks": []}, {"healthChecks": [{"path": "/a"}]}, ["healthChecks"]),
        ({"args": ["a", "b"]}, {"args": ["b", "a"]}, ["args[0]", "args[1]"]),
        ({"ports": [8080]}, {"portDefinitions": [{"port": 10001}]}, ["portDefinitions[0].port"]),
        ({"requirePorts": True}, {"requirePorts": 1}, ["requirePorts"]),
    ],
)
def test_differences(desired: dict[str, Any], stored: dict[str, Any], names: list[str]) -> None:
    found = _marathon_app.differences(desired, stored)
    assert sorted(one.option for one in found) == names
    assert _marathon_app.changed_settings(found) <= set(_marathon_app.canonical(desired))


def test_nothing_that_is_given_is_changed() -> None:
    app = {"id": "x", "container": docker(network="USER", portMappings=[]), "ipAddress": {"networkName": "c"}, "env": {"A": 1}}
    kept = str(app)
    _marathon_app.for_version(app, (1, 4))
    _marathon_app.differences(app, app)
    assert str(app) == kept


def test_numbers_and_truth_values_that_templates_made_text_are_what_they_mean() -> None:
    """Templates of ansible-core 2.16 give text."""
    desired = {
        "instances": "2", "cpus": "0.1", "mem": "64", "requirePorts": "True", "ports": ["8080", "0"], "networks": CALICO,
        "container": {**MESOS, "portMappings": [{"containerPort": "8080"}], "volumes": [{"persistent": {"size": "512"}, "containerPath": "d"}]},
        "upgradeStrategy": {"minimumHealthCapacity": "0.5"}, "healthChecks": [{"path": "/", "portIndex": "0", "ignoreHttp1xx": "false"}],
        "env": {"N": 1}, "labels": {"L": "2"}, "cmd": "3", "acceptedResourceRoles": ["4"],
    }
    found = _marathon_app.canonical(desired)
    assert (found["instances"], found["cpus"], found["mem"], found["requirePorts"]) == (2, 0.1, 64, True) and isinstance(found["mem"], int)
    assert found["portDefinitions"] == [{"port": 8080}, {"port": 0}]
    assert found["container"]["portMappings"] == [{"containerPort": 8080}] and found["container"]["volumes"][0]["persistent"] == {"size": 512}
    assert found["upgradeStrategy"] == {"minimumHealthCapacity": 0.5}
    assert found["healthChecks"] == [{"path": "/", "portIndex": 0, "ignoreHttp1xx": False}]
    assert (found["env"], found["labels"], found["cmd"], found["acceptedResourceRoles"]) == ({"N": "1"}, {"L": "2"}, "3", ["4"]), "text stays text"
    assert _marathon_app.canonical({"instances": "two", "cpus": "1e3"}) == {"instances": "two", "cpus": "1e3"}, "Marathon says what is wrong with it"


@pytest.mark.parametrize("written", ["shop/db", "/shop/db", "shop/db/", "./shop/db", "web/../shop/db"])
def test_dependencies_without_a_leading_slash_are_taken_from_the_root(written: str) -> None:
    assert _marathon_app.differences({"id": "/shop/web", "dependencies": [written]}, {"id": "/shop/web", "dependencies": ["/shop/db"]}) == []
