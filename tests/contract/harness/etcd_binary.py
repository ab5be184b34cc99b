"""Finding etcd 3.3, or fetching the package of it that Debian 11 has."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

from .config import CACHE

_SUITE = "bullseye"
_PACKAGE = "etcd-server"
_APT_DEADLINE = 300


class EtcdMissing(RuntimeError):
    """There is no etcd and none could be fetched."""


def find_etcd() -> Path:
    """CONTRACT_ETCD, the cache, or a fresh copy; the PATH's own etcd only when nothing can be fetched."""
    given = os.environ.get("CONTRACT_ETCD")
    if given:
        return Path(given)
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "etcd.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        cached = CACHE / "contract" / "etcd"
        if cached.exists():
            return cached
        try:
            _fetch(cached)
        except (OSError, subprocess.SubprocessError, EtcdMissing) as exc:
            installed = shutil.which("etcd")
            if installed:
                return Path(installed)
            raise EtcdMissing(f"no etcd: set CONTRACT_ETCD, or let apt reach {_SUITE} ({exc})") from exc
        return cached


def _fetch(target: Path) -> None:
    work = CACHE / "contract" / "fetch"
    shutil.rmtree(work, ignore_errors=True)
    for directory in ("lists/partial", "archives/partial", "root"):
        (work / directory).mkdir(parents=True)
    sources = work / "sources.list"
    sources.write_text(f"deb {_mirror()} {_SUITE} main\n", encoding="utf-8")
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
    _run([*apt, "download", _PACKAGE], work)
    package = next(work.glob(f"{_PACKAGE}_*.deb"))
    _run(["dpkg-deb", "-x", str(package), str(work / "root")], work)
    fresh = target.with_suffix(".new")
    shutil.copy2(work / "root/usr/bin/etcd", fresh)
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
    raise EtcdMissing("apt knows no Debian archive")


def _run(argv: list[str], directory: Path) -> None:
    subprocess.run(argv, cwd=directory, check=True, capture_output=True, timeout=_APT_DEADLINE)
