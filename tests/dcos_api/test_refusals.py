"""What cannot be is refused with words that help, and leaves cluster and host as they were; what happens in the middle of a wait is survived, or said.

Whole playbooks by ansible-playbook, against the stand-in DC/OS.
"""

from __future__ import annotations

import dataclasses
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from api import Api
from authority import Authority
from conftest import Make
from plays import Plays, Run, Running
from ports import free_port
from standin_service import eventually

UNIVERSE, ROTATE = "universe", "rotate_certificates"
CERTIFICATES = ("--tags", "certificates")
PASSWORD = {"calico_dcos_token": None, "calico_dcos_uid": "admin", "calico_dcos_password": "admin-secret"}
ETCD, CALICO = ("--tags", "etcd"), ("--tags", "calico")


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "DCOS_URL",
        "DCOS_ACS_TOKEN",
        "DCOS_UID",
        "DCOS_PASSWORD",
        "DCOS_SERVICE_ACCOUNT",
        "DCOS_CA_PATH",
        "DCOS_CA_FINGERPRINT",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def enterprise(make_shared: Make, authority: Authority, cfssl: Path) -> Api:
    """Enterprise 1.12 behind TLS, with a CA, a Universe and no etcd."""
    return make_shared("1.12.5", "enterprise", tls=authority.front(), **authority.serve(cfssl))


@pytest.fixture
def plays(enterprise: Api, authority: Authority, tmp_path: Path) -> Plays:
    """A superuser's."""
    return Plays(
        tmp_path,
        {
            "calico_dcos_url": enterprise.standin.url,
            "calico_dcos_token": enterprise.token,
            "calico_dcos_ca_path": authority.bundle,
        },
    )


def said(text: str) -> str:
    """What a run said, without the breaks that YAML makes in long lines."""
    return re.sub(r"\s+", " ", text)


@dataclasses.dataclass(frozen=True)
class Case:
    """A run that has to be refused with all of `words` in its message."""

    name: str
    words: tuple[str, ...]
    variables: dict[str, Any] = dataclasses.field(default_factory=dict)
    arguments: tuple[str, ...] = ()


def as_user(uid: str) -> dict[str, Any]:
    return {"calico_dcos_token": None, "calico_dcos_uid": uid, "calico_dcos_password": f"{uid}-secret"}


FINGERPRINT = {"calico_dcos_ca_path": None, "calico_dcos_ca_fingerprint": "ab" * 32}
NOWHERE = {"calico_dcos_url": "https://127.0.0.1:1", "calico_dcos_timeout": 2}
MISSPELT = {"calico_universe_calico_options": {"Framework Settings": {"max-concurent-restarts": 1}}}
PEERS = {"calico_etcd_source": "existing", "calico_etcd_members": ["http://10.0.0.5:2380"]}
CASES = {
    "a wrong password": Case(
        UNIVERSE, ("user admin", "(401)", "Check uid and password"), {**PASSWORD, "calico_dcos_password": "no-secret"}
    ),
    "a missing permission, Mesos": Case(UNIVERSE, ("(403)", "dcos:adminrouter:ops:mesos full"), as_user("packager")),
    "a missing permission, Cosmos": Case(UNIVERSE, ("(403)", "dcos:adminrouter:package full"), as_user("reader")),
    "an Admin Router that nobody vouches for": Case(
        UNIVERSE, ("could not be verified", "ca_path", "ca_fingerprint"), {"calico_dcos_ca_path": None}
    ),
    "another fingerprint": Case(UNIVERSE, ("ca_fingerprint", "somebody else is answering"), FINGERPRINT),
    "nobody there": Case(UNIVERSE, ("127.0.0.1:1/", "Connection refused"), NOWHERE),
    "a version of another product": Case(
        UNIVERSE,
        ("calico_universe_etcd_version", "Choose 0.0.3 or 0.0.2"),
        {"calico_universe_etcd_version": "0.1.0-3.3.12"},
    ),
    "an unknown version": Case(
        UNIVERSE, ("Version [9.9.9] of package [calico]", "0.4.0"), {"calico_universe_calico_version": "9.9.9"}, CALICO
    ),
    "an option of the wrong type": Case(
        UNIVERSE,
        ("etcd.cpu-limit", "many", "number", "nothing was sent"),
        {"calico_universe_etcd_options": {"etcd": {"cpu-limit": "many"}}},
        ETCD,
    ),
    "an option that nobody knows": Case(UNIVERSE, ("max-concurent-restarts", "did you mean"), MISSPELT, CALICO),
    "TLS to an etcd of the Universe": Case(
        UNIVERSE, ("calico_etcd_ca_file is /etc/ca.crt", "plain http"), {"calico_etcd_ca_file": "/etc/ca.crt"}
    ),
    "a managed etcd for the framework": Case(
        UNIVERSE, ("managed etcd is set up over ssh", "source is managed"), {"calico_etcd_source": "managed"}
    ),
    "addresses beside the framework's proxy": Case(
        UNIVERSE, ("calico_etcd_proxy is true, calico_etcd_members is empty",), PEERS
    ),
    "no addresses and no proxy": Case(
        UNIVERSE, ("calico_etcd_members names",), {"calico_etcd_source": "existing", "calico_etcd_proxy": False}
    ),
}


