"""A machine of its own for the tools under test: mount, name, network and process namespaces.

/etc is a writable copy-on-write layer, /run is empty, the network has lo and an eth0 whose neighbours
never answer. Nothing a tool does there is seen outside.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .config import patience

_BASE_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_SETUP_DEADLINE = 30
_NSENTER = shutil.which("nsenter") or "nsenter"
# Reaps what the tools leave behind, and ends with its standard input.
_INIT = "import signal,sys;signal.signal(signal.SIGCHLD,signal.SIG_IGN);print('ready',flush=True);sys.stdin.read()"
_MOUNTS: tuple[tuple[str, ...], ...] = (
    ("--make-rprivate", "/"),
    ("-t", "overlay", "overlay", "-o", "lowerdir=/etc,upperdir={layer}/upper,workdir={layer}/work", "/etc"),
    ("-t", "tmpfs", "tmpfs", "/run"),
    ("-t", "sysfs", "sysfs", "/sys"),
)


@dataclass(frozen=True)
class Result:
    """What a command did."""

    exit_code: int | None
    stdout: str
    stderr: str
    seconds: float


class Host:
    """Namespaces that live as long as the object is not closed."""

    def __init__(self, name: str, directory: Path, address: str = "10.99.0.11/24") -> None:
        layer = directory / "etc"
        for part in ("upper", "work"):
            (layer / part).mkdir(parents=True, exist_ok=True)
        self._holder = subprocess.Popen(
            ["unshare", "--mount", "--uts", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
            + [sys.executable, "-I", "-c", _INIT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._holder.stdout
        if self._holder.stdout.readline() != b"ready\n":
            raise RuntimeError("namespaces could not be made: is this root with CAP_SYS_ADMIN?")
        children = Path(f"/proc/{self._holder.pid}/task/{self._holder.pid}/children")
        self._init_pid = int(children.read_text().split()[0])
        for words in _MOUNTS:
            self.check("mount", *(word.format(layer=layer) for word in words))
        self.check("mkdir", "-p", "/run/calico", "/run/netns", "/etc/calico")
        self.check("hostname", name)
        for words in (
            ("link", "set", "lo", "up"),
            ("link", "add", "eth0", "type", "veth", "peer", "name", "uplink0"),
            ("addr", "add", address, "dev", "eth0"),
            ("link", "set", "uplink0", "up"),
            ("link", "set", "eth0", "up"),
        ):
            self.check("ip", *words)

    def enter(self, *argv: str) -> list[str]:
        """The command line that runs `argv` on this host."""
        return [_NSENTER, "--target", str(self._init_pid), "--mount", "--uts", "--net", "--pid", "--", *argv]

    def start(
        self, argv: Sequence[str], env: Mapping[str, str] | None = None, **options: object
    ) -> subprocess.Popen[str]:
        """Start a command and leave it running."""
        environment = {"PATH": _BASE_PATH, "HOME": "/root", "LANG": "C.UTF-8", **(env or {})}
        return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
            self.enter(*argv), env=environment, text=True, start_new_session=True, **options
        )

    def run(
        self,
        argv: Sequence[str],
        env: Mapping[str, str] | None = None,
        stdin: str | None = None,
        deadline: float = 30,
    ) -> Result:
        """Run a command to its end; one that outlives the deadline is killed (exit_code None)."""
        begun = os.times().elapsed
        process = self.start(argv, env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            stdout, stderr = process.communicate(stdin or "", timeout=patience(deadline))
            code: int | None = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            stdout, stderr = process.communicate()
            code = None
        return Result(code, stdout, stderr, os.times().elapsed - begun)

    def check(self, *argv: str) -> str:
        """Run a command that must succeed; its output."""
        done = self.run(argv, deadline=_SETUP_DEADLINE)
        if done.exit_code != 0:
            raise RuntimeError(f"{' '.join(argv)}: exit {done.exit_code}: {done.stdout}{done.stderr}")
        return done.stdout

    def write(self, path: str, text: str) -> None:
        """Write a file as this host sees it."""
        done = self.run(["sh", "-c", 'mkdir -p "${1%/*}" && cat > "$1"', "sh", path], stdin=text)
        if done.exit_code != 0:
            raise RuntimeError(f"{path}: {done.stderr}")

    def remove(self, path: str) -> None:
        """Remove a file or a tree as this host sees it."""
        self.check("rm", "-rf", path)

    def close(self) -> None:
        """End every process in the namespaces; they vanish with them."""
        assert self._holder.stdin and self._holder.stdout
        self._holder.stdin.close()
        self._holder.stdout.close()
        try:
            self._holder.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._holder.kill()
            self._holder.wait()
