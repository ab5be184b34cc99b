from __future__ import annotations

import datetime
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from ansible_collections.dcos.calico.plugins.module_utils._dcos import _x509
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._host import _keys

from ....support.ca_double import key_pem, name_of, request_pem, sign
from ....support.dcos_api import Authority, pem_of

AUTHORITY = Authority()
KEY = ec.generate_private_key(ec.SECP384R1())


@pytest.mark.parametrize(
    "names",
    [["B1.Example.COM", "b1"], ["localhost", "10.0.0.21"], ["2001:DB8:0::1"], ["*.marathon.mesos", "_etcd._tcp.mesos"], [" a1 "], []],
)
def test_hosts_are_normalised_as_on_agents(names: list[str]) -> None:
    assert list(_x509.normalise_hosts(names)) == _keys.check_hosts(names)


@pytest.mark.parametrize("name", ["", "a b", "10.0.0", "300.1.1.1", "a..b", "a$b", "-a", "a,DNS:b", "x" * 254])
def test_hosts_that_cannot_be(name: str) -> None:
    with pytest.raises(ValidationError, match="cannot stand in a certificate"):
        _x509.normalise_hosts([name])


def test_description_is_what_openssl_says(tmp_path: Path) -> None:
    certificate = sign(AUTHORITY.certificate, AUTHORITY.key, KEY.public_key(), name_of("calico", O="A", C="DE"), ("B1.example.com", "10.0.0.21", "::1"))
    (tmp_path / "pem").write_text(pem_of(certificate))

    def openssl(*words: str) -> str:
        argv = ["openssl", "x509", "-in", str(tmp_path / "pem"), "-noout", *words]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()

    found = _x509.describe(certificate)
    assert openssl("-fingerprint", "-sha256").partition("=")[2].replace(":", "").lower() == found["sha256"]
    assert int(openssl("-serial").partition("=")[2], 16) == int(found["serial_number"], 16)
    assert found["hosts"] == ["10.0.0.21", "::1", "b1.example.com"] and found["common_name"] == "calico"
    assert found["usages"] == ["signing", "key encipherment", "server auth", "client auth"]
    assert (found["key_type"], found["key_size"], found["is_ca"]) == ("ecdsa", 384, False)
    assert found["public_key_sha256"] == _keys.public_key_of_certificate(pem_of(certificate))[0].sha256
    assert _x509.describe(AUTHORITY.certificate)["is_ca"]


def test_a_root_is_told_from_what_only_has_its_name() -> None:
    """A twin of a root has its subject and key, and another's signature; an impostor its names and another key."""
    another = Authority("Another")
    assert _x509.is_self_signed(AUTHORITY.certificate)
    assert not _x509.is_self_signed(AUTHORITY.twin(another).certificate)
    assert not _x509.is_self_signed(sign(AUTHORITY.certificate, AUTHORITY.key, KEY.public_key(), AUTHORITY.certificate.subject))


def test_a_request_is_read() -> None:
    request = _x509.parse_request(request_pem(KEY, "calico", ("B1", "10.0.0.21"), O="A"), "agent1")
    assert request == _x509.Request(("ecdsa", 384), _x509.public_key_sha256(KEY.public_key()), ("10.0.0.21", "b1"), ("organization",))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", "The signing request of agent1 cannot be read"),
        (pem_of(AUTHORITY.certificate), "The signing request of agent1 cannot be read"),
        (request_pem(rsa.generate_private_key(65537, 1024), "calico"), "it is rsa with 1024 bits"),
        (request_pem(ec.generate_private_key(ec.SECP224R1()), "calico"), "it is ecdsa with 224 bits"),
    ],
    ids=["nonsense", "a certificate", "weak rsa", "weak ecdsa"],
)
def test_requests_that_are_not_sent(text: str, words: str) -> None:
    """cfssl signs a request with any key, so the weak ones have to be found here."""
    with pytest.raises(ValidationError) as raised:
        _x509.parse_request(text, "agent1")
    assert words in str(raised.value)


def test_other_types_of_keys_are_refused() -> None:
    assert "of type ed25519" in str(_x509.weakness(ed25519.Ed25519PrivateKey.generate().public_key()))


def test_a_request_that_was_changed_on_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = (request_pem(ec.generate_private_key(ec.SECP256R1()), "calico").splitlines() for dummy in range(2))
    forged = "\n".join([*one[:-3], other[-3], *one[-2:]]) + "\n"
    with pytest.raises(ValidationError):
        _x509.parse_request(forged, "agent1")


def test_a_key_is_never_quoted() -> None:
    key = key_pem(KEY)
    assert _x509.public_key_of_private(key) == _x509.public_key_sha256(KEY.public_key())
    with pytest.raises(ValueError) as raised:
        _x509.public_key_of_private(key.replace("M", "N"))
    assert str(raised.value) == "its private key cannot be read" and raised.value.__cause__ is None


def test_a_library_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_x509, "CRYPTOGRAPHY_ERROR", ImportError("no"))
    with pytest.raises(CalicoError, match="cryptography"):
        _x509.check_library()


def test_dates_of_an_old_library() -> None:
    """Before cryptography 42 there were no dates with a time zone."""

    class Old:
        not_valid_before = datetime.datetime(2026, 11, 22, 4, 46)
        not_valid_after = datetime.datetime(2027, 11, 22, 4, 46)

    found = [_x509.show_time(moment) for moment in (_x509.not_before(Old()), _x509.not_after(Old()))]  # type: ignore[arg-type]
    assert found == ["2026-11-22T04:46:00Z", "2027-11-22T04:46:00Z"] and _x509.not_after(Old()).tzinfo  # type: ignore[arg-type]
