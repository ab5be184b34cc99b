from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from ansible_collections.dcos.calico.plugins.module_utils._dcos import _auth
from ansible_collections.dcos.calico.plugins.module_utils._dcos._answers import ApiError, AuthenticationFailed, DcosError, Response
from ansible_collections.dcos.calico.plugins.module_utils._dcos._options import Options
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError

NOW = 1_500_000_000
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key=KEY, password: bytes | None = None) -> str:
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption).decode("ascii")


SECRET = {"login_endpoint": "https://master.mesos/acs/api/v1/auth/login", "private_key": pem(), "scheme": "RS256", "uid": "calico"}


def part(token: str, index: int) -> dict:
    text = token.split(".")[index]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def jwt(**claims) -> str:
    return ".".join(base64.urlsafe_b64encode(json.dumps(piece).encode()).decode().rstrip("=") for piece in ({"alg": "RS256"}, claims, "x"))


class Bouncer:
    """Answers logins."""

    def __init__(self, status: int = 200, body="") -> None:
        self.status = status
        self.text = body if isinstance(body, str) else json.dumps(body)
        self.bodies: list = []

    def __call__(self, path: str, body) -> Response:
        assert path == "/acs/api/v1/auth/login"
        self.bodies.append(body)
        return Response(self.status, {}, self.text.encode(), f"POST https://dcos.example.com:443{path}")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({}, "none"),
        ({"token": "a.b.c"}, "token"),
        ({"uid": "bob", "password": "x"}, "uid and password"),
        ({"service_account": "/sa.json"}, "service_account"),
        ({"service_account": SECRET, "uid": "calico"}, "service_account"),
    ],
)
def test_method(given: dict, name: str) -> None:
    assert _auth.method_of(Options(url="https://x", **given)).NAME == name


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"token": "a", "uid": "bob", "password": "x"}, "token, password"),
        ({"token": "a", "service_account": "/sa"}, "DCOS_ACS_TOKEN"),
        ({"uid": "bob"}, "uid is given without password"),
        ({"password": "sesame"}, "password is given without uid"),
    ],
)
def test_more_or_less_than_one_method(given: dict, words: str) -> None:
    with pytest.raises(ValidationError, match=words) as caught:
        _auth.method_of(Options(url="https://x", **given))
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize("token", ["a b", "token=eyJ.eyJ.x", "Bearer eyJ", "eyJ\neyJ", "eyJ;"])
def test_what_is_no_token(token: str) -> None:
    with pytest.raises(ValidationError, match="not a DC/OS token") as caught:
        _auth.ReadyToken(token).validate()
    assert token not in str(caught.value)


def test_a_ready_token_asks_nobody() -> None:
    bouncer = Bouncer()
    method = _auth.ReadyToken("a.b.c")
    method.validate()
    assert method.login(bouncer) == "a.b.c" and not bouncer.bodies and method.secrets() == {"a.b.c"} and not method.RENEWABLE


@pytest.mark.parametrize(
    ("token", "words"),
    [
        (jwt(exp=NOW - 1), "expired on 2017-07-14 at 02:39:59 UTC"),
        (jwt(exp=NOW + 1), "not one of this cluster"),
        (jwt(uid="x"), "not one of this cluster"),
        (jwt(exp=True), "not one of this cluster"),
        ("a.!!!.c", "not one of this cluster"),
        ("opaque", "not one of this cluster"),
    ],
)
def test_why_a_ready_token_is_refused(token: str, words: str) -> None:
    why, remedy = _auth.ReadyToken(token, clock=lambda: NOW).refused("acsjwt")
    assert words in why and "core.dcos_acs_token" in remedy


@pytest.mark.parametrize(("challenge", "words"), [("oauthjwt", "open DC/OS"), ("acsjwt", "none was given"), ("", "none was given")])
def test_why_nothing_is_refused(challenge: str, words: str) -> None:
    assert _auth.NoAuth().login(Bouncer()) is None and words in _auth.NoAuth().refused(challenge)[0]


