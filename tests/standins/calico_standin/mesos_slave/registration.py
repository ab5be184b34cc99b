"""Who the agent is, and its life with the master: registration, then heartbeats."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from . import glog

_HEARTBEAT = 2.0  # unless the master wants another pace
_RETRY = 0.5
_DEADLINE = 10
# What DC/OS offers on a private and on a public agent; a machine of the guide's size.
_PORTS = {"slave_public": "[1-21, 23-5050, 5052-32000]"}
_PRIVATE_PORTS = "[1025-2180, 2182-3887, 3889-5049, 5052-8079, 8082-8180, 8182-32000]"
_RESOURCES = {"cpus": 4, "mem": 14000, "disk": 30000, "gpus": 0}


@dataclass
class Identity:
    """What a registration says; the id is the master's to give and is kept for the next start."""

    ip: str
    port: int
    role: str
    attributes: Mapping[str, str]
    memory: Path
    agent_id: str | None = None
    registered: bool = False  # since this start, and not lost again

    @classmethod
    def read(cls, variables: Mapping[str, str], work_dir: Path) -> Identity:
        """From the environment that DC/OS gives its agent, and from what an earlier run was told."""
        command = variables.get("MESOS_IP_DISCOVERY_COMMAND") or "/opt/mesosphere/bin/detect_ip"
        ip = subprocess.run([command], capture_output=True, text=True, timeout=_DEADLINE, check=True).stdout.strip()
        pairs = (pair.partition(":") for pair in (variables.get("MESOS_ATTRIBUTES") or "").split(";") if pair)
        memory = work_dir / "meta" / "agent_id"
        agent_id = memory.read_text(encoding="ascii").strip() if memory.exists() else None
        role = variables.get("MESOS_DEFAULT_ROLE") or "*"
        return cls(
            ip,
            int(variables.get("MESOS_PORT") or 5051),
            role,
            {key.strip(): value.strip() for key, _, value in pairs},
            memory,
            agent_id,
        )

    def describe(self) -> dict[str, Any]:
        """The body of a registration."""
        resources = {**_RESOURCES, "ports": _PORTS.get(self.role, _PRIVATE_PORTS)}
        return {
            "agent_id": self.agent_id,
            "ip": self.ip,
            "port": self.port,
            "role": self.role,
            "resources": resources,
            "attributes": dict(self.attributes),
            "domain": None,
        }

    def forget(self) -> None:
        """The master holds the agent for gone: it must come back as a new one."""
        glog.warning(f"Master knows agent {self.agent_id} no more")
        self.agent_id = None
        self.memory.unlink(missing_ok=True)

    def remember(self, agent_id: str) -> None:
        """Keep the id that the master gave."""
        if agent_id != self.agent_id:
            self.agent_id = agent_id
            self.memory.parent.mkdir(parents=True, exist_ok=True)
            staged = self.memory.with_suffix(".new")
            staged.write_text(f"{agent_id}\n", encoding="ascii")
            os.replace(staged, self.memory)
            glog.info(f"Registered with master; given agent ID {agent_id}")


class Gone(OSError):
    """The master will not hear of this agent id any more."""


def register_for_ever(identity: Identity, master: str) -> None:
    """Register, then tell the master every few seconds that this agent lives."""
    trouble = ""
    pace = _HEARTBEAT
    while True:
        try:
            if identity.registered:
                _post(f"{master}/_agent/heartbeat", {"agent_id": identity.agent_id})
            else:
                answer = _post(f"{master}/_agent/register", identity.describe())
                identity.remember(str(answer["agent_id"]))
                pace = float(answer.get("heartbeat_seconds") or _HEARTBEAT)
                identity.registered = True
            trouble, pause = "", pace
        except Gone:
            identity.forget()
            identity.registered, pause = False, _RETRY
        except (OSError, ValueError, KeyError, TypeError) as exc:
            if str(exc) != trouble:
                glog.warning(f"The master at {master} does not answer: {exc}")
            # A master that was restarted may have forgotten; registering again is what it would ask for.
            trouble, pause, identity.registered = str(exc), _RETRY, False
        time.sleep(pause)


def _post(url: str, body: Mapping[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    # No proxy of the environment's: the master is a neighbour.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_DEADLINE) as answer:
            return dict(json.loads(answer.read() or b"{}"))
    except urllib.error.HTTPError as exc:
        if exc.code == HTTPStatus.GONE:
            raise Gone(url) from exc
        raise OSError(f"HTTP {exc.code}: {exc.read(200).decode(errors='replace')}") from exc
