"""The stand-in DC/OS of a running lab (LAB_LIVE=NAME): Admin Router, the authority, names, and tasks on agents."""

from __future__ import annotations

import http.client
import json
import os
import ssl
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from dcoslab import cluster, dcosapi, dcosmaster, hostfiles, settings  # noqa: E402
from dcoslab.process import run, scaled  # noqa: E402
from dcoslab.topology import Host  # noqa: E402

NAME = os.environ.get("LAB_LIVE", "")
LAB = settings.load(NAME, os.environ) if NAME else None
pytestmark = pytest.mark.skipif(LAB is None or not LAB.dcos_api, reason="LAB_LIVE names no running lab with DC/OS")
ENTERPRISE = LAB is not None and LAB.dcos_variant == "enterprise"
PASSWORDS = LAB is not None and (ENTERPRISE or tuple(map(int, LAB.dcos_version.split(".")[:2])) >= (1, 13))
enterprise = pytest.mark.skipif(not ENTERPRISE, reason="only Enterprise has an authority")
NEWCERT = {
    "CN": "calico",
    "hosts": ["etcd.mesos", "10.0.0.1"],
    "names": [{"O": "test"}],
    "key": {"algo": "rsa", "size": 2048},
}


def lab() -> settings.Settings:
    assert LAB is not None
    return LAB


class Answer:
    def __init__(self, status: int, headers: Message, body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(url: str, body: object = None, token: str | None = None, method: str | None = None) -> Answer:
    """By Admin Router's certificate, whatever the status; a path is below Admin Router."""
    if url.startswith("/"):
        url = dcosmaster.url(lab()) + url
    context = ssl.create_default_context(cafile=str(dcosmaster.directory(lab()) / "ca-bundle.crt"))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    headers = {"Content-Type": "application/json", **({"Authorization": f"token={token}"} if token else {})}
    data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    try:
        with opener.open(urllib.request.Request(url, data, headers, method=method), timeout=scaled(30)) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


def superuser() -> str:
    return (dcosmaster.directory(lab()) / "token").read_text()


def eventually(what: str, probe: Callable[[], Any], seconds: float = 30) -> Any:
    deadline = time.monotonic() + scaled(seconds)
    while not (answer := probe()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.2)
    return answer


def inside(host: Host, *argv: str, check: bool = True) -> str:
    pid = cluster.pids(lab(), cluster.podman_of(lab()))[lab().container(host)]
    return run(["nsenter", "--target", str(pid), "--all", "--wd=/", *argv], check=check, timeout=60).stdout


# -- Admin Router -----------------------------------------------------------------------------


def test_without_a_token_the_answer_is_a_page() -> None:
    answer = ask("/mesos/slaves")
    assert (answer.status, answer.headers.get_content_type()) == (401, "text/html")
    challenge = "acsjwt" if ENTERPRISE else "oauthjwt"
    assert answer.headers["WWW-Authenticate"] == challenge
    assert b"<html" in answer.body.lower()


def test_version_is_open_and_metadata_is_not() -> None:
    assert ask("/dcos-metadata/dcos-version.json").json["version"] == lab().dcos_version
    assert ask("/metadata").status == 401
    assert ask("/metadata", token=superuser()).json["CLUSTER_ID"]


@pytest.mark.skipif(not PASSWORDS, reason="this DC/OS has no users with passwords")
def test_users_and_service_accounts_log_in() -> None:
    words = dcosmaster.passwords(lab())
    login = ask("/acs/api/v1/auth/login", {"uid": dcosmaster.SUPERUSER, "password": words[dcosmaster.SUPERUSER]})
    assert ask("/mesos/slaves", token=login.json["token"]).status == 200
    refused = ask("/acs/api/v1/auth/login", {"uid": dcosmaster.SUPERUSER, "password": "x"})
    assert (refused.status, refused.json["code"]) == (401, "ERR_INVALID_CREDENTIALS")
    assert refused.headers["WWW-Authenticate"] == ("acsjwt" if ENTERPRISE else "oauthjwt")


def test_both_ports_and_all_names_lead_to_it() -> None:
    names = ["master1", "master.mesos", "leader.mesos", lab().masters[0].address]
    bundle = "/etc/lab/dcos/ca-bundle.crt" if ENTERPRISE else "/etc/lab/dcos/front.crt"
    for name in names:
        for options in (["http://"], ["--cacert", bundle, "https://"]):
            *options, scheme = options
            text = inside(
                lab().masters[0],
                "curl",
                "--fail",
                "--silent",
                *options,
                f"{scheme}{name}/dcos-metadata/dcos-version.json",
            )
            assert json.loads(text)["version"] == lab().dcos_version


def test_the_services_own_paths_are_not_passed_on() -> None:
    for path in ("/_auth", "/_faults", "/_counters", "/_page/401", "/_agent/register"):
        assert ask(path, token=superuser()).status == 404


def test_faults_reach_the_client_through_nginx() -> None:
    try:
        for kind, seen in (("500", 500), ("503", 503), ("html", 200)):
            dcosapi.ask(lab(), "/_faults", {"path": "/mesos/slaves", "kind": kind, "times": 1})
            answer = ask("/mesos/slaves", token=superuser())
            assert answer.status == seen and (kind != "html" or answer.headers.get_content_type() == "text/html")
        dcosapi.ask(lab(), "/_faults", {"path": "/mesos/slaves", "kind": "cut", "times": 1})
        with pytest.raises(http.client.IncompleteRead):
            ask("/mesos/slaves", token=superuser())
        assert ask("/mesos/slaves", token=superuser()).json["slaves"]
    finally:
        ask_control("DELETE", "/_faults")


def ask_control(method: str, path: str) -> None:
    headers = {"X-Control-Token": (dcosmaster.directory(lab()) / "control_token").read_text()}
    url = f"http://{lab().masters[0].address}:{dcosmaster.MESOS_PORT}{path}"
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
        urllib.request.Request(url, headers=headers, method=method), timeout=scaled(10)
    )


