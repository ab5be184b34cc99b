"""Two agents and an etcd between them, each a host of its own, for what calico/node does."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from harness import Record, Rig
from harness.config import REPOSITORY, STANDINS, patience, real_artifacts
from harness.etcd_server import EtcdServer
from harness.host import Host, Result
from harness.scenario import MODES
from harness.substitution import Substitution

AGENTS = {"a1": "10.97.0.11/24", "a2": "10.97.0.12/24"}
NAMES = ((r"\ba([12])\b", r"n\1"), (r"\bw([1-4])\b", r"v\1"), (r"\bcaliw([1-4])\b", r"caliv\1"))
_FABRIC = "10.97.0.1"
_ARCHIVE = "calico-node.tar"
_WHITEOUT = ".wh."
# Mounts what calicoctl mounts for the container, then starts the image's command as the container's first process.
_CONTAINER = """
set -e
cd "$1"; shift
mkdir -p upper work root log /var/log/calico /var/run/calico
mount -t overlay overlay -o "lowerdir=$1,upperdir=upper,workdir=work" root; shift
mount --bind log /var/log/calico
mkdir -p root/var/log/calico root/run
for path in /dev /sys /run /var/log/calico; do mount --rbind "$path" "root$path"; done
exec unshare --mount --pid --fork --kill-child sh -c 'mount -t proc proc root/proc && exec chroot root "$@"' sh "$@"
"""
# Prints how a connection to ADDRESS PORT ends, in curl's numbers.
_PROBE = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), float(sys.argv[3])).close()
    print("ok")
except TimeoutError:
    print("blocked(28)")
except OSError as exc:
    print(f"failed({exc.errno})")
"""


@dataclass(frozen=True)
class Image:
    """An unpacked image."""

    root: Path
    command: list[str]
    variables: dict[str, str]

    def find(self, name: str) -> Path:
        """A program of the image."""
        return next(path for path in sorted(self.root.glob(f"**/bin/{name}")) if path.is_file())


def unpack_image(artifacts: Path, target: Path) -> Image:
    """The root file system of the image under test; the stand-in's is built when it is not there."""
    archive_path = artifacts / _ARCHIVE
    if not archive_path.exists() and not real_artifacts():
        sys.path.insert(0, str(STANDINS))
        archive_path = importlib.import_module("node_image").build(REPOSITORY / ".build" / "contract" / "image")
    with tarfile.open(archive_path) as archive:
        manifest = json.load(_member(archive, "manifest.json"))[0]
        config = json.load(_member(archive, manifest["Config"]))["config"]
        for name in manifest["Layers"]:
            with tarfile.open(fileobj=_member(archive, name)) as layer:
                _apply(layer, target)
    variables = dict(item.split("=", 1) for item in config.get("Env") or ())
    return Image(target, [*(config.get("Entrypoint") or ()), *(config.get("Cmd") or ())], variables)


def _member(archive: tarfile.TarFile, name: str) -> Any:
    return archive.extractfile(name)


def _apply(layer: tarfile.TarFile, target: Path) -> None:
    kept = [item for item in layer if not item.isdev()]
    for item in kept:
        directory, base = os.path.split(item.name)
        if base.startswith(_WHITEOUT):
            subprocess.run(["rm", "-rf", str(target / directory / base[len(_WHITEOUT) :])], check=True)
    layer.extractall(target, [item for item in kept if _WHITEOUT not in item.name], filter="fully_trusted")


