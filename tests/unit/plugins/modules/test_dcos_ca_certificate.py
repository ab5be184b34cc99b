from __future__ import annotations

import base64
import datetime
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ansible_collections.dcos.calico.plugins.module_utils._dcos import _issuing, _x509
from ansible_collections.dcos.calico.plugins.modules import dcos_ca_certificate, dcos_ca_certificate_info

from ...support.ca_double import CaDouble, failure, key_pem, name_of, request_pem, sign, success, utcnow
from ...support.dcos_api import Answer, Authority, DcosApi, html, pem_of

KEYS = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("agent1", "agent2")}
BUNDLE = "/ca/dcos-ca.crt"
SIGN, NEWCERT, INFO = "/ca/api/v2/sign", "/ca/api/v2/newcert", "/ca/api/v2/info"


@pytest.fixture
def ca(dcos_api: DcosApi) -> CaDouble:
    return CaDouble(dcos_api)


def item(name: str = "agent1", **more: Any) -> dict[str, Any]:
    """What agent_key returns as request."""
    key = KEYS[name].public_key()
    return {
        "name": name,
        "csr": request_pem(KEYS[name], "calico", (name, "10.0.0.21")),
        "common_name": "calico",
        "hosts": ["10.0.0.21", name],
        "subject": {},
        "key_type": "ecdsa",
        "key_size": 256,
        "public_key_sha256": _x509.public_key_sha256(key),
        "certificate": None,
        **more,
    }


def shared(name: str = "agent1", **more: Any) -> dict[str, Any]:
    return {"name": name, "common_name": "calico", "hosts": ["10.0.0.21"], "key_type": "ecdsa", **more}


def placed(items: list[dict[str, Any]], result: dict[str, Any]) -> list[dict[str, Any]]:
    """The items of the next run, after what was issued is placed."""
    return [
        {**given, "certificate": done["chain"], "public_key_sha256": done["facts"]["public_key_sha256"]}
        for given, done in zip(items, result["certificates"])
    ]


def test_requests_of_all_hosts_in_one_call_and_again(run_module, dcos_api, ca) -> None:
    items = [item("agent1"), item("agent2")]
    predicted = run_module(dcos_ca_certificate, dcos_api.args(certificates=items), check=True, diff=True)
    assert ca.writes == 0 and set(dcos_api.asked()) == {BUNDLE, INFO} and predicted["issued"] == ["agent1", "agent2"]
    assert [done["chain"] for done in predicted["certificates"]] == [None, None]
    done = run_module(dcos_ca_certificate, dcos_api.args(certificates=items), diff=True)
    assert done["diff"] == predicted["diff"] and done["issued"] == predicted["issued"] and ca.writes == 2
    assert [one["name"] for one in done["certificates"]] == ["agent1", "agent2"] and done["ca_bundle"] == ca.trusted
    assert done["certificates"][1]["facts"]["hosts"] == ["10.0.0.21", "agent2"] and done["certificates"][1]["private_key"] is None
    del dcos_api.requests[:]
    again = run_module(dcos_ca_certificate, dcos_api.args(certificates=placed(items, done)), diff=True)
    assert not again["changed"] and again["diff"] == [] and dcos_api.asked() == [BUNDLE]
    assert [one["chain"] for one in again["certificates"]] == [one["chain"] for one in done["certificates"]]


def test_only_what_has_a_reason_is_issued(run_module, dcos_api, ca) -> None:
    items = [item("agent1"), item("agent2")]
    done = run_module(dcos_ca_certificate, dcos_api.args(certificates=items))
    items = placed(items, done)
    items[1]["certificate"] = items[0]["certificate"]
    result = run_module(dcos_ca_certificate, dcos_api.args(certificates=items))
    assert result["issued"] == ["agent2"] and ca.writes == 3
    assert result["certificates"][1]["reasons"] == [
        "the key on the host is another one than the certificate's", "it does not name agent2", "it names agent1, which is not required",
    ]


