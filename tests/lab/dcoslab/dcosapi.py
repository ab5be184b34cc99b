"""Asking the stand-in DC/OS of a running lab, from this machine."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from dcoslab import dcosmaster
from dcoslab.process import LabError, scaled, wait_for
from dcoslab.settings import Settings

TOKEN_SECONDS = 30 * 24 * 3600


def ask(settings: Settings, path: str, body: object = None) -> Any:
    """A request to the Mesos master's port, where the service's own controls are, too; OSError if there is no answer."""
    address = settings.masters[0].address
    headers = {
        "X-Control-Token": (dcosmaster.directory(settings) / "control_token").read_text(),
        "Content-Type": "application/json",
    }
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://{address}:{dcosmaster.MESOS_PORT}{path}", data, headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=scaled(10)) as answer:
        return json.load(answer)


def wait(settings: Settings) -> None:
    """Until every agent is registered; then a token for who cannot log in."""
    desired = {host.address: host.name for host in settings.agents}

    def probe() -> str | None:
        try:
            agents = ask(settings, "/slaves")["slaves"]
        except (OSError, ValueError) as error:
            return str(error)
        missing = desired.keys() - {agent["hostname"] for agent in agents if agent["active"]}
        return f"not registered: {', '.join(desired[address] for address in sorted(missing))}" if missing else None

    wait_for("DC/OS", probe, timeout=60)
    try:
        token = ask(settings, "/_token", {"uid": dcosmaster.SUPERUSER, "seconds": TOKEN_SECONDS})["token"]
    except urllib.error.URLError as error:
        raise LabError(f"DC/OS gives no token: {error}") from None
    dcosmaster.private(dcosmaster.directory(settings) / "token", token)