# -- agents -----------------------------------------------------------------------------------


def test_agents_are_registered_as_dcos_has_them() -> None:
    slaves = {agent["hostname"]: agent for agent in ask("/mesos/slaves", token=superuser()).json["slaves"]}
    assert slaves.keys() == {host.address for host in lab().agents}
    for host in lab().agents:
        public = host.role == "slave_public"
        assert slaves[host.address]["attributes"] == ({"public_ip": "true"} if public else {})
        assert ("slave_public" in slaves[host.address]["reserved_resources"]) is public
        assert slaves[host.address]["pid"] == f"slave(1)@{host.address}:5051"


# -- names ------------------------------------------------------------------------------------


def test_the_name_server_knows_what_dcos_publishes() -> None:
    records = dcosapi.ask(lab(), "/_dns/records")
    names = [name for name in records["a"] if name in ("leader.mesos", "master.mesos", "slave.mesos")]
    assert len(names) == 3
    for name in names:
        desired = set(records["a"][name])

        def known(name: str = name, desired: set[str] = desired) -> bool:
            return desired == {
                line.split()[0]
                for line in inside(lab().agents[0], "getent", "ahostsv4", name, check=False).splitlines()
            }

        eventually(f"{name} is known", known)


@pytest.mark.skipif(LAB is None or len(LAB.masters) < 2, reason="there is one master only")
def test_another_master_may_lead() -> None:
    first, other = (host.address for host in lab().masters[:2])
    for address in (other, first):
        dcosapi.ask(lab(), "/_leader", {"ip": address, "election_seconds": 1})
        eventually(
            "it leads",
            lambda a=address: (
                ask("/mesos/state", token=superuser()).json["leader"] == f"master@{a}:5050" if led() else False
            ),
        )
        eventually(
            "its name follows",
            lambda a=address: inside(lab().agents[0], "getent", "ahostsv4", "leader.mesos", check=False).startswith(
                f"{a} "
            ),
        )


def led() -> bool:
    return ask("/mesos/state", token=superuser()).status == 200


# -- the authority ----------------------------------------------------------------------------


def ca(name: str, body: object) -> Answer:
    return ask(f"/ca/api/v2/{name}", body, token=superuser())


@pytest.mark.skipif(ENTERPRISE, reason="Enterprise has one")
def test_open_dcos_has_no_authority() -> None:
    for path in ("/ca/dcos-ca.crt", "/ca/api/v2/info"):
        answer = ask(path, token=superuser())
        assert answer.status == 404 and answer.headers.get_content_type() == "text/html"


@enterprise
def test_the_bundle_needs_no_token_and_is_on_every_host() -> None:
    answer = ask("/ca/dcos-ca.crt")
    assert answer.body == (dcosmaster.directory(lab()) / "ca-bundle.crt").read_bytes()
    for host in lab().hosts:
        assert inside(host, "cat", "/run/dcos/pki/CA/ca-bundle.crt").encode() == answer.body