IN_CI = (
    "a wrong password",
    "a missing permission, Cosmos",
    "an Admin Router that nobody vouches for",
    "an option of the wrong type",
)


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=name, marks=() if name in IN_CI else pytest.mark.slow) for name, case in CASES.items()],
)
def test_what_cannot_be_is_refused_before_anything_is_written(enterprise: Api, plays: Plays, case: Case) -> None:
    enterprise.standin.forget()
    refused(plays.run(case.name, *case.arguments, **case.variables), *case.words)
    assert enterprise.standin.writes() == {}


def refused(run: Run, *words: str) -> None:
    """The run failed, for one reason, with these words."""
    assert run.rc != 0, run.output
    [failure] = run.failed()
    message = said(str(failure["msg"]))
    print(message)
    assert not [word for word in words if word not in message], message
    assert "Traceback" not in run.output and "-secret" not in run.output


def test_a_token_that_has_expired(enterprise: Api, plays: Plays) -> None:
    short = enterprise.standin.token("admin", seconds=1)
    time.sleep(1.5)
    enterprise.standin.forget()
    refused(plays.run(UNIVERSE, calico_dcos_token=short), "the token expired on", "service_account")
    assert enterprise.standin.writes() == {}


@pytest.mark.slow
def test_a_package_that_the_universe_does_not_have(enterprise: Api, plays: Plays, tmp_path: Path) -> None:
    play = tmp_path / "package.yml"
    dcos = {option: f"{{{{ calico_dcos_{option} }}}}" for option in ("url", "token", "ca_path")}
    task = {"dcos.calico.dcos_package": {**dcos, "name": "calcio", "version": "0.4.0"}}
    play.write_text(json.dumps([{"hosts": "agents_private", "gather_facts": False, "tasks": [task]}]), encoding="utf-8")
    enterprise.standin.forget()
    refused(plays.run(str(play)), "Package [calcio] not found")
    assert enterprise.standin.writes() == {}


CA_REFUSALS = {
    "a permission that is missing": (as_user("reader"), ("(403)", "dcos:adminrouter:ops:ca:rw full")),
    "a weak key": ({"calico_certificates_key_size": 1024}, ("1024", "2048")),
    "a policy": ({"calico_certificates_profile": "strict"}, ("whitelist", "another profile")),
    "a certificate that would have to be renewed at once": (
        {"calico_certificates_renew_before": 400},
        ("renew_before is 400 days", "8760h"),
    ),
}


@pytest.mark.slow
def test_a_ca_that_refuses_a_new_host_leaves_nothing_but_its_key_and_else_what_is_in_use(plays: Plays) -> None:
    for variables, words in CA_REFUSALS.values():
        refused(plays.run(ROTATE, *CERTIFICATES, **variables), *words)
        assert not [name for name in plays.placed() if not name.startswith("calico.key")], plays.placed()
    assert plays.run(ROTATE, *CERTIFICATES).require().changed()
    assert plays.run(ROTATE, *CERTIFICATES).require().changed() == []
    before = plays.placed()
    assert before.keys() == {"calico.key", "calico.crt", "ca.crt"}
    for variables, words in CA_REFUSALS.values():
        # Another name, so that there is something to be issued.
        refused(plays.run(ROTATE, *CERTIFICATES, **{"calico_certificates_common_name": "another", **variables}), *words)
        assert plays.placed() == before


@pytest.mark.slow
def test_open_dcos_has_no_ca(make: Make, tmp_path: Path) -> None:
    api = make("1.11.12", agents=(1, 0))
    plays = Plays(tmp_path, {"calico_dcos_url": api.standin.url, "calico_dcos_token": api.token})
    refused(plays.run(ROTATE, *CERTIFICATES), "There is no certificate authority", "Enterprise")
    assert not [name for name in plays.placed() if not name.startswith("calico.key")]
    assert api.standin.writes() == {}