def test_the_diff_is_what_certificates_say(run_module, dcos_api, ca) -> None:
    old = pem_of(sign(ca.signer.certificate, ca.signer.key, KEYS["agent1"].public_key(), name_of("felix"), ("agent1", "10.0.0.21")))
    result = run_module(dcos_ca_certificate, dcos_api.args(certificates=[item(certificate=old)]), diff=True)
    (diff,) = result["diff"]
    before, after = json.loads(diff["before"]), json.loads(diff["after"])
    assert diff["before_header"] == "certificate agent1"
    assert (before["common_name"], after["common_name"]) == ("felix", "calico") and before["hosts"] == after["hosts"] and before["issuer"] == after["issuer"]
    assert before["cannot be kept"] == ["its common name is felix, required is calico"] and after["valid"] == "for 8760h from now on"
    assert "BEGIN" not in diff["before"] + diff["after"]


def test_a_damaged_certificate_is_replaced(run_module, dcos_api, ca) -> None:
    result = run_module(dcos_ca_certificate, dcos_api.args(certificates=[item(certificate="nonsense")]), diff=True)
    assert result["issued"] == ["agent1"] and "it cannot be parsed" in result["diff"][0]["before"]


def test_renewal_goes_by_the_clock(run_module, dcos_api, ca, monkeypatch) -> None:
    items = placed([item()], run_module(dcos_ca_certificate, dcos_api.args(certificates=[item()])))
    later = utcnow() + datetime.timedelta(days=340)
    monkeypatch.setattr(_issuing, "now", lambda: later)
    ca.signer.certificate = sign(
        name_of("DC/OS Root CA"), ca.signer.key, ca.signer.key.public_key(), name_of("DC/OS Root CA"), ca=True, lifetime=datetime.timedelta(days=3650)
    )
    ca.trusted = ca.signer.pem()
    result = run_module(dcos_ca_certificate, dcos_api.args(certificates=items, renew_before=7), check=True)
    assert not result["changed"]
    result = run_module(dcos_ca_certificate, dcos_api.args(certificates=items, renew_before=30), check=True)
    assert result["issued"] == ["agent1"] and "within the 30 days of renew_before" in result["certificates"][0]["reasons"][0]


def test_a_bundle_from_whoever_answered_is_warned_of(run_module, dcos_tls_api, dcos_authority, monkeypatch) -> None:
    CaDouble(dcos_tls_api, dcos_authority)
    monkeypatch.setattr(dcos_ca_certificate, "LOOPBACK", ())
    result = run_module(dcos_ca_certificate, dcos_tls_api.args(certificates=[item()]), check=True)
    assert result["changed"] and not result.get("warnings")
    args = {"url": dcos_tls_api.url, "validate_certs": False}
    warnings = run_module(dcos_ca_certificate, {**args, "certificates": [item()]}, check=True)["warnings"]
    assert [words for words in warnings if "The CA bundle comes from an Admin Router that was not verified" in str(words)]


def test_one_pair_for_all_as_in_the_guide(run_module, dcos_api, ca) -> None:
    items = [shared("agent1"), shared("agent2")]
    result = run_module(dcos_ca_certificate, dcos_api.args(certificates=items, shared=True))
    one, other = result["certificates"]
    assert ca.writes == 1 and one["chain"] == other["chain"] and one["private_key"] == other["private_key"]
    assert _x509.public_key_of_private(one["private_key"]) == one["facts"]["public_key_sha256"]
    body = dcos_api.requests[-1].json()
    assert body == {
        "request": {"CN": "calico", "hosts": ["10.0.0.21"], "names": [], "key": {"algo": "ecdsa", "size": 256}}, "profile": "", "bundle": False,
    }
    again = run_module(dcos_ca_certificate, dcos_api.args(certificates=placed(items, result), shared=True))
    assert not again["changed"] and again["certificates"][0]["private_key"] is None
    more = [*placed(items, result), shared("agent3")]
    grown = run_module(dcos_ca_certificate, dcos_api.args(certificates=more, shared=True))
    assert grown["issued"] == ["agent3"] and grown["certificates"][0]["chain"] == one["chain"]


