"""calicoctl node checksystem: the kernel's version and two of its modules."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from . import cli, usage

_LEAST_KERNEL = (2, 6, 24)
_MODULES = ("xt_set", "ip6_tables")
# Without this one only IPv6 is lost.
_OPTIONAL = "ip6_tables"
_DEADLINE = 30


def run(argv: Sequence[str]) -> None:
    """Print a line for each check; exit 1 when a needed one fails."""
    cli.parse(usage.NODE_CHECKSYSTEM, argv)
    cli.require_root()
    release = os.uname().release
    print("Checking kernel version...")
    good = _check_version(release)
    print("Checking kernel modules...", flush=True)
    if not (_check_modules(release) and good):
        cli.fail("System doesn't meet one or more minimum systems requirements to run Calico")
    print("System meets minimum system requirements to run Calico!")


def _check_version(release: str) -> bool:
    numbers = tuple(int(part) for part in re.findall(r"\d+", release)[:3])
    good = numbers >= _LEAST_KERNEL
    _print_result(release, good)
    if not good:
        least = ".".join(str(number) for number in _LEAST_KERNEL)
        print(f"Minimum kernel version to run Calico is {least}. Detected kernel version: {release}")
    return good


def _check_modules(release: str) -> bool:
    try:
        loaded = subprocess.run(["lsmod"], capture_output=True, text=True, check=True, timeout=_DEADLINE).stdout
    except FileNotFoundError:
        print('Error executing command: exec: "lsmod": executable file not found in $PATH')
        return False
    except subprocess.CalledProcessError as exc:
        print(f"Error executing command: exit status {exc.returncode}")
        return False
    missing = []
    for module in _MODULES:
        good = _listed(release, module) or module in loaded
        if not good:
            print(f"WARNING: Unable to detect the {module} module as Loaded/Builtin module or lsmod")
            missing.append(module)
        _print_result(module, good)
    if missing == [_OPTIONAL]:
        print(f"WARNING: IPv6 will be unavailable as {_OPTIONAL} kernel module is not found")
        return True
    return not missing


def _listed(release: str, module: str) -> bool:
    """The kernel's own lists know the module."""
    for name in ("modules.dep", "modules.builtin"):
        try:
            text = Path("/lib/modules", release, name).read_text(encoding="utf-8")
        except OSError:
            continue
        if re.search(rf"(?:^|/){module}\.ko", text, re.MULTILINE):
            return True
    return False


def _print_result(name: str, good: bool) -> None:
    print(f"\t\t{name:<20}\t\t\t\t\t{'OK' if good else 'FAIL'}")