# -- in the middle of a wait ----------------------------------------------------------------


@pytest.fixture
def fixed(make: Make, etcd: str) -> Api:
    """Open DC/OS whose addresses outlive a restart, with one agent too few for etcd: the wait lasts until another one comes."""
    listen = [
        {"address": "127.0.0.1", "port": free_port(), "as": kind}
        for kind in ("admin_router", "mesos", "marathon", "mesos_dns")
    ]
    return make("1.13.9", agents=(2, 0), listen=listen, launcher={"kind": "local", "etcd": etcd, "networks": ["dcos"]})


@pytest.fixture
def waiting(fixed: Api, tmp_path: Path) -> Plays:
    return Plays(
        tmp_path,
        {
            "calico_dcos_url": fixed.standin.url,
            "calico_dcos_uid": "admin",
            "calico_dcos_password": "admin-secret",
            "calico_dcos_timeout": 5,
        },
    )


def installed(api: Api, run: Running) -> None:
    """Wait until the run has had etcd installed."""
    eventually(lambda: run.over or "POST /package/install" in api.standin.writes(), "etcd is installed", 60)
    assert not run.over, run.end().output


def finished(api: Api, run: Running) -> None:
    """With one agent more it has to come to its end, having installed once."""
    api.standin.register(api.standin.address(23))
    done = run.end().require()
    print(done.output)
    assert api.standin.writes()["POST /package/install"] == 1


@pytest.mark.slow
def test_a_deployment_that_never_gets_healthy_ends_at_the_deadline_and_is_finished_by_the_next_run(
    fixed: Api, waiting: Plays
) -> None:
    late = waiting.run(UNIVERSE, *ETCD, calico_universe_etcd_wait=8)
    refused(late, "package etcd (/etcd) ready for use was not reached within 8 seconds", "last seen:", "2 of 3")
    fixed.standin.register(fixed.standin.address(23))
    again = waiting.run(UNIVERSE, *ETCD).require()
    assert again.changed() == [] and fixed.standin.writes()["POST /package/install"] == 1


@pytest.mark.slow
def test_another_master_leads_in_the_middle(fixed: Api, waiting: Plays) -> None:
    run = waiting.start(UNIVERSE, *ETCD)
    installed(fixed, run)
    fixed.standin.control("POST", "/_leader", {"ip": "127.9.0.12", "election_seconds": 400})
    time.sleep(6)
    finished(fixed, run)


def test_the_masters_apis_are_down_for_a_while_in_the_middle(fixed: Api, waiting: Plays) -> None:
    run = waiting.start(UNIVERSE, *ETCD)
    installed(fixed, run)
    fixed.standin.stop()
    time.sleep(10)
    fixed.standin.start()
    fixed.standin.register(fixed.standin.address(23))
    done = run.end().require()
    assert "Connection refused" in done.output or "no connection" in done.output


@pytest.mark.slow
def test_the_masters_apis_stay_down(fixed: Api, waiting: Plays) -> None:
    run = waiting.start(UNIVERSE, *ETCD, calico_universe_etcd_wait=20)
    installed(fixed, run)
    fixed.standin.stop()
    refused(run.end(), "was not reached within 20 seconds", "127.0.0.1", "onnection")


@pytest.mark.slow
def test_a_login_that_expires_in_the_middle_is_renewed(fixed: Api, waiting: Plays) -> None:
    run = waiting.start(UNIVERSE, *ETCD)
    installed(fixed, run)
    fixed.standin.fault("/service/marathon/*", "expired_token")
    time.sleep(6)
    finished(fixed, run)


@pytest.mark.slow
def test_a_ready_token_that_expires_in_the_middle_is_said(fixed: Api, waiting: Plays) -> None:
    ready = {"calico_dcos_uid": None, "calico_dcos_password": None}
    run = waiting.start(UNIVERSE, *ETCD, **ready, calico_dcos_token=fixed.standin.token("admin"))
    installed(fixed, run)
    fixed.standin.fault("/service/marathon/*", "expired_token")
    ended = run.end()
    refused(ended, "(401)", "has been revoked")
    assert "ZooKeeper" not in ended.output, "what has nothing to do with it"
    fixed.standin.register(fixed.standin.address(23))
    assert waiting.run(UNIVERSE, *ETCD).require().changed() == []
