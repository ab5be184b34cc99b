"""make bench: what the collection costs, beside a playbook of built-in modules that does the same work.

Two labs of the same hosts stand at the same time, one for each way, so that runs alternate. Both install, then run again with nothing to do, on the first
5, 10 and 20 of their agents; then doubles of an agent take their place, by the hundred. Costs are those of the controller with all that it starts, ssh's
shared connections too. Everything measured is in .build/bench/; --docs writes docs/performance.md.

Exit code: 0 all goals met that could be validated, 1 one was missed, 2 it could not be measured.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import re
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import hosts
import measure
import report
from hosts import ROOT
from measure import Cost, Started
from report import BUILTIN, COLLECTION, DOUBLES, EMPTY, FIRST, UNCHANGED, Run

HERE = ROOT / "benchmarks"
OUT = ROOT / ".build" / "bench"
PAGE, PLOT = ROOT / "docs" / "performance.md", ROOT / "docs" / "performance.svg"
PLAYBOOKS = {COLLECTION: ROOT / "site.yml", BUILTIN: HERE / "builtin.yml", EMPTY: HERE / "empty.yml"}
WAYS = (COLLECTION, BUILTIN)
FORKS = 10
# What a run may take at most: so many seconds, and so many more for each host.
RUN_SECONDS, HOST_SECONDS = 600, 20
RECAP = re.compile(
    r"^(\S+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)\s+skipped=(\d+)", re.MULTILINE
)


class BenchFailed(Exception):
    """A run did not do what it was measured for."""


@dataclass(frozen=True)
class Settings:
    """What is measured: cores by the name of their environment, numbers of hosts, and how often each run is repeated."""

    cores: tuple[str, ...] = ("2.16", "new")
    hosts: tuple[int, ...] = (5, 10, 20)
    first: int = 10
    doubles: tuple[int, ...] = (50, 200, 1000)
    repeats: int = 3


QUICK = Settings(cores=("new",), hosts=(10,), doubles=(50, 200), repeats=1)


class Bench:
    """Measures and keeps what came of it, after each run, so that a run that was cut short is not lost."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.runs: list[Run] = []
        self.scale = float(os.environ.get("CALICO_TIMEOUT_SCALE", "1"))

    def measure(self, core: str, way: str, what: str, number: int, inventory: Path) -> None:
        """One run, with nothing beside it."""
        self._keep(core, way, what, number, measure.run(**self._how(core, way, what, number, inventory)))

    def _how(self, core: str, way: str, what: str, number: int, inventory: Path) -> dict[str, Any]:
        """What measure.run() and measure.started() take."""
        return {
            "argv": [*command(core, way), "-i", str(inventory)],
            "cwd": ROOT,
            "env": environment(),
            "log": log_of(core, way, what, number),
            "seconds": (RUN_SECONDS + HOST_SECONDS * number) * self.scale,
        }

    def _keep(self, core: str, way: str, what: str, number: int, cost: Cost) -> None:
        """Note a run; one that has nothing to do must change nothing, one that installs must fail nowhere."""
        said = f"{way}, {what}, {number} hosts, see {log_of(core, way, what, number)}"
        recap = [(name, *map(int, counts)) for name, *counts in RECAP.findall(cost.output)]
        if cost.rc:
            raise BenchFailed(f"ended with {cost.rc}: {said}")
        if what != FIRST and any(row[2] for row in recap):
            raise BenchFailed(f"had nothing to do and changed something: {said}")
        # The last agent is an ordinary one: what is done once per cluster is done by the first.
        results = recap[-2][1] + recap[-2][5] if len(recap) > 1 else 0
        run = Run(
            version(core), way, what, number, round(cost.cpu, 2), round(cost.wall, 2), round(cost.memory, 1), results
        )
        self.runs.append(run)
        figures = f"{cost.cpu:.1f} s of CPU, {cost.wall:.1f} s, {cost.memory:.0f} MiB, {results} results"
        print(f"core {run.core}, {what}, {number} hosts, {way}: {figures}", flush=True)
        (OUT / "runs.json").write_text(
            json.dumps([asdict(run) for run in self.runs], indent=1) + "\n", encoding="utf-8"
        )

    def on_labs(self, core: str) -> None:
        """First installs and unchanged runs, and the records that doubles answer from."""
        labs = {way: hosts.Lab(name, max(self.settings.hosts)) for way, name in zip(WAYS, ("bench-a", "bench-b"))}
        try:
            for lab in labs.values():
                lab.up()
            listed = {way: lab.inventory() for way, lab in labs.items()}
            for way in WAYS:
                self.measure(
                    core, way, FIRST, self.settings.first, lab_inventory(listed[way], way, self.settings.first)
                )
            few, many = (
                [n for n in self.settings.hosts if n <= self.settings.first],
                [n for n in self.settings.hosts if n > self.settings.first],
            )
            self._unchanged(core, few, listed)
            keep(core, listed[COLLECTION], self.scale)
            if many:
                for way in WAYS:
                    hosts.call(
                        [*command(core, way), "-i", str(lab_inventory(listed[way], way, max(many)))],
                        int(RUN_SECONDS * 3 * self.scale),
                        environment(),
                    )
            self._unchanged(core, many, listed)
        finally:
            for lab in labs.values():
                lab.down()

    def _unchanged(self, core: str, numbers: Sequence[int], listed: dict[str, Any]) -> None:
        for _round in range(self.settings.repeats):
            for number in numbers:
                for way in WAYS:
                    self.measure(core, way, UNCHANGED, number, lab_inventory(listed[way], way, number))

    def on_doubles(self, core: str) -> None:
        """Unchanged runs over doubles of the agents that were recorded."""
        for _round in range(self.settings.repeats):
            for way in (EMPTY, COLLECTION):
                self._side_by_side(core, way)

    def _side_by_side(self, core: str, way: str) -> None:
        """The largest number of doubles once, and meanwhile the smaller ones, each again and again: no machine is equally fast all the time, but this one is
        the same for all of them then. What still runs when the largest is done is not counted."""
        smaller, largest = sorted(self.settings.doubles)[:-1], max(self.settings.doubles)
        with ExitStack() as ended:
            longest = ended.enter_context(self._on_doubles(core, way, largest))
            beside = {number: ended.enter_context(ExitStack()) for number in smaller}
            running = {
                number: stack.enter_context(self._on_doubles(core, way, number)) for number, stack in beside.items()
            }
            while not longest.over():
                longest.wait()
                for number, stack in beside.items():
                    if running[number].over():
                        self._keep(core, way, DOUBLES, number, running[number].cost())
                        stack.close()
                        running[number] = stack.enter_context(self._on_doubles(core, way, number))
            self._keep(core, way, DOUBLES, largest, longest.cost())

    def _on_doubles(self, core: str, way: str, number: int) -> AbstractContextManager[Started]:
        directory = records(core)
        if not (directory / "listed.json").is_file():
            raise BenchFailed(f"{directory} has no record of core {core}: run the whole bench once")
        listed = json.loads((directory / "listed.json").read_text(encoding="utf-8"))
        inventory = hosts.doubles(listed, directory, number, OUT / f"doubles-{number}")
        return measure.started(**self._how(core, way, DOUBLES, number, inventory))


