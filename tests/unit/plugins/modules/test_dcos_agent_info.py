from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from ansible_collections.dcos.calico.plugins.modules import dcos_agent_info

from ...support.dcos_api import pem_of_key

AGENTS = {
    "slaves": [
        {
            "id": "S1",
            "hostname": "10.0.2.11",
            "port": 5051,
            "pid": "slave(1)@10.0.2.11:5051",
            "attributes": {"public_ip": "true"},
            "resources": {"cpus": 4, "mem": 14000.0, "disk": 30000.0, "gpus": 0, "ports": "[1-21]"},
            "reserved_resources": {"slave_public": {"cpus": 4}},
            "active": True,
            "version": "1.5.3",
        },
        {
            "id": "S0",
            "hostname": "10.0.1.11",
            "port": 5051,
            "pid": "slave(1)@10.0.1.11:5051",
            "attributes": {"rack": "r1", "ssd": "true"},
            "resources": {"cpus": 4, "mem": 14000.0, "disk": 30000.0},
            "active": False,
            "version": "1.5.3",
            "domain": {"fault_domain": {"region": {"name": "eu"}, "zone": {"name": "eu-a"}}},
        },
    ],
    "recovered_slaves": [{"id": "S2", "hostname": "10.0.1.9", "pid": "slave(1)@10.0.1.9:5051"}],
}
VERSION = {"version": "1.12.5", "dcos-image-commit": "abc", "bootstrap-id": "def", "dcos-variant": "enterprise"}
READS = {
    "/dcos-metadata/dcos-version.json": VERSION,
    "/mesos/slaves": AGENTS,
    "/mesos_dns/v1/hosts/master.mesos": [{"host": "master.mesos.", "ip": "10.0.0.12"}, {"host": "master.mesos.", "ip": "10.0.0.11"}],
    "/mesos_dns/v1/hosts/leader.mesos": [{"host": "leader.mesos.", "ip": "10.0.0.12"}],
}


@pytest.fixture
def cluster(dcos_api):
    for path, answer in READS.items():
        dcos_api.on("GET", path, answer)
    return dcos_api


def addresses(result: dict) -> list[str]:
    return [agent["address"] for agent in result["agents"]]


@pytest.mark.parametrize("check", [False, True])
def test_lists_the_whole_cluster_in_four_requests(run_module, cluster, check: bool) -> None:
    result = run_module(dcos_agent_info, cluster.args(token="a.b.c"), check=check)
    assert not result["changed"] and addresses(result) == ["10.0.1.9", "10.0.1.11", "10.0.2.11"]
    assert result["masters"] == [{"address": "10.0.0.11", "leader": False}, {"address": "10.0.0.12", "leader": True}]
    assert result["leader"] == "10.0.0.12" and result["missing"] == []
    assert result["dcos"] == {"version": "1.12.5", "variant": "enterprise", "image_commit": "abc"}
    assert result["agents"][1] == {
        "id": "S0",
        "address": "10.0.1.11",
        "hostname": "10.0.1.11",
        "public": False,
        "active": False,
        "recovered": False,
        "attributes": {"rack": "r1", "ssd": "true"},
        "resources": {"cpus": 4, "mem": 14000.0, "disk": 30000.0},
        "version": "1.5.3",
        "region": "eu",
        "zone": "eu-a",
    }
    assert sorted(cluster.asked()) == sorted(READS) and cluster.writes == []


@pytest.mark.parametrize(
    ("filters", "listed", "missing"),
    [
        ({"public": True}, ["10.0.2.11"], []),
        ({"public": False}, ["10.0.1.9", "10.0.1.11"], []),
        ({"active": True}, ["10.0.2.11"], []),
        ({"active": False}, ["10.0.1.9", "10.0.1.11"], []),
        ({"addresses": ["10.0.1.11", "10.9.9.9"]}, ["10.0.1.11"], ["10.9.9.9"]),
        ({"addresses": ["10.0.1.11"], "active": True}, [], ["10.0.1.11"]),
        ({"addresses": []}, [], []),
        ({"attributes": {"rack": "r1"}}, ["10.0.1.11"], []),
        ({"attributes": {"ssd": True}}, ["10.0.1.11"], []),
        ({"attributes": {"rack": "r2"}}, [], []),
    ],
)
def test_filters(run_module, cluster, filters: dict, listed: list, missing: list) -> None:
    result = run_module(dcos_agent_info, cluster.args(**filters))
    assert (addresses(result), result["missing"]) == (listed, missing)


