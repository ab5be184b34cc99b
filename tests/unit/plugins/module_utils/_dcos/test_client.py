from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._dcos import _auth, _client, _transport
from ansible_collections.dcos.calico.plugins.module_utils._dcos._client import DcosClient, make_client
from ansible_collections.dcos.calico.plugins.module_utils._dcos._answers import (
    ApiError, AuthenticationFailed, ConnectionFailed, DcosError, DeadlineExceeded, PermissionDenied,
)
from ansible_collections.dcos.calico.plugins.module_utils._dcos._options import ARGUMENT_SPEC, Options
from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError

from ....support.dcos_api import Answer, DcosApi, failure

UNAUTHORIZED = {"type": "Unauthorized", "message": "Unable to complete request due to Unauthorized response from service [marathon]"}
FORBIDDEN = {"type": "Forbidden", "message": "Unable to complete request due to Forbidden response from service [marathon]"}


def test_get(dcos_api, dcos_client) -> None:
    dcos_api.on("GET", "/x", {"a": 1})
    made = dcos_client(token="a.b.c")
    assert made.get("/x", params={"slave_id": "S 0"}, headers={"Accept": "text/plain"}).json() == {"a": 1}
    (request,) = dcos_api.requests
    assert request.headers["Authorization"] == "token=a.b.c" and request.headers["Accept"] == "text/plain" and request.query == {"slave_id": ["S 0"]}
    assert made.requests == {"GET": 1} and made.warnings == []


def test_without_authentication_no_token_is_sent(dcos_api, dcos_client) -> None:
    dcos_api.on("GET", "/x", {})
    dcos_client().get("/x")
    assert "Authorization" not in dcos_api.requests[0].headers


