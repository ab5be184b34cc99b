"""Every controller-side module in check mode against a cluster over TLS: it predicts, and sends nothing that writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from api import Api
from authority import Authority
from conftest import Make
from modules import Modules, prepared
from standin import ROOT, eventually

APP = {"id": "/web", "cmd": "exec sleep 1000", "cpus": 0.1, "mem": 16, "instances": 2, "networks": [{"mode": "container", "name": "dcos"}]}
ETCD = {"name": "etcd", "version": "0.0.3", "options": {"etcd": {"cluster-size": 3}}}
CALICO = {"name": "calico", "version": "0.4.0"}
SHARED = {"shared": True, "certificates": [{"name": "agent1", "common_name": "calico", "hosts": ["10.0.0.21"]}]}


@dataclass(frozen=True)
class Case:
    """One call. `before`: calls that are carried out first; `changed`: what check mode has to predict (None: it is no module that changes)."""

    module: str
    arguments: dict[str, Any]
    changed: bool | None
    before: tuple[tuple[str, dict[str, Any]], ...] = field(default=())


INSTALLED = (("dcos_package", {**CALICO, "wait_timeout": 60}),)
RUNNING = (("marathon_app", {"apps": [APP], "wait_timeout": 60}),)
CASES = {
    "agents": Case("dcos_agent_info", {}, None),
    "package-new": Case("dcos_package", ETCD, True),
    "package-there": Case("dcos_package", CALICO, False, INSTALLED),
    "package-other-options": Case("dcos_package", {**CALICO, "options": {"Etcd Settings": {"mem-limit": 300}}, "reinstall": True}, True, INSTALLED),
    "package-gone": Case("dcos_package", {"name": "calico", "state": "absent"}, True, INSTALLED),
    "package-never-there": Case("dcos_package", {"name": "calico", "state": "absent"}, False),
    "packages": Case("dcos_package_info", {"name": "calico"}, None, INSTALLED),
    "app-new": Case("marathon_app", {"apps": [APP]}, True),
    "app-there": Case("marathon_app", {"apps": [APP]}, False, RUNNING),
    "app-changed": Case("marathon_app", {"apps": [{**APP, "env": {"A": "b"}}]}, True, RUNNING),
    "app-suspended": Case("marathon_app", {"apps": [{"id": "/web"}], "state": "suspended"}, True, RUNNING),
    "app-gone": Case("marathon_app", {"apps": [{"id": "/web"}], "state": "absent"}, True, RUNNING),
    "certificate-new": Case("dcos_ca_certificate", SHARED, True),
    "authority": Case("dcos_ca_certificate_info", {}, None),
}


@pytest.fixture(scope="module")
def enterprise(make_shared: Make, authority: Authority, cfssl: Path) -> Api:
    """Enterprise 1.12 behind TLS, with a CA."""
    return make_shared("1.12.5", "enterprise", tls=authority.front(), **authority.serve(cfssl))


@pytest.fixture
def modules(enterprise: Api, authority: Authority) -> Iterator[Modules]:
    """A superuser's modules; afterwards nothing is left on the cluster."""
    yield prepared({"url": enterprise.standin.url, "token": enterprise.token, "ca_path": authority.bundle})
    plain = enterprise.standin.listeners["marathon"]
    for app in enterprise.get("/v2/apps", base=plain).json()["apps"]:
        enterprise.ask("DELETE", f"/v2/apps{app['id']}?force=true", base=plain)
    eventually(lambda: not enterprise.get("/v2/apps", base=plain).json()["apps"], "all apps are gone")
    for framework in enterprise.standin.control("GET", "/frameworks")["frameworks"]:
        if framework["name"] != "marathon":
            enterprise._session.post(f"{enterprise.standin.listeners['mesos']}/teardown", data={"frameworkId": framework["id"]}, timeout=20)
    for path in ("/etcd", "/calico"):
        enterprise.standin.control("POST", "/_zookeeper/delete", {"path": path})


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_check_mode_sends_nothing_that_writes(enterprise: Api, modules: Modules, case: Case) -> None:
    for module, arguments in case.before:
        done = modules.run(module, arguments)
        assert not done.get("failed"), done
    enterprise.standin.forget()
    predicted = modules.run(case.module, case.arguments, check=True)
    assert not predicted.get("failed"), predicted
    counted = enterprise.standin.control("GET", "/_counters")
    assert counted["total_writes"] == 0, counted["writes"]
    assert counted["reads"], "it has looked"
    assert predicted["changed"] is bool(case.changed)
    if case.changed is None:
        return
    # What it predicts is what a run does; what it says is unchanged, a run leaves alone.
    done = modules.run(case.module, {**case.arguments, "wait": False} if case.module != "dcos_ca_certificate" else case.arguments)
    assert (done["changed"], done.get("failed", False)) == (case.changed, False), done
    assert bool(enterprise.standin.writes()) is case.changed


def test_every_module_of_the_controller_is_here() -> None:
    listed = (ROOT / "tools" / "controller_side.txt").read_text(encoding="utf-8").splitlines()
    patterns = [line for line in listed if line.startswith("plugins/modules/")]
    found = {path.stem for pattern in patterns for path in ROOT.glob(pattern)}
    with_client = {name for name in found if "_dcos" in (ROOT / "plugins" / "modules" / f"{name}.py").read_text(encoding="utf-8")}
    assert with_client == {case.module for case in CASES.values()}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"token": "bad"}, ("401",)),
        ({"token": None, "uid": "admin", "password": "wrong"}, ("admin", "password")),
        ({"ca_path": None, "ca_fingerprint": "00" * 32}, ("fingerprint",)),
    ],
    ids=["token", "password", "fingerprint"],
)
def test_who_is_not_let_in_is_told_why(enterprise: Api, modules: Modules, options: dict[str, Any], words: tuple[str, ...]) -> None:
    enterprise.standin.forget()
    refused = modules.run("dcos_package", {**CALICO, **options})
    assert refused["failed"] and all(word.lower() in refused["msg"].lower() for word in words), refused["msg"]
    assert enterprise.standin.writes() == {}


@pytest.mark.parametrize(("kind", "times"), [("503", 2), ("cut", 1), ("html", 1)])
def test_reads_survive_what_passes_and_name_what_does_not(enterprise: Api, modules: Modules, kind: str, times: int) -> None:
    enterprise.standin.fault("/mesos/*", kind, times=times)
    done = modules.run("dcos_agent_info", {"timeout": 20})
    if kind == "html":
        assert done["failed"] and "/mesos/" in done["msg"]
        return
    assert not done.get("failed"), done["msg"]


def test_a_token_that_expires_is_renewed_where_that_can_be(enterprise: Api, modules: Modules) -> None:
    enterprise.standin.fault("/mesos/*", "expired_token")
    done = modules.run("dcos_agent_info", {"token": None, "uid": "admin", "password": "admin-secret"})
    assert not done.get("failed"), done["msg"]
    logins = [entry for entry in enterprise.standin.control("GET", "/_log")["requests"] if entry["path"].endswith("/login")]
    assert len(logins) >= 2
