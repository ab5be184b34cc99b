"""A CA to run modules against: cfssl's answers under /ca/api/v2, computed with real keys and certificates.

    ca = CaDouble(dcos_api)
    ca.sign(...) and so on are what a request is answered with; ca.writes counts what was issued.

tests/unit/plugins/test_ca_double.py holds it against a real cfssl where there is one. Python 3.9 and newer, as all controller-side code.
"""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import json
from typing import Any, Callable

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .dcos_api import Answer, Authority, DcosApi, Request, pem_of

BOTH = ("server auth", "client auth")
EXTENDED = {"any": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE, "server auth": ExtendedKeyUsageOID.SERVER_AUTH, "client auth": ExtendedKeyUsageOID.CLIENT_AUTH}
FIELDS = {
    "C": NameOID.COUNTRY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "L": NameOID.LOCALITY_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
}
CURVES = {256: ec.SECP256R1, 384: ec.SECP384R1, 521: ec.SECP521R1}
BACKDATED = datetime.timedelta(minutes=5)


def utcnow() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def name_of(common_name: str, **fields: str) -> x509.Name:
    parts = [x509.NameAttribute(FIELDS[short], value) for short, value in fields.items()]
    return x509.Name([*parts, *([x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else [])])


def general_names(hosts: tuple[str, ...] | list[str]) -> x509.SubjectAlternativeName:
    names: list[x509.GeneralName] = []
    for host in hosts:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    return x509.SubjectAlternativeName(names)


def sign(
    issuer: Any,
    issuer_key: Any,
    public_key: Any,
    subject: x509.Name,
    hosts: tuple[str, ...] | list[str] = (),
    usages: tuple[str, ...] = BOTH,
    begin: datetime.datetime | None = None,
    lifetime: datetime.timedelta = datetime.timedelta(hours=8760),
    ca: bool = False,
    signing: bool = False,
) -> Any:
    """A certificate as cfssl makes it from a profile with "signing", "key encipherment" and these usages."""
    begin = begin or utcnow() - BACKDATED
    usage = dict.fromkeys(("content_commitment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if hasattr(issuer, "subject") else issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + lifetime)
        .add_extension(
            x509.KeyUsage(digital_signature=True, key_encipherment=not ca, key_cert_sign=ca or signing, crl_sign=ca or signing, **usage), critical=True
        )
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if usages and not ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage([EXTENDED[usage] for usage in usages]), critical=False)
    if hosts:
        builder = builder.add_extension(general_names(hosts), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def request_pem(key: Any, common_name: str, hosts: tuple[str, ...] = (), **fields: str) -> str:
    """A signing request."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(name_of(common_name, **fields))
    if hosts:
        builder = builder.add_extension(general_names(hosts), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def key_pem(key: Any) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


def success(result: Any, *messages: Any) -> Answer:
    return Answer({"success": True, "result": result, "errors": [], "messages": list(messages)})


def failure(status: int, code: int, message: str) -> Answer:
    body = {"success": False, "result": None, "errors": [{"code": code, "message": message}], "messages": []}
    return Answer(json.dumps(body) + "\n", status, "text/plain; charset=utf-8")


# cfssl's words for a request without hosts
NO_HOSTS = {
    "code": 5300,
    "message": "This certificate lacks a \"hosts\" field. This makes it unsuitable for\nwebsites. For more information see the Baseline Requirements "
    "for the Issuance and Management\nof Publicly-Trusted Certificates, v.1.1.6, from the CA/Browser Forum (https://cabforum.org);\n"
    "specifically, section 10.2.3 (\"Information Requirements\").",
}


class CaDouble:
    """A cluster's CA.

    :ivar signer: the authority that signs; give an intermediate, and its root as C(bundle), for a CA that is none itself.
    :ivar usages: of its profile.
    :ivar expiry: of its profile.
    :ivar issued: PEM of every certificate that it made.
    :ivar place: called with each of them.
    :ivar chain: what C(bundle) knows of the way to the root, which is the last.
    """

    def __init__(self, api: DcosApi, signer: Authority | None = None, bundle: str | None = None) -> None:
        self.signer = signer or Authority()
        self.trusted = bundle if bundle is not None else self.signer.pem()
        self.usages = BOTH
        self.expiry = "8760h"
        self.issued: list[str] = []
        self.place: Callable[[str], None] = lambda pem: None
        self.chain: list[Authority] = []
        api.on("GET", "/ca/dcos-ca.crt", lambda request: Answer(self.trusted, content_type="application/x-x509-ca-cert"))
        for name in ("info", "sign", "newcert", "bundle"):
            api.on("POST", f"/ca/api/v2/{name}", getattr(self, name))

    @property
    def writes(self) -> int:
        return len(self.issued)

    def _certificate(self, public_key: Any, subject: x509.Name, hosts: list[str]) -> str:
        lifetime = datetime.timedelta(hours=int(self.expiry.rstrip("h")))
        certificate = sign(self.signer.certificate, self.signer.key, public_key, subject, hosts, self.usages, lifetime=lifetime)
        self.issued.append(pem_of(certificate))
        self.place(self.issued[-1])
        return self.issued[-1]

    def info(self, request: Request) -> Answer:
        return success(
            {"certificate": self.signer.pem().rstrip("\n"), "usages": ["signing", "key encipherment", *self.usages], "expiry": self.expiry}
        )

    def sign(self, request: Request) -> Answer:
        try:
            body = request.json()
        except ValueError:
            return failure(400, 400, "Unable to parse sign request")
        if not body.get("certificate_request"):
            return failure(400, 400, "missing parameter 'certificate_request'")
        try:
            csr = x509.load_pem_x509_csr(body["certificate_request"].encode())
        except ValueError:
            return failure(400, 9002, "CSR Decode failed")
        # as cfssl does: names that are given win, and gaps are filled with the request's own
        hosts = body.get("hosts")
        if hosts is None:
            try:
                names = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
                hosts = [str(name.value) for name in names]
            except x509.ExtensionNotFound:
                hosts = []
        return success({"certificate": self._certificate(csr.public_key(), _subject(body.get("subject"), csr.subject), hosts)})

    def newcert(self, request: Request) -> Answer:
        desired = request.json().get("request") or {}
        key = desired.get("key") or {"algo": "ecdsa", "size": 256}
        made: Any
        if key["algo"] == "rsa":
            if key["size"] < 2048:
                return failure(400, 2400, "RSA key is too weak")
            made = rsa.generate_private_key(65537, key["size"])
        elif key["algo"] == "ecdsa":
            if key["size"] not in CURVES:
                return failure(400, 2400, "invalid curve")
            made = ec.generate_private_key(CURVES[key["size"]]())
        else:
            return failure(400, 2400, "invalid algorithm")
        subject = name_of(desired.get("CN", ""), **(desired.get("names") or [{}])[0])
        hosts = desired.get("hosts") or []
        csr = request_pem(made, desired.get("CN", ""), tuple(hosts))
        certificate = self._certificate(made.public_key(), subject, hosts)
        sums = {name: _sums(text) for name, text in (("certificate", certificate), ("certificate_request", csr))}
        result = {"certificate": certificate, "certificate_request": csr, "private_key": key_pem(made), "sums": sums}
        return success(result, *([] if hosts else [NO_HOSTS]))

    def bundle(self, request: Request) -> Answer:
        try:
            leaf = x509.load_pem_x509_certificate(request.json()["certificate"].encode())
        except ValueError:
            return failure(400, 1002, "Failed to decode certificate")
        if leaf.issuer == leaf.subject:
            return failure(400, 1100, "Certificate is self signed")
        if not self.chain:
            return failure(400, 1220, "x509: certificate signed by unknown authority")
        *between, root = self.chain
        return success({"bundle": "\n".join([pem_of(leaf).strip(), *(one.pem().strip() for one in between)]), "root": root.pem().strip()})


def _subject(said: dict[str, Any] | None, requested: x509.Name) -> x509.Name:
    """cfssl's PopulateSubjectFromCSR."""
    if said is None:
        return requested
    given = {oid: value for names in said.get("names") or [] for field, value in names.items() if value for oid in (FIELDS[field],)}
    given.update({NameOID.COMMON_NAME: said["CN"]} if said.get("CN") else {})
    known = (*FIELDS.values(), NameOID.COMMON_NAME, NameOID.SERIAL_NUMBER)
    filled = {attribute.oid: str(attribute.value) for attribute in requested if attribute.oid in known}
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in {**filled, **given}.items()])


def _sums(pem: str) -> dict[str, str]:
    der = pem.encode()
    return {"md5": hashlib.md5(der).hexdigest().upper(), "sha-1": hashlib.sha1(der).hexdigest().upper()}  # noqa: S324