def log_of(core: str, way: str, what: str, number: int) -> Path:
    return OUT / "logs" / f"{core}-{way}-{what}-{number}.log".replace(" ", "-")


def command(core: str, way: str) -> list[str]:
    return [str(ROOT / ".build" / f"venv-{core}" / "bin" / "ansible-playbook"), str(PLAYBOOKS[way])]


def environment() -> dict[str, str]:
    """Forks as in most people's runs, and nothing of the caller's own settings of Ansible."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return {**kept, "ANSIBLE_FORKS": str(FORKS), "ANSIBLE_NOCOLOR": "1"}


def version(core: str) -> str:
    """The release of ansible-core in an environment."""
    [found] = (ROOT / ".build" / f"venv-{core}").glob("lib/python3*/site-packages/ansible_core-*.dist-info")
    return found.name.removeprefix("ansible_core-").removesuffix(".dist-info")


def lab_inventory(listed: dict[str, Any], way: str, number: int) -> Path:
    return hosts.lab_inventory(listed, number, OUT / f"lab-{WAYS.index(way)}-{number}.json")


def records(core: str) -> Path:
    return OUT / "records" / core


def keep(core: str, listed: dict[str, Any], scale: float) -> None:
    """Record what two agents answer in an unchanged run, and the inventory they were in."""
    directory = records(core)
    hosts.record(listed, command(core, COLLECTION), environment(), int(RUN_SECONDS * 2 * scale), directory)
    (directory / "listed.json").write_text(json.dumps(listed), encoding="utf-8")
    executions = len(list((directory / "other").iterdir()))
    print(f"core {version(core)}: remote executions on an unchanged agent: {executions}", flush=True)


def about(settings: Settings) -> str:
    """Where and when it was measured."""
    load = os.getloadavg()[2]
    return (
        f"{datetime.date.today():%d %B %Y}, {os.cpu_count()} CPUs, forks {FORKS}, the middle of {settings.repeats} run(s), "
        f"over doubles the mean of all that ran side by side, load of the machine {load:.1f} (its hosts' own work included)."
    )


def conclude(settings: Settings, runs: Sequence[Run], docs: bool) -> int:
    """Print table and verdicts, write them, and say by the exit code whether all goals were met."""
    found = report.cells(runs)
    verdicts = report.validate(report.load_goals(HERE / "goals.toml"), found)
    section = report.section(found, verdicts, about(settings), PLOT.name)
    picture = report.plot(found, runs[-1].core)
    print(section)
    (OUT / "report.md").write_text(section, encoding="utf-8")
    (OUT / PLOT.name).write_text(picture, encoding="utf-8")
    if docs:
        PAGE.write_text(report.placed(PAGE.read_text(encoding="utf-8"), section), encoding="utf-8")
        PLOT.write_text(picture, encoding="utf-8")
    return 0 if all(verdict.met for verdict in verdicts) else 1


def numbers(text: str) -> tuple[int, ...]:
    return tuple(sorted(int(word) for word in text.split(",")))


def options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="newest core, ten hosts, 50 and 200 doubles, each once")
    parser.add_argument(
        "--cores", type=lambda text: tuple(text.split(",")), help="environments of tools/venvs.py: 2.16,new"
    )
    parser.add_argument("--hosts", type=numbers, help="numbers of lab hosts: 5,10,20")
    parser.add_argument("--doubles", type=numbers, help="numbers of doubles: 50,200,1000")
    parser.add_argument("--repeats", type=int, help="how often each unchanged run is measured")
    parser.add_argument(
        "--doubles-only", action="store_true", help="no lab: doubles answer as they did in the last bench"
    )
    parser.add_argument("--docs", action="store_true", help="write docs/performance.md")
    return parser.parse_args(arguments)


def chosen(given: argparse.Namespace) -> Settings:
    base = QUICK if given.quick else Settings()
    own = {name: value for name in ("cores", "hosts", "doubles", "repeats") if (value := getattr(given, name))}
    settings = replace(base, **own)
    return replace(settings, first=min(settings.first, max(settings.hosts)))


def main(arguments: Sequence[str]) -> int:
    given = options(arguments)
    settings = chosen(given)
    bench = Bench(settings)
    (OUT / "logs").mkdir(parents=True, exist_ok=True)
    try:
        for core in settings.cores:
            if not given.doubles_only:
                bench.on_labs(core)
            bench.on_doubles(core)
    except (BenchFailed, hosts.HostsFailed, measure.CannotMeasure) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    return conclude(settings, bench.runs, given.docs)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