def test_pairs_by_the_ca_each_its_own(run_module, dcos_api, ca) -> None:
    items = [shared("agent1", subject={"organization": "A", "country": "DE"}), shared("agent2", key_type="rsa", hosts=[])]
    result = run_module(dcos_ca_certificate, dcos_api.args(certificates=items))
    one, other = result["certificates"]
    assert ca.writes == 2 and one["private_key"] != other["private_key"] and (other["facts"]["key_type"], other["facts"]["key_size"]) == ("rsa", 2048)
    assert one["facts"]["subject"] in ("CN=calico,O=A,C=DE", "CN=calico,C=DE,O=A")
    assert not run_module(dcos_ca_certificate, dcos_api.args(certificates=placed(items, result)))["changed"]


def test_an_intermediate_signs(run_module, dcos_api) -> None:
    """cacert is not the bundle then: what hosts get is the certificate with the intermediate after it."""
    root = Authority()
    ca = CaDouble(dcos_api, Authority("DC/OS Intermediate CA", root), root.pem())
    result = run_module(dcos_ca_certificate, dcos_api.args(certificates=[item()]))
    assert [_x509.describe(one)["common_name"] for one in _x509.parse_certificates(result["certificates"][0]["chain"])] == ["calico", "DC/OS Intermediate CA"]
    assert result["ca_bundle"] == root.pem() and "bundle" not in "".join(dcos_api.asked())
    assert not run_module(dcos_ca_certificate, dcos_api.args(certificates=placed([item()], result)))["changed"] and ca.writes == 1


def test_the_ca_knows_what_is_between(run_module, dcos_api) -> None:
    root = Authority()
    middle = Authority("DC/OS Middle CA", root)
    ca = CaDouble(dcos_api, Authority("DC/OS Lower CA", middle), root.pem())
    ca.chain = [ca.signer, middle, root]
    result = run_module(dcos_ca_certificate, dcos_api.args(certificates=[item()]))
    assert len(_x509.parse_certificates(result["certificates"][0]["chain"])) == 3
    ca.chain = []
    result = run_module(dcos_ca_certificate, dcos_api.args(certificates=[item()]))
    assert result["failed"] and "its issuer CN=DC/OS Middle CA is not in the CA bundle" in result["msg"]


def test_messages_with_a_success_mean_nothing(run_module, dcos_api, ca) -> None:
    result = run_module(dcos_ca_certificate, dcos_api.args(certificates=[shared(hosts=[])]))
    assert result["changed"] and result["certificates"][0]["facts"]["hosts"] == []


def test_no_key_is_in_output_that_is_not_its_result(run_module, dcos_api, ca, capsys) -> None:
    result = run_module(dcos_ca_certificate, dcos_api.args(certificates=[shared()], shared=True, token="very.secret.token"), diff=True)
    key = result["certificates"][0]["private_key"].splitlines()[1]
    rest = json.dumps({name: value for name, value in result.items() if name != "certificates"})
    assert key not in rest and "very.secret.token" not in json.dumps(result)


