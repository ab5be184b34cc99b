"""A real etcd on a test host."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from .config import patience
from .host import Host

_STOP_DEADLINE = 10.0
_START_DEADLINE = 20
_SOCKET = "localhost:1"


class _UnixConnection(http.client.HTTPConnection):
    """HTTP to a socket file, by which the suite reaches into the host's network namespace."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=patience(10))
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class EtcdServer:
    """One member; `options` are further flags (TLS, cluster)."""

    def __init__(
        self,
        host: Host,
        binary: Path,
        directory: Path,
        port: int = 2379,
        scheme: str = "http",
        options: Sequence[str] = (),
    ) -> None:
        self.port = port
        self._host = host
        self._directory = directory
        self._url = f"{scheme}://127.0.0.1:{port}"
        peer = f"http://127.0.0.1:{port + 10000}"
        self._argv = [
            str(binary),
            f"--name=m{port}",
            f"--data-dir={directory}",
            f"--listen-client-urls={self._url},unix://{_SOCKET}",
            f"--advertise-client-urls={self._url}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=m{port}={peer}",
            *options,
        ]
        self._process: subprocess.Popen[str] | None = None

    def start(self, wait: bool = True) -> None:
        """Start the member, by default until it answers."""
        self._directory.mkdir(parents=True, exist_ok=True)
        with self._directory.with_suffix(".log").open("a") as log:
            self._process = self._host.start(
                ["env", f"--chdir={self._directory}", *self._argv], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        if wait:
            self.wait()

    def wait(self) -> None:
        """Wait until the member answers for the whole cluster."""
        deadline = time.monotonic() + patience(_START_DEADLINE)
        while time.monotonic() < deadline:
            try:
                if self._exchange("GET", "/health").get("health") in ("true", True):
                    return
            except (OSError, ValueError, http.client.HTTPException):
                pass
            time.sleep(0.05)
        raise RuntimeError(f"etcd does not answer: {self._directory.with_suffix('.log').read_text()[-2000:]}")

    def stop(self) -> None:
        """Kill the member, and wait until it is gone: what enters the host's namespaces for it ends before it, and the next one wants its ports."""
        if self._process is not None:
            process, self._process = self._process, None
            deadline = time.monotonic() + patience(_STOP_DEADLINE)
            with contextlib.suppress(ProcessLookupError):
                while time.monotonic() < deadline:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.poll()
                    time.sleep(0.01)

    def destroy(self) -> None:
        """Kill the member and forget its data."""
        self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    # -- the store --------------------------------------------------------------------------

    def tree(self, path: str = "/") -> tuple[dict[str, str], set[str]]:
        """The values of all keys under a path, and their names with those of directories (ending in /)."""
        values: dict[str, str] = {}
        names: set[str] = set()
        top = self._exchange("GET", f"/v2/keys{quote(path)}?recursive=true").get("node", {})
        pending: list[dict[str, Any]] = list(top.get("nodes", ()))
        while pending:
            node = pending.pop()
            if node.get("dir"):
                names.add(node["key"] + "/")
                pending.extend(node.get("nodes", ()))
            else:
                names.add(node["key"])
                values[node["key"]] = node.get("value", "")
        return values, names

    def put(self, path: str, value: str) -> None:
        """Write a key."""
        self._exchange("PUT", f"/v2/keys{quote(path)}", urlencode({"value": value}))

    def delete(self, path: str) -> None:
        """Remove a key or a tree."""
        self._exchange("DELETE", f"/v2/keys{quote(path)}?recursive=true")

    def wipe(self) -> None:
        """Remove everything."""
        self.delete("/calico")

    def load(self, values: dict[str, str]) -> None:
        """Replace everything by these keys."""
        self.wipe()
        for path, value in values.items():
            self.put(path, value)

    def _exchange(self, method: str, target: str, body: str | None = None) -> dict[str, Any]:
        connection = _UnixConnection(self._directory / _SOCKET)
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
        try:
            connection.request(method, target, body, headers)
            return dict(json.loads(connection.getresponse().read()))
        finally:
            connection.close()
