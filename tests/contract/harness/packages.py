"""Programs that the suite needs and Debian has: found, or taken out of their packages and cached."""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .config import CACHE

_APT_DEADLINE = 300


class PackageMissing(RuntimeError):
    """A program is not there and cannot be fetched."""


@dataclass(frozen=True)
class Program:
    """A file in a package; `suite` "" is the host's own, `variable` names another place for it."""

    name: str
    package: str
    member: str
    variable: str
    suite: str = ""


# bookworm's etcd 3.4 is too new: Calico 2.6 goes with 3.3, and DC/OS' discovery needs it.
ETCD = Program("etcd", "etcd-server", "usr/bin/etcd", "CONTRACT_ETCD", "bullseye")
BIRD = Program("bird", "bird", "usr/sbin/bird", "CONTRACT_BIRD")


def find(program: Program) -> Path:
    """The variable's, the cache's, or a fresh copy; the PATH's only when none can be fetched."""
    given = os.environ.get(program.variable)
    if given:
        return Path(given)
    directory = CACHE / "contract"
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        cached = directory / program.name
        if cached.exists():
            return cached
        try:
            _fetch(program, cached)
        except (OSError, subprocess.SubprocessError, PackageMissing) as exc:
            installed = shutil.which(program.name)
            if installed:
                return Path(installed)
            raise PackageMissing(f"no {program.name}: set {program.variable}, or let apt reach its archive") from exc
        return cached


def _fetch(program: Program, target: Path) -> None:
    work = target.with_suffix(".fetch")
    shutil.rmtree(work, ignore_errors=True)
    for directory in ("lists/partial", "archives/partial", "root"):
        (work / directory).mkdir(parents=True)
    suite = program.suite or platform.freedesktop_os_release()["VERSION_CODENAME"]
    sources = work / "sources.list"
    sources.write_text(f"deb {_mirror()} {suite} main\n", encoding="utf-8")
    options = [
        f"Dir::Etc::SourceList={sources}",
        "Dir::Etc::SourceParts=-",
        f"Dir::State::Lists={work}/lists",
        f"Dir::Cache={work}",
        "APT::Sandbox::User=root",
        "Acquire::Retries=3",
    ]
    apt = ["apt-get", "-qq", *(word for option in options for word in ("-o", option))]
    _run([*apt, "update"], work)
    _run([*apt, "download", program.package], work)
    package = next(work.glob(f"{program.package}_*.deb"))
    _run(["dpkg-deb", "-x", str(package), str(work / "root")], work)
    fresh = target.with_suffix(".new")
    shutil.copy2(work / "root" / program.member, fresh)
    fresh.rename(target)
    shutil.rmtree(work)


def _mirror() -> str:
    """The archive this host's own apt uses."""
    done = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)|$(ORIGIN)|$(COMPONENT)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=True,
        timeout=_APT_DEADLINE,
    )
    for line in done.stdout.splitlines():
        uri, origin, component = line.split("|")
        if origin == "Debian" and component == "main" and "security" not in uri:
            return uri
    raise PackageMissing("apt knows no Debian archive")


def _run(argv: list[str], directory: Path) -> None:
    subprocess.run(argv, cwd=directory, check=True, capture_output=True, timeout=_APT_DEADLINE)
