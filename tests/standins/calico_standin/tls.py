"""TLS to etcd: the client's files, and Go's words for what goes wrong with them."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass

from .errors import ConfigError

_ALERT_WORDS = {
    "SSLV3_ALERT_BAD_CERTIFICATE": "bad certificate",
    "TLSV1_ALERT_UNKNOWN_CA": "unknown certificate authority",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "expired certificate",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "unknown certificate",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "handshake failure",
    "TLSV1_ALERT_PROTOCOL_VERSION": "protocol version not supported",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "bad certificate",
}
_VERIFY_EXPIRED = (9, 10)
_VERIFY_HOSTNAME = (62, 64)


@dataclass(frozen=True)
class TlsFiles:
    """Paths of the three PEM files a client may be given."""

    ca: str | None = None
    cert: str | None = None
    key: str | None = None

    def context(self) -> ssl.SSLContext:
        """Load the files; every failure is a ConfigError in the words of Go's tls package."""
        if bool(self.cert) != bool(self.key):
            raise ConfigError(
                f"KeyFile and CertFile must both be present[key: {self.key or ''}, cert: {self.cert or ''}]"
            )
        for path in (self.cert, self.key, self.ca):
            if path:
                _require_readable(path)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # Go 1.9, of which the real tools are built, speaks TLS 1.2 at most.
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        if self.ca:
            try:
                context.load_verify_locations(cafile=self.ca)
            except ssl.SSLError:
                context = _trusting_nothing()
        else:
            context.load_default_certs()
        if self.cert and self.key:
            try:
                context.load_cert_chain(self.cert, self.key)
            except ssl.SSLError as exc:
                raise ConfigError(_key_pair_words(exc)) from exc
        return context


def _require_readable(path: str) -> None:
    try:
        with open(path, "rb"):
            return
    except OSError as exc:
        reason = os.strerror(exc.errno or 0).lower()
        raise ConfigError(f"open {path}: {reason}") from exc


def _trusting_nothing() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


def _key_pair_words(exc: ssl.SSLError) -> str:
    if exc.reason == "KEY_VALUES_MISMATCH":
        return "tls: private key does not match public key"
    return "tls: failed to find any PEM data in certificate input"


def failure_words(exc: Exception, host: str) -> str | None:
    """Go's word for a TLS failure; None for one of another kind."""
    if isinstance(exc, ssl.SSLCertVerificationError):
        return _verification_words(exc, host)
    if isinstance(exc, ssl.SSLError):
        return _tls_words(exc)
    return None


def _verification_words(exc: ssl.SSLCertVerificationError, host: str) -> str:
    if exc.verify_code in _VERIFY_EXPIRED:
        return "x509: certificate has expired or is not yet valid"
    if exc.verify_code in _VERIFY_HOSTNAME:
        if host.replace(".", "").isdigit() or ":" in host:
            return f"x509: cannot validate certificate for {host} because it doesn't contain any IP SANs"
        return f"x509: certificate is not valid for any names, but wanted to match {host}"
    return "x509: certificate signed by unknown authority"


def _tls_words(exc: ssl.SSLError) -> str:
    if isinstance(exc, (ssl.SSLEOFError, ssl.SSLZeroReturnError)) or exc.reason is None:
        return "EOF"
    alert = _ALERT_WORDS.get(exc.reason)
    if alert:
        return f"remote error: tls: {alert}"
    if exc.reason == "WRONG_VERSION_NUMBER":
        return "tls: first record does not look like a TLS handshake"
    return f"tls: {exc.reason.lower().replace('_', ' ')}"