@pytest.mark.parametrize(
    ("certificates", "more", "words"),
    [
        ([item(), item()], {}, "The certificate agent1 is given twice"),
        ([item(csr="nonsense")], {}, "The signing request of agent1 cannot be read"),
        ([item(csr=request_pem(rsa.generate_private_key(65537, 1024), "calico"), public_key_sha256=None)], {}, "The key of agent1 is too weak"),
        ([item(common_name=None)], {}, "The common name for agent1 is ''"),
        # what the CA would take from a request where it is told nothing
        ([item(csr=request_pem(KEYS["agent1"], "calico", O="system:masters"))], {}, "what it is not to have: it names the organization"),
        ([item(csr=request_pem(KEYS["agent1"], "calico", OU="x"), subject={"organization": "A"})], {}, "it names the organizational unit"),
        ([item(csr=request_pem(KEYS["agent1"], "calico", ("master1",)), hosts=[])], {}, "it names master1"),
        ([item(csr=item("agent2")["csr"])], {}, "has another key"),
        ([item(public_key_sha256="ab")], {}, "has another key"),
        ([shared(common_name=None)], {}, "The common name for agent1 is ''"),
        ([shared(common_name="x" * 65)], {}, "1 to 64 characters"),
        ([shared(hosts=["a b"])], {}, "cannot stand in a certificate"),
        ([shared(key_size=2048)], {}, "cannot be ecdsa with 2048 bits. Use one of 256, 384, 521"),
        ([shared(key_type="rsa", key_size=1024)], {}, "cannot be rsa with 1024 bits"),
        ([shared(), item("agent2")], {"shared": True}, "A signing request is given for agent2"),
        ([shared(), shared("agent2", hosts=["b1"])], {"shared": True}, "The certificates of agent1 and agent2 differ"),
        ([item()], {"renew_before": -1}, "renew_before is -1 days"),
    ],
)
def test_wrong_input_is_refused_before_anything_is_asked(run_module, dcos_api, certificates: Any, more: Any, words: str) -> None:
    result = run_module(dcos_ca_certificate, dcos_api.args(certificates=certificates, **more))
    assert result["failed"] and words in result["msg"] and dcos_api.requests == []


def test_of_a_request_only_the_key_counts(run_module, dcos_api, ca) -> None:
    """A host asks for the masters' names and for another group of users."""
    csr = request_pem(KEYS["agent1"], "admin", ("master1", "leader.mesos", "10.0.0.1"), O="system:masters")
    result = run_module(dcos_ca_certificate, dcos_api.args(certificates=[item(csr=csr, subject={"organization": "calico"})]))
    facts = result["certificates"][0]["facts"]
    assert (facts["common_name"], facts["hosts"], facts["subject"]) == ("calico", ["10.0.0.21", "agent1"], "CN=calico,O=calico")
    assert facts["public_key_sha256"] == item()["public_key_sha256"]


def test_a_request_that_its_key_has_not_signed(run_module, dcos_api) -> None:
    """Somebody else's public key under a signature of one's own."""
    own, other = (base64.b64decode("".join(item(name)["csr"].splitlines()[1:-1])) for name in ("agent1", "agent2"))
    keys = [KEYS[name].public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for name in ("agent1", "agent2")]
    forged = base64.encodebytes(own.replace(*keys)).decode()
    csr = f"-----BEGIN CERTIFICATE REQUEST-----\n{forged}-----END CERTIFICATE REQUEST-----\n"
    result = run_module(dcos_ca_certificate, dcos_api.args(certificates=[item(csr=csr, public_key_sha256=None)]))
    assert other and result["failed"] and "is not signed by its own key" in result["msg"] and dcos_api.requests == []


def test_a_client_is_no_server(run_module, dcos_api, ca) -> None:
    result = run_module(dcos_ca_certificate, dcos_api.args(certificates=[item()], usages=["client auth"]))
    assert result["failed"] and "makes certificates for servers, too: agent1 is to be a client only" in result["msg"] and ca.writes == 0
    nameless = item(hosts=[], csr=request_pem(KEYS["agent1"], "calico"))
    assert run_module(dcos_ca_certificate, dcos_api.args(certificates=[nameless], usages=["client auth"]))["changed"]
    ca.usages = ("client auth",)
    assert run_module(dcos_ca_certificate, dcos_api.args(certificates=[item()], usages=["client auth"]))["changed"]
    both = pem_of(sign(ca.signer.certificate, ca.signer.key, KEYS["agent1"].public_key(), name_of("calico"), ("10.0.0.21", "agent1")))
    result = run_module(dcos_ca_certificate, dcos_api.args(certificates=[item(certificate=both)], usages=["client auth"]))
    assert result["certificates"][0]["reasons"] == ["it is good for a server, which is not required"]


def test_a_window_longer_than_what_the_ca_gives(run_module, dcos_api, ca) -> None:
    ca.expiry = "720h"
    for check in (True, False):
        result = run_module(dcos_ca_certificate, dcos_api.args(certificates=[item()]), check=check)
        assert result["failed"] and "renew_before is 30 days, and the CA's default profile makes certificates for 720h" in result["msg"]
    assert ca.writes == 0