class ClusterRig(Rig):
    """A rig whose host is the network between the agents; records name the machine they ran on."""

    def __init__(
        self,
        mode: str,
        directory: Path,
        artifacts: Path,
        etcd_binary: Path,
        substitution: Substitution,
        blocks: list[str],
        image: Image,
    ) -> None:
        super().__init__(mode, directory, artifacts, etcd_binary, substitution, blocks, "fabric")
        self.image = image
        self.fabric = self.host
        self.etcd = EtcdServer(
            self.fabric,
            self.etcd_binary,
            self.directory / "etcd-data",
            self.etcd_port,
            options=[f"--listen-client-urls=http://0.0.0.0:{self.etcd_port},unix://localhost:1"],
        )
        self.fabric.check("ip", "link", "add", "br0", "type", "bridge")
        self.fabric.check("ip", "addr", "add", f"{self.text(_FABRIC)}/24", "dev", "br0")
        self.fabric.check("ip", "link", "set", "br0", "up")
        self.agents = {name: self._agent(name, address) for name, address in AGENTS.items()}
        self._containers: dict[str, subprocess.Popen[str]] = {}
        self._add_programs()

    def text(self, value: str) -> str:
        """A recorded name or address as it is called here."""
        return self.substitution.text(value)

    @property
    def endpoint(self) -> str:
        """Where etcd is."""
        return f"http://{self.text(_FABRIC)}:{self.etcd_port}"

    def _agent(self, name: str, address: str) -> Host:
        host = Host(self.text(name), self.directory / name, self.text(address))
        self.at_close(host.close)
        host.check("ip", "link", "del", "eth0")
        port = f"port-{name}"
        words = ["ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", _pid(host)]
        subprocess.run(
            ["nsenter", "--target", _pid(self.fabric), "--net", "--", *words], check=True, timeout=patience(10)
        )
        self.fabric.check("ip", "link", "set", port, "master", "br0", "up")
        host.check("ip", "addr", "add", self.text(address), "dev", "eth0")
        host.check("ip", "link", "set", "eth0", "up")
        host.check("ip", "route", "add", "default", "via", self.text(_FABRIC))
        host.write("/proc/sys/net/ipv4/ip_forward", "1")
        return host

    def _add_programs(self) -> None:
        """The recorded /rig/bin-node: the parts of calico/node that ran by themselves."""
        directory = self.scratch / "bin-node"
        directory.mkdir()
        for name, module in (("startup", "startup"), ("allocate-ipip-addr", "allocate")):
            if real_artifacts():
                (directory / name).symlink_to(self.image.find(name))
                continue
            script = f"#!/bin/sh\nPYTHONPATH={STANDINS} exec {sys.executable} -S -m calico_standin.node.{module}\n"
            (directory / name).write_text(script, encoding="utf-8")
            (directory / name).chmod(0o755)

    def run_record(self, record: Record) -> Result:
        """On the machine the record names."""
        self.host = self.agents.get(record.extra.get("machine", ""), self.fabric)
        try:
            return super().run_record(record)
        finally:
            self.host = self.fabric

    # -- calico/node ------------------------------------------------------------------------

    def start_node(self, name: str, **variables: str) -> None:
        """What `calicoctl node run` starts, as far as there is no Docker."""
        host, directory = self.agents[name], self.directory / f"node-{name}"
        directory.mkdir(exist_ok=True)
        env = {
            **self.image.variables,
            "NODENAME": self.text(name),
            "ETCD_ENDPOINTS": self.endpoint,
            "CALICO_NETWORKING_BACKEND": "bird",
            **variables,
        }
        with (directory / "output").open("a") as output:
            self._containers[name] = host.start(
                ["sh", "-c", _CONTAINER, "sh", str(directory), str(self.image.root), *self.image.command],
                env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self.until(lambda: "Calico node started successfully" in (directory / "output").read_text(), 20)

    def in_image(self, name: str, *argv: str) -> str:
        """Run a program of the image on an agent."""
        return self.agents[name].check("chroot", str(self.directory / f"node-{name}" / "root"), *argv)

    def until(self, condition: Callable[[], object], seconds: float) -> None:
        """Wait for a condition, failing when it does not come."""
        deadline = time.monotonic() + patience(seconds)
        while not condition():
            assert time.monotonic() < deadline, f"not within {seconds} s"
            time.sleep(0.1)

    # -- workloads --------------------------------------------------------------------------

    def attach(self, agent: str, workload: str, network: str) -> None:
        """A workload that serves HTTP, in a network."""
        host, name = self.agents[agent], self.text(workload)
        host.check("ip", "netns", "add", name)
        config = {
            "name": network,
            "type": "calico",
            "etcd_endpoints": self.endpoint,
            "ipam": {"type": "calico-ipam"},
        }
        env = {
            "CNI_COMMAND": "ADD",
            "CNI_CONTAINERID": name,
            "CNI_NETNS": f"/run/netns/{name}",
            "CNI_IFNAME": "eth0",
            "CNI_PATH": str(self.artifacts),
        }
        done = host.run([str(self.artifacts / "calico")], env, json.dumps(config))
        assert done.exit_code == 0, done

    def serve(self, host: Host, port: int, log: Path, *prefix: str) -> Callable[[], None]:
        """Start an HTTP server that notes its requests in `log`; what stops it."""
        command = [
            *prefix,
            sys.executable,
            "-I",
            "-u",
            "-m",
            "http.server",
            str(port),
            "--directory",
            str(self.scratch),
        ]
        with log.open("w") as output:
            server = host.start(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)

        def stop() -> None:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait(timeout=patience(10))

        self.until(lambda: "Serving HTTP" in log.read_text(), 15)
        return stop

    def probe(self, host: Host, address: str, port: int, *prefix: str, wait: float = 1.0) -> str:
        """How a connection ends: ok, blocked(28) or failed."""
        words = [*prefix, sys.executable, "-I", "-S", "-c", _PROBE, address, str(port), str(patience(wait))]
        return host.run(words).stdout.strip()

    def matrix(self, pairs: Mapping[str, tuple[str, str]], address: Mapping[str, str], port: int) -> dict[str, str]:
        """Every workload to every other, all at once; `pairs` holds the agent and the source of each."""

        def one(pair: str) -> str:
            agent, source = pairs[pair]
            target = address[pair.split("->")[1]]
            return self.probe(self.agents[agent], target, port, "ip", "netns", "exec", self.text(source))

        with ThreadPoolExecutor(len(pairs)) as pool:
            return dict(zip(pairs, pool.map(one, pairs), strict=True))


def _pid(host: Host) -> str:
    return host.enter()[2]


def cluster_fixture(
    blocks: list[str],
    prepare: Callable[[ClusterRig], object] | None = None,
    keep: tuple[str, ...] = (),
) -> Any:
    """A module's `rig` fixture with two agents; `keep` is as for Scenario."""

    @pytest.fixture(scope="module", params=MODES)
    def rig(
        request: pytest.FixtureRequest,
        tmp_path_factory: pytest.TempPathFactory,
        artifacts: Path,
        etcd_binary: Path,
    ) -> Iterator[ClusterRig]:
        image = unpack_image(artifacts, tmp_path_factory.mktemp("image"))
        substitution = Substitution(request.param == "substituted", NAMES, keep)
        directory = tmp_path_factory.mktemp("cluster")
        made = ClusterRig(request.param, directory, artifacts, etcd_binary, substitution, blocks, image)
        try:
            made.etcd.start()
            if prepare is not None:
                prepare(made)
            yield made
        finally:
            made.close()

    return rig
