"""Keys and signing requests for tests, as PEM."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def key_pair() -> tuple[str, str]:
    """(private, public)."""
    key = private_key()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private.decode(), key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


def signing_request(common_name: str, address: str, key: rsa.RSAPrivateKey | None = None) -> str:
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).add_extension(names, critical=False)
    return request.sign(key or private_key(), hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def signed(request: str, authority: Path, days: float) -> str:
    """What a CA would have made of a request `days` before its end; `authority` is its certificate, with the key beside it."""
    asked = x509.load_pem_x509_csr(request.encode())
    issuer = x509.load_pem_x509_certificate(authority.read_bytes())
    key = serialization.load_pem_private_key(authority.with_suffix(".key").read_bytes(), None)
    now = datetime.datetime.now(datetime.UTC)
    usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    build = (
        x509.CertificateBuilder().subject_name(asked.subject).issuer_name(issuer.subject).public_key(asked.public_key())
    )
    build = build.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=300))
    build = build.not_valid_after(now + datetime.timedelta(days=days)).add_extension(usages, critical=False)
    for extension in asked.extensions:
        build = build.add_extension(extension.value, extension.critical)
    return build.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
