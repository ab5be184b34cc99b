"""What a command and every process that comes of it costs: CPU and memory by a control group of its own, and wall time.

A process that outlives the command (ssh keeps a shared connection as one) stays in the group, so it is counted while it lives.
CPU comes from cgroup v2, which counts it in every group. Memory needs its controller, which a machine has in v2 or, hybrid, in v1.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SAMPLE_SECONDS = 0.1
KILL_SECONDS = 10.0
MIB = 1024 * 1024
_NUMBERS = itertools.count()  # of the groups of this process


class CannotMeasure(Exception):
    """The machine does not let a group be made; the text says what is missing."""


@dataclass(frozen=True)
class Cost:
    """What one run cost. Seconds, and MiB of memory that no file backs, at its highest, of all processes together."""

    cpu: float
    wall: float
    memory: float
    rc: int
    output: str


@dataclass(frozen=True)
class _Group:
    """One control group: where CPU is read, and where memory is (the same directory, or its twin in v1's hierarchy)."""

    cpu: Path
    memory: Path

    @property
    def directories(self) -> tuple[Path, ...]:
        return (self.cpu,) if self.cpu == self.memory else (self.cpu, self.memory)

    def enter(self) -> None:
        """Put the calling process into the group."""
        for directory in self.directories:
            (directory / "cgroup.procs").write_text("0", encoding="ascii")

    def cpu_seconds(self) -> float:
        return _field(self.cpu / "cpu.stat", "usage_usec") / 1e6

    def memory_mib(self) -> float:
        name = "anon" if self.cpu == self.memory else "rss"
        return _field(self.memory / "memory.stat", name) / MIB

    def processes(self) -> list[int]:
        return [int(pid) for pid in (self.cpu / "cgroup.procs").read_text(encoding="ascii").split()]


def _field(path: Path, name: str) -> int:
    for line in path.read_text(encoding="ascii").splitlines():
        key, _blank, value = line.partition(" ")
        if key == name:
            return int(value)
    raise CannotMeasure(f"{path} has no {name}")


def _mounts() -> Mapping[str, Path]:
    """Where the hierarchies are: `v2`, and `memory` of v1 if there is one."""
    found: dict[str, Path] = {}
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        where, kind, options = line.split()[1:4]
        if kind == "cgroup2":
            found.setdefault("v2", Path(where))
        elif kind == "cgroup" and "memory" in options.split(","):
            found.setdefault("memory", Path(where))
    return found


@contextmanager
def group(name: str) -> Iterator[_Group]:
    """A group of this name at the top of the hierarchy, empty; what is left in it at the end is killed."""
    mounts = _mounts()
    if "v2" not in mounts:
        raise CannotMeasure("no cgroup v2 is mounted")
    cpu = mounts["v2"] / name
    made = _Group(cpu, mounts.get("memory", mounts["v2"]) / name)
    try:
        for directory in made.directories:
            directory.mkdir()
        made.memory_mib()
    except OSError as error:
        _remove(made)
        raise CannotMeasure(f"no control group with memory can be made (root is needed): {error}") from error
    try:
        yield made
    finally:
        _remove(made)


def _remove(group: _Group) -> None:
    until = time.monotonic() + KILL_SECONDS
    while group.cpu.is_dir() and (left := group.processes()) and time.monotonic() < until:
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(SAMPLE_SECONDS)
    for directory in group.directories:
        if directory.is_dir():
            directory.rmdir()


class Started:
    """A command that runs in a group of its own; `output` of it goes to `log`."""

    def __init__(self, own: _Group, process: subprocess.Popen[bytes], log: Path, seconds: float) -> None:
        self._own, self._process, self._log, self._seconds = own, process, log, seconds
        self._begin = time.monotonic()
        self._peak = 0.0

    def over(self) -> bool:
        """Whether it has ended, or is ended now because it has had its time; to be asked often, because each time its memory is looked at."""
        if self._process.poll() is not None:
            return True
        self._peak = max(self._peak, self._own.memory_mib())
        if time.monotonic() - self._begin > self._seconds:
            self._process.kill()
        return False

    def wait(self) -> None:
        """Sleep until the next look at it, or until it has ended."""
        try:
            self._process.wait(SAMPLE_SECONDS)
        except subprocess.TimeoutExpired:
            return

    def cost(self) -> Cost:
        """What it cost, once it is over."""
        wall, cpu = time.monotonic() - self._begin, self._own.cpu_seconds()
        return Cost(cpu, wall, self._peak, self._process.returncode, self._log.read_text("utf-8", errors="replace"))


@contextmanager
def started(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path, seconds: float) -> Iterator[Started]:
    """Start a command that may take this long (its exit code is -9 then), its output in `log`; it and what is left of it is killed at the end."""
    with group(f"dcos-calico-bench-{os.getpid()}-{next(_NUMBERS)}") as own, open(log, "wb") as stream:
        # One thread runs here, and `enter` only writes two files: safe between fork and exec.
        process = subprocess.Popen(  # noqa: PLW1509
            argv,
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            preexec_fn=own.enter,
        )
        try:
            yield Started(own, process, log, seconds)
        finally:
            process.kill()
            process.wait()


def run(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path, seconds: float) -> Cost:
    """Run a command to its end, at most `seconds` long (its exit code is -9 then), its output in `log`."""
    with started(argv, cwd=cwd, env=env, log=log, seconds=seconds) as one:
        while not one.over():
            one.wait()
        return one.cost()
