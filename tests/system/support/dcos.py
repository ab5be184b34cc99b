"""The controls of the lab's stand-in DC/OS: what was asked of it, and faults."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from dcoslab import dcosmaster
from dcoslab.process import scaled

from support.lab import Lab


class Control:
    """See tests/standins/dcos_standin/README.md."""

    def __init__(self, lab: Lab) -> None:
        self.settings = lab.settings
        self._base = f"http://{lab.masters[0].address}:{dcosmaster.MESOS_PORT}"
        self._token = (dcosmaster.directory(lab.settings) / "control_token").read_text()

    def ask(self, method: str, path: str, body: object = None) -> Any:
        headers = {"X-Control-Token": self._token, "Content-Type": "application/json"}
        request = urllib.request.Request(
            self._base + path, None if body is None else json.dumps(body).encode(), headers, method=method
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=scaled(20)) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def forget(self) -> None:
        """Set the counters to zero."""
        self.ask("DELETE", "/_counters")

    def writes(self) -> dict[str, int]:
        """{request: times} of everything since forget() that changes something; agents' own registration and the like are none."""
        counted: dict[str, int] = self.ask("GET", "/_counters")["writes"]
        return counted

    def fault(self, path: str, kind: str, **more: Any) -> None:
        self.ask("POST", "/_faults", {"path": path, "kind": kind, **more})


def variables(lab: Lab) -> dict[str, Any]:
    """How the product reaches this DC/OS, as its superuser."""
    place = dcosmaster.directory(lab.settings)
    return {
        "calico_dcos_url": dcosmaster.url(lab.settings),
        "calico_dcos_ca_path": str(place / "ca-bundle.crt"),
        "calico_dcos_token": (place / "token").read_text(),
    }
