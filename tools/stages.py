"""Run the stages of stages.toml, two at a time: python3 tools/stages.py [--set SET] [NAME...]

Each has a log under .build/logs/ and a deadline. At the end stand the tails of the logs of failed stages, a table with seconds, and the plain
line "N passed, N failed, N skipped": tests where a stage runs pytest, the stage itself otherwise. The exit code is 1 if any failed.
"""

from __future__ import annotations

import argparse
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TextIO

import pythons
import setup
import stagetable
import tree
import venvs
from layout import BUILD, COLLECTIONS, LOGS, ROOT
from stagetable import Command, Stage

JOBS = 2
TAIL_LINES = 60
GRACE_SECONDS = 15
CLEANUP_SECONDS = 300
# One variable stretches every time-out, those of the tests included.
SCALE = "CALICO_TIMEOUT_SCALE"
SCALES = ("CONTRACT_TIMEOUT_SCALE", "LAB_TIMEOUT_SCALE", "STANDIN_TIMEOUT_SCALE")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
PYTEST_SUMMARY = re.compile(r"^\W*((?:\d+ [a-z]+(?:, )?)+) in [\d.]+ ?s(?:econds)?\b", re.MULTILINE)


@dataclass
class Counts:
    """Tests, or stages."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)


@dataclass
class Result:
    """How a stage ended."""

    stage: Stage
    outcome: str
    seconds: float = 0.0
    counts: Counts = field(default_factory=Counts)

    @property
    def ok(self) -> bool:
        """Whether all of it passed."""
        return self.outcome == "passed"

    @property
    def log(self) -> Path:
        """What it said."""
        return LOGS / f"{self.stage.name}.log"


def count_tests(text: str) -> Counts:
    """The sums of pytest's closing lines in a log."""
    total = Counts()
    for summary in PYTEST_SUMMARY.findall(COLOUR.sub("", text)):
        numbers = {word: int(number) for number, word in re.findall(r"(\d+) ([a-z]+)", summary)}
        failed = sum(numbers.get(word, 0) for word in ("failed", "error", "errors"))
        skipped = sum(numbers.get(word, 0) for word in ("skipped", "xfailed"))
        total += Counts(numbers.get("passed", 0) + numbers.get("xpassed", 0), failed, skipped)
    return total


def count(stage_passed: bool, text: str) -> Counts:
    """What a stage adds to the closing line: its tests, or itself where it ran none; a failure is never lost."""
    counts = count_tests(text)
    if stage_passed:
        return counts if counts.passed else counts + Counts(passed=1)
    return counts if counts.failed else counts + Counts(failed=1)


