from __future__ import annotations

import dataclasses
import datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from ansible_collections.dcos.calico.plugins.module_utils._dcos import _certificates, _x509
from ansible_collections.dcos.calico.plugins.module_utils._dcos._certificates import Trust, Desired

from ....support.ca_double import BACKDATED, BOTH, general_names, name_of, sign
from ....support.dcos_api import Authority, certify, pem_of

NOW = datetime.datetime(2026, 11, 22, 12, 0, tzinfo=datetime.timezone.utc)
BEGIN = NOW - BACKDATED
YEAR = datetime.timedelta(hours=8760)
DAY = datetime.timedelta(days=1)
WINDOW = datetime.timedelta(days=30)
KEY, OTHER_KEY, ROOT_KEY, MIDDLE_KEY = (ec.generate_private_key(ec.SECP256R1()) for dummy in range(4))
HOSTS = ("10.0.0.21", "a1.example.com")


def authority(name: str, key: Any, issuer: Any = None, issuer_key: Any = None, **more: Any) -> Any:
    given = {"ca": True, "begin": BEGIN - 10 * DAY, "lifetime": 10 * YEAR, **more}
    return sign(issuer or name_of(name), issuer_key or key, key.public_key(), name_of(name), **given)


ROOT = authority("DC/OS Root CA", ROOT_KEY)
MIDDLE = authority("DC/OS Intermediate CA", MIDDLE_KEY, ROOT, ROOT_KEY)
TRUST = Trust([ROOT])
DESIRED = Desired("calico", HOSTS, {}, BOTH, ("ecdsa", 256), _x509.public_key_sha256(KEY.public_key()))


def leaf(common_name: str = "calico", hosts: tuple[str, ...] = HOSTS, key: Any = KEY, issuer: Any = ROOT, issuer_key: Any = ROOT_KEY, **more: Any) -> Any:
    fields = more.pop("fields", {})
    return sign(issuer, issuer_key, key.public_key(), name_of(common_name, **fields), hosts, **{"begin": BEGIN, **more})


def reasons(text: str | None, desired: Desired = DESIRED, trust: Trust = TRUST, now: datetime.datetime = NOW) -> list[str]:
    return _certificates.reasons(text, desired, trust, WINDOW, now)


def test_a_certificate_as_desired_has_no_reason() -> None:
    assert reasons(pem_of(leaf())) == []


DAMAGED = pem_of(leaf()).replace("MII", "MIJ", 1)
OTHER_ROOT = authority("DC/OS Root CA", OTHER_KEY)
NO_CA = authority("No CA", OTHER_KEY, ca=False)
CA_WITHOUT_SIGNING = sign(name_of("No signing"), OTHER_KEY, OTHER_KEY.public_key(), name_of("No signing"), begin=BEGIN, lifetime=YEAR, ca=False, signing=True)
EXPIRED_ROOT = authority("Expired CA", OTHER_KEY, lifetime=9 * DAY)

CLIENT = ("client auth",)


def more_names(oid: Any, value: str) -> Any:
    """A certificate with another attribute in its subject."""
    from cryptography import x509

    subject = x509.Name([*name_of("calico"), x509.NameAttribute(oid, value)])
    return sign(ROOT, ROOT_KEY, KEY.public_key(), subject, HOSTS, begin=BEGIN)


