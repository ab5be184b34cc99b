"""Runs ansible-playbook as somebody does who keeps everything that can be kept: log, events, fact cache, retry files, the system's log."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from standin import ROOT
from standin_service import patience

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "tools"))
LOOK_EVERY = 0.04
MOST_LOOKS = 3

Json = dict[str, Any]


class Watch:
    """Reads the arguments of all processes that come while it runs, and the environment of those of one run, which has `mark` in it.

    A task of an app has the app's environment; that is what it is for.
    """

    def __init__(self, mark: str) -> None:
        self._mark = mark.encode()
        self.seen: dict[str, set[bytes]] = {"cmdline": set(), "environ": set()}
        self._looks: dict[str, int] = {name: MOST_LOOKS for name in self._processes()}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    @staticmethod
    def _processes() -> list[str]:
        return [name for name in os.listdir("/proc") if name.isdigit()]

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_unused: object) -> None:
        self._over.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._over.wait(LOOK_EVERY):
            for name in self._processes():
                # More than once, because a process becomes another program.
                if self._looks.get(name, 0) < MOST_LOOKS:
                    self._looks[name] = self._looks.get(name, 0) + 1
                    self._look(Path("/proc") / name)

    def _look(self, process: Path) -> None:
        for kind, seen in self.seen.items():
            try:
                content = (process / kind).read_bytes()
            except OSError:
                continue
            if kind == "cmdline" or self._mark in content:
                seen.add(content)


@dataclasses.dataclass(frozen=True)
class Ran:
    """One run. `directory` has all that it left: output, log, events, cache, temporary files; `inputs` is what the operator wrote."""

    rc: int
    output: str
    directory: Path
    inputs: list[Path]
    watch: Watch

    def require(self) -> Ran:
        assert self.rc == 0, f"exit code {self.rc}\n{self.output[-6000:]}"
        return self

    def events(self) -> list[Json]:
        return [json.loads(line) for line in (self.directory / "events.jsonl").read_text(encoding="utf-8").splitlines()]

    def results(self) -> dict[str, Json]:
        """The last result of each task, by the task's name."""
        return {
            event["task"]: event
            for event in self.events()
            if event["event"] in ("ok", "failed", "skipped", "unreachable")
        }

    def changed(self) -> list[str]:
        return [name for name, event in self.results().items() if event["result"].get("changed")]

    def syslog(self) -> str:
        file = self.directory / "seen.syslog"
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""


class Playbooks:
    """Of one core, in a directory of its own."""

    def __init__(self, core: str, directory: Path) -> None:
        import setup
        import venvs
        from layout import COLLECTIONS

        setup.link_collection()
        self.bin = venvs.ensure(core) / "bin"
        self.core, self.directory, self.collections = core, directory, COLLECTIONS
        self._count = 0

    def environment(self, place: Path) -> dict[str, str]:
        """Everything that a run writes goes below `place`."""
        env = {key: value for key, value in os.environ.items() if not key.startswith(("DCOS_", "ANSIBLE_"))}
        for name in ("tmp", "remote", "home"):
            (place / name).mkdir(parents=True)
        return env | {
            "HOME": str(place / "home"),
            "TMPDIR": str(place / "tmp"),
            "PYTHONPATH": str(HERE / "hooks"),
            "DCOS_CALICO_SEEN": str(place / "seen"),
            "DCOS_CALICO_EVENTS": str(place / "events.jsonl"),
            "NO_PROXY": "*",
            "ANSIBLE_HOME": str(place / "home" / ".ansible"),
            "ANSIBLE_REMOTE_TEMP": str(place / "remote"),
            "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callbacks"),
            "ANSIBLE_CALLBACKS_ENABLED": "events",
            "ANSIBLE_LOG_PATH": str(place / "ansible.log"),
            "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
            "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(place / "facts"),
            "ANSIBLE_RETRY_FILES_ENABLED": "1",
            "ANSIBLE_RETRY_FILES_SAVE_PATH": str(place / "retry"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOCALHOST_WARNING": "0",
        }

    def run(
        self,
        playbook: str | list[Json],
        *arguments: str,
        hosts: Json | None = None,
        variables: Json | None = None,
        env: dict[str, str] | None = None,
        seconds: float = 240,
    ) -> Ran:
        """Run a playbook of the collection, by its path, or plays as data. Never raises for its exit code."""
        self._count += 1
        place = self.directory / f"run{self._count}"
        place.mkdir(parents=True)
        inputs = [
            _written(place / "inventory.json", hosts or {"all": {"hosts": {}}}),
            _written(place / "vars.json", variables or {}),
        ]
        if not isinstance(playbook, str):
            inputs.append(_written(place / "playbook.json", playbook))
            playbook = str(inputs[-1])
        argv = [str(self.bin / "ansible-playbook"), "-i", str(inputs[0]), "-e", f"@{inputs[1]}", playbook, *arguments]
        full = self.environment(place) | (env or {})
        with Watch(full["DCOS_CALICO_SEEN"]) as watch, (place / "output").open("wb") as output:
            done = subprocess.run(
                argv,
                cwd=ROOT,
                env=full,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=patience(seconds),
                check=False,
            )
        return Ran(
            done.returncode, (place / "output").read_text(encoding="utf-8", errors="replace"), place, inputs, watch
        )


def local_hosts(names: Iterable[str], group: str = "agents", **variables: Any) -> Json:
    """An inventory whose hosts are all this one, by nobody else's rights."""
    connection = {
        "ansible_connection": "local",
        "ansible_become": False,
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
    }
    return {"all": {"vars": connection | variables, "children": {group: {"hosts": {name: {} for name in names}}}}}


def on_this_host(directory: Path) -> Json:
    """Variables that place a host's certificates below `directory`, each host's in a directory of its own."""
    place = f"{directory}/{{{{ inventory_hostname }}}}"
    return {
        "calico_certificates_key_file": f"{place}/calico.key",
        "calico_certificates_certificate_file": f"{place}/calico.crt",
        "calico_certificates_ca_file": f"{place}/ca.crt",
    }


def _written(file: Path, content: Any) -> Path:
    file.touch(mode=0o600)
    file.write_text(json.dumps(content), encoding="utf-8")
    return file