@pytest.mark.parametrize(("hours", "profile", "called"), [(720, "", "CA's default profile"), (1, "short", "profile short of the CA")])
@pytest.mark.parametrize("certificate", [item, shared])
def test_a_certificate_that_would_be_replaced_at_every_run(
    run_module, dcos_api, ca, monkeypatch, certificate, hours: int, profile: str, called: str
) -> None:
    """The CA gives less than its profile says: nothing is handed out, and what to change is named."""
    monkeypatch.setattr(ca, "_certificate", lambda key, subject, hosts: pem_of(
        sign(ca.signer.certificate, ca.signer.key, key, subject, hosts, ca.usages, lifetime=datetime.timedelta(hours=hours))))  # fmt: skip
    result = run_module(dcos_ca_certificate, dcos_api.args(certificates=[certificate()], profile=profile))
    assert result["failed"] and "certificates" not in result
    assert "a certificate for agent1 that would be replaced at every run: it is valid until" in result["msg"]
    assert f"whatever the {called} says, and renew_before is 30 days. Make renew_before shorter than that, or have the {called} make" in result["msg"]
    assert "clocks" not in result["msg"]
    if hours == 720:
        shorter = run_module(dcos_ca_certificate, dcos_api.args(certificates=[certificate()], profile=profile, renew_before=20))
        assert shorter["issued"] == ["agent1"]


def test_a_profile_without_the_desired_usages(run_module, dcos_api, ca) -> None:
    ca.usages = ("server auth",)
    result = run_module(dcos_ca_certificate, dcos_api.args(certificates=[item()], profile="web"))
    assert result["failed"] and "The profile web of the CA makes no certificates for client auth" in result["msg"] and ca.writes == 0
    assert run_module(dcos_ca_certificate, dcos_api.args(certificates=[item()], usages=["server auth"]))["changed"]


def test_open_dcos_has_no_ca(run_module, dcos_api) -> None:
    for answer in (html(404), Answer("<html><body>DC/OS</body></html>", content_type="text/html")):
        dcos_api.on("GET", BUNDLE, answer)
        for module, args in ((dcos_ca_certificate, {"certificates": [item()]}), (dcos_ca_certificate_info, {})):
            result = run_module(module, dcos_api.args(**args))
            assert result["failed"] and dcos_api.host_port in result["msg"] and "Use DC/OS Enterprise" in result["msg"]


REFUSALS = [
    ("missing permission", html(403), ["403", "dcos:adminrouter:ops:ca:rw"]),
    ("weak key", failure(400, 2400, "RSA key is too weak"), ["RSA key is too weak", "rsa with 2048"]),
    ("unknown profile", failure(400, 5400, "unknown profile"), ["unknown profile", "Name a profile that the CA has"]),
    ("policy refuses hosts", failure(400, 5300, "Invalid request"), ["Invalid request", "policy allows"]),
    ("policy without usages", failure(400, 5100, "No key usage available"), ["No key usage", "gives the certificate usages"]),
    ("bad request", failure(400, 9002, "CSR Decode failed"), ["CSR Decode failed", "agent_key"]),
    ("the CA's own certificate", failure(400, 1210, "expired"), ["expired", "the CA's own certificate"]),
    ("no reason", failure(500, 0, ""), ["500"]),
    ("not the CA", success({"other": 1}), ["not a result of cfssl", "certificate"]),
    ("a page", Answer("<html></html>", content_type="text/html"), ["There is no certificate authority"]),
    ("no longer there", html(404), ["There is no certificate authority"]),
    ("damaged", success({"certificate": "nonsense"}), ["did not issue what was asked for", "no PEM block"]),
]


