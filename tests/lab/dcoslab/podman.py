"""podman with configuration and storage of its own: the user's podman is neither seen nor touched."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Sequence
from pathlib import Path

from dcoslab.process import run

IMAGE = "localhost/dcos-calico-lab"

CONTAINERS_CONF = """\
[containers]
# podman asks for more than a limited root may give; naming only one of the two lets it guess the other.
default_ulimits = ["nofile={nofile}:{nofile}", "nproc=32768:32768"]
base_hosts_file = "none"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "{volatile}/tmp"
[network]
network_backend = "netavark"
network_config_dir = "{networks}"
# podman's default network is not used, yet it must not overlap with anything: a range set aside for benchmarks.
default_subnet = "198.18.0.0/24"
"""

STORAGE_CONF = """\
[storage]
driver = "overlay"
graphroot = "{graphroot}"
runroot = "{volatile}/run"
[storage.options]
additionalimagestores = [{image_stores}]
"""


class Podman:
    def __init__(self, root: Path, volatile: Path, image_store: Path | None):
        self.root = root
        self.volatile = volatile
        self.image_store = image_store
        self.conf = root / "podman"

    @property
    def env(self) -> dict[str, str]:
        return {
            **os.environ,
            "CONTAINERS_CONF": str(self.conf / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(self.conf / "storage.conf"),
        }

    def configure(self) -> None:
        networks = self.root / "networks"
        for directory in (self.conf, networks, self.volatile / "tmp", self.volatile / "run"):
            directory.mkdir(parents=True, exist_ok=True)
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        nofile = 20000 if hard == resource.RLIM_INFINITY else min(hard, 20000)
        stores = f'"{self.image_store}"' if self.image_store else ""
        (self.conf / "containers.conf").write_text(
            CONTAINERS_CONF.format(nofile=nofile, volatile=self.volatile, networks=networks)
        )
        (self.conf / "storage.conf").write_text(
            STORAGE_CONF.format(graphroot=self.root / "storage", volatile=self.volatile, image_stores=stores)
        )

    @property
    def configured(self) -> bool:
        return (self.conf / "storage.conf").exists()

    def __call__(
        self, *arguments: str, timeout: float = 60, check: bool = True, text_input: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        return run(["podman", *arguments], timeout=timeout, check=check, env=self.env, cwd="/", text_input=text_input)

    def foreground(self, *arguments: str) -> int:
        """For `exec`: the user's terminal, the program's own exit code."""
        return subprocess.run(["podman", *arguments], env=self.env, check=False).returncode

    def exec(
        self, container: str, argv: Sequence[str], timeout: float = 60, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        return self("exec", container, *argv, timeout=timeout, check=check)
