"""The CA double against cfssl itself, where that is installed (Debian: golang-cfssl): same requests, same shapes. And the module against cfssl."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

if sys.version_info < (3, 9):
    pytest.skip("controller side", allow_module_level=True)
if shutil.which("cfssl") is None:
    pytest.skip("cfssl is not installed", allow_module_level=True)

from cryptography.hazmat.primitives.asymmetric import ec
from ansible_collections.dcos.calico.plugins.module_utils._dcos import _x509
from ansible_collections.dcos.calico.plugins.modules import dcos_ca_certificate

from .ca_double import CaDouble, key_pem, request_pem
from .dcos_api import Answer, Authority, DcosApi, Request
from .ports import free_port

Ask = Callable[[str, Any], "tuple[int, str, Any]"]


def _asker(base: str) -> Ask:
    def ask(name: str, body: Any) -> tuple[int, str, Any]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            answer = urllib.request.urlopen(urllib.request.Request(base + name, data, {"Content-Type": "application/json"}), timeout=20)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return answer.status, answer.headers.get("Content-Type"), json.loads(answer.read())

    return ask


# What a CA's profiles can make of the same request; the double knows the default one only.
SIGNING = ["signing", "key encipherment"]
PROFILES: dict[str, dict[str, Any]] = {
    "client": {"usages": [*SIGNING, "client auth"]},
    "all": {"usages": [*SIGNING, "client auth", "any"]},
    "authority": {"usages": [*SIGNING, "client auth", "server auth", "cert sign"], "ca_constraint": {"is_ca": True}},
}


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Ask]:
    directory: Path = tmp_path_factory.mktemp("cfssl")
    (directory / "ca.pem").write_text(authority.pem())
    (directory / "ca-key.pem").write_text(key_pem(authority.key))
    usages = ["signing", "key encipherment", "server auth", "client auth"]
    signing = {"default": {"usages": usages, "expiry": "8760h"}, "profiles": {name: {"expiry": "8760h", **more} for name, more in PROFILES.items()}}
    (directory / "config.json").write_text(json.dumps({"signing": signing}))
    port = free_port()
    argv = ["cfssl", "serve", "-address", "127.0.0.1", "-port", str(port), "-ca", "ca.pem", "-ca-key", "ca-key.pem", "-config", "config.json"]
    process = subprocess.Popen(argv, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for dummy in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield _asker(f"http://127.0.0.1:{port}/api/v1/cfssl/")
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def double(authority: Authority) -> Iterator[Ask]:
    api = DcosApi()
    CaDouble(api, authority)
    yield _asker(f"{api.url}/ca/api/v2/")
    api.close()


def _facts(pem: str) -> dict[str, Any]:
    """What a certificate says that is the same for both."""
    certificate = _x509.parse_certificates(pem)[0]
    facts = _x509.describe(certificate)
    lifetime = _x509.not_after(certificate) - _x509.not_before(certificate)
    # cfssl's order of the fields is its own
    facts["subject"] = sorted(facts["subject"].split(","))
    return {name: facts[name] for name in ("subject", "issuer", "hosts", "usages", "is_ca", "key_type", "key_size")} | {"lifetime": lifetime}


def _shape(answer: tuple[int, str, Any]) -> Any:
    """An answer without what is new each time."""
    status, kind, body = answer
    result = body["result"]
    if isinstance(result, dict):
        result = {name: _value(name, value) for name, value in result.items()}
    return status, kind, {**body, "result": result}


def _value(name: str, value: Any) -> Any:
    if name == "certificate":
        return _facts(value), value.endswith("\n")
    if name == "private_key":
        return value.splitlines()[0]
    if name == "certificate_request":
        return value.splitlines()[0]
    if name == "sums":
        return {what: sorted(sums) for what, sums in value.items()}
    return value


KEY = ec.generate_private_key(ec.SECP256R1())
CSR = request_pem(KEY, "calico", ("a1.example.com", "10.0.0.21"), O="Example")
CASES = [
    ("info", {"label": "", "profile": ""}),
    ("info", {"label": "", "profile": "unknown"}),
    ("sign", {"certificate_request": CSR, "profile": ""}),
    ("sign", {"certificate_request": CSR, "profile": "unknown"}),
    ("sign", {"certificate_request": CSR, "hosts": ["b1"]}),
    ("sign", {"certificate_request": CSR, "hosts": []}),
    ("sign", {"certificate_request": CSR, "hosts": ["b1"], "subject": {"CN": "felix", "names": [{"O": "Other", "OU": "Unit"}]}}),
    ("sign", {"certificate_request": CSR, "hosts": ["b1"], "subject": {"CN": "felix", "names": []}}),
    ("sign", {"certificate_request": CSR, "hosts": ["b1"], "subject": {"CN": "", "names": [{"OU": "Unit"}]}}),
    ("sign", {"certificate_request": request_pem(KEY, "calico")}),
    ("sign", {"certificate_request": "nonsense"}),
    ("sign", {}),
    ("sign", b"{"),
    ("newcert", {"request": {"CN": "calico", "hosts": ["10.0.0.21", "b1"], "names": [{"O": "Example"}], "key": {"algo": "rsa", "size": 2048}}}),
    ("newcert", {"request": {"CN": "calico", "hosts": [], "names": [], "key": {"algo": "ecdsa", "size": 256}}, "profile": "", "bundle": False}),
    ("newcert", {"request": {"CN": "calico", "key": {"algo": "ecdsa", "size": 521}}}),
    ("newcert", {"request": {"CN": "calico", "key": {"algo": "rsa", "size": 1024}}}),
    ("newcert", {"request": {"CN": "calico", "key": {"algo": "dsa", "size": 2048}}}),
    ("newcert", {"request": {"CN": "calico", "key": {"algo": "ecdsa", "size": 255}}}),
    ("newcert", {}),
    ("bundle", {"certificate": "nonsense"}),
]


@pytest.mark.parametrize(("name", "body"), CASES, ids=[f"{name}-{number}" for number, (name, dummy) in enumerate(CASES)])
def test_answers_as_cfssl_does(real: Ask, double: Ask, name: str, body: Any) -> None:
    assert _shape(double(name, body)) == _shape(real(name, body))


def test_bundle_of_a_root(real: Ask, double: Ask, authority: Authority) -> None:
    body = {"certificate": authority.pem()}
    assert _shape(double("bundle", body)) == _shape(real("bundle", body))


def _behind(api: DcosApi, real: Ask, authority: Authority) -> None:
    """Admin Router's part: /ca/api/v2/X is cfssl's X."""
    api.on("GET", "/ca/dcos-ca.crt", Answer(authority.pem(), content_type="application/x-x509-ca-cert"))
    for name in ("info", "sign", "newcert", "bundle"):

        def forward(request: Request, name: str = name) -> Answer:
            status, kind, body = real(name, request.body)
            return Answer(body, status, kind)

        api.on("POST", f"/ca/api/v2/{name}", forward)


@pytest.mark.parametrize("way", ["request", "newcert", "newcert without hosts"])
def test_the_module_against_cfssl(run_module: Any, dcos_api: DcosApi, real: Ask, authority: Authority, way: str) -> None:
    _behind(dcos_api, real, authority)
    hosts = [] if way == "newcert without hosts" else ["10.0.0.21", "a1.example.com"]
    item: dict[str, Any] = {"name": "agent1", "common_name": "calico", "hosts": hosts, "subject": {"organization": "Example"}}
    if way == "request":
        # another common name and the names of others: of a request only the key counts
        item["csr"] = request_pem(KEY, "admin", ("master1", "leader.mesos"), O="system:masters")
    predicted = run_module(dcos_ca_certificate, dcos_api.args(certificates=[item]), check=True, diff=True)
    done = run_module(dcos_ca_certificate, dcos_api.args(certificates=[item]), diff=True)
    assert done["issued"] == ["agent1"] and predicted["diff"] == done["diff"]
    (one,) = done["certificates"]
    assert one["facts"]["hosts"] == hosts and one["facts"]["subject"] in ("CN=calico,O=Example", "O=Example,CN=calico")
    item |= {"certificate": one["chain"], "public_key_sha256": one["facts"]["public_key_sha256"]}
    again = run_module(dcos_ca_certificate, dcos_api.args(certificates=[item]))
    assert not again["changed"], again
    other = {**item, "csr": None, "key_type": "ecdsa", "key_size": 384, "certificate": None}
    assert run_module(dcos_ca_certificate, dcos_api.args(certificates=[other]))["certificates"][0]["facts"]["key_size"] == 384


@pytest.mark.parametrize(
    ("profile", "hosts", "usages", "words"),
    [
        ("", ["a1"], ["client auth"], "The CA's default profile makes certificates for servers, too"),
        ("", [], ["client auth"], None),
        ("client", ["a1"], ["client auth"], None),
        ("all", ["a1"], ["client auth"], "The profile all of the CA makes certificates for servers, too"),
        ("authority", ["a1"], ["client auth", "server auth"], "it is a certificate of a CA"),
    ],
)
def test_what_profiles_of_cfssl_add_is_refused(
    run_module: Any, dcos_api: DcosApi, real: Ask, authority: Authority, profile: str, hosts: list[str], usages: list[str], words: str | None
) -> None:
    _behind(dcos_api, real, authority)
    item = {"name": "agent1", "common_name": "calico", "hosts": hosts, "csr": request_pem(KEY, "calico")}
    given = dcos_api.args(certificates=[item], usages=usages, profile=profile)
    for check in (True, False) if profile != "authority" else (False,):
        result = run_module(dcos_ca_certificate, given, check=check)
        assert (words in result["msg"] and "certificates" not in result) if words else result["changed"], result
