"""etcd's v2 API as a process on a node of the cluster reaches it: by curl, started where the node is."""

from __future__ import annotations

import json
import subprocess
from typing import Any
from urllib.parse import quote

SECONDS = 5


class EtcdFailed(Exception):
    """No endpoint did what it was asked."""


class Etcd:
    """`run`: what starts a program on the node (empty: here); `tls`: paths of ca, cert and key there, as far as given."""

    def __init__(self, run: list[str], endpoints: list[str], tls: dict[str, str]) -> None:
        self._run = run
        self._endpoints = endpoints
        self._flags = [part for flag in ("cacert", "cert", "key") if tls.get(flag) for part in (f"--{flag}", tls[flag])]

    def get(self, key: str) -> Any:
        """The node of a key, None if there is none."""
        return self._ask([], key).get("node")

    def put(self, key: str, value: str) -> None:
        self._ask(["-X", "PUT", "--data-urlencode", f"value={value}"], key)

    def _ask(self, more: list[str], key: str) -> dict[str, Any]:
        said = []
        for endpoint in self._endpoints:
            url = f"{endpoint.rstrip('/')}/v2/keys{quote(key)}"
            argv = [*self._run, "curl", "-sS", "--noproxy", "*", "--max-time", str(SECONDS), *self._flags, *more, url]
            try:
                done = subprocess.run(
                    argv, capture_output=True, text=True, timeout=3 * SECONDS, stdin=subprocess.DEVNULL, check=False
                )
                if done.returncode == 0:
                    found = json.loads(done.stdout)
                    if isinstance(found, dict) and ("node" in found or found.get("errorCode") == 100):
                        return found
                said.append(
                    f"{endpoint}: {done.stderr.strip() or done.stdout.strip()[:200] or f'curl ended with {done.returncode}'}"
                )
            except (OSError, subprocess.SubprocessError, ValueError) as error:
                said.append(f"{endpoint}: {error}")
        raise EtcdFailed("client: etcd cluster is unavailable or misconfigured; " + "; ".join(said))
