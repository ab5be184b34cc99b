"""Logins and tokens: Bouncer, and dcos-oauth of open DC/OS before 1.13."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest
from api import Api
from conftest import PERMISSIONS, Make
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from standin import users
from standin_service import eventually, patience

LOGIN = "/acs/api/v1/auth/login"
DAYS = 24 * 3600


def key_pair() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private.decode(), key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


SERVICE_KEY, SERVICE_PUBLIC = key_pair()
ISSUER_KEY, ISSUER_PUBLIC = key_pair()


@pytest.fixture(scope="module")
def bouncer(make_shared: Make) -> Api:
    """Enterprise with a service account."""
    accounts = [{"uid": "calico", "public_key": SERVICE_PUBLIC, "permissions": PERMISSIONS["admin"]}]
    return make_shared("1.12.5", "enterprise", service_accounts=accounts, oidc_public_key=ISSUER_PUBLIC, agents=(1, 0))


@pytest.fixture(scope="module")
def oauth(make_shared: Make) -> Api:
    """Open DC/OS, whose first user nobody is yet."""
    return make_shared("1.11.12", users=[], oidc_public_key=ISSUER_PUBLIC, agents=(1, 0))


def service_token(key: str = SERVICE_KEY, algorithm: str = "RS256", **claims: Any) -> str:
    return jwt.encode({"uid": "calico", "exp": int(time.time()) + 300, **claims}, key, algorithm=algorithm)


def id_token(key: str = ISSUER_KEY, **claims: Any) -> str:
    return jwt.encode(
        {"email": "bob@example.com", "email_verified": True, "exp": int(time.time()) + 3600, **claims},
        key,
        algorithm="RS256",
    )


def test_a_password_gives_a_token_of_five_days(bouncer: Api) -> None:
    answer = bouncer.anyone().post(LOGIN, {"uid": "admin", "password": "admin-secret"})
    token = answer.json()["token"]
    assert jwt.get_unverified_header(token)["alg"] == "RS256"
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims.keys() == {"uid", "exp"} and claims["uid"] == "admin"
    assert claims["exp"] == pytest.approx(time.time() + 5 * DAYS, abs=60)
    assert answer.cookies["dcos-acs-auth-cookie"] == token and "dcos-acs-info-cookie" in answer.cookies
    assert bouncer.anyone(token).get("/mesos/slaves").status_code == 200


def test_the_key_set_verifies_tokens(bouncer: Api) -> None:
    key = jwt.PyJWKSet.from_dict(bouncer.anyone().get("/acs/api/v1/auth/jwks").json()).keys[0]
    assert jwt.decode(str(bouncer.token), key.key, algorithms=["RS256"])["uid"] == "admin"


@pytest.mark.parametrize("form", ["token={}", "Bearer {}"])
def test_headers_that_carry_a_token(bouncer: Api, form: str) -> None:
    assert (
        bouncer.anyone().get("/mesos/slaves", headers={"Authorization": form.format(bouncer.token)}).status_code == 200
    )


def test_the_cookie_counts_only_without_a_header(bouncer: Api) -> None:
    cookie = {"Cookie": f"dcos-acs-auth-cookie={bouncer.token}"}
    assert bouncer.anyone().get("/mesos/slaves", headers=cookie).status_code == 200
    assert bouncer.anyone("bad").get("/mesos/slaves", headers=cookie).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {"uid": "admin", "password": "wrong"},
        {"uid": "stranger", "password": "admin-secret"},
        {"uid": "calico", "password": "x"},
        {"uid": "calico", "token": service_token(ISSUER_KEY)},
        {"uid": "calico", "token": service_token(uid="admin")},
        {"uid": "admin", "token": service_token(uid="admin")},
        {"uid": "calico", "token": service_token(exp=int(time.time()) - 5)},
        {"uid": "calico", "token": service_token(key="s" * 32, algorithm="HS256")},
        {"token": id_token()},
    ],
    ids=[
        "password",
        "uid",
        "service-password",
        "key",
        "uid-of-another",
        "user-with-token",
        "expired",
        "algorithm",
        "id-token",
    ],
)
def test_what_is_not_right_is_one_and_the_same_401(bouncer: Api, body: dict[str, str]) -> None:
    refused = bouncer.anyone().post(LOGIN, body)
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "acsjwt")
    assert refused.json() == {
        "title": "401 Unauthorized",
        "description": "Invalid credentials.",
        "code": "ERR_INVALID_CREDENTIALS",
    }


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"uid": "admin"},
        {"uid": "admin", "password": "x", "token": "y"},
        {"password": "x"},
        {"uid": "", "password": "x"},
        {"uid": 5, "password": "x"},
        [],
    ],
)
def test_what_makes_no_sense_is_a_400(bouncer: Api, body: Any) -> None:
    refused = bouncer.anyone().post(LOGIN, body)
    assert (refused.status_code, refused.json()["code"]) == (400, "ERR_INVALID_DATA")


def test_a_service_account_logs_in_by_its_key(bouncer: Api) -> None:
    for claims in ({}, {"exp": int(time.time()) + 3600}):
        token = bouncer.anyone().post(LOGIN, {"uid": "calico", "token": service_token(**claims)}).json()["token"]
        assert bouncer.anyone(token).get("/mesos/slaves").status_code == 200


def test_tokens_expire(make: Make) -> None:
    api = make("2.0.6", token_seconds=patience(4), agents=(0, 0))
    mine = api.login("admin")
    assert mine.get("/metadata").status_code == 200
    eventually(lambda: mine.get("/metadata").status_code == 401, "the token expires")
    assert api.login("admin").get("/metadata").status_code == 200


def test_open_dcos_of_1_13_has_bouncer_but_no_permissions(make: Make) -> None:
    api = make("1.13.9", oidc_public_key=ISSUER_PUBLIC, agents=(1, 0))
    assert api.login("nobody").get("/mesos/slaves").status_code == 200
    token = api.anyone().post(LOGIN, {"token": id_token()}).json()["token"]
    assert jwt.decode(token, options={"verify_signature": False})["uid"] == "bob@example.com"
    assert api.anyone().get("/mesos/slaves").headers["WWW-Authenticate"] == "oauthjwt"
    assert api.anyone().get("/acs/api/v1/auth/providers").status_code == 200


def test_oauth_takes_id_tokens_only(oauth: Api) -> None:
    expires = int(time.time()) + 1800
    token = oauth.anyone().post(LOGIN, {"token": id_token(exp=expires)}).json()["token"]
    assert jwt.get_unverified_header(token)["alg"] == "HS256"
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["uid"], claims["email"]) == ("bob@example.com", "bob@example.com")
    assert claims["exp"] == pytest.approx(expires, abs=2)
    assert oauth.anyone(token).get("/mesos/slaves").status_code == 200
    assert oauth.anyone().get("/acs/api/v1/auth/providers").headers["Content-Type"].startswith("text/html")
    later = oauth.anyone().post(LOGIN, {"token": id_token(email="eve@example.com")})
    assert (later.status_code, later.json()) == (401, {"title": "Unauthorized", "description": "User unauthorized"})


@pytest.mark.parametrize(
    ("body", "status", "description"),
    [
        ({"uid": "bob", "password": "x"}, 400, "JWT parsing failed"),
        ({"token": id_token(SERVICE_KEY)}, 401, "JWT verification failed"),
        ({"token": id_token(email="bob")}, 400, "invalid email claim"),
        ({"token": id_token(email_verified=False)}, 400, "email not verified"),
        ([], 400, "JSON decode error"),
    ],
)
def test_what_oauth_refuses(oauth: Api, body: Any, status: int, description: str) -> None:
    refused = oauth.anyone().post(LOGIN, body)
    assert (refused.status_code, refused.json()["description"]) == (status, description)


def test_without_authentication_everything_is_open(make: Make) -> None:
    api = make(auth_enabled=False, agents=(1, 0)).anyone()
    assert api.get("/mesos/slaves").status_code == 200
    assert api.get("/pkgpanda/active.buildinfo.full.json").status_code == 200
    assert api.package("list").status_code == 200


def test_permissions_are_per_service(bouncer: Api) -> None:
    packager = bouncer.login("packager")
    assert packager.package("describe", 3, packageName="etcd").status_code == 200
    assert packager.get("/service/marathon/v2/apps").status_code == 403
    # Cosmos lets it in, Marathon behind Cosmos does not.
    refused = packager.install("etcd", "0.0.3")
    assert (refused.status_code, refused.json()["type"]) == (403, "Forbidden")
    assert refused.json()["message"] == "Unable to complete request due to Forbidden response from service [marathon]"


def test_marathon_has_a_permission_of_its_own(make: Make) -> None:
    api = make(
        "1.12.5",
        "enterprise",
        users=users(halfway=["dcos:adminrouter:service:marathon"], admin=["dcos:superuser"]),
        agents=(0, 0),
    )
    refused = api.login("halfway").get("/service/marathon/v2/apps")
    assert (refused.status_code, refused.json()) == (403, {"message": "Not Authorized to perform this action!"})
