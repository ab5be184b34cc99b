"""The agent: reads the networks, recovers its containers, and serves clients on a socket."""

from __future__ import annotations

import json
import os
import socketserver
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import StandinError
from . import glog
from .containers import Containers
from .networks import Networks

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
        self._lock = threading.Lock()
        self._networks = Networks(Path(settings["MESOS_NETWORK_CNI_CONFIG_DIR"]), plugins)
        self._containers = Containers(self._networks, plugins, Path(settings["MESOS_WORK_DIR"]))

    def start(self) -> None:
        """What happens before clients are served."""
        self._networks.load()
        self._containers.recover()
        glog.info(f"Known CNI networks: {', '.join(self._networks.listing()) or 'none'}")

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """A request's result, or its error in words."""
        with self._lock:
            try:
                return {"result": self._perform(request)}
            except StandinError as exc:
                glog.error(str(exc))
                return {"error": str(exc)}

    def _perform(self, request: Mapping[str, Any]) -> Any:
        action = request["action"]
        if action == "launch":
            return self._containers.launch(request["networks"], request["name"], request["labels"])
        if action == "kill":
            return self._containers.kill(request["container"])
        if action == "list":
            return self._containers.listing()
        return self._networks.listing()


def serve() -> None:
    """Run the agent until it is killed."""
    agent = Agent(os.environ)
    agent.start()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            request = json.loads(self.rfile.readline())
            self.wfile.write(json.dumps(agent.answer(request)).encode() + b"\n")

    SOCKET.parent.mkdir(parents=True, exist_ok=True)
    SOCKET.unlink(missing_ok=True)
    with socketserver.ThreadingUnixStreamServer(str(SOCKET), Handler) as server:
        server.daemon_threads = True
        server.serve_forever()
