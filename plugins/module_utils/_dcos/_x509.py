# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""X.509: parse and describe certificates, requests and public keys. Pure."""
from __future__ import annotations

import dataclasses
import datetime
import hashlib
import math
import re
from collections.abc import Iterable
from typing import Any

from ansible.module_utils.basic import missing_required_lib

from ansible_collections.dcos.calico.plugins.module_utils import _untrusted
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
except ImportError as error:
    CRYPTOGRAPHY_ERROR: ImportError | None = error
else:
    CRYPTOGRAPHY_ERROR = None

PEM_CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
DNS_NAME = re.compile(r"(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")
# Key sizes that are good enough; cfssl signs anything when it is given a request.
LEAST_RSA = 2048
LEAST_EC = 256
# cfssl's names (config.KeyUsage, config.ExtKeyUsage)
KEY_USAGES = (
    ("digital_signature", "signing"),
    ("content_commitment", "content commitment"),
    ("key_encipherment", "key encipherment"),
    ("data_encipherment", "data encipherment"),
    ("key_agreement", "key agreement"),
    ("key_cert_sign", "cert sign"),
    ("crl_sign", "crl sign"),
)
# RFC 5280, 4.2.1.12: a certificate that names no extended usages, or this one, is good for all of them.
ANY = "any"
EXTENDED_USAGES = {
    "ANY_EXTENDED_KEY_USAGE": ANY, "SERVER_AUTH": "server auth", "CLIENT_AUTH": "client auth", "CODE_SIGNING": "code signing",
    "EMAIL_PROTECTION": "email protection",
}
SUBJECT_FIELDS = {
    "country": "COUNTRY_NAME",
    "state": "STATE_OR_PROVINCE_NAME",
    "locality": "LOCALITY_NAME",
    "organization": "ORGANIZATION_NAME",
    "organizational_unit": "ORGANIZATIONAL_UNIT_NAME",
}


def check_library() -> None:
    """Raise if the library is not there."""
    if CRYPTOGRAPHY_ERROR is not None:
        raise CalicoError("No certificate can be checked", missing_required_lib("cryptography", reason="to read certificates"))


@dataclasses.dataclass(frozen=True)
class Request:
    """What counts of a certificate signing request: the key, which has signed it. Names in it are a host's wishes.

    :ivar hosts: alternative names that it asks for.
    :ivar fields: what it has in its subject beside a common name.
    """

    key: tuple[str, int]
    public_key: str
    hosts: tuple[str, ...]
    fields: tuple[str, ...]


def normalise_host(name: str) -> str:
    """An alternative name as it is compared: addresses in their short form, DNS names in small letters.

    :raises ValidationError: if it is neither.
    """
    text = str(name).strip()
    address = _untrusted.address(text)
    if address is not None:
        return address
    text = text.lower()
    if len(text) > 253 or not DNS_NAME.fullmatch(text) or re.fullmatch(r"[0-9.]+", text):
        raise ValidationError(f"{name!r} cannot stand in a certificate", "it is neither a DNS name nor an address", "Correct the list of hosts")
    return text


def normalise_hosts(names: Iterable[str]) -> tuple[str, ...]:
    """Alternative names, each once, in an order of their own."""
    return tuple(sorted({normalise_host(name) for name in names}))


def parse_certificates(text: str) -> list[x509.Certificate]:
    """The certificates of a PEM text, in its order.

    :raises ValueError: saying why it holds none, or which of them is damaged.
    """
    blocks = PEM_CERTIFICATE.findall(text or "")
    if not blocks:
        raise ValueError("it holds no PEM block CERTIFICATE")
    found = []
    for number, block in enumerate(blocks, 1):
        try:
            certificate = x509.load_pem_x509_certificate(block.encode())
            # both are read late, and may be what is damaged
            certificate.public_key()
            list(certificate.extensions)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise ValueError(f"certificate {number} of {len(blocks)} is damaged: {error}") from error
        found.append(certificate)
    return found


