"""Removal of what podman can no longer remove: the rest of a lab whose storage was damaged or killed half-way."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path

from dcoslab.process import run, say, wait_for


def command_lines() -> dict[int, str]:
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
    return found


def children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(word) for word in text.split()]


def network_namespace(pid: int) -> int | None:
    try:
        return os.stat(f"/proc/{pid}/ns/net").st_ino
    except OSError:
        return None


def kill_hosts(storage: Path) -> None:
    """End every host whose monitor works below storage; a host ends with its first process."""
    monitors = {pid: line for pid, line in command_lines().items() if is_monitor(line, storage)}
    namespaces = set()
    for monitor in monitors:
        for pid in [*children(monitor), monitor]:
            if pid != monitor:
                namespaces.add(network_namespace(pid))
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
    if not monitors:
        return
    say(f"ended {len(monitors)} hosts that podman no longer knew")
    wait_for(
        "the end of the hosts",
        lambda: "still there" if any(Path(f"/proc/{pid}").exists() for pid in monitors) else None,
        timeout=20,
    )
    remove_namespaces([path for path in Path("/run/netns").glob("netns-*") if path.stat().st_ino in namespaces])
    for line in monitors.values():
        remove_cgroups(line.split(" -c ", 1)[1].split(" ")[0])


def is_monitor(command_line: str, storage: Path) -> bool:
    return command_line.split(" ")[0].endswith("conmon") and f"{storage}/" in command_line and " -c " in command_line


def remove_namespaces(paths: Sequence[Path]) -> None:
    """podman keeps a host's network alive by a mount; the veth on this side lives as long."""
    for path in paths:
        if path.exists():
            run(["umount", "--lazy", str(path)], check=False)
            path.unlink(missing_ok=True)


def remove_cgroups(container: str) -> None:
    if not container:
        return
    for top in Path("/sys/fs/cgroup").glob(f"*/libpod_parent/libpod-*{container}*"):
        for directory, _, _ in os.walk(top, topdown=False):
            remove_if_empty(Path(directory))


def remove_bridges(prefix: str) -> None:
    for bridge in Path("/sys/class/net").glob(f"{prefix}*"):
        run(["ip", "link", "delete", bridge.name], check=False)


def remove_rules(subnet: str) -> None:
    """netavark's rules for this subnet and the chain they lead to; no rule of anybody else's."""
    if shutil.which("iptables-save") is None:
        return
    for table in ("filter", "nat"):
        chains = set()
        for line in run(["iptables-save", "-t", table], check=False).stdout.splitlines():
            words = line.split()
            if line.startswith(("-A POSTROUTING", "-A NETAVARK_FORWARD")) and subnet in words:
                run(["iptables", "-w", "-t", table, "-D", *words[1:]], check=False)
                if words[-1].startswith("NETAVARK-"):
                    chains.add(words[-1])
        for chain in chains:
            run(["iptables", "-w", "-t", table, "-F", chain], check=False)
            run(["iptables", "-w", "-t", table, "-X", chain], check=False)


def mounts_below(directories: Sequence[Path]) -> list[str]:
    prefixes = tuple(f"{directory}/" for directory in directories)
    points = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    return sorted((point for point in points if point.startswith(prefixes)), reverse=True)


def unmount(directories: Sequence[Path]) -> None:
    for point in mounts_below(directories):
        run(["umount", "--lazy", point], check=False)


def remove_tree(directory: Path) -> None:
    def attempt() -> str | None:
        shutil.rmtree(directory, ignore_errors=True)
        return f"{directory} is still there" if directory.exists() else None

    # Files of a host that is still ending may appear while its tree is being removed.
    wait_for(f"removal of {directory}", attempt, timeout=10)


def remove_if_empty(directory: Path) -> None:
    try:
        directory.rmdir()
    except OSError:
        pass
