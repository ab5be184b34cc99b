"""Every module and playbook that talks to DC/OS in check mode, against a cluster over TLS: it predicts, and sends nothing that writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from api import Api
from authority import Authority
from conftest import Make
from keys import signed, signing_request
from modules import Modules, prepared
from runs import Playbooks, local_hosts, on_this_host
from standin import ROOT
from standin_service import eventually

Json = dict[str, Any]
APP = {
    "id": "/web",
    "cmd": "exec sleep 1000",
    "cpus": 0.1,
    "mem": 16,
    "instances": 2,
    "networks": [{"mode": "container", "name": "dcos"}],
}
ETCD = {"name": "etcd", "version": "0.0.3", "options": {"etcd": {"cluster-size": 3}}}
CALICO = {"name": "calico", "version": "0.4.0"}
OTHER = {"options": {"Etcd Settings": {"mem-limit": 300}}}
DRAINED = {"agents": ["127.9.0.21"], "state": "drained", "temporary": True}
NEWCERT = {"name": "agent1", "common_name": "calico", "hosts": ["10.0.0.21"]}


@dataclass(frozen=True)
class Case:
    """One call. `before`: calls that are carried out first; `changed`: what check mode has to predict (None: it is no module that changes).

    `requests`: the most that a first run sends and a run after it, through Admin Router, with a ready token and without what a wait polls. Each
    more app costs one to look, and two where it changes; each more certificate one to sign; nothing is asked per agent. They are the most because
    a Calico framework that was started just now does not answer itself yet, and Mesos is asked for its tasks instead.
    `prepare`: makes arguments of those that stand here, for what a table cannot say.
    """

    module: str
    arguments: Json
    changed: bool | None
    requests: tuple[int, int]
    before: tuple[tuple[str, Json], ...] = field(default=())
    prepare: Callable[[Modules, Json], Json] = field(default=lambda modules, arguments: arguments)


# whom a certificate is for, whatever the request says
NAMES: Json = {"common_name": "calico", "hosts": ["10.0.0.21"]}


def with_request(_modules: Modules, arguments: Json) -> Json:
    """The key stays where it is."""
    return {"certificates": [{"name": "agent1", "csr": signing_request("calico", "10.0.0.21"), **NAMES}], **arguments}


def with_certificate(modules: Modules, arguments: Json) -> Json:
    """One that the CA has made."""
    item = {"name": "agent1", "csr": signing_request("calico", "10.0.0.21"), **NAMES}
    made = modules.run("dcos_ca_certificate", {"certificates": [item]})
    return {"certificates": [{**item, "certificate": made["certificates"][0]["chain"]}], **arguments}


def with_certificate_until_tomorrow(modules: Modules, arguments: Json) -> Json:
    csr = signing_request("calico", "10.0.0.21")
    old = signed(csr, Path(modules.options["ca_path"]), days=1)
    return {"certificates": [{"name": "agent1", "csr": csr, "certificate": old, **NAMES}], **arguments}


INSTALLED = (("dcos_package", {**CALICO, "wait_timeout": 60}),)
RUNNING = (("marathon_app", {"apps": [APP], "wait_timeout": 60}),)
CASES = {
    "agents": Case("dcos_agent_info", {}, None, (4, 4)),
    "package, new": Case("dcos_package", ETCD, True, (5, 6)),
    "package, there": Case("dcos_package", CALICO, False, (6, 6), INSTALLED),
    "package, other options": Case("dcos_package", {**CALICO, **OTHER, "reinstall": True}, True, (9, 7), INSTALLED),
    "package, secret options": Case(
        "dcos_package",
        {**CALICO, "secret_options": {"Framework Settings": {"status-dns": "secret.name"}}},
        True,
        (5, 7),
    ),
    "package, gone": Case("dcos_package", {"name": "calico", "state": "absent"}, True, (5, 1), INSTALLED),
    "package, never there": Case("dcos_package", {"name": "calico", "state": "absent"}, False, (1, 1)),
    "framework, suspended": Case(
        "dcos_calico_framework", {"state": "suspended", "wait_timeout": 60}, True, (14, 4), INSTALLED
    ),
    "framework, never there": Case("dcos_calico_framework", {"state": "absent"}, False, (2, 2)),
    "packages": Case("dcos_package_info", {"name": "calico"}, None, (8, 8), INSTALLED),
    "app, new": Case("marathon_app", {"apps": [APP]}, True, (4, 2)),
    "app, there": Case("marathon_app", {"apps": [APP]}, False, (2, 2), RUNNING),
    "app, changed": Case("marathon_app", {"apps": [{**APP, "env": {"A": "b"}}]}, True, (4, 2), RUNNING),
    "app, secret environment": Case(
        "marathon_app", {"apps": [APP], "secret_env": {"web": {"A": "secret text"}}}, True, (4, 2), RUNNING
    ),
    "app, suspended": Case("marathon_app", {"apps": [{"id": "/web"}], "state": "suspended"}, True, (4, 2), RUNNING),
    "app, gone": Case("marathon_app", {"apps": [{"id": "/web"}], "state": "absent"}, True, (4, 2), RUNNING),
    "apps of a group": Case("marathon_app_info", {}, None, (1, 1), RUNNING),
    "certificate, key of the CA": Case("dcos_ca_certificate", {"certificates": [NEWCERT]}, True, (3, 1)),
    "certificate, one for two hosts": Case(
        "dcos_ca_certificate", {"shared": True, "certificates": [NEWCERT, {**NEWCERT, "name": "agent2"}]}, True, (3, 1)
    ),
    "certificate, by request": Case("dcos_ca_certificate", {}, True, (3, 1), prepare=with_request),
    "certificate, kept": Case("dcos_ca_certificate", {}, False, (1, 1), prepare=with_certificate),
    "certificate, renewed": Case("dcos_ca_certificate", {}, True, (3, 1), prepare=with_certificate_until_tomorrow),
    "agent, drained": Case("mesos_maintenance", DRAINED, True, (7, 5)),
    "agent, returned": Case(
        "mesos_maintenance", {**DRAINED, "state": "up"}, True, (7, 1), (("mesos_maintenance", DRAINED),)
    ),
    "authority": Case("dcos_ca_certificate_info", {}, None, (2, 2)),
}
# One of each module, and what writes a secret: the others are for make test-long.
IN_CI = {
    "agents", "package, new", "package, gone", "framework, never there", "packages", "app, changed", "app, secret environment", "apps of a group",
    "certificate, by request", "agent, drained", "authority",
}  # fmt: skip


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
            enterprise._session.post(
                f"{enterprise.standin.listeners['mesos']}/teardown", data={"frameworkId": framework["id"]}, timeout=20
            )
    enterprise.post("/maintenance/schedule", {}, base=enterprise.standin.listeners["mesos"])
    for path in ("/etcd", "/calico"):
        enterprise.standin.control("POST", "/_zookeeper/delete", {"path": path})


def requests(api: Api) -> int:
    """How many there were since the last forget(), logins included."""
    counted = api.standin.control("GET", "/_counters")
    return sum(sum(counted[kind].values()) for kind in ("reads", "writes", "other"))


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in IN_CI else pytest.mark.slow) for name in CASES]
)
def test_check_mode_sends_nothing_that_writes(enterprise: Api, modules: Modules, name: str) -> None:
    """And what it predicts is what a run does, with no more requests than the case says; what it says is unchanged, a run leaves alone."""
    case = CASES[name]
    for module, arguments in case.before:
        done = modules.run(module, arguments)
        assert not done.get("failed"), done
    arguments = case.prepare(modules, case.arguments)
    if case.module in ("dcos_package", "marathon_app"):
        arguments = {**arguments, "wait": False}
    enterprise.standin.forget()
    predicted = modules.run(case.module, arguments, check=True)
    assert not predicted.get("failed"), predicted
    counted = enterprise.standin.control("GET", "/_counters")
    assert counted["total_writes"] == 0, counted["writes"]
    assert counted["reads"], "it has looked"
    assert predicted["changed"] is bool(case.changed)
    first, later = case.requests
    enterprise.standin.forget()
    done = modules.run(case.module, arguments)
    assert (done["changed"], done.get("failed", False)) == (bool(case.changed), False), done
    assert bool(enterprise.standin.writes()) is bool(case.changed)
    assert requests(enterprise) <= first, enterprise.standin.control("GET", "/_counters")
    if case.module == "dcos_ca_certificate":
        arguments = kept(arguments, done)
    enterprise.standin.forget()
    again = modules.run(case.module, arguments)
    assert (again["changed"], again.get("failed", False)) == (False, False), again
    assert enterprise.standin.writes() == {}
    assert requests(enterprise) <= later, enterprise.standin.control("GET", "/_counters")


def kept(arguments: Json, done: Json) -> Json:
    """What the hosts would have afterwards."""
    placed = {
        made["name"]: {"certificate": made["chain"], "public_key_sha256": made["facts"]["public_key_sha256"]}
        for made in done["certificates"]
    }
    return {**arguments, "certificates": [{**item, **placed[item["name"]]} for item in arguments["certificates"]]}


def test_every_module_of_the_controller_is_here() -> None:
    listed = (ROOT / "tools" / "controller_side.txt").read_text(encoding="utf-8").splitlines()
    patterns = [line for line in listed if line.startswith("plugins/modules/")]
    found = {path.stem for pattern in patterns for path in ROOT.glob(pattern)}
    with_client = {
        name
        for name in found
        if "make_client" in (ROOT / "plugins" / "modules" / f"{name}.py").read_text(encoding="utf-8")
    }
    assert with_client == {case.module for case in CASES.values()}, "each needs a case"
    assert with_client == {CASES[name].module for name in IN_CI}, "and one in make test"


@dataclass(frozen=True)
class Play:
    """A playbook; `reads`: what it has to have asked for, so that it is known to have come that far; `whole`: this machine can
    take the place of hosts; `repeats`: another case does the same by another way; `lasting`: it changes what lasts; `hosts`: of the inventory;
    `plan`: the group into which a plan would have put them, where it is left out.
    """

    file: str
    reads: str
    variables: Json = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    whole: bool = True
    repeats: bool = False
    lasting: bool = True
    hosts: tuple[str, ...] = ("agent1", "agent2")
    plan: str = ""


SHARED = {"calico_certificates_shared": True, "calico_certificates_hosts": ["10.0.0.21"]}
CERTIFICATES = ("--tags", "certificates")
# This machine is no agent of DC/OS, and perhaps without systemd: the look at hosts is left out, and a run may end later on.
DATASTORE = ("--tags", "etcd", "--skip-tags", "look")
AGENTS = ("127.9.0.21", "127.9.0.22")
UNIVERSE = {"calico_etcd_source": "universe"}
MARATHON_APPS = "/service/marathon/v2/apps"
PLAYS = {
    "universe": Play("universe.yml", "POST /package/render"),
    "universe by site": Play("site.yml", "POST /package/render", {"calico_install_method": "universe"}, repeats=True),
    "etcd of the universe": Play("site.yml", "POST /package/render", UNIVERSE, DATASTORE, whole=False),
    "etcd of the universe, by install": Play(
        "install.yml", "POST /package/render", UNIVERSE, DATASTORE, whole=False, repeats=True
    ),
    "certificates": Play("rotate_certificates.yml", "POST /ca/api/v2/info", {}, CERTIFICATES),
    "certificates by site": Play(
        "site.yml",
        "POST /ca/api/v2/info",
        {"calico_certificates": True},
        (*CERTIFICATES, "--skip-tags", "always"),
        repeats=True,
        plan="calico_plan_certificates",
    ),
    "verification": Play("verify.yml", f"GET {MARATHON_APPS}", {"calico_networks": [{"name": "dcos"}]}, lasting=False),
    "drain": Play("drain.yml", "GET /mesos/slaves", arguments=("--limit", AGENTS[0]), hosts=AGENTS),
    "undrain": Play("undrain.yml", "GET /mesos/maintenance/schedule", lasting=False, hosts=AGENTS),
    "one certificate for all": Play(
        "rotate_certificates.yml", "POST /ca/api/v2/info", SHARED, CERTIFICATES, repeats=True
    ),
}
# Playbooks that talk to no API of DC/OS.
OTHERS = {"manifest.yml", "mesos_dns.yml", "policy.yml", "docker_network.yml"}
# Those that need more than DC/OS, by the file that has them in check mode.
ELSEWHERE = {
    "kubernetes.yml": "tests/kubernetes/test_playbook.py",
    "public_cloud.yml": "tests/cloud/test_nodes.py",
    "validate.yml": "tests/system/test_c_everything.py",
    "plan.yml": "tests/system/test_1_install.py",
    "repair.yml": "tests/system/test_l_repair.py",
    "adopt.yml": "tests/system/test_l_adopt.py",
    "status.yml": "tests/system/test_1_install.py",
    "diagnostics.yml": "tests/system/test_1_install.py",
    "backup.yml": "tests/system/test_1_install.py",
    "restore.yml": "tests/system/test_1_install.py",
    "uninstall.yml": "tests/system/test_l_uninstall.py",
    "upgrade.yml": "tests/system/test_l_upgrade.py",
    "audit.yml": "tests/system/test_l_audit.py",
    "decommission.yml": "tests/system/test_l_audit.py",
}


@pytest.mark.parametrize("core", ["2.16", pytest.param("new", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if case.repeats else ()) for name, case in PLAYS.items()]
)
def test_playbooks_in_check_mode_send_nothing_that_writes(
    enterprise: Api, modules: Modules, core: str, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    case = PLAYS[name]
    directory = tmp_path_factory.mktemp("runs")
    hosts = local_hosts(case.hosts, **on_this_host(directory / "host"))
    if case.plan:
        hosts["all"]["children"][case.plan] = {"hosts": dict.fromkeys(case.hosts)}
    options = {f"calico_dcos_{option}": value for option, value in modules.options.items()}
    enterprise.standin.forget()
    run = Playbooks(core, directory).run(
        f"playbooks/{case.file}",
        "--check",
        "--diff",
        *case.arguments,
        hosts=hosts,
        variables={**options, **case.variables},
    )
    counted = enterprise.standin.control("GET", "/_counters")
    assert counted["total_writes"] == 0, counted["writes"]
    assert case.reads in counted["reads"], f"it did not come that far: {counted}\n{run.output[-4000:]}"
    assert run.rc == 0 or not case.whole, run.output[-4000:]
    assert bool(run.changed()) is case.lasting and not (directory / "host").exists(), (
        "it says what it would change, and changes nothing"
    )


def test_every_playbook_is_here() -> None:
    assert {path.name for path in (ROOT / "playbooks").glob("*.yml")} == OTHERS | set(ELSEWHERE) | {
        case.file for case in PLAYS.values()
    }, "each needs a case"
    assert [file for file in ELSEWHERE.values() if "--check" not in (ROOT / file).read_text(encoding="utf-8")] == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"token": "bad"}, ("401",)),
        ({"token": None, "uid": "admin", "password": "wrong"}, ("admin", "password")),
        ({"ca_path": None, "ca_fingerprint": "00" * 32}, ("fingerprint",)),
    ],
    ids=["token", "password", "fingerprint"],
)
def test_who_is_not_let_in_is_told_why(
    enterprise: Api, modules: Modules, options: dict[str, Any], words: tuple[str, ...]
) -> None:
    enterprise.standin.forget()
    refused = modules.run("dcos_package", {**CALICO, **options})
    assert refused["failed"] and all(word.lower() in refused["msg"].lower() for word in words), refused["msg"]
    assert enterprise.standin.writes() == {}


@pytest.mark.parametrize(("kind", "times"), [("503", 2), ("cut", 1), ("html", 1)])
def test_reads_survive_what_passes_and_name_what_does_not(
    enterprise: Api, modules: Modules, kind: str, times: int
) -> None:
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
    logins = [
        entry for entry in enterprise.standin.control("GET", "/_log")["requests"] if entry["path"].endswith("/login")
    ]
    assert len(logins) >= 2
