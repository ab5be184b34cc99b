"""calicoctl node diags: what commands say of the host, and Calico's logs, in an archive. Never fails."""

from __future__ import annotations

import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from . import cli, usage

_DEADLINE = 120
# What is said, the command, the file its output goes to.
_COMMANDS = (
    ("", "date", "date"),
    ("", "hostname", "hostname"),
    ("Dumping netstat", "netstat -a -n", "netstat"),
    ("Dumping routes (IPv4)", "ip -4 route", "ipv4_route"),
    ("Dumping routes (IPv6)", "ip -6 route", "ipv6_route"),
    ("Dumping interface info (IPv4)", "ip -4 addr", "ipv4_addr"),
    ("Dumping interface info (IPv6)", "ip -6 addr", "ipv6_addr"),
    ("Dumping iptables (IPv4)", "iptables-save", "ipv4_tables"),
    ("Dumping iptables (IPv6)", "ip6tables-save", "ipv6_tables"),
    ("Dumping ipsets", "ipset list", "ipsets"),
    ("Dumping ipsets (container)", "docker run --privileged --net=host calico/node ipset list", "ipset_container"),
    (
        "Copying journal for calico-node.service",
        "journalctl -u calico-node.service --no-pager",
        "journalctl_calico_node",
    ),
    ("Dumping felix stats", "pkill -SIGUSR1 felix", ""),
)
_LIST = ("docker", "ps", "-a", "--filter", "name=calico", "--format", "{{.Names}}: {{.CreatedAt}}")


def run(argv: Sequence[str]) -> None:
    """Collect, pack, and tell where."""
    arguments = cli.parse(usage.NODE_DIAGS, argv)
    cli.require_root()
    print("Collecting diagnostics")
    work = _temporary_directory()
    print(f"Using temp dir: {work}", flush=True)
    target = work / "diagnostics"
    target.mkdir(mode=0)
    for said, command, filename in _COMMANDS:
        if said:
            print(said, flush=True)
        _dump(command, target / filename if filename else None)
    _copy_logs(Path(arguments["--log-dir"]), target / "logs")
    _copy_container_logs(target / "logs")
    archive = f"diags-{time.strftime('%Y%m%d_%H%M%S')}.tar.gz"
    code, _ = _output(["tar", "-zcvf", archive, "diagnostics"], work)
    if code != "":
        print(f"Error compressing the diagnostics: {code}")
    path = work / archive
    print(
        f"\nDiags saved to {path}\n"
        "If required, you can upload the diagnostics bundle to a file sharing service \n"
        "such as transfer.sh using curl or similar.  For example:\n\n"
        f"    curl --upload-file {path} https://transfer.sh/{path}"
    )


def _temporary_directory() -> Path:
    while True:
        path = Path(tempfile.gettempdir(), f"calico{random.randrange(10**8, 10**9)}")
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            continue
        return path


def _output(command: Sequence[str], directory: Path | None = None) -> tuple[str, str]:
    """Go's word for the failure ("" for none), and both outputs."""
    try:
        done = subprocess.run(
            command,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            timeout=_DEADLINE,
        )
    except FileNotFoundError:
        return f'exec: "{command[0]}": executable file not found in $PATH', ""
    except subprocess.TimeoutExpired:
        return "signal: killed", ""
    return (f"exit status {done.returncode}" if done.returncode else ""), done.stdout


def _dump(command: str, path: Path | None) -> None:
    failure, output = _output(command.split())
    if failure:
        print(f"Failed to run command: {command}\nError: {output}", flush=True)
    if path is not None:
        path.write_text(output, encoding="utf-8")


def _copy_logs(source: Path, target: Path) -> None:
    if not source.exists():
        print(f"Error copying log files: stat {source}: no such file or directory")
        return
    print("Copying Calico logs")
    try:
        shutil.copytree(source, target, symlinks=True)
    except OSError as exc:
        print(f"Error copying log files: {exc}")


def _copy_container_logs(target: Path) -> None:
    target.mkdir(exist_ok=True)
    failure, listed = _output(_LIST)
    if failure:
        print(f"Could not run docker command: {listed}")
        return
    if not listed:
        return
    print("Copying logs from Calico containers")
    (target / "container_creation_time").write_text(listed, encoding="utf-8")
    for line in listed.splitlines():
        name = line.partition(":")[0]
        failure, log = _output(["docker", "logs", name])
        if failure:
            print(f"Could not pull log for container {name}: {failure}")
        else:
            (target / f"{name}.log").write_text(log, encoding="utf-8")
