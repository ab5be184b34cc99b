"""Whether an interrupted run left every thing old or new: compared with what was there before it and what a finished run makes of it."""

from __future__ import annotations

from typing import Any

from support.lab import Host

CNI_DIR = "/opt/mesosphere/etc/dcos/network/cni"
# Staged beside their places and swept by the next run; never in a directory whose every file is read by others.
STAGED = "/.dcos-calico."
# Complete JSON after each thing that was installed, and so neither the old nor the new one in between.
BETWEEN = (
    "/var/lib/dcos-calico/receipts.json",
    "/var/lib/dcos-calico/installed.json",
    "/var/lib/dcos-calico/sysctl.json",
)
LEFTOVERS = ("find", "/etc", "/opt", "/usr/local", "/var/lib/dcos-calico", "-xdev", "-name", ".dcos-calico.*")


def halves(before: dict[str, Any], seen: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What is, in the snapshot of a host after an interrupted run, neither as before nor as after."""
    found = []
    for kind in ("files", "sysctls"):
        names = set(before[kind]) | set(seen[kind]) | set(after[kind])
        for name in sorted(name for name in names if STAGED not in name and name not in BETWEEN):
            value = seen[kind].get(name)
            if value not in (before[kind].get(name), after[kind].get(name)):
                found.append(f"{name} is {value}, not {before[kind].get(name)} or {after[kind].get(name)}")
    units = set(before["units"]) | set(after["units"])
    return found + [f"unit {unit}" for unit in seen["units"] if unit not in units]


def cni_is_whole(host: Host) -> None:
    """Nothing but complete networks in the directory that Mesos reads, and none of Calico's without its plugins."""
    names = host.out("ls", "-A", CNI_DIR).split()
    assert not [name for name in names if name.startswith(".")], names
    for name in names:
        host.run("/opt/lab/bin/python3", "-m", "json.tool", f"{CNI_DIR}/{name}")
    for directory in ("/opt/mesosphere/active/cni", "/opt/calico/bin"):
        staged = host.run("sh", "-c", f"ls -A {directory}/.dcos-calico.* 2>/dev/null", check=False).stdout
        assert directory == "/opt/calico/bin" or staged == "", staged
    if "calico.cni" in names:
        for plugin in ("calico", "calico-ipam"):
            host.run("test", "-x", f"/opt/mesosphere/active/cni/{plugin}")


def leftovers(host: Host) -> list[str]:
    """Staged files that are still there."""
    return host.out(*LEFTOVERS, check=False).split()