def test_netrc_does_not_replace_the_token(dcos_api, dcos_client, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login bob password sesame\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    dcos_api.on("GET", "/x", {})
    dcos_client(token="a.b.c").get("/x")
    assert dcos_api.requests[0].headers["Authorization"] == "token=a.b.c"


@pytest.mark.parametrize(
    ("body", "sent", "content_type"),
    [
        ({"a": "ü"}, b'{"a": "\\u00fc"}', "application/json"),
        ([], b"[]", "application/json"),
        ("text", b"text", None),
        (b"\xff", b"\xff", None),
        (None, b"", None),
    ],
)
@pytest.mark.parametrize("verb", ["post", "put", "delete"])
def test_bodies(dcos_api, dcos_client, verb: str, body, sent: bytes, content_type) -> None:
    dcos_api.on(verb.upper(), "/x", Answer({}, 201))
    assert getattr(dcos_client(), verb)("/x", body).status == 201
    (request,) = dcos_api.requests
    assert request.body == sent and request.headers.get("Content-Type") == content_type


def test_a_content_type_of_the_caller_wins(dcos_api, dcos_client) -> None:
    dcos_api.on("POST", "/x", {})
    dcos_client().post("/x", {}, headers={"Content-Type": "application/vnd.dcos.package.list-request+json;charset=utf-8;version=v1"})
    assert dcos_api.requests[0].headers["Content-Type"].startswith("application/vnd.dcos")


@pytest.mark.parametrize("status", [502, 503, 504])
def test_reading_is_repeated_with_growing_pauses(dcos_api, dcos_client, dcos_clock, status: int) -> None:
    dcos_api.on("GET", "/x", Answer("", status), Answer("", status), Answer("", status), {"a": 1})
    assert dcos_client().get("/x").json() == {"a": 1} and dcos_clock.slept == [0.5, 1.0, 2.0]


def test_reading_is_repeated_until_the_timeout_only(dcos_api, dcos_client, dcos_clock) -> None:
    dcos_api.on("GET", "/x", Answer("503 Service Unavailable: invalid Mesos state cache", 503, "text/plain"))
    error = failure(dcos_client(timeout=10.0).get, "/x")
    assert isinstance(error, ApiError) and error.status == 503 and error.kind == "StaleCache" and error.transient
    assert dcos_clock.now == 10.0 and "Admin Router cannot reach Marathon" in str(error)


@pytest.mark.parametrize("status", [400, 404, 409, 422, 500, 501])
def test_other_failures_are_not_repeated(dcos_api, dcos_client, dcos_clock, status: int) -> None:
    dcos_api.on("GET", "/x", Answer("", status))
    assert failure(dcos_client().get, "/x").status == status and dcos_clock.slept == []


@pytest.mark.parametrize("verb", ["post", "put", "delete"])
def test_writing_is_not_repeated_unless_that_is_safe(dcos_api, dcos_client, verb: str) -> None:
    dcos_api.on(verb.upper(), "/x", Answer("", 503), {})
    write = getattr(dcos_client(), verb)
    assert failure(write, "/x").status == 503 and len(dcos_api.requests) == 1
    dcos_api.on(verb.upper(), "/x", Answer("", 503), {})
    assert write("/x", safe_to_repeat=True).status == 200


def test_a_write_that_was_cut_may_have_been_carried_out(dcos_api, dcos_client) -> None:
    dcos_api.on("POST", "/x", Answer({"long": "body"}, cut=3))
    error = failure(dcos_client().post, "/x", {})
    assert isinstance(error, ConnectionFailed) and "carried out all the same" in str(error) and len(dcos_api.requests) == 1


@pytest.mark.parametrize(("status", "uncertain"), [(502, True), (504, True), (503, False), (500, False)])
def test_a_write_that_nobody_answered_may_have_been_carried_out(dcos_api, dcos_client, status: int, uncertain: bool) -> None:
    dcos_api.on("POST", "/x", Answer("", status))
    assert ("carried out all the same" in str(failure(dcos_client().post, "/x", {}))) == uncertain


def test_reading_is_repeated_after_a_cut(dcos_api, dcos_client) -> None:
    dcos_api.on("GET", "/x", Answer({"long": "body"}, cut=3), {"a": 1})
    assert dcos_client().get("/x").json() == {"a": 1}


@pytest.mark.parametrize("verb", ["get", "post"])
def test_nobody_listens(dcos_client, dcos_clock, verb: str) -> None:
    """Even a write is repeated then, because nothing was sent."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = failure(getattr(dcos_client(url=f"http://127.0.0.1:{port}", timeout=3.0), verb), "/x")
    assert isinstance(error, ConnectionFailed) and error.transient and not error.sent and len(dcos_clock.slept) > 1
    said = str(error)
    assert f"127.0.0.1:{port}/x: no connection: Connection refused. Check url" in said


def test_a_name_that_does_not_exist(dcos_client) -> None:
    error = failure(dcos_client(url="http://nowhere.invalid", timeout=0.4).get, "/x")
    assert "nowhere.invalid:80/x: no connection" in str(error) and "HTTPConnection" not in str(error)


def test_an_answer_that_does_not_come(dcos_api) -> None:
    dcos_api.on("GET", "/x", Answer("", hold=True))
    error = failure(DcosClient(Options(url=dcos_api.url, timeout=0.3)).get, "/x")
    assert isinstance(error, ConnectionFailed) and "was not answered within 0.3 seconds" in str(error) and dcos_api.host_port in str(error)


def test_expected_answers_are_no_errors(dcos_api, dcos_client) -> None:
    dcos_api.on("GET", "/x", Answer("", 404))
    assert dcos_client().get("/x", expected=(200, 404)).status == 404


@pytest.mark.parametrize(
    ("given", "answer", "words"),
    [
        ({}, DcosApi.html(401, "oauthjwt"), "it wants a token (oauthjwt, open DC/OS) and none was given"),
        ({}, DcosApi.html(401, "acsjwt"), "Give uid and password, service_account, or token"),
        ({"token": "a.b.c"}, DcosApi.html(401, "acsjwt"), "not one of this cluster"),
        ({"token": "a.b.c"}, Answer(UNAUTHORIZED, 401), "service [marathon]. Admin Router takes the token and a service behind it does not"),
    ],
)
def test_401(dcos_api, dcos_client, given: dict, answer: Answer, words: str) -> None:
    dcos_api.on("GET", "/package/list", answer)
    error = failure(dcos_client(**given).get, "/package/list")
    assert isinstance(error, AuthenticationFailed) and words in str(error) and dcos_api.host_port in str(error)
    assert "<" not in str(error) and len(dcos_api.requests) == 1


@pytest.mark.parametrize(
    ("path", "answer", "words"),
    [
        ("/mesos/slaves", DcosApi.html(403), "dcos:adminrouter:ops:mesos full"),
        ("/mesos_dns/v1/hosts/x", DcosApi.html(403), "dcos:adminrouter:ops:mesos-dns full"),
        ("/package/install", DcosApi.html(403), "dcos:adminrouter:package full"),
        ("/package/install", Answer(FORBIDDEN, 403), "dcos:adminrouter:service:marathon full"),
        ("/service/marathon/v2/apps", Answer({"message": "Not Authorized to perform this action!"}, 403), "Not Authorized to perform this action"),
        ("/elsewhere", DcosApi.html(403), "permission for it: see DC/OS"),
    ],
)
def test_403(dcos_api, dcos_client, path: str, answer: Answer, words: str) -> None:
    dcos_api.on("GET", path, answer)
    error = failure(dcos_client(token="a.b.c").get, path)
    assert isinstance(error, PermissionDenied) and words in str(error) and dcos_api.host_port in str(error)


def test_403_without_a_token(dcos_api, dcos_client) -> None:
    dcos_api.on("GET", "/x", DcosApi.html(403))
    assert "no token was sent" in str(failure(dcos_client().get, "/x"))


@pytest.mark.parametrize(
    ("path", "answer", "kind", "words"),
    [
        (
            "/p",
            Answer({"type": "PackageNotFound", "message": "Package [x] not found", "data": {"packageName": "x"}}, 400),
            "PackageNotFound",
            "PackageNotFound: ",
        ),
        ("/ca", Answer('{"success":false,"errors":[{"code":9002,"message":"bad CSR"}]}', 400, "text/plain; charset=utf-8"), "9002", ": bad CSR (code 9002)"),
        ("/service/x", Answer("404 Not Found: service not found.", 404, "text/plain"), "ServiceNotFound", "learns of a new service within a minute"),
        ("/service/x", DcosApi.html(404), "ServiceNotFound", "learns of a new service"),
        ("/ca/x", DcosApi.html(404), None, "open DC/OS, does not have that"),
        ("/x", Answer("oops", 500), None, "oops. See the logs"),
    ],
)
def test_errors_of_services(dcos_api, dcos_client, dcos_clock, path: str, answer: Answer, kind, words: str) -> None:
    dcos_api.on("GET", path, answer)
    error = failure(dcos_client().get, path)
    assert isinstance(error, ApiError) and error.kind == kind and words in str(error) and dcos_clock.slept == []


def test_a_token_in_an_answer_is_not_quoted(dcos_api, dcos_client) -> None:
    dcos_api.on("GET", "/x", lambda request: Answer(f"what is {request.headers['Authorization']}?", 500))
    assert "a.secret.token" not in str(failure(dcos_client(token="a.secret.token").get, "/x"))


class TestWait:
    """wait_until."""

    def test_until_done(self, dcos_client, dcos_clock) -> None:
        made = dcos_client()
        answers = iter([(False, "1 of 2"), (False, "1 of 2"), (True, "2 of 2")])
        assert made.wait_until(lambda: next(answers), made.deadline(60), "two", every=7) == "2 of 2" and dcos_clock.slept == [7, 7]

    def test_until_the_deadline(self, dcos_api, dcos_client, dcos_clock) -> None:
        made = dcos_client()
        error = failure(made.wait_until, lambda: (False, "1 of 2 agents"), made.deadline(12), "the state installed")
        assert isinstance(error, DeadlineExceeded) and dcos_clock.now == 12
        assert f"{dcos_api.host_port}: the state installed was not reached within 12 seconds: last seen: 1 of 2 agents." in str(error)

    def test_what_passes_by_itself_does_not_end_it(self, dcos_api, dcos_client) -> None:
        dcos_api.on("GET", "/service/x", Answer("404 Not Found: service not found.", 404), Answer("", cut=0), *[Answer("", 503)] * 9, {"a": 1})
        made = dcos_client(timeout=5.0)
        assert made.wait_until(lambda: (made.get("/service/x").status == 200, "up"), made.deadline(120), "x") == "up"

    def test_what_does_not_pass_ends_it(self, dcos_api, dcos_client, dcos_clock) -> None:
        dcos_api.on("GET", "/x", Answer("", 500))
        made = dcos_client()
        assert failure(made.wait_until, lambda: (made.get("/x").status == 200, ""), made.deadline(60), "x").status == 500 and dcos_clock.slept == []


class Module:
    """What make_client takes from a module."""

    def __init__(self, **params) -> None:
        self.params = {**{name: spec.get("default") for name, spec in ARGUMENT_SPEC.items()}, **params}
        self.no_log_values: set[str] = set()
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def test_make_client_warns() -> None:
    module = Module(url="https://10.0.0.1", validate_certs=False)
    assert make_client(module).options.url == "https://10.0.0.1" and len(module.warnings) == 1


def test_make_client_validates_without_asking() -> None:
    with pytest.raises(ValidationError, match="private key"):
        make_client(Module(url="https://10.0.0.1", service_account=json.dumps({"uid": "x", "private_key": "y"})))


def test_missing_libraries_are_named(monkeypatch) -> None:
    monkeypatch.setattr(_client, "REQUESTS_ERROR", ImportError("no"))
    with pytest.raises(DcosError, match="requests"):
        make_client(Module(url="https://10.0.0.1"))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("(Caused by NewConnectionError(\"HTTPConnection(host='x', port=1): Failed: [Errno 111] Connection refused\"))", "Connection refused"),
        ("('Connection aborted.', RemoteDisconnected('Remote end closed connection without response'))", "Remote end closed connection without response"),
        ("strange", "strange"),
    ],
)
def test_reasons(said: str, words: str) -> None:
    assert _transport._reason(said) == words


def test_every_method_of_login_has_a_name() -> None:
    methods = (_auth.NoAuth, _auth.ReadyToken, _auth.Password, _auth.ServiceAccount)
    assert len({method.NAME for method in methods}) == 4