def test_what_has_no_variant_is_told_by_its_ca(run_module, cluster) -> None:
    cluster.on("GET", "/dcos-metadata/dcos-version.json", {"version": "1.11.12"})
    cluster.on("GET", "/ca/dcos-ca.crt", cluster.html(404))
    assert run_module(dcos_agent_info, cluster.args())["dcos"] == {"version": "1.11.12", "variant": "open", "image_commit": None}


def test_no_leader(run_module, cluster) -> None:
    cluster.on("GET", "/mesos_dns/v1/hosts/leader.mesos", [{"host": "", "ip": ""}])
    cluster.on("GET", "/mesos/master/state-summary", {"hostname": "", "slaves": []})
    result = run_module(dcos_agent_info, cluster.args())
    assert result["leader"] is None and not any(master["leader"] for master in result["masters"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"url": ""},
            "No DC/OS cluster is named: neither calico_dcos_url (the option url) nor the environment's DCOS_URL is set. Set calico_dcos_url, or url of",
        ),
        ({"url": "dcos.example.com"}, "does not begin with https://"),
        ({"timeout": 0}, "timeout is 0"),
        ({"uid": "bob"}, "uid is given without password"),
    ],
)
def test_bad_options_ask_nobody(run_module, cluster, options: dict, words: str) -> None:
    result = run_module(dcos_agent_info, cluster.args(**options))
    assert result["failed"] and words in result["msg"] and cluster.requests == []


def test_options_come_from_the_environment(run_module, cluster, monkeypatch) -> None:
    monkeypatch.setenv("DCOS_URL", cluster.url)
    monkeypatch.setenv("DCOS_ACS_TOKEN", "a.b.c")
    assert run_module(dcos_agent_info, {"public": True})["agents"]
    assert {request.headers["Authorization"] for request in cluster.requests} == {"token=a.b.c"}


KEY = pem_of_key(rsa.generate_private_key(public_exponent=65537, key_size=2048))
ACCOUNT = {"uid": "calico-admin", "private_key": KEY, "scheme": "RS256", "login_endpoint": "https://master.mesos/acs/api/v1/auth/login"}
SECRETS = ("sesame", "a.secret.token", *KEY.splitlines()[1:-1])


@pytest.mark.parametrize(
    "options",
    [
        {"token": "a.secret.token"},
        {"uid": "bob", "password": "sesame"},
        {"service_account": ACCOUNT},
        {"service_account": json.dumps(ACCOUNT)},
        {"service_account": KEY, "uid": "calico-admin"},
    ],
    ids=["token", "password", "account", "account's text", "key"],
)
@pytest.mark.parametrize("outcome", ["success", "refused", "options refused", "wrong type"])
def test_no_secret_is_in_any_result(run_module, cluster, options: dict, outcome: str) -> None:
    """Neither in a message nor in what the module says it was called with, where the core returns that."""
    cluster.on("POST", "/acs/api/v1/auth/login", {"token": "a.secret.token"})
    if outcome == "refused":
        cluster.on("POST", "/acs/api/v1/auth/login", lambda request: cluster.Answer(request.body, 401))
        cluster.on("GET", "/dcos-metadata/dcos-version.json", lambda request: cluster.Answer(str(request.headers), 500))
    more = {"options refused": {"timeout": -1}, "wrong type": {"public": "perhaps"}}.get(outcome, {})
    result = run_module(dcos_agent_info, cluster.args(**options, **more))
    assert bool(result.get("failed")) == (outcome != "success")
    said = json.dumps(result)
    assert not [secret for secret in SECRETS if secret in said]