@enterprise
def test_info_needs_no_token() -> None:
    answer = ask("/ca/api/v2/info", {"profile": ""})
    assert answer.status == 200 and answer.headers.get_content_type() == "application/json"
    result = answer.json["result"]
    assert result["usages"] == dcosmaster.CFSSL_USAGES and result["expiry"] == "8760h"
    assert result["certificate"].strip() == (dcosmaster.directory(lab()) / "ca.crt").read_text().strip()
    assert ask("/ca/api/v2/info", {"profile": "nonesuch"}).json["result"]["expiry"] == "8760h"


@enterprise
def test_who_may_issue() -> None:
    assert ask("/ca/api/v2/newcert", {"request": NEWCERT}).status == 401
    words = dcosmaster.passwords(lab())
    login = ask("/acs/api/v1/auth/login", {"uid": dcosmaster.OPERATOR, "password": words[dcosmaster.OPERATOR]})
    refused = ask("/ca/api/v2/newcert", {"request": NEWCERT}, token=login.json["token"])
    assert (refused.status, refused.headers.get_content_type()) == (403, "text/html")
    assert ask("/ca/api/v2/authsign", {}, token=superuser()).status == 404


@enterprise
def test_newcert_sign_and_bundle(tmp_path: Path) -> None:
    made = ca("newcert", {"request": NEWCERT, "profile": "", "bundle": False})
    assert made.json.keys() == {"success", "result", "errors", "messages"} and made.json["messages"] == []
    result = made.json["result"]
    assert result.keys() == {"certificate", "certificate_request", "private_key", "sums"}
    assert result["private_key"].startswith("-----BEGIN RSA PRIVATE KEY-----")
    assert result["sums"]["certificate"].keys() == {"md5", "sha-1"}
    (tmp_path / "crt").write_text(result["certificate"])
    run(["openssl", "verify", "-CAfile", str(dcosmaster.directory(lab()) / "ca-bundle.crt"), str(tmp_path / "crt")])
    text = run(["openssl", "x509", "-in", str(tmp_path / "crt"), "-noout", "-text"]).stdout
    assert (
        "DNS:etcd.mesos, IP Address:10.0.0.1" in text
        and "TLS Web Server Authentication, TLS Web Client Authentication" in text
    )
    signed = ca(
        "sign", {"certificate_request": result["certificate_request"], "hosts": ["other.mesos"], "profile": "short"}
    ).json["result"]
    (tmp_path / "signed").write_text(signed["certificate"])
    text = run(["openssl", "x509", "-in", str(tmp_path / "signed"), "-noout", "-ext", "subjectAltName"]).stdout
    assert "DNS:other.mesos" in text and "etcd.mesos" not in text
    assert (
        run(
            ["openssl", "x509", "-in", str(tmp_path / "signed"), "-noout", "-checkend", str(25 * 3600)], check=False
        ).returncode
        == 1
    )
    bundle = ca("bundle", {"certificate": result["certificate"]}).json["result"]
    assert bundle["bundle"].strip() == result["certificate"].strip()
    assert bundle["root"].strip() == (dcosmaster.directory(lab()) / "ca.crt").read_text().strip()


@enterprise
def test_newkey_takes_the_request_without_a_wrapper() -> None:
    result = ca("newkey", {"CN": "x", "hosts": ["a"], "key": {"algo": "ecdsa", "size": 256}}).json["result"]
    assert result.keys() == {"certificate_request", "private_key", "sums"}
    assert result["private_key"].startswith("-----BEGIN EC PRIVATE KEY-----")


@enterprise
def test_a_certificate_without_hosts_comes_with_a_message() -> None:
    made = ca("newcert", {"request": {"CN": "x", "key": {"algo": "ecdsa", "size": 256}}}).json
    assert made["success"] and [message["code"] for message in made["messages"]] == [5300]


@enterprise
@pytest.mark.parametrize(
    ("name", "body", "status", "code"),
    [
        ("newcert", b"x", 400, 400),
        ("newcert", {"request": {**NEWCERT, "key": {"algo": "rsa", "size": 1024}}}, 400, 2400),
        ("sign", {}, 400, 400),
        ("sign", {"certificate_request": "x"}, 400, 9002),
        ("bundle", {"certificate": "x"}, 400, 1002),
        ("newcert", None, 405, 405),
    ],
)
def test_errors_are_json_that_says_it_is_text(name: str, body: object, status: int, code: int) -> None:
    answer = ca(name, body)
    assert (answer.status, answer.headers.get_content_type()) == (status, "text/plain")
    assert answer.json["success"] is False and answer.json["result"] is None
    assert [error["code"] for error in answer.json["errors"]] == [code]