def ca_that_may_not_sign() -> str:
    """CA:TRUE, and key usages without the one to sign certificates, which some programs do not look at."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    builder = x509.CertificateBuilder().subject_name(name_of("calico")).issuer_name(ROOT.subject).public_key(KEY.public_key()).serial_number(7)
    builder = builder.not_valid_before(BEGIN).not_valid_after(BEGIN + YEAR).add_extension(general_names(HOSTS), critical=False)
    for extension in leaf().extensions:
        if not isinstance(extension.value, (x509.BasicConstraints, x509.SubjectAlternativeName)):
            builder = builder.add_extension(extension.value, extension.critical)
    return pem_of(builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(ROOT_KEY, hashes.SHA256()))


CA_LEAF = ca_that_may_not_sign()
TWO_NAMES, SERIAL = more_names(NameOID.COMMON_NAME, "m1"), more_names(NameOID.SERIAL_NUMBER, "7")

# What the host has, what is required and trusted where that is not the usual, and the one reason
TABLE = [
    ("none", None, {}, "there is none"),
    ("empty", " \n", {}, "there is none"),
    ("no PEM", "nonsense", {}, "it cannot be parsed: it holds no PEM block CERTIFICATE"),
    ("a key only", "-----BEGIN EC PRIVATE KEY-----\nMHcC\n-----END EC PRIVATE KEY-----\n", {}, "it cannot be parsed: it holds no PEM block CERTIFICATE"),
    ("damaged", DAMAGED, {}, "it cannot be parsed: certificate 1 of 1 is damaged"),
    ("second damaged", pem_of(leaf()) + DAMAGED, {}, "it cannot be parsed: certificate 2 of 2 is damaged"),
    ("no key", pem_of(leaf()), {"public_key": None}, "the host has no key that fits"),
    ("other key", pem_of(leaf(key=OTHER_KEY)), {}, "the key on the host is another one than the certificate's"),
    ("other size", pem_of(leaf()), {"key": ("ecdsa", 384)}, "its key is ecdsa 256, required is ecdsa 384"),
    ("other type", pem_of(leaf()), {"key": ("rsa", 2048)}, "its key is ecdsa 256, required is rsa 2048"),
    ("other name", pem_of(leaf("felix")), {}, "its common name is felix, required is calico"),
    ("no name", pem_of(leaf("")), {}, "its common name is empty, required is calico"),
    ("other organization", pem_of(leaf(fields={"O": "A"})), {"subject": {"organization": "B"}}, "its organization is A, required is B"),
    ("organization too many", pem_of(leaf(fields={"O": "A"})), {}, "its organization is A, required is none"),
    ("no unit", pem_of(leaf()), {"subject": {"organizational_unit": "B"}}, "its organizational unit is empty, required is B"),
    ("host missing", pem_of(leaf(hosts=HOSTS[:1])), {}, "it does not name a1.example.com"),
    ("no hosts", pem_of(leaf(hosts=())), {}, "it does not name 10.0.0.21, a1.example.com"),
    ("host too many", pem_of(leaf(hosts=(*HOSTS, "b1"))), {}, "it names b1, which is not required"),
    ("no client", pem_of(leaf(usages=("server auth",))), {}, "it is not good for client auth"),
    ("no usages", pem_of(leaf(usages=())), {}, "it is not good for server auth, client auth"),
    ("a CA's", pem_of(leaf(hosts=(), ca=True, usages=())), {"usages": (), "hosts": ()}, "it is a certificate of a CA"),
    ("a CA's that may not sign", CA_LEAF, {}, "it is a certificate of a CA"),
    ("a server's under the client's names", pem_of(leaf()), {"usages": CLIENT}, "it is good for a server, which is not required"),
    ("good for all", pem_of(leaf(usages=("any", "client auth"))), {"usages": CLIENT}, "it is good for a server, which is not required"),
    ("good for all, as nothing is said", pem_of(leaf(usages=())), {"usages": ()}, "it is good for a server, which is not required"),
    (
        "a server's by its common name, as for Go before 1.15", pem_of(leaf("m1.example.com", ())),
        {"usages": CLIENT, "hosts": (), "common_name": "m1.example.com"}, "it is good for a server, which is not required",
    ),
    ("two common names", pem_of(TWO_NAMES), {}, "its subject has CN m1, which is not required"),
    ("a serial number in its subject", pem_of(SERIAL), {}, "its subject has 2.5.4.5 7, which is not required"),
    ("other CA", pem_of(leaf(issuer=MIDDLE, issuer_key=MIDDLE_KEY)), {}, "its issuer CN=DC/OS Intermediate CA is not in the CA bundle"),
    ("CA made anew", pem_of(leaf()), {"trust": [OTHER_ROOT]}, "its signature is not that of CN=DC/OS Root CA in the CA bundle, which has another key"),
    ("not a CA", pem_of(leaf(issuer=NO_CA, issuer_key=OTHER_KEY)), {"trust": [NO_CA]}, "its issuer CN=No CA is no CA (CA:TRUE or the usage"),
    ("CA:FALSE", pem_of(leaf(issuer=CA_WITHOUT_SIGNING, issuer_key=OTHER_KEY)), {"trust": [CA_WITHOUT_SIGNING]}, "its issuer CN=No signing is no CA"),
    (
        "CA expired", pem_of(leaf(issuer=EXPIRED_ROOT, issuer_key=OTHER_KEY)), {"trust": [EXPIRED_ROOT]},
        "the CA certificate CN=Expired CA is valid from 2026-11-12T11:55:00Z to 2026-11-21T11:55:00Z only",
    ),
    ("root not trusted", pem_of(leaf()) + pem_of(ROOT), {"trust": [MIDDLE]}, "its root CN=DC/OS Root CA is not in the CA bundle"),
    ("not yet valid", pem_of(leaf(begin=NOW + DAY)), {}, "it is not valid before 2026-11-23T12:00:00Z"),
    ("expired", pem_of(leaf(begin=NOW - YEAR - DAY)), {}, "it expired at 2026-11-21T12:00:00Z"),
    ("expires tomorrow", pem_of(leaf(lifetime=DAY + BACKDATED)), {}, "it expires at 2026-11-23T12:00:00Z, which is within the 30 days of renew_before"),
    ("expires at the window's end", pem_of(leaf(lifetime=30 * DAY + BACKDATED)), {}, "which is within the 30 days of renew_before"),
]


@pytest.mark.parametrize(("text", "other", "reason"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_each_reason_alone(text: str | None, other: dict[str, Any], reason: str) -> None:
    other = dict(other)
    trust = Trust(other.pop("trust")) if "trust" in other else TRUST
    found = reasons(text, dataclasses.replace(DESIRED, **other), trust)
    assert len(found) == 1 and reason in found[0]


@pytest.mark.parametrize(
    "text",
    [
        pem_of(leaf(lifetime=30 * DAY + BACKDATED + datetime.timedelta(seconds=1))),
        pem_of(leaf()) + pem_of(MIDDLE),
        pem_of(leaf(usages=BOTH)).replace("\n", "\r\n"),
        "Bag Attributes\n" + pem_of(leaf()),
    ],
    ids=["a second before the window", "more than its chain", "line ends of Windows", "words before it"],
)
def test_what_is_kept(text: str) -> None:
    assert reasons(text) == []


def test_a_client_without_names_is_kept_from_a_profile_for_servers() -> None:
    """The CA's own profile makes no other. It is a server under no name: etcd and Kubernetes take this common name for a user's."""
    assert reasons(pem_of(leaf(hosts=())), dataclasses.replace(DESIRED, hosts=(), usages=CLIENT)) == []
    for name in ("calico", "system:node:a1", "felix of a1.example.com"):
        assert _certificates.server_names(name, ()) == []
    for name in ("m1.example.com", "*.example.com", "10.0.0.1", "::1"):
        assert _certificates.server_names(name, ()) == [name]


def test_the_same_certificate_is_validated_by_the_clock() -> None:
    text = pem_of(leaf())
    end = BEGIN + YEAR
    moments = (BEGIN - DAY, BEGIN, end - WINDOW - DAY, end - WINDOW, end - datetime.timedelta(seconds=1), end)
    said = [(reasons(text, now=moment) or ["it is kept"])[0] for moment in moments]
    assert [words.split()[1:4] for words in said] == [
        ["is", "not", "valid"], ["is", "kept"], ["is", "kept"], ["expires", "at", "2027-11-22T11:55:00Z,"], ["expires", "at", "2027-11-22T11:55:00Z,"],
        ["expired", "at", "2027-11-22T11:55:00Z"],
    ]


def test_all_reasons_are_told_in_order() -> None:
    stranger = authority("Other CA", OTHER_KEY)
    text = pem_of(leaf("felix", ("b1",), OTHER_KEY, stranger, OTHER_KEY, usages=(), begin=NOW - 2 * YEAR, fields={"O": "A"}))
    found = reasons(text, dataclasses.replace(DESIRED, key=("ecdsa", 384)))
    begins = ["the key on the host", "its key is", "its common name", "its organization", "it does not name", "it names b1", "it is not good"]
    begins += ["its issuer", "it expired"]
    assert [words.startswith(begin) for words, begin in zip(found, begins)] == [True] * len(begins) and len(found) == len(begins)


def test_the_same_twice_gives_the_same() -> None:
    text = pem_of(leaf("felix", ("b1",)))
    assert reasons(text) == reasons(text)


@pytest.mark.parametrize(
    ("bundle", "between", "names"),
    [
        ([ROOT], [MIDDLE], ["CN=calico", "CN=DC/OS Intermediate CA"]),
        ([ROOT, MIDDLE], [], ["CN=calico", "CN=DC/OS Intermediate CA"]),
        ([MIDDLE], [], ["CN=calico", "CN=DC/OS Intermediate CA"]),
        ([MIDDLE], [ROOT], ["CN=calico", "CN=DC/OS Intermediate CA"]),
    ],
    ids=["known from elsewhere", "in the bundle", "the bundle's only one", "its root known, not trusted"],
)
def test_chain_over_an_intermediate(bundle: list[Any], between: list[Any], names: list[str]) -> None:
    """Programs in Go, as etcd, take any certificate of the bundle for an end."""
    certificate = leaf(issuer=MIDDLE, issuer_key=MIDDLE_KEY)
    chain, wrong = _certificates.verify(certificate, Trust(bundle, between), NOW)
    assert wrong is None and [one.subject.rfc4514_string() for one in chain] == names


def test_an_intermediate_in_the_hosts_file_counts() -> None:
    certificate = leaf(issuer=MIDDLE, issuer_key=MIDDLE_KEY)
    assert reasons(pem_of(certificate) + pem_of(MIDDLE)) == [] and reasons(pem_of(certificate)) != []


def test_a_chain_without_end_is_refused() -> None:
    keys = [ec.generate_private_key(ec.SECP256R1()) for dummy in range(12)]
    chain = [authority("CA 0", keys[0])]
    for number, key in enumerate(keys[1:], 1):
        chain.append(authority(f"CA {number}", key, chain[-1], keys[number - 1]))
    assert "has more than 8" in str(_certificates.verify(leaf(issuer=chain[-1], issuer_key=keys[-1]), Trust([chain[0]], chain[1:]), NOW)[1])


def test_a_root_of_the_same_name_beside_the_right_one() -> None:
    """While a CA is replaced, the bundle holds both."""
    assert reasons(pem_of(leaf()), trust=Trust([OTHER_ROOT, ROOT])) == []


@pytest.mark.parametrize("key", [rsa.generate_private_key(65537, 2048), ed25519.Ed25519PrivateKey.generate()], ids=["rsa", "ed25519"])
def test_signatures_of_other_kinds(key: Any) -> None:
    from cryptography import x509

    name = name_of("Other CA")
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(5)
    builder = builder.not_valid_before(BEGIN).not_valid_after(BEGIN + YEAR)
    from cryptography.hazmat.primitives import hashes

    certificate = builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    assert _x509.is_self_signed(certificate) and not _x509.is_signed_by(certificate, ROOT) and not _x509.is_signed_by(ROOT, certificate)


def test_problems_are_those_of_any_certificate() -> None:
    assert _certificates.problems(pem_of(leaf("felix", ("b1",))), TRUST, NOW) == []
    found = _certificates.problems(pem_of(leaf(begin=NOW - 2 * YEAR)), Trust([OTHER_ROOT]), NOW)
    assert [words.split()[0] + words.split()[1] for words in found] == ["itssignature", "itexpired"]


@pytest.mark.parametrize(("room", "words"), [(0, "allows 0 more CAs below it, and there are 1"), (1, None), (None, None)])
def test_a_ca_that_allows_no_other_below_it(room: int | None, words: str | None) -> None:
    root = Authority("Root", path_length=room)
    middle = Authority("Middle", root)
    certificate = certify("host", middle)[1]
    wrong = _certificates.verify(certificate, Trust([root.certificate], [middle.certificate]), datetime.datetime.now(datetime.timezone.utc))[1]
    assert words in wrong if words else wrong is None
