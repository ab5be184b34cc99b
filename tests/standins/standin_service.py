"""A stand-in that runs as a service of its own, in the environment of stand-ins (`python3 tools/venvs.py dcos`), whatever the suite's is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

STANDINS = Path(__file__).resolve().parent
ROOT = STANDINS.parents[1]
START_SECONDS = 60
STOP_SECONDS = 15

Json = dict[str, Any]


def patience(seconds: float) -> float:
    """A deadline, times STANDIN_SERVICE_TIMEOUT_SCALE for slow machines."""
    return seconds * float(os.environ.get("STANDIN_SERVICE_TIMEOUT_SCALE") or 1)


def interpreter() -> Path:
    """The Python of the services' environment, made if it is not there."""
    sys.path.insert(0, str(ROOT / "tools"))
    import venvs

    return venvs.ensure("dcos") / "bin" / "python"


def eventually(check: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """The first true value of check."""
    deadline = time.monotonic() + patience(seconds)
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.05)


class Service:
    """`python -m PACKAGE --config FILE`, which writes ready.json into its state_dir once it can be asked."""

    def __init__(self, package: str, directory: Path, python: Path) -> None:
        self.package = package
        self.directory = directory
        self._python = python
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self, settings: Json) -> Json:
        """Start it; what its ready.json says."""
        self.directory.mkdir(parents=True, exist_ok=True)
        config = self.directory / "config.json"
        config.touch(mode=0o600)
        config.write_text(json.dumps(settings), encoding="utf-8")
        ready = Path(settings["state_dir"]) / "ready.json"
        ready.unlink(missing_ok=True)
        env = {**os.environ, "PYTHONPATH": str(STANDINS), "PYTHONDONTWRITEBYTECODE": "1"}
        argv = [str(self._python), "-m", self.package, "--config", str(config)]
        with (self.directory / "service.log").open("ab") as log:
            process = self._process = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        eventually(lambda: ready.exists() or process.poll() is not None, f"{self.package} is ready", START_SECONDS)
        if process.poll() is not None:
            raise AssertionError(f"{self.package} ended: {self.log()}")
        return json.loads(ready.read_text(encoding="utf-8"))

    def stop(self) -> None:
        """End it, with force if it takes long."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def log(self) -> str:
        """All that it has said."""
        return (self.directory / "service.log").read_text(encoding="utf-8", errors="replace")
