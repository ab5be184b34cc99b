"""The list "behaviours easily got wrong" of the DC/OS facts: one test per point that concerns an API, numbered as there."""

from __future__ import annotations

import http.client
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from api import Api, media
from authority import Authority
from conftest import Make
from standin_service import eventually

SLEEP = {"cmd": "exec sleep 1000", "cpus": 0.1, "mem": 16, "instances": 1}


@pytest.mark.parametrize(("cluster", "challenge"), [("dcos", "oauthjwt"), ("enterprise", "acsjwt")])
def test_11_1_admin_router_refuses_with_pages(request: pytest.FixtureRequest, cluster: str, challenge: str) -> None:
    api: Api = request.getfixturevalue(cluster)
    for token in (None, "no-token", api.standin.token(seconds=-5)):
        refused = api.anyone(token).get("/mesos/slaves")
        assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, challenge)
        assert refused.headers["Content-Type"] == "text/html; charset=UTF-8" and "<html>" in refused.text
    assert (
        api.anyone().get("/dcos-metadata/dcos-version.json").json()["version"] == api.standin.settings["dcos_version"]
    )
    assert api.anyone().get("/metadata").status_code == 401
    assert api.get("/metadata").json()["CLUSTER_ID"]


def test_11_1_a_permission_that_is_missing_is_a_page_too(enterprise: Api) -> None:
    refused = enterprise.login("nobody").get("/mesos/slaves")
    assert (refused.status_code, refused.headers["Content-Type"]) == (403, "text/html; charset=UTF-8")
    assert "WWW-Authenticate" not in refused.headers
    assert enterprise.login("reader").get("/mesos/slaves").status_code == 200


def test_11_2_cosmos_has_statuses_of_its_own(make: Make) -> None:
    fresh = make(start_seconds=500)
    unknown = fresh.package("describe", 3, packageName="nothing")
    assert (unknown.status_code, unknown.json()["type"], unknown.json()["data"]) == (
        400,
        "PackageNotFound",
        {"packageName": "nothing"},
    )
    assert unknown.headers["Content-Type"] == "application/vnd.dcos.package.error+json;charset=utf-8;version=v1"
    assert fresh.install("calico", "0.4.0").status_code == 200
    app = fresh.app("/calico-install-framework")
    assert app["tasksRunning"] == 0 and app["deployments"], "installed is not running"
    again = fresh.install("calico", "0.4.0")
    assert (again.status_code, again.json()) == (
        409,
        {"type": "PackageAlreadyInstalled", "message": "Package is already installed"},
    )
    for sent in ("application/json", media("package", "describe", "request"), None):
        wrong = fresh.post("/package/install", {"packageName": "calico"}, headers={"Content-Type": sent})
        assert (wrong.status_code, wrong.json()["type"]) == (400, "UnsupportedContentType")
        assert wrong.json()["data"]["supported"] == [media("package", "install", "request")]


def test_11_3_mesos_dns_knows_no_404(dcos: Api) -> None:
    assert dcos.get("/mesos_dns/v1/hosts/no.marathon.mesos").json() == [{"host": "", "ip": ""}]
    nothing = dcos.get("/mesos_dns/v1/services/_no._tcp.marathon.mesos")
    assert (nothing.status_code, nothing.json()) == (200, [{"service": "", "host": "", "ip": "", "port": ""}])
    leader = dcos.get("/mesos_dns/v1/services/_leader._tcp.mesos").json()
    assert leader == [{"service": "_leader._tcp.mesos", "host": "leader.mesos.", "ip": "127.9.0.11", "port": "5050"}]


def test_11_4_marathon_answers_in_its_own_dialect(make: Make) -> None:
    given = {
        "id": "/web",
        **SLEEP,
        "ipAddress": {
            "networkName": "dcos",
            "labels": {"role": "web"},
            "discovery": {"ports": [{"number": 80, "name": "http", "protocol": "tcp"}]},
        },
    }
    new, old = make("1.10.11"), make("1.9.10")
    for api in (new, old):
        assert api.apps("POST", body=given).status_code == 201
    app = new.deployed("/web")
    assert (
        app["networks"] == [{"mode": "container", "name": "dcos", "labels": {"role": "web"}}] and "ipAddress" not in app
    )
    assert [(entry["containerPort"], entry["name"]) for entry in app["container"]["portMappings"]] == [(80, "http")]
    app = old.deployed("/web")
    assert (app["ipAddress"]["networkName"], app["ipAddress"]["labels"]) == (
        "dcos",
        {"role": "web"},
    ) and "networks" not in app
    assert [(entry["number"], entry["name"]) for entry in app["ipAddress"]["discovery"]["ports"]] == [(80, "http")]
    # 1.4 has never heard of networks: the app is on the host's.
    assert (
        old.apps("POST", body={"id": "/new", **SLEEP, "networks": [{"mode": "container", "name": "dcos"}]}).json()[
            "ipAddress"
        ]
        is None
    )


