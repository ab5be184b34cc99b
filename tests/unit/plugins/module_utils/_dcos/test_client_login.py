"""Tokens that are got by logging in."""

from __future__ import annotations

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._dcos._answers import AuthenticationFailed

from ....support.dcos_api import Answer, DcosApi, failure

LOGIN = "/acs/api/v1/auth/login"


@pytest.fixture
def bouncer(dcos_api):
    """Gives the tokens t1, t2, ...; the cluster takes those in C(good)."""
    dcos_api.good = {"t1", "t2"}
    given = iter(f"t{number}" for number in range(1, 100))
    dcos_api.on("POST", LOGIN, lambda request: Answer({"token": next(given)}, headers={"Set-Cookie": "dcos-acs-auth-cookie=t1; Path=/"}))

    def guarded(answer):
        return lambda request: answer if request.headers.get("Authorization", "")[6:] in dcos_api.good else DcosApi.html(401, "acsjwt")

    for method in ("GET", "POST"):
        dcos_api.on(method, "/x", guarded({"a": 1}))
    return dcos_api


def test_once_for_many_requests_and_no_cookies(bouncer, dcos_client) -> None:
    made = dcos_client(uid="bob", password="sesame")
    assert [made.get("/x").status for _number in range(3)] == [200] * 3
    assert bouncer.asked() == [LOGIN, "/x", "/x", "/x"] and not any("Cookie" in request.headers for request in bouncer.requests)
    assert bouncer.requests[0].json() == {"uid": "bob", "password": "sesame"} and "Authorization" not in bouncer.requests[0].headers
    assert made.requests == {"POST": 1, "GET": 3}


@pytest.mark.parametrize("verb", ["get", "post"])
def test_a_token_that_expires_is_renewed_and_the_request_repeated(bouncer, dcos_client, verb: str) -> None:
    made = dcos_client(uid="bob", password="sesame")
    made.get("/x")
    bouncer.good = {"t2"}
    assert getattr(made, verb)("/x").json() == {"a": 1} and bouncer.asked() == [LOGIN, "/x", "/x", LOGIN, "/x"]


def test_once_only(bouncer, dcos_client) -> None:
    bouncer.good = set()
    error = failure(dcos_client(uid="bob", password="sesame").get, "/x")
    assert isinstance(error, AuthenticationFailed) and "just got by login is refused" in str(error) and bouncer.asked() == [LOGIN, "/x", LOGIN, "/x"]


def test_a_ready_token_cannot_be_renewed(bouncer, dcos_client) -> None:
    assert isinstance(failure(dcos_client(token="old").get, "/x"), AuthenticationFailed) and bouncer.asked() == ["/x"]


def test_a_login_is_repeated_while_the_master_restarts(bouncer, dcos_client, dcos_clock) -> None:
    bouncer.on("POST", LOGIN, Answer("", 502), Answer("{}", cut=0), {"token": "t1"})
    assert dcos_client(uid="bob", password="x").get("/x").status == 200 and bouncer.asked("POST") == [LOGIN] * 3


def test_a_refused_login_is_not_repeated_and_quotes_no_secret(bouncer, dcos_client) -> None:
    bouncer.on("POST", LOGIN, Answer({"title": "401", "description": "no user bob with password sesame", "code": "ERR_INVALID_CREDENTIALS"}, 401))
    error = failure(dcos_client(uid="bob", password="sesame").get, "/x")
    assert isinstance(error, AuthenticationFailed) and error.kind == "ERR_INVALID_CREDENTIALS" and len(bouncer.requests) == 1
    assert "sesame" not in str(error) and "********" in str(error)


def test_open_source_before_1_13(bouncer, dcos_client) -> None:
    bouncer.on("POST", LOGIN, Answer({"title": "Unauthorized", "description": "JWT verification failed"}, 401))
    assert "before 1.13 knows neither passwords nor service accounts" in str(failure(dcos_client(uid="bob", password="x").get, "/x"))


def test_a_wait_goes_on_with_a_new_token(bouncer, dcos_client, dcos_clock) -> None:
    made = dcos_client(uid="bob", password="sesame")
    seen: list[int] = []

    def check():
        seen.append(made.get("/x").status)
        bouncer.good = {"t2"}
        return len(seen) == 3, "x"

    made.wait_until(check, made.deadline(60), "x")
    assert seen == [200] * 3 and bouncer.asked("POST") == [LOGIN] * 2
