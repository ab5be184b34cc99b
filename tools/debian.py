"""Install what tests need of Debian, where this is a Debian and root asks for it."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from layout import BUILD

SECONDS = 900
SBIN = ("/usr/sbin", "/sbin")  # on the PATH of root alone


class NotInstalled(Exception):
    """A package is missing and cannot be had; the text says what to do."""


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Only one process at a time does what this name stands for."""
    BUILD.mkdir(exist_ok=True)
    with open(BUILD / f".{name}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _apt_get(*words: str) -> subprocess.CompletedProcess[str]:
    argv = ["apt-get", "-o", "DPkg::Lock::Timeout=300", "-q", *words]
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(
        argv,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def install(*packages: str) -> None:
    """Install packages by apt, after a look at what there is if need be; raises NotInstalled."""
    names = " ".join(packages)
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise NotInstalled(f"please install {names} (Debian: apt-get install {names})")
    print(f"installing by apt: {names}", flush=True)
    words = ("install", "-y", "--no-install-recommends", *packages)
    try:
        if _apt_get(*words).returncode == 0:
            return
        _apt_get("update")
        done = _apt_get(*words)
    except subprocess.TimeoutExpired as late:
        raise NotInstalled(f"apt-get did not end within {SECONDS} seconds; please install {names}") from late
    if done.returncode:
        raise NotInstalled(f"apt-get install {names} ended with {done.returncode}:\n{done.stdout.strip()}")


def ensure(programs: Sequence[str]) -> None:
    """Have root's programs, each of which is in the package of its name; raises NotInstalled. Others get nothing: tests that need root are skipped then."""
    if os.geteuid() != 0:
        return
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *SBIN])
    with locked("apt"):
        missing = [program for program in programs if shutil.which(program, path=path) is None]
        if missing:
            install(*missing)
