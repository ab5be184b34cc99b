"""The stand-in DC/OS on loopback, for any suite: put this directory on sys.path and use the class, or the fixtures of conftest.py.

The service runs in its own environment (`python3 tools/venvs.py dcos`), whatever the suite's is.
"""

from __future__ import annotations

import contextlib
import json
import random
import secrets
import shutil
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "standins"))

from standin_service import Service, interpreter, patience  # noqa: E402

ANSWER_SECONDS = 60
SCALE = 0.02
FIRST_AGENT = "127.9.0.21"
NETWORK = "127.9.0"
CPUS = {"cpus": 4, "mem": 14018, "disk": 35572, "gpus": 0}

Json = dict[str, Any]


class Standin(Service):
    """A running service. `url` is its Admin Router, `mesos`, `marathon` and `mesos_dns` the others' own ports."""

    def __init__(self, directory: Path, python: Path, **settings: Any) -> None:
        super().__init__("dcos_standin", directory, python)
        self.control_token = secrets.token_hex(8)
        # A real etcd listens at ports of its own, on loopback addresses that no other stand-in of this machine may have.
        own = "etcd" in settings.get("launcher", {})
        self.network = (
            f"127.{random.SystemRandom().randint(16, 250)}.{random.SystemRandom().randint(0, 255)}" if own else NETWORK
        )
        kinds = ("admin_router", "mesos", "marathon", "mesos_dns")
        tls = bool(settings.get("tls"))
        self.settings: Json = {
            "dcos_version": "1.11.12",
            "masters": ["127.9.0.11", "127.9.0.12"],
            "listen": [
                {"address": "127.0.0.1", "port": 0, "as": kind, "tls": tls and kind == "admin_router"} for kind in kinds
            ],
            "admin_router": True,
            "state_dir": str(directory / "state"),
            "control_token": self.control_token,
            "launcher": {"kind": "local"},
            "time_scale": SCALE,
            **settings,
        }
        self.listeners: dict[str, str] = {}
        self.agents: list[str] = []

    # -- life -------------------------------------------------------------------------------

    def start(self) -> Standin:
        """Start it; where it listens is known then."""
        self.listeners = {entry["as"]: entry["url"] for entry in self.begin(self.settings)["listeners"]}
        return self

    @property
    def url(self) -> str:
        return self.listeners["admin_router"]

    # -- control ----------------------------------------------------------------------------

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """One of the endpoints that begin with an underscore."""
        request = urllib.request.Request(
            self.listeners["mesos"] + path,
            json.dumps(body).encode() if body is not None else None,
            {"X-Control-Token": self.control_token, "Content-Type": "application/json"},
            method=method,
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=patience(ANSWER_SECONDS)) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def token(self, uid: str = "admin", seconds: float = 3600) -> str:
        """A token without a login."""
        return self.control("POST", "/_token", {"uid": uid, "seconds": seconds})["token"]

    def fault(self, path: str, kind: str, **more: Any) -> None:
        self.control("POST", "/_faults", {"path": path, "kind": kind, **more})

    def writes(self) -> dict[str, int]:
        return self.control("GET", "/_counters")["writes"]

    def forget(self) -> None:
        """Counters and log to zero."""
        self.control("DELETE", "/_counters")

    def address(self, number: int) -> str:
        """Of its loopback network, in which agents are at 21 and up, public ones at 61 and up, as in the lab's networks."""
        return f"{self.network}.{number}"

    def register(self, ip: str, public: bool = False, **more: Any) -> str:
        """An agent that lives as long as its heartbeats come, or with a long time-out until it is told to go."""
        said = {
            "ip": ip,
            "role": "slave_public" if public else "*",
            "resources": {**CPUS, "ports": "[2182-3887, 20000-30000]"},
            "attributes": {"public_ip": "true"} if public else {},
            **more,
        }
        agent_id = self.control("POST", "/_agent/register", said)["agent_id"]
        self.agents.append(agent_id)
        return agent_id

    def register_agents(self, private: int = 3, public: int = 1) -> list[str]:
        agents = [self.register(self.address(21 + index)) for index in range(private)]
        return agents + [self.register(self.address(61 + index), public=True) for index in range(public)]


@contextlib.contextmanager
def running(
    directory: Path, python: Path | None = None, agents: tuple[int, int] = (3, 1), **settings: Any
) -> Iterator[Standin]:
    """A stand-in with agents that never go silent; everything it started ends with it."""
    settings = {"agent_timeout_seconds": 10**7, **settings}
    standin = Standin(directory, python or interpreter(), **settings)
    try:
        standin.start()
        standin.register_agents(*agents)
        yield standin
    finally:
        standin.stop()
        shutil.rmtree(directory / "state", ignore_errors=True)


def users(**permissions: list[str]) -> list[Mapping[str, Any]]:
    """Users whose password is their name with "-secret"."""
    return [{"uid": uid, "password": f"{uid}-secret", "permissions": granted} for uid, granted in permissions.items()]
