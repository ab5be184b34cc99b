"""A certificate authority for tests: its files by openssl, its API by a real CFSSL."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1] / "unit" / "support"))

from ports import free_port  # noqa: E402

USAGES = ["signing", "key encipherment", "server auth", "client auth"]
ANSWER_SECONDS = 20
NAMES = "subjectAltName=IP:127.0.0.1,DNS:localhost"


def _openssl(directory: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True, timeout=60)


class Authority:
    """A root in `directory` (ca.crt, ca.key), and what it signed."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        extensions = [
            "-addext",
            "basicConstraints=critical,CA:TRUE",
            "-addext",
            "keyUsage=critical,keyCertSign,cRLSign",
        ]
        _openssl(
            directory, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.crt", "-days", "3650",
            "-subj", "/O=Mesosphere, Inc./CN=DC\\/OS Root CA", *extensions,
        )  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bundle(self) -> str:
        return str(self.directory / "ca.crt")

    def front(self) -> dict[str, str]:
        """The pair of an Admin Router on 127.0.0.1, as the service's setting `tls`."""
        _openssl(
            self.directory,
            "req",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "front.key",
            "-out",
            "front.csr",
            "-subj",
            "/CN=master",
        )
        (self.directory / "front.ext").write_text(f"{NAMES}\nextendedKeyUsage=serverAuth\n", encoding="utf-8")
        signing = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "365", "-extfile", "front.ext"]
        _openssl(self.directory, "x509", "-req", "-in", "front.csr", "-out", "front.crt", *signing)
        return {"certificate": str(self.directory / "front.crt"), "key": str(self.directory / "front.key")}

    def serve(self, cfssl: Path) -> dict[str, Any]:
        """Start CFSSL; what the service has to know of it. Its profile `strict` signs for names below example.com only."""
        profile = {"usages": USAGES, "expiry": "8760h"}
        strict = {**profile, "name_whitelist": "^[a-z]+[.]example[.]com$"}
        (self.directory / "cfssl.json").write_text(
            json.dumps({"signing": {"default": profile, "profiles": {"strict": strict}}}), encoding="utf-8"
        )
        port = free_port()
        files = [
            "-ca",
            "ca.crt",
            "-ca-key",
            "ca.key",
            "-ca-bundle",
            "ca.crt",
            "-int-bundle",
            "ca.crt",
            "-config",
            "cfssl.json",
        ]
        argv = [str(cfssl), "serve", "-address", "127.0.0.1", "-port", str(port), *files]
        self._process = subprocess.Popen(
            argv, cwd=self.directory, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert time.monotonic() < deadline and self._process.poll() is None, "cfssl does not listen"
                time.sleep(0.05)
        return {"ca_url": f"http://127.0.0.1:{port}", "ca_bundle": self.bundle}

    def close(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(10)