def test_password_login() -> None:
    bouncer = Bouncer(200, {"token": "t.o.k"})
    assert _auth.Password("bob", "sesame").login(bouncer) == "t.o.k" and bouncer.bodies == [{"uid": "bob", "password": "sesame"}]


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (
            401,
            {"title": "401 Unauthorized", "description": "Invalid credentials.", "code": "ERR_INVALID_CREDENTIALS"},
            "Invalid credentials. Check uid and password",
        ),
        (401, {"title": "Unauthorized", "description": "JWT verification failed"}, "before 1.13 knows neither passwords nor service accounts"),
        (400, {"title": "Bad Request", "description": "JWT parsing failed"}, "before 1.13"),
        (400, {"title": "400", "description": "Exactly one of `token` and `password` must be provided", "code": "ERR_INVALID_DATA"}, "Exactly one of"),
        (404, "<html><head><title>404 Not Found</title>", "nothing there knows logins"),
        (403, "<!DOCTYPE html><title>403 Forbidden</title>", "403 Forbidden"),
    ],
)
@pytest.mark.parametrize("method", [_auth.Password("bob", "sesame"), _auth.ServiceAccount(SECRET, None)])
def test_refused_logins(status: int, body, words: str, method) -> None:
    if isinstance(method, _auth.ServiceAccount):
        words = words.replace("Check uid and password", "Check that the account exists")
    with pytest.raises(AuthenticationFailed) as caught:
        method.login(Bouncer(status, body))
    said = str(caught.value)
    assert words in said and f"({status})" in said and "dcos.example.com:443" in said and "sesame" not in said and "PRIVATE" not in said


@pytest.mark.parametrize("body", [{}, {"token": ""}, {"token": 5}, [], {"token": None}])
def test_a_login_without_a_token_in_its_answer(body) -> None:
    with pytest.raises(ApiError, match="no token in its answer"):
        _auth.Password("bob", "x").login(Bouncer(200, body))


@pytest.mark.parametrize("form", ["object", "text", "file", "pem text", "pem file"])
def test_a_service_account_signs_its_login(form: str, tmp_path: Path) -> None:
    texts = {"text": json.dumps(SECRET), "file": json.dumps(SECRET), "pem text": pem(), "pem file": pem()}
    given, uid = texts.get(form, SECRET), "calico" if form.startswith("pem") else None
    if form.endswith("file"):
        (tmp_path / "sa").write_text(given, encoding="utf-8")
        given = str(tmp_path / "sa")
    method = _auth.ServiceAccount(given, uid, clock=lambda: NOW + 0.7)
    method.validate()
    bouncer = Bouncer(200, {"token": "t.o.k"})
    assert method.login(bouncer) == "t.o.k"
    (body,) = bouncer.bodies
    login = body["token"]
    assert set(body) == {"uid", "token"} and body["uid"] == "calico"
    assert part(login, 0) == {"alg": "RS256", "typ": "JWT"} and part(login, 1) == {"uid": "calico", "exp": NOW + 300}
    signed, _dot, signature = login.rpartition(".")
    KEY.public_key().verify(base64.urlsafe_b64decode(signature + "=="), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    assert method.secrets() == {pem(), login}


@pytest.mark.parametrize(
    ("given", "uid", "words"),
    [
        ("/nowhere/sa.json", None, "sa.json that service_account names cannot be read: No such file"),
        ("{", None, "neither a private key nor"),
        ("[1]", None, "sa.* cannot be read|cannot be read"),
        (pem(), None, "uid is not given"),
        ({**SECRET, "scheme": "HS256"}, None, "scheme other than RS256"),
        ({**SECRET, "private_key": ""}, None, "no private_key"),
        ({**SECRET, "uid": ""}, None, "no uid"),
        (SECRET, "other", "uid is other and service_account is that of calico"),
        ({**SECRET, "private_key": "sesame"}, None, "not a private key in PEM form"),
        ({**SECRET, "private_key": pem(password=b"x")}, None, "protected by a passphrase"),
        ({**SECRET, "private_key": pem(ec.generate_private_key(ec.SECP256R1()))}, None, "not an RSA key"),
    ],
)
def test_service_accounts_that_cannot_log_in(given, uid, words: str) -> None:
    with pytest.raises(ValidationError, match=words) as caught:
        _auth.ServiceAccount(given, uid).validate()
    assert "BEGIN" not in str(caught.value).replace("-----BEGIN ...", "") and "sesame" not in str(caught.value)


def test_a_binary_file_is_no_service_account(tmp_path: Path) -> None:
    (tmp_path / "sa").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValidationError, match="not a text file"):
        _auth.ServiceAccount(str(tmp_path / "sa"), None).validate()


def test_a_missing_library_is_named(monkeypatch) -> None:
    monkeypatch.setattr(_auth, "CRYPTOGRAPHY_ERROR", ImportError("no"))
    with pytest.raises(DcosError, match="cryptography"):
        _auth.ServiceAccount(SECRET, None).validate()


def test_errors_are_what_modules_catch() -> None:
    assert issubclass(AuthenticationFailed, CalicoError)
