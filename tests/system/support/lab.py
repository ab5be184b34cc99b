"""The lab as the tests use it: run things on its hosts, look at their state, start workloads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "lab"))

from dcoslab import cluster, settings, topology  # noqa: E402
from dcoslab.process import scaled  # noqa: E402

LAB = [sys.executable, str(ROOT / "tests" / "lab" / "lab.py")]
SNAPSHOT = Path(__file__).with_name("snapshot_host.py")
AGENT_PROGRAM = "/opt/lab/dcos-mesos-slave"


class Host:
    """One host of the lab."""

    def __init__(self, lab: Lab, plan: topology.Host) -> None:
        self.lab = lab
        self.name = plan.name
        self.address = plan.address
        self.role = plan.role
        self.flavour = plan.flavour.name
        self._container = lab.settings.container(plan)

    @property
    def pid(self) -> int:
        return self.lab.pids()[self._container]

    def run(
        self, *argv: str, check: bool = True, timeout: float = 60, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as root inside the host."""
        inside = [
            "nsenter",
            "--target",
            str(self.pid),
            "--all",
            "--wd=/",
            "env",
            "-i",
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ]
        done = subprocess.run(
            [*inside, *argv],
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=scaled(timeout),
        )
        assert not check or done.returncode == 0, (
            f"{self.name}: {' '.join(argv)}: exit {done.returncode}: {done.stderr or done.stdout}"
        )
        return done

    def out(self, *argv: str, **kwargs: Any) -> str:
        return self.run(*argv, **kwargs).stdout

    def kill_module(self, *, check: bool = True) -> None:
        """Kill the module that runs here: an interpreter without arguments, which reads it from a pipe."""
        self.run("pkill", "-KILL", "-f", "^[^ ]*/python[0-9.]*$", check=check)

    def read(self, path: str) -> str:
        return self.out("cat", path)

    def write(self, path: str, text: str) -> None:
        self.run("tee", path, stdin=text)

    def sysctl(self, name: str) -> str:
        return self.read("/proc/sys/" + name.replace(".", "/")).strip()

    def snapshot(self) -> dict[str, Any]:
        """Digests of files, kernel settings, units and containers; see snapshot_host.py."""
        return json.loads(self.out("/opt/lab/bin/python3", "-", stdin=SNAPSHOT.read_text(), timeout=120))

    def launch(self, network: str, name: str) -> dict[str, Any]:
        """Start a container on a network as the Mesos agent does; returns its id and address."""
        return json.loads(self.out(AGENT_PROGRAM, "launch", network, "--name", name))

    def kill(self, container: str) -> None:
        self.run(AGENT_PROGRAM, "kill", container)

    def ping(self, container: str, address: str) -> bool:
        """Whether a container of this host reaches an address; a fresh one needs a second or two."""
        namespace = f"/var/run/mesos/isolators/network/cni/{container}/ns"
        return (
            self.run("nsenter", f"--net={namespace}", "ping", "-c", "1", "-W", "1", address, check=False).returncode
            == 0
        )


class Lab:
    """A lab that is up."""

    def __init__(self, name: str) -> None:
        found = settings.load(name, os.environ)
        assert found is not None, f"there is no lab {name}"
        self.settings = found
        self.inventory = found.inventory
        self._pids: dict[str, int] | None = None
        self.hosts = {plan.name: Host(self, plan) for plan in found.hosts}

    def pids(self) -> dict[str, int]:
        """Process of each container's init; asked of podman once, and again after a host was powered."""
        if self._pids is None:
            self._pids = cluster.pids(self.settings, cluster.podman_of(self.settings))
        return self._pids

    @property
    def agents(self) -> list[Host]:
        return [host for host in self.hosts.values() if host.role != "master"]

    @property
    def masters(self) -> list[Host]:
        return [host for host in self.hosts.values() if host.role == "master"]

    def power(self, name: str, action: str, *, hard: bool = False, wait: bool = True) -> None:
        """restart, stop or start a host; hard is a power cut."""
        self._pids = None
        cluster.power(self.settings, name, action, hard=hard, wait_after=wait)

    def etcd(self) -> dict[str, str]:
        """Every key below /calico with its value, as the members have them."""
        url = f"http://{self.masters[0].address}:2379/v2/keys/calico?recursive=true&quorum=true"
        answer = self.masters[0].run("curl", "-fsS", "--max-time", "10", url, check=False)
        return dict(_leaves(json.loads(answer.stdout)["node"])) if answer.returncode == 0 else {}

    def snapshot(self) -> dict[str, Any]:
        """Everything that an install could touch."""
        return {"etcd": self.etcd(), **{name: host.snapshot() for name, host in self.hosts.items()}}

    def calicoctl(self, *argv: str, host: Host | None = None) -> str:
        return (host or self.agents[0]).out("/opt/calico/bin/calicoctl", *argv)


def _leaves(node: dict[str, Any]) -> Iterable[tuple[str, str]]:
    if not node.get("dir"):
        yield node["key"], node.get("value", "")
    for child in node.get("nodes", []):
        yield from _leaves(child)


def eventually(what: str, probe: Callable[[], Any], seconds: float = 15, pause: float = 0.3) -> Any:
    """The first true answer of probe within a deadline; else the test fails and says what was awaited and what was seen."""
    deadline = time.monotonic() + scaled(seconds)
    while True:
        answer = probe()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"{what}: not within {scaled(seconds):g} s; last seen: {answer!r}"
        time.sleep(pause)


def lab_command(*arguments: str, env: dict[str, str] | None = None) -> None:
    """Run lab.py with its output shown."""
    subprocess.run([*LAB, *arguments], check=True, env={**os.environ, **(env or {})}, timeout=scaled(900))


@contextmanager
def lab_with(name: str, profile: str = "default", **env: str) -> Iterator[Lab]:
    """A lab of one's own, gone at the end. SYSTEM_LAB_KEEP=1 leaves it up, and uses one that is up, while one works on a test."""
    keep = os.environ.get("SYSTEM_LAB_KEEP") == "1"
    if not (keep and settings.load(name, os.environ)):
        lab_command("up", "--name", name, "--profile", profile, env=env)
    try:
        yield Lab(name)
    finally:
        if not keep:
            lab_command("down", "--name", name)
