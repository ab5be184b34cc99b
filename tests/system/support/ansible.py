"""Run ansible-playbook as an operator does, and read what happened from the recorder."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
CALLBACKS = ROOT / "tests" / "system" / "callbacks"
# Task results that no host takes part in.
NOT_COUNTED = {"ansible.builtin.meta", "meta"}
# What a host with nothing to do takes part in (design.md): modules run on it, and other results.
BUDGET_REMOTE, BUDGET_OTHER = 1, 3
# What is done once per cluster, without components: the variables, the components that are on, what the datastore holds, two validations, who takes part,
# and steps that are off.
BUDGET_ONCE = 13


def environment(core: str) -> Path:
    """Directory of the programs of an environment that `make setup` or a stage made."""
    return ROOT / ".build" / f"venv-{core}" / "bin"


@dataclasses.dataclass(frozen=True)
class Run:
    """One run: exit code, seconds, output, when each line of it came (seconds from the start), and the recorder's records."""

    rc: int
    seconds: float
    output: str
    lines: list[tuple[float, str]]
    results: list[dict[str, Any]]
    executions: list[dict[str, Any]]

    def changed(self) -> list[tuple[str, str]]:
        """(host, task) of every change."""
        return [(item["host"], item["task"]) for item in self.results if item["changed"]]

    def failed(self) -> list[dict[str, Any]]:
        return [item for item in self.results if item["outcome"] in ("failed", "unreachable")]

    def remote(self) -> Counter[str]:
        """Modules run per host."""
        return Counter(item["host"] for item in self.executions)

    def others(self) -> Counter[str]:
        """Task results per host that ran no module on it: skipped, included, validated. What is done once per cluster is apart."""
        counted = [item for item in self.results if item["action"] not in NOT_COUNTED and not item["once"]]
        return Counter(item["host"] for item in counted) - Counter(
            item["host"] for item in self.executions if not item["once"]
        )

    def once(self) -> list[str]:
        """Names of the tasks that were done, or skipped, once for the whole cluster."""
        return [item["task"] for item in self.results if item["once"]]

    def require_nothing_done(self, hosts: Iterable[Any]) -> None:
        """Fail a test if something was changed, or if one of these hosts cost more than one with nothing to do. They go by their names or addresses."""
        self.require()
        assert self.changed() == []
        for names in ((host.name, host.address) for host in hosts):
            modules = [item["module"] for item in self.executions if item["host"] in names and not item["once"]]
            assert len(modules) == BUDGET_REMOTE, modules
            assert sum(self.others()[name] for name in names) <= BUDGET_OTHER, [
                (item["task"], item["action"]) for item in self.results if item["host"] in names
            ]

    def predictions(self) -> set[tuple[str, str]]:
        """(host, name of the thing) of everything in the diffs, for comparing a prediction with the run."""
        return {
            (item["host"], piece.get("after_header") or item["task"]) for item in self.results for piece in item["diff"]
        }

    def plan(self) -> dict[str, Any]:
        """The plan that the run showed before it touched anything."""
        return next(item["plan"] for item in self.results if item.get("plan"))

    def planned(self) -> set[tuple[str, str]]:
        """(host, name of the thing) of everything that the plan says, the datastore's left out; for comparing it with what the run did."""
        hosts = self.plan()["changing"]
        return {(host, name) for host, part in hosts.items() for names in part["changes"].values() for name in names}

    def require(self) -> Run:
        """Fail a test with the output's end if the run failed."""
        assert self.rc == 0, f"exit code {self.rc}\n{self.output[-6000:]}"
        return self


def playbook(
    inventory: Path | str,
    *arguments: str,
    name: str = "site.yml",
    core: str = "2.16",
    variables: dict[str, Any] | None = None,
    env: dict[str, str] | None = None,
    timeout: float = 900,
    cwd: Path = ROOT,
) -> Run:
    """Run a playbook; never raises for its exit code."""
    with tempfile.TemporaryDirectory() as directory:
        record = Path(directory) / "record.jsonl"
        argv = [str(environment(core) / "ansible-playbook"), "-i", str(inventory), name, *arguments]
        if variables:
            extra = Path(directory) / "extra.json"
            extra.write_text(json.dumps(variables))
            extra.chmod(0o600)
            argv += ["-e", f"@{extra}"]
        full = {
            **os.environ,
            "DCOS_CALICO_RECORD": str(record),
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "recorder",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            **(env or {}),
        }
        begin = time.monotonic()
        code, lines = _run(argv, cwd, full, timeout)
        seconds = time.monotonic() - begin
        records = [json.loads(line) for line in record.read_text().splitlines()] if record.exists() else []
    of_kind = {kind: [item for item in records if item["kind"] == kind] for kind in ("result", "execution")}
    return Run(code, seconds, "".join(text for _, text in lines), lines, of_kind["result"], of_kind["execution"])


def _run(argv: list[str], cwd: Path, env: dict[str, str], timeout: float) -> tuple[int, list[tuple[float, str]]]:
    """Exit code, and each line of the output with when it came."""
    begin = time.monotonic()
    lines = []
    process = subprocess.Popen(
        argv,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    late = threading.Timer(timeout, process.kill)
    late.start()
    try:
        for line in process.stdout or ():
            lines.append((time.monotonic() - begin, line))
        code = process.wait()
    finally:
        late.cancel()
    if time.monotonic() - begin >= timeout:
        raise subprocess.TimeoutExpired(argv, timeout, "".join(text for _, text in lines))
    return code, lines
