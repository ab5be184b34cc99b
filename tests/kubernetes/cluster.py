"""The stand-in Kubernetes API on loopback, for any suite: put this directory on sys.path and use the class.

The service runs in the environment of the stand-in DC/OS (`python3 tools/venvs.py dcos`); the schemas are those of the package kubernetes-validate in `full`.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import ssl
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "standins"))

from standin_service import Service, interpreter, patience  # noqa: E402

ANSWER_SECONDS = 30
TOKEN = "bootstrapper-2f9d6c1e"
READER = "reader-77ab01c4"
# A service account that is bound to no role, as far as RBAC knows.
BOUNDLESS = "bootstrapper-5510aa7e"
IMAGE = "quay.io/calico/kube-controllers:v1.0.3"

Json = dict[str, Any]
sys.path.insert(0, str(ROOT / "tools"))


def schemas() -> Path:
    """The published schemas."""
    import venvs

    return next(venvs.ensure("full").glob("lib/python3*/site-packages/kubernetes_validate/kubernetes-json-schema"))


class Kubernetes(Service):
    """A running service. Settings are those of its README, with its own address and certificates as they are given."""

    def __init__(self, directory: Path, **settings: Any) -> None:
        super().__init__("kubernetes_standin", directory, interpreter())
        self.settings: Json = {
            "version": "v1.10.8",
            "schemas": str(schemas()),
            "state_dir": str(directory / "state"),
            "controllers_image": IMAGE,
            "tokens": {
                TOKEN: {"user": "bootstrapper", "groups": ["system:masters"]},
                READER: {"user": "reader"},
                BOUNDLESS: {"user": "system:serviceaccount:kube-system:bootstrapper"},
            },
            "time_scale": 0.1,
            **settings,
        }
        self.url = ""

    def start(self) -> Kubernetes:
        """Start it; where it listens is known then."""
        self.url = self.begin(self.settings)["url"]
        return self

    # -- requests, as plain as can be -------------------------------------------------------

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        media: str = "application/json",
        token: str | None = TOKEN,
        more: Json | None = None,
        **tls: str,
    ) -> tuple[int, Any]:
        """(status, object or text). C(more) are headers."""
        headers = {"Content-Type": media, **({"Authorization": f"Bearer {token}"} if token else {}), **(more or {})}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        context = ssl.create_default_context(cafile=tls.get("ca"))
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if "cert" in tls:
            context.load_cert_chain(tls["cert"], tls["key"])
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        try:
            with opener.open(request, timeout=patience(ANSWER_SECONDS)) as answer:
                code, content = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            code, content = error.code, error.read()
        try:
            return code, json.loads(content)
        except ValueError:
            return code, content.decode(errors="replace")

    def get(self, path: str) -> Any:
        code, found = self.ask("GET", path)
        assert code == 200, found
        return found

    def pods(self, prefix: str = "") -> list[Json]:
        return [
            pod
            for pod in self.get("/api/v1/namespaces/kube-system/pods")["items"]
            if pod["metadata"]["name"].startswith(prefix)
        ]

    def ready(self, prefix: str) -> bool:
        pods = self.pods(prefix)
        return bool(pods) and all(
            {"type": "Ready", "status": "True"}.items() <= one.items()
            for pod in pods
            for one in pod["status"].get("conditions", [])[:1]
        )

    def writes(self) -> list[str]:
        """What was asked that changes something, in order; a review is answered and not kept."""
        asked = [
            entry for entry in self.get("/_log") if entry["method"] not in ("GET", "HEAD") and entry["status"] < 300
        ]
        return [
            f"{entry['method']} {entry['path']}"
            for entry in asked
            if not entry["path"].endswith("selfsubjectaccessreviews")
        ]


@contextlib.contextmanager
def running(directory: Path, **settings: Any) -> Iterator[Kubernetes]:
    """One that ends with the block."""
    api = Kubernetes(directory, **settings)
    try:
        yield api.start()
    finally:
        api.stop()
        shutil.rmtree(directory / "state", ignore_errors=True)