def parse_request(text: str, name: str) -> Request:
    """What counts of a signing request.

    :arg name: what it is called in errors.
    :raises ValidationError: if it cannot be read or signed as it is, or its key is too weak.
    """
    remedy = "Make it again with dcos.calico.agent_key"
    try:
        found = x509.load_pem_x509_csr(text.encode())
        valid = found.is_signature_valid
        key = found.public_key()
        hosts = _hosts_of(found)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValidationError(f"The signing request of {name} cannot be read", str(error), remedy)
    if not valid:
        raise ValidationError(f"The signing request of {name} is not signed by its own key", remedy=remedy)
    weak = weakness(key)
    if weak:
        raise ValidationError(f"The key of {name} is too weak for a certificate", weak, "Use rsa with 2048 bits or more, or ecdsa")
    fields = [*subject_fields(found.subject), *(["serial number"] if found.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER) else [])]
    return Request(key_of(key), public_key_sha256(key), hosts, tuple(fields))


def to_pem(certificates: Iterable[x509.Certificate]) -> str:
    return "".join(certificate.public_bytes(Encoding.PEM).decode() for certificate in certificates)


def fingerprint(certificate: x509.Certificate) -> str:
    """sha256 of a certificate, as C(openssl x509 -fingerprint -sha256) computes it: bare small digits."""
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def public_key_sha256(key: Any) -> str:
    """sha256 of a public key (DER, SubjectPublicKeyInfo), as dcos.calico.agent_key returns it."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def public_key_of_private(text: str) -> str:
    """public_key_sha256() of a private key's PEM.

    :raises ValueError: if it cannot be read; never quotes it.
    """
    try:
        return public_key_sha256(load_pem_private_key(text.encode(), password=None).public_key())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("its private key cannot be read") from None


def key_of(key: Any) -> tuple[str, int]:
    """Type and size of a public key."""
    if isinstance(key, rsa.RSAPublicKey):
        return "rsa", key.key_size
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "ecdsa", key.curve.key_size
    return type(key).__name__.replace("PublicKey", "").lstrip("_").lower(), 0


def weakness(key: Any) -> str | None:
    """Why a key must not get a certificate, or None."""
    kind, size = key_of(key)
    least = {"rsa": LEAST_RSA, "ecdsa": LEAST_EC}.get(kind)
    if least is None:
        return f"it is of type {kind}, which neither etcd nor Kubernetes of that time can use"
    return f"it is {kind} with {size} bits" if size < least else None


def _utc(certificate: x509.Certificate, name: str) -> datetime.datetime:
    """not_valid_before or not_valid_after; cryptography before 42 gives them without a time zone only."""
    found = getattr(certificate, f"{name}_utc", None)
    return found if found is not None else getattr(certificate, name).replace(tzinfo=datetime.timezone.utc)


def not_before(certificate: x509.Certificate) -> datetime.datetime:
    return _utc(certificate, "not_valid_before")


def not_after(certificate: x509.Certificate) -> datetime.datetime:
    return _utc(certificate, "not_valid_after")


def is_valid_at(certificate: x509.Certificate, moment: datetime.datetime) -> bool:
    return not_before(certificate) <= moment <= not_after(certificate)


def show_time(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _common_name(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""


def subject_fields(name: x509.Name) -> dict[str, str]:
    found = {}
    for field, oid in SUBJECT_FIELDS.items():
        values = name.get_attributes_for_oid(getattr(NameOID, oid))
        if values:
            found[field] = ", ".join(str(value.value) for value in values)
    return found


def other_fields(name: x509.Name) -> list[str]:
    """What a subject has beside one common name and subject_fields(): programs differ in which of several common names they take."""
    known = {getattr(NameOID, oid) for oid in SUBJECT_FIELDS.values()}
    found = [attribute for attribute in name if attribute.oid not in known and attribute.oid != NameOID.COMMON_NAME]
    return [f"{attribute.rfc4514_attribute_name} {attribute.value!s}" for attribute in [*name.get_attributes_for_oid(NameOID.COMMON_NAME)[1:], *found]]


def _extension(thing: Any, kind: Any) -> Any:
    try:
        return thing.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _hosts_of(thing: Any) -> tuple[str, ...]:
    names = _extension(thing, x509.SubjectAlternativeName)
    if names is None:
        return ()
    found = []
    for name in names:
        known = isinstance(name, (x509.DNSName, x509.IPAddress))
        value = str(name.value)
        # what our own rules for names do not know is still shown, and compared, as it is
        found.append(value.lower() if known else f"{type(name).__name__}:{value}")
    return tuple(sorted(set(found)))


def usages_of(certificate: x509.Certificate) -> list[str]:
    """Key usages, then extended ones, by cfssl's names."""
    usage, extended = _extension(certificate, x509.KeyUsage), _extension(certificate, x509.ExtendedKeyUsage)
    found = [name for attribute, name in KEY_USAGES if usage is not None and getattr(usage, attribute)]
    known = {getattr(ExtendedKeyUsageOID, oid): name for oid, name in EXTENDED_USAGES.items()}
    return found + [known.get(oid, oid.dotted_string) for oid in extended or ()]


