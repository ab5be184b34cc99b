"""Running programs with deadlines: nothing in the lab waits for ever."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence


class LabError(Exception):
    """Something the user can act on; printed as one line, without a traceback."""


def timeout_scale() -> float:
    """How much slower than an idle machine this one may be (LAB_TIMEOUT_SCALE)."""
    text = os.environ.get("LAB_TIMEOUT_SCALE", "1")
    try:
        scale = float(text)
    except ValueError:
        raise LabError(f"LAB_TIMEOUT_SCALE must be a number, not {text!r}") from None
    if scale <= 0:
        raise LabError("LAB_TIMEOUT_SCALE must be greater than 0")
    return scale


def scaled(seconds: float) -> float:
    return seconds * timeout_scale()


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def run(
    argv: Sequence[str],
    *,
    timeout: float = 60,
    check: bool = True,
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
    text_input: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run argv (never a shell string); a failure becomes a LabError that holds what it said."""
    try:
        done = subprocess.run(
            list(argv),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=scaled(timeout),
            env=None if env is None else dict(env),
            cwd=cwd,
            input=text_input,
            stdin=subprocess.DEVNULL if text_input is None else None,
            check=False,
        )
    except FileNotFoundError:
        raise LabError(f"{argv[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise LabError(f"gave up after {scaled(timeout):.0f} s: {' '.join(argv)}") from None
    if check and done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip())[-1500:]
        raise LabError(f"exit {done.returncode} from {' '.join(argv)}\n{said}")
    return done


def wait_for(what: str, probe: Callable[[], str | None], *, timeout: float, pause: float = 0.2) -> None:
    """Call probe until it returns None; what it returned last is the reason in the error."""
    deadline = time.monotonic() + scaled(timeout)
    while True:
        reason = probe()
        if reason is None:
            return
        if time.monotonic() > deadline:
            raise LabError(f"{what}: not within {scaled(timeout):.0f} s: {reason}")
        time.sleep(pause)


@contextlib.contextmanager
def exclusive(key: str, what: str) -> Iterator[None]:
    """One lab.py at a time on one lab; a name in the kernel leaves no file and ends with the process."""
    with socket.socket(socket.AF_UNIX) as lock:

        def taken() -> str | None:
            try:
                lock.bind(f"\0dcos-calico-lab-{key}")
            except OSError:
                return "another lab.py is at work on it"
            return None

        wait_for(what, taken, timeout=120)
        yield


class Phases:
    """Prints how long each phase took, because a slow lab is noticed by its numbers."""

    def __init__(self) -> None:
        self.begin = self.last = time.monotonic()

    def done(self, phase: str) -> None:
        now = time.monotonic()
        say(f"  {now - self.last:6.1f} s  {phase}")
        self.last = now

    def total(self, phase: str) -> None:
        say(f"  {time.monotonic() - self.begin:6.1f} s  {phase}, in all")
