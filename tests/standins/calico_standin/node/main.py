"""The container's first process: startup, then the services, each restarted whenever it ends."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from ..ipam.log import Log
from . import clock, confd
from .paths import BIRD_CONFIG, BIRD_CONTROL, LOG_DIR, RUN_DIR
from .startup import Startup, Terminate, node_name

_RESTART_DELAY = 1.0
# Seconds from the container's start to BIRD's. The real one needs them for confd and runit: its sessions are back 8 s after `docker start`, of which BIRD's
# own connect delay is 4 to 5 (facts/real-in-lab.md C).
_BIRD_DELAY = 2.0
_PACKAGE = __package__ or "calico_standin.node"


@dataclass
class Service:
    """A program that is kept running."""

    name: str
    program: str
    argv: Sequence[str]
    needs: Path | None = None
    pid: int = 0
    not_before: float = 0.0
    output: Path | None = field(default=None)

    def start(self) -> None:
        """Fork and exec; output goes to the service's log file when it has one."""
        self.pid = os.fork()
        if self.pid:
            return
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if self.output is not None:
            target = os.open(self.output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            os.dup2(target, 1)
            os.dup2(target, 2)
        try:
            os.execvp(self.program, list(self.argv))
        except OSError as exc:
            print(f"{self.name}: {exc}", file=sys.stderr, flush=True)
            os._exit(127)


def services(environment: Mapping[str, str]) -> list[Service]:
    """What runs, by CALICO_NETWORKING_BACKEND."""
    found = [_python("felix", "calico-felix", "felix")]
    if environment.get("CALICO_NETWORKING_BACKEND") == "none":
        print("CALICO_NETWORKING_BACKEND is none - no BGP daemon running", flush=True)
    else:
        found += [_bird("bird", 4), _bird("bird6", 6), _python("confd", "confd", "confd")]
    if environment.get("CALICO_LIBNETWORK_ENABLED") == "true":
        found.append(_python("libnetwork", "libnetwork-plugin", "libnetwork"))
    if environment.get("CALICO_DISABLE_FILE_LOGGING") != "true":
        for service in found:
            directory = LOG_DIR / service.name
            directory.mkdir(parents=True, exist_ok=True)
            service.output = directory / "current"
    return found


def _python(name: str, title: str, module: str) -> Service:
    return Service(name, sys.executable, [title, "-S", "-m", f"{_PACKAGE}.{module}"])


def _bird(program: str, version: int) -> Service:
    control, config = BIRD_CONTROL[version], BIRD_CONFIG[version]
    argv = [program, "-R", "-s", str(control), "-d", "-c", str(config)]
    return Service(program, program, argv, needs=config, not_before=time.monotonic() + _BIRD_DELAY)


class Supervisor:
    """Starts services, reaps every process that ends, restarts services a second later."""

    def __init__(self, wanted: Sequence[Service]) -> None:
        self._services = wanted

    def run(self) -> None:
        """Until a signal ends it."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        while True:
            now = time.monotonic()
            for service in self._services:
                ready = service.needs is None or service.needs.exists()
                if not service.pid and ready and now >= service.not_before:
                    service.start()
            self._reap()
            time.sleep(0.05)

    def _reap(self) -> None:
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            for service in self._services:
                if service.pid == pid:
                    service.pid = 0
                    service.not_before = time.monotonic() + _RESTART_DELAY

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        """End at once: BIRD must not say goodbye to its peers, or they would drop the routes."""
        for service in self._services:
            if service.pid:
                os.kill(service.pid, signal.SIGKILL)
        sys.exit(0)


def main() -> None:
    """Entry point of the container."""
    try:
        Startup().run()
    except Terminate:
        sys.exit(1)
    os.environ["NODENAME"] = node_name()
    RUN_DIR.mkdir(parents=True, exist_ok=True)
    wanted = services(os.environ)
    confd.once(Log("INFO", sys.stdout))
    if os.environ.get("CALICO_LIBNETWORK_ENABLED") == "true":
        print("CALICO_LIBNETWORK_ENABLED is true - start libnetwork service", flush=True)
    clock.shift_seconds_of_children()
    print("Calico node started successfully", flush=True)
    Supervisor(wanted).run()


if __name__ == "__main__":
    main()