class Runner:
    """Runs commands in groups of their own, so that each can be ended with all that it started."""

    def __init__(self, scale: str) -> None:
        self._scale = scale
        self._factor = float(scale)
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopping = threading.Event()

    @property
    def stopping(self) -> bool:
        """Whether the run was interrupted."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """End all that runs, once; what always runs after a stage still does."""
        if not self.stopping:
            self._stopping.set()
            for process in list(self._running):
                self._end(process)

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> None:
        # pytest says what had failed by then when it is interrupted
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, number)
                process.wait(GRACE_SECONDS)
            except ProcessLookupError:
                return
            except subprocess.TimeoutExpired:
                continue

    def _call(self, argv: Command, cwd: Path, env: dict[str, str], log: TextIO, deadline: float) -> int:
        """One command; raises TimeoutError at the deadline."""
        print(f"$ {' '.join(argv)}", file=log, flush=True)
        with subprocess.Popen(
            argv,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process:
            self._running.add(process)
            try:
                return process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired as error:
                self._end(process)
                raise TimeoutError from error
            finally:
                self._running.discard(process)

    def _environment(self, stage: Stage) -> tuple[Path, dict[str, str]]:
        """Where a stage runs and with what; makes both first."""
        ready = [venvs.ensure(name) / "bin" for name in stage.venvs]
        first = [*ready[:1], Path(sys.executable).parent]
        cwd, collections = ROOT, COLLECTIONS
        if stage.tree:
            collections = BUILD / f"tree-{stage.name}"
            cwd = tree.copy(collections)
        env = {**dict.fromkeys(SCALES, self._scale), **os.environ, "NO_COLOR": "1"}
        calls = BUILD / "calls" / stage.name
        shutil.rmtree(calls, ignore_errors=True)
        env.update(PATH=pythons.search_path(first), ANSIBLE_COLLECTIONS_PATH=str(collections), LAB_CALLS=str(calls))
        return cwd, env

    def _commands(self, stage: Stage, log: TextIO) -> str:
        """All commands of a stage; its outcome."""
        cwd, env = self._environment(stage)
        deadline = time.monotonic() + stage.minutes * 60 * self._factor
        outcome = "passed"
        try:
            for argv in stage.run:
                if self._call(argv, cwd, env, log, deadline):
                    outcome = "failed"
                if self.stopping:
                    return "stopped"
        except TimeoutError:
            outcome = "timed out"
            print(f"killed after {stage.minutes * self._factor:g} minutes", file=log)
        finally:
            for argv in stage.always:
                self._call(argv, cwd, env, log, time.monotonic() + CLEANUP_SECONDS)
        return outcome

    def run(self, stage: Stage) -> Result:
        """Run one stage to its end, whatever that is."""
        started = time.monotonic()
        result = Result(stage, "failed")
        with open(result.log, "w", encoding="utf-8") as log:
            try:
                result.outcome = self._commands(stage, log)
            except (
                venvs.SetupFailed,
                pythons.MissingPython,
                TimeoutError,
                OSError,
                subprocess.SubprocessError,
            ) as failure:
                print(f"{type(failure).__name__}: {failure}", file=log)
        result.seconds = time.monotonic() - started
        result.counts = count(result.ok, result.log.read_text(encoding="utf-8", errors="replace"))
        return result


def startable(waiting: Sequence[Stage], running: Sequence[Stage]) -> Stage | None:
    """The next stage that may start now."""
    if len(running) >= JOBS or any(stage.alone for stage in running):
        return None
    return next((stage for stage in waiting if not (stage.alone and running)), None)


def run_all(stages: Sequence[Stage], runner: Runner) -> list[Result]:
    """Run stages as the cores allow; results in the order in which they ended."""
    done: queue.Queue[Result] = queue.Queue()
    waiting, running = list(stages), list[Stage]()
    results: list[Result] = []
    while waiting or running:
        while not runner.stopping and (stage := startable(waiting, running)) is not None:
            waiting.remove(stage)
            running.append(stage)
            print(f"  ...  {stage.name}", flush=True)
            threading.Thread(target=lambda stage=stage: done.put(runner.run(stage)), daemon=True).start()
        if not running:
            results += [Result(stage, "not run", counts=Counts(failed=1)) for stage in waiting]
            break
        result = done.get()
        running.remove(result.stage)
        results.append(result)
        print(f"{result.seconds:5.0f}  {result.stage.name}: {result.outcome}", flush=True)
    return results


def report(results: Sequence[Result], seconds: float) -> bool:
    """Print tails, table and closing line; whether all passed."""
    for result in results:
        if not result.ok and result.log.exists():
            lines = result.log.read_text(encoding="utf-8", errors="replace").splitlines()
            print(f"\n--- {result.stage.name}: {result.outcome}, the end of {result.log.relative_to(ROOT)}")
            print("\n".join(lines[-TAIL_LINES:]))
    width = max(len(result.stage.name) for result in results)
    print(f"\n{'stage':<{width}}  {'result':<9}  seconds  passed  failed  skipped")
    for result in results:
        tests = result.counts
        print(
            f"{result.stage.name:<{width}}  {result.outcome:<9}  {result.seconds:7.0f}  {tests.passed:6}  {tests.failed:6}  {tests.skipped:7}"
        )
    print(f"{'all':<{width}}  {'':<9}  {seconds:7.0f}\n")
    total = sum((result.counts for result in results), Counts())
    print(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped", flush=True)
    return all(result.ok for result in results)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run the stages of tools/stages.toml.")
    parser.add_argument("--set", action="append", default=[], dest="sets", help="run this set: ci, static, units, ...")
    parser.add_argument("--list", action="store_true", help="show the stages instead")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="stages to run; all if neither names nor sets are given"
    )
    return parser.parse_args()


def main() -> int:
    """The command line."""
    arguments = _arguments()
    try:
        stages = stagetable.choose(stagetable.load(), arguments.sets, arguments.names)
    except stagetable.BadTable as problem:
        print(f"stages: {problem}", file=sys.stderr)
        return 2
    if arguments.list:
        for stage in stages:
            print(f"{stage.name:<20} {' '.join(stage.sets):<14} {stage.about}")
        return 0
    LOGS.mkdir(parents=True, exist_ok=True)
    setup.link_collection()
    runner = Runner(os.environ.get(SCALE, "1"))

    def stopped(_number: int, _frame: FrameType | None) -> None:
        runner.stop()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stopped)
    started = time.monotonic()
    results = run_all(stagetable.in_turn(stages), runner)
    return 0 if report(results, time.monotonic() - started) else 1


if __name__ == "__main__":
    sys.exit(main())