def is_good_for(certificate: x509.Certificate, usage: str) -> bool:
    """Whether programs take it for one with this extended usage, said or not."""
    extended = _extension(certificate, x509.ExtendedKeyUsage)
    return extended is None or bool({usage, ANY}.intersection(usages_of(certificate)))


def says_authority(certificate: x509.Certificate) -> bool:
    """Whether it says CA:TRUE, which some programs take for enough."""
    constraints = _extension(certificate, x509.BasicConstraints)
    return constraints is not None and constraints.ca


def is_authority(certificate: x509.Certificate) -> bool:
    """Whether it may sign certificates: CA:TRUE, and no key usages that leave that out."""
    constraints, usage = _extension(certificate, x509.BasicConstraints), _extension(certificate, x509.KeyUsage)
    return bool(constraints is not None and constraints.ca and (usage is None or usage.key_cert_sign))


def path_length(certificate: x509.Certificate) -> float:
    """How many CAs may stand between a CA's certificate and a server's, itself not counted; infinity where it does not say."""
    constraints = _extension(certificate, x509.BasicConstraints)
    return math.inf if constraints is None or constraints.path_length is None else constraints.path_length


def describe(certificate: x509.Certificate) -> dict[str, Any]:
    """What a certificate says, for results and diffs."""
    kind, size = key_of(certificate.public_key())
    return {
        "common_name": _common_name(certificate.subject),
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "hosts": list(_hosts_of(certificate)),
        "usages": usages_of(certificate),
        "key_type": kind,
        "key_size": size,
        "is_ca": is_authority(certificate),
        "serial_number": f"{certificate.serial_number:x}",
        "not_before": show_time(not_before(certificate)),
        "not_after": show_time(not_after(certificate)),
        "sha256": fingerprint(certificate),
        "public_key_sha256": public_key_sha256(certificate.public_key()),
    }


def is_signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the issuer's key made the signature."""
    key, signature, signed, digest = issuer.public_key(), certificate.signature, certificate.tbs_certificate_bytes, certificate.signature_hash_algorithm
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, padding.PKCS1v15(), digest)  # type: ignore[arg-type]
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(digest))  # type: ignore[arg-type]
        else:
            key.verify(signature, signed)  # type: ignore[union-attr,call-arg]
    except (InvalidSignature, UnsupportedAlgorithm, TypeError, AttributeError, ValueError):
        return False
    return True


def is_self_signed(certificate: x509.Certificate) -> bool:
    return certificate.issuer == certificate.subject and is_signed_by(certificate, certificate)