@enterprise
def test_an_authority_that_is_down_is_a_page() -> None:
    master = lab().masters[0]
    inside(master, "systemctl", "stop", "lab-cfssl")
    try:
        answer = ca("info", {})
        assert (answer.status, answer.headers.get_content_type()) == (502, "text/html")
    finally:
        inside(master, "systemctl", "start", "lab-cfssl")
    eventually("CFSSL answers", lambda: ca("info", {}).status == 200)


# -- tasks, last: the master is away meanwhile ---------------------------------------------------


@pytest.fixture(name="masterless", scope="module")
def without_a_master() -> Iterator[None]:
    """A master ends tasks that it did not order."""
    master = lab().masters[0]
    inside(master, "systemctl", "stop", "lab-dcos")
    yield
    inside(master, "systemctl", "start", "lab-dcos")
    dcosapi.wait(lab())


@pytest.fixture(name="task")
def a_task(masterless: None) -> Iterator[Callable[..., dict[str, Any]]]:
    url = f"http://{lab().agents[0].address}:5051/_tasks"
    started: list[str] = []

    def launch(**order: object) -> dict[str, Any]:
        task_id = f"test.{uuid.uuid4()}"
        started.append(task_id)
        assert ask(url, {"task_id": task_id, **order}).status == 200
        return eventually(
            "the task has started", lambda: (found := ask(f"{url}/{task_id}").json)["state"] != "TASK_STAGING" and found
        )

    yield launch
    for task_id in started:
        ask(f"{url}/{task_id}", method="DELETE")


def state_of(task: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = ask(f"http://{lab().agents[0].address}:5051/_tasks/{task['task_id']}").json
    return found


def test_a_task_is_a_process_and_tells_how_it_ended(task: Callable[..., dict[str, Any]]) -> None:
    started = task(
        command='cat given; echo "$GREETING $PORT0"; sleep 1; exit 7',
        files={"given": "a file\n"},
        env={"GREETING": "hello"},
        ports=[31007],
    )
    assert started["ip"] == lab().agents[0].address
    ended = eventually("the task has ended", lambda: (found := state_of(started))["finished"] and found)
    assert (ended["state"], ended["exit_code"], ended["message"]) == ("TASK_FAILED", 7, "Command exited with status 7")
    output = ask(f"http://{lab().agents[0].address}:5051/_tasks/{started['task_id']}/stdout")
    assert output.body == b"a file\nhello 31007\n"


def test_a_task_outlives_the_agents_unit_and_so_does_its_exit_code(task: Callable[..., dict[str, Any]]) -> None:
    running = task(command="sleep 1000")
    ending = task(command="sleep 1.5; exit 3")
    inside(lab().agents[0], "systemctl", "restart", hostfiles.services(lab(), lab().agents[0])[-1])

    def answers() -> Any:
        try:
            return state_of(ending)["finished"] and state_of(running)
        except OSError:
            return None

    assert eventually("the agent knows its tasks", answers)["pid"] == running["pid"]
    assert state_of(ending)["exit_code"] == 3
    ask(f"http://{lab().agents[0].address}:5051/_tasks/{running['task_id']}", method="DELETE")
    assert (
        eventually("the task is dead", lambda: (found := state_of(running))["finished"] and found)["state"]
        == "TASK_KILLED"
    )
    assert not inside(lab().agents[0], "sh", "-c", f"ls -d /proc/{running['pid']} 2>/dev/null; true")


def test_a_task_on_a_network_has_an_address_of_its_own(task: Callable[..., dict[str, Any]]) -> None:
    checks = [
        {"protocol": "MESOS_HTTP", "path": "/", "port": 8080},
        {"protocol": "MESOS_TCP", "port": 8080},
        {"protocol": "COMMAND", "command": "true"},
    ]
    web = task(image="web", network="dcos", port_mappings=[{"container_port": 8080}], health_checks=checks)
    assert web["ip"].startswith(f"9.0.{lab().agents[0].index}.")
    eventually("the web server answers", lambda: state_of(web)["healthy"])
    assert (
        state_of(task(command="true", network="nonesuch"))["message"]
        == "Failed to launch container: Unknown CNI network 'nonesuch'"
    )
