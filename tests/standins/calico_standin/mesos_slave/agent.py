"""The agent: reads the networks, recovers its containers, and serves clients on a socket; tasks by HTTP where a master is named."""

from __future__ import annotations

import json
import os
import socketserver
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import StandinError
from . import glog, http
from .containers import Containers
from .networks import Networks
from .registration import Identity, register_for_ever
from .tasks import Tasks

SOCKET = Path("/var/run/mesos/standin.sock")
_DEFAULTS = {
    "MESOS_NETWORK_CNI_CONFIG_DIR": "/opt/mesosphere/etc/dcos/network/cni",
    "MESOS_NETWORK_CNI_PLUGINS_DIR": "/opt/mesosphere/active/cni/",
    "MESOS_WORK_DIR": "/var/lib/mesos/slave",
}


class Agent:
    """Answers one request at a time."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        settings = {name: variables.get(name) or default for name, default in _DEFAULTS.items()}
        plugins = settings["MESOS_NETWORK_CNI_PLUGINS_DIR"]
        self.lock = threading.Lock()
        self.work_dir = Path(settings["MESOS_WORK_DIR"])
        self._networks = Networks(Path(settings["MESOS_NETWORK_CNI_CONFIG_DIR"]), plugins)
        self.containers = Containers(self._networks, plugins, self.work_dir)

    def start(self) -> None:
        """What happens before clients are served."""
        self._networks.load()
        self.containers.recover()
        glog.info(f"Known CNI networks: {', '.join(self._networks.listing()) or 'none'}")

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """A request's result, or its error in words."""
        with self.lock:
            try:
                return {"result": self._perform(request)}
            except StandinError as exc:
                glog.error(str(exc))
                return {"error": str(exc)}

    def _perform(self, request: Mapping[str, Any]) -> Any:
        action = request["action"]
        if action == "launch":
            return self.containers.launch(request["networks"], request["name"], request["labels"])
        if action == "kill":
            return self.containers.kill(request["container"])
        if action == "list":
            return self.containers.listing()
        return self._networks.listing()


def serve() -> None:
    """Run the agent until it is killed."""
    agent = Agent(os.environ)
    agent.start()
    if os.environ.get("LAB_MESOS_MASTER"):
        _serve_tasks(agent, os.environ)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            request = json.loads(self.rfile.readline())
            self.wfile.write(json.dumps(agent.answer(request)).encode() + b"\n")

    SOCKET.parent.mkdir(parents=True, exist_ok=True)
    SOCKET.unlink(missing_ok=True)
    with socketserver.ThreadingUnixStreamServer(str(SOCKET), Handler) as server:
        server.daemon_threads = True
        server.serve_forever()


def _serve_tasks(agent: Agent, variables: Mapping[str, str]) -> None:
    """The side that a master sees, in threads of its own."""
    identity = Identity.read(variables, agent.work_dir)
    tasks = Tasks(agent.containers, agent.lock, agent.work_dir, identity.ip)
    tasks.recover()
    server = http.server(identity, tasks)
    for target in (
        server.serve_forever,
        tasks.watch,
        lambda: register_for_ever(identity, variables["LAB_MESOS_MASTER"]),
    ):
        threading.Thread(target=target, daemon=True).start()
