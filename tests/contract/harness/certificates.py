"""Certificates by openssl(1): authorities and what they sign."""

from __future__ import annotations

import subprocess
from pathlib import Path

_DEADLINE = 60
_DAYS = "30"


class Authority:
    """A CA in a directory; its certificate is `<name>.crt` there."""

    def __init__(self, directory: Path, name: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self.certificate = directory / f"{name}.crt"
        self._key = directory / f"{name}.key"
        _openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", _DAYS),
            *("-subj", f"/CN={name}", "-keyout", str(self._key), "-out", str(self.certificate)),
        )

    def issue(self, name: str, common_name: str, names: str = "") -> tuple[Path, Path]:
        """A certificate and its key, `<name>.crt` and `.key`; `names` is a subjectAltName ("IP:127.0.0.1")."""
        key, certificate = (self._directory / f"{name}.{suffix}" for suffix in ("key", "crt"))
        request, extensions = (self._directory / f"{name}.{suffix}" for suffix in ("csr", "ext"))
        _openssl(
            *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={common_name}"),
            *("-keyout", str(key), "-out", str(request)),
        )
        usage = "extendedKeyUsage=serverAuth,clientAuth\n"
        extensions.write_text(usage + (f"subjectAltName={names}\n" if names else ""), encoding="utf-8")
        _openssl(
            *("x509", "-req", "-in", str(request), "-CA", str(self.certificate), "-CAkey", str(self._key)),
            *("-CAcreateserial", "-days", _DAYS, "-extfile", str(extensions), "-out", str(certificate)),
        )
        return certificate, key


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=_DEADLINE)
