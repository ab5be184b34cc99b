"""What the machine under the lab must offer, and what the lab installs when it is missing."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from dcoslab.process import LabError, run, say

# program -> Debian package
PROGRAMS = {
    "podman": "podman",
    "runc": "runc",
    "conmon": "conmon",
    "/usr/lib/podman/netavark": "netavark",
    "iptables": "iptables",
    "ssh-keygen": "openssh-client",
    "openssl": "openssl",
}
BUILD_PROGRAMS = {"mmdebstrap": "mmdebstrap"}
PYTHONS = ("2.7", "3.6", "3.11")
CAP_SYS_ADMIN = 21
INOTIFY_INSTANCES = 8192


def effective_capabilities() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0


def require_privileges() -> None:
    if os.geteuid() != 0:
        raise LabError("the lab needs root: its hosts are system containers with a Docker engine of their own")
    if not effective_capabilities() >> CAP_SYS_ADMIN & 1:
        raise LabError("the lab needs CAP_SYS_ADMIN, which this root does not have (a container without --privileged?)")


def missing_packages(programs: dict[str, str]) -> list[str]:
    def present(program: str) -> bool:
        return os.access(program, os.X_OK) if program.startswith("/") else shutil.which(program) is not None

    return sorted({package for program, package in programs.items() if not present(program)})


def install_packages(programs: dict[str, str]) -> None:
    packages = missing_packages(programs)
    if not packages:
        return
    if shutil.which("apt-get") is None:
        raise LabError(f"please install: {' '.join(packages)} (no apt-get here)")
    say(f"installing Debian packages: {' '.join(packages)}")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    lock = ["-o", "DPkg::Lock::Timeout=300"]
    # A podman that starts by itself is not required: nothing here uses its service.
    command = ["apt-get", *lock, "install", "-qq", "--yes", "--no-install-recommends", *packages]
    if run(command, timeout=600, check=False, env=env).returncode != 0:
        run(["apt-get", *lock, "update", "-qq"], timeout=300, env=env)
        run(command, timeout=600, env=env)


def raise_inotify_limit() -> None:
    """Each systemd host takes 5 to 7 inotify instances; beyond the limit new hosts exit at once."""
    path = Path("/proc/sys/fs/inotify/max_user_instances")
    current = int(path.read_text())
    if current >= INOTIFY_INSTANCES:
        return
    try:
        path.write_text(f"{INOTIFY_INSTANCES}\n")
    except OSError as error:
        say(f"warning: {path} stays at {current} ({error}); a large lab may not start")
        return
    say(f"fs.inotify.max_user_instances raised from {current} to {INOTIFY_INSTANCES}")


def pyenv_versions_dir() -> Path:
    root = os.environ.get("PYENV_ROOT", "")
    if not root:
        if shutil.which("pyenv") is None:
            raise LabError("pyenv is needed (hosts get their Python 2.7 and 3.6 from it); set PYENV_ROOT or PATH")
        root = run(["pyenv", "root"]).stdout.strip()
    return Path(root) / "versions"


def python_home(versions: Iterable[str], desired: str) -> str:
    """The newest patch release of desired ("2.7") among versions ("2.7.18", ...)."""
    patches = [
        int(match[1]) for name in versions if (match := re.fullmatch(re.escape(desired) + r"\.(\d+)", name)) is not None
    ]
    if not patches:
        raise LabError(f"pyenv has no Python {desired}: pyenv install {desired}")
    return f"{desired}.{max(patches)}"


def find_pythons() -> dict[str, str]:
    """Python version -> its executable, at a path that is the same on the hosts."""
    versions_dir = pyenv_versions_dir()
    try:
        names = [entry.name for entry in versions_dir.iterdir()]
    except FileNotFoundError:
        raise LabError(f"{versions_dir} does not exist; set PYENV_ROOT") from None
    return {
        desired: str(versions_dir / python_home(names, desired) / "bin" / f"python{desired}") for desired in PYTHONS
    }