@pytest.mark.parametrize(("answer", "words"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS])
def test_what_the_ca_refuses(run_module, dcos_api, ca, answer: Answer, words: list[str]) -> None:
    dcos_api.on("POST", SIGN, answer)
    result = run_module(dcos_ca_certificate, dcos_api.args(certificates=[item()], token="a.b.c"))
    assert result["failed"] and all(word in result["msg"] for word in words), result["msg"]
    assert "Traceback" not in result["msg"]


def test_what_the_ca_issues_is_checked(run_module, dcos_api, ca) -> None:
    """A profile that drops hosts, another key, another CA."""
    signer, key = ca.signer, KEYS["agent1"].public_key()
    other = Authority("Other CA")
    wrong = [
        (sign(signer.certificate, signer.key, key, name_of("calico")), "it does not name 10.0.0.21, agent1"),
        (sign(signer.certificate, signer.key, KEYS["agent2"].public_key(), name_of("calico"), ("10.0.0.21", "agent1")), "the key on the host is another one"),
        (sign(other.certificate, other.key, key, name_of("calico"), ("10.0.0.21", "agent1")), "its issuer CN=Other CA is not in the CA bundle"),
        (
            sign(signer.certificate, signer.key, key, name_of("calico"), ("10.0.0.21", "agent1"), begin=utcnow() + datetime.timedelta(hours=1)),
            "See that the clocks of the controller and of the masters agree",
        ),
    ]
    for certificate, words in wrong:
        dcos_api.on("POST", SIGN, success({"certificate": pem_of(certificate)}))
        result = run_module(dcos_ca_certificate, dcos_api.args(certificates=[item()]))
        assert result["failed"] and "The CA did not issue what was asked for agent1" in result["msg"] and words in result["msg"]


def test_a_pair_that_does_not_fit_is_not_handed_out(run_module, dcos_api, ca) -> None:
    certificate = pem_of(sign(ca.signer.certificate, ca.signer.key, KEYS["agent1"].public_key(), name_of("calico"), ("10.0.0.21",)))
    key = key_pem(KEYS["agent2"])
    dcos_api.on("POST", NEWCERT, success({"certificate": certificate, "private_key": key}))
    result = run_module(dcos_ca_certificate, dcos_api.args(certificates=[shared()]))
    assert result["failed"] and "the key on the host is another one" in result["msg"] and key.splitlines()[1] not in json.dumps(result)


def test_a_ca_that_is_away_for_a_moment(run_module, dcos_api, ca) -> None:
    dcos_api.on("POST", SIGN, Answer("<html></html>", 502, "text/html"), ca.sign)
    assert run_module(dcos_ca_certificate, dcos_api.args(certificates=[item()]))["changed"] and ca.writes == 1


def test_info(run_module, dcos_api, ca) -> None:
    own = pem_of(sign(ca.signer.certificate, ca.signer.key, KEYS["agent1"].public_key(), name_of("calico"), ("a1",)))
    other = Authority("Other CA")
    expired = sign(other.certificate, other.key, KEYS["agent1"].public_key(), name_of("felix"), begin=utcnow() - datetime.timedelta(days=366))
    listed = [{"name": "own", "certificate": own}, {"name": "old", "certificate": pem_of(expired)}, {"name": "none", "certificate": "nonsense"}]
    result = run_module(dcos_ca_certificate_info, dcos_api.args(certificates=listed), check=True)
    assert not result["changed"] and dcos_api.asked() == [BUNDLE, INFO] and ca.writes == 0
    assert result["ca"]["usages"] == ["signing", "key encipherment", "server auth", "client auth"] and result["ca"]["expiry"] == "8760h"
    assert result["ca_bundle"] == ca.trusted and [one["common_name"] for one in result["ca_bundle_certificates"]] == ["DC/OS Root CA"]
    good, bad, none = result["certificates"]
    assert good["problems"] == [] and good["days_left"] == 364 and good["facts"]["hosts"] == ["a1"]
    assert [words.split(" CN")[0].split(" at ")[0] for words in bad["problems"]] == ["its issuer", "it expired"] and bad["days_left"] == -2
    assert none["facts"] is None and none["problems"] == ["it cannot be parsed: it holds no PEM block CERTIFICATE"]