def test_11_4_a_deployment_locks_its_app_and_vanishes(fresh: Api) -> None:
    created = fresh.apps("POST", body={"id": "/slow", **SLEEP, "constraints": [["hostname", "LIKE", "nowhere"]]})
    assert created.status_code == 201
    deployment = created.json()["deployments"][0]["id"]
    assert created.headers["Marathon-Deployment-Id"] == deployment
    row = fresh.get("/service/marathon/v2/deployments").json()[0]
    assert (row["id"], row["affectedApps"], row["totalSteps"]) == (deployment, ["/slow"], 2)
    assert row["steps"][0]["actions"] == [{"action": "StartApplication", "app": "/slow"}]
    locked = fresh.apps("PUT", "/slow", {"instances": 2})
    assert locked.status_code == 409 and locked.json()["message"].startswith(
        "App is locked by one or more deployments. Override with the option '?force=true'."
    )
    assert locked.json()["deployments"] == [{"id": deployment}]
    assert fresh.apps("PUT", "/slow", {"constraints": []}, force="true").status_code == 200
    assert fresh.deployed("/slow")["tasksRunning"] == 1
    assert fresh.get("/service/marathon/v2/deployments").json() == []


@pytest.mark.parametrize("version", ["1.9.10", "1.10.11", "1.11.12", "2.2.1"])
def test_11_5_agents_are_told_as_the_release_tells_them(make: Make, version: str) -> None:
    domain = {"fault_domain": {"region": {"name": "eu"}, "zone": {"name": "eu-1"}}}
    api = make(version, agents=(1, 1))
    api.standin.register("127.9.0.30", domain=domain)
    private, public, placed = api.get("/mesos/slaves").json()["slaves"]
    assert (private["hostname"], private["pid"]) == ("127.9.0.21", "slave(1)@127.9.0.21:5051")
    assert public["attributes"] == {"public_ip": "true"} and private["attributes"] == {}
    assert public["reserved_resources"]["slave_public"]["cpus"] == 4 and public["unreserved_resources"]["cpus"] == 0
    assert ("capabilities" in private) is (version != "1.9.10")
    assert (placed.get("domain") == domain) is (version in ("1.11.12", "2.2.1"))
    assert "domain" not in private
    assert ("deactivated" in private) is (version == "2.2.1")


def test_11_6_the_authority_answers_as_cfssl_does(make: Make, authority: Authority, cfssl: Path) -> None:
    api = make("1.12.5", "enterprise", agents=(0, 0), **authority.serve(cfssl))
    base = "/ca/api/v2"
    assert api.post(f"{base}/info", {"label": ""}).json()["result"]["expiry"] == "8760h"
    request = {"CN": "etcd", "hosts": ["etcd.mesos"], "key": {"algo": "rsa", "size": 2048}}
    made = api.post(f"{base}/newcert", {"request": request}).json()
    assert made["success"] and made["result"]["private_key"].startswith("-----BEGIN RSA PRIVATE KEY")
    assert api.post(f"{base}/newkey", request).json()["success"]
    no_hosts = api.post(f"{base}/newcert", {"request": {**request, "hosts": []}}).json()
    assert no_hosts["success"] and no_hosts["messages"]
    weak = api.post(f"{base}/newcert", {"request": {**request, "key": {"algo": "rsa", "size": 512}}})
    assert weak.status_code >= 400 and weak.headers["Content-Type"].startswith("text/plain")
    assert not weak.json()["success"] and weak.json()["errors"][0]["code"]
    assert "BEGIN CERTIFICATE" in api.anyone().get("/ca/dcos-ca.crt").text
    assert api.login("reader").post(f"{base}/newcert", {"request": request}).status_code == 403
    counted = api.standin.control("GET", "/_counters")
    assert counted["writes"][f"POST {base}/newcert"] == 4 and f"POST {base}/info" in counted["reads"]


def test_11_6_open_dcos_has_no_authority(dcos: Api) -> None:
    for method, path in (("GET", "/ca/dcos-ca.crt"), ("POST", "/ca/api/v2/info")):
        missing = dcos.ask(method, path)
        assert (missing.status_code, missing.headers["Content-Type"]) == (404, "text/html; charset=UTF-8")


@pytest.mark.parametrize(("version", "built_in"), [("2.0.6", False), ("2.1.2", True), ("2.2.1", True)])
def test_11_9_newest_releases_bring_a_network_called_calico(make: Make, version: str, built_in: bool) -> None:
    api = make(version, agents=(1, 0))
    api.apps("POST", body={"id": "/web", **SLEEP, "networks": [{"mode": "container", "name": "calico"}]})
    if built_in:
        assert api.deployed("/web")["tasksRunning"] == 1
        return
    failure: dict[str, Any] = eventually(
        lambda: api.app("/web", "lastTaskFailure").get("lastTaskFailure"), "the task fails"
    )
    assert failure["message"] == "Unknown CNI network 'calico'" and failure["state"] == "TASK_FAILED"
    assert api.app("/web")["deployments"], "it is tried for ever"


def test_the_listeners_of_the_services_have_no_prefix(dcos: Api) -> None:
    """Mesos' 5050 and its 307, Marathon's 8080, mesos-dns' 8123."""
    where = urlsplit(dcos.standin.listeners["mesos"])
    connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=10)
    connection.request("GET", "/redirect")
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Location"]) == (307, "//127.9.0.11:5050")
    assert dcos.anyone().get("/slaves", base=dcos.standin.listeners["mesos"]).json()["slaves"]
    assert dcos.anyone().get("/v2/info", base=dcos.standin.listeners["marathon"]).json()["name"] == "marathon"
    assert (
        dcos.anyone().get("/v1/hosts/leader.mesos", base=dcos.standin.listeners["mesos_dns"]).json()[0]["ip"]
        == "127.9.0.11"
    )
