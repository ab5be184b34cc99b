"""Everything a run of dcos.calico.kubernetes meets, on loopback: DC/OS Enterprise with its CA, etcd with Calico in it, Kubernetes' API; and a directory that
is the host's file system as far as the role is concerned."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from api import Api
from authority import Authority
from cluster import TOKEN, Kubernetes
from ports import free_port
from runs import Playbooks, Ran, local_hosts
from standin_service import patience

Json = dict[str, Any]
PLAYBOOK = "playbooks/kubernetes.yml"
NODE = "10.0.0.21"


class Etcd:
    """A real etcd 3.3 on loopback."""

    def __init__(self, binary: str, directory: Path) -> None:
        self.directory = directory
        self._binary = binary
        self.url = f"http://127.0.0.1:{free_port()}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Etcd:
        peer = f"http://127.0.0.1:{free_port()}"
        argv = [
            self._binary,
            "--name=one",
            f"--data-dir={self.directory}",
            f"--listen-client-urls={self.url}",
            f"--advertise-client-urls={self.url}",
        ]
        argv += [f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=one={peer}"]
        self._process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + patience(30)
        while True:
            try:
                if json.loads(self._ask("GET", "/health"))["health"] == "true":
                    return self
            except (OSError, ValueError):
                pass
            assert time.monotonic() < end, "etcd does not answer"
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()

    def _ask(self, method: str, path: str, value: str | None = None) -> bytes:
        data = urllib.parse.urlencode({"value": value}).encode() if value is not None else None
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(urllib.request.Request(self.url + path, data, method=method), timeout=patience(20)) as answer:
            return bytes(answer.read())

    def put(self, key: str, value: str) -> None:
        self._ask("PUT", f"/v2/keys{urllib.parse.quote(key)}", value)

    def wipe(self) -> None:
        """Nothing but the mark that Calico was set up."""
        try:
            self._ask("DELETE", "/v2/keys/calico?recursive=true")
        except OSError:
            pass
        self.put("/calico/v1/Ready", "true")

    def values(self) -> dict[str, str]:
        """Every key with its value."""
        found: dict[str, str] = {}
        pending = [json.loads(self._ask("GET", "/v2/keys/?recursive=true"))["node"]]
        while pending:
            node = pending.pop()
            pending += node.get("nodes", [])
            if not node.get("dir"):
                found[node["key"]] = node.get("value", "")
        return found

    def profiles(self) -> set[str]:
        """Names of the complete ones: rules are written last."""
        return {
            key.split("/")[5]
            for key in self.values()
            if key.startswith("/calico/v1/policy/profile/") and key.endswith("/rules")
        }


@dataclasses.dataclass
class World:
    """One cluster; `place` is the agents' file system."""

    dcos: Api | None
    authority: Authority
    etcd: Etcd
    kubernetes: Kubernetes
    place: Path
    playbooks: Playbooks
    calicoctl: str
    bundle: str | None

    def prepare(self) -> World:
        """Plugins, calicoctl, and the directories that DC/OS makes."""
        for directory in ("cni", "plugins", "bin"):
            (self.place / directory).mkdir(parents=True, exist_ok=True)
        for plugin in ("calico", "calico-ipam", "portmap"):
            self.plugin(plugin)
        config = {
            "apiVersion": "v1",
            "kind": "calicoApiConfig",
            "metadata": {},
            "spec": {"datastoreType": "etcdv2", "etcdEndpoints": self.etcd.url},
        }
        (self.place / "calicoctl.cfg").write_text(json.dumps(config), encoding="utf-8")
        return self

    def plugin(self, name: str, directory: str = "plugins") -> Path:
        file = self.place / directory / name
        file.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        file.chmod(0o755)
        return file

    @property
    def conflist(self) -> Path:
        return self.place / "cni" / "cni.conflist"

    def variables(self, **more: Any) -> Json:
        reach: Json = {"calico_kubernetes_package": False, "calico_kubernetes_certificates": False}
        if self.dcos is not None:
            reach = {"calico_dcos_url": self.dcos.standin.url, "calico_dcos_token": self.dcos.token}
            reach |= {"calico_dcos_ca_path": self.bundle} if self.bundle else {}
        return {
            "calico_node_name": NODE,
            "calico_etcd_endpoints": [self.etcd.url],
            "calico_bin_dir": str(Path(self.calicoctl).parent),
            "calico_ctl_config_file": str(self.place / "calicoctl.cfg"),
            "calico_cni_conf_dir": str(self.place / "cni"),
            "calico_cni_plugin_dir": str(self.place / "plugins"),
            "calico_cni_plugin_dirs": [str(self.place / "plugins")],
            "calico_kubernetes_dir": str(self.place / "kubernetes"),
            "calico_kubernetes_api": {"host": self.kubernetes.url, "token": TOKEN, "ca_file": self.authority.bundle},
            "calico_kubernetes_api_wait": 60,
            "calico_kubernetes_controllers_wait": 60,
            "calico_kubernetes_profiles_wait": 60,
            "calico_kubernetes_addons_wait": 60,
            **reach,
            **more,
        }

    def run(
        self,
        *arguments: str,
        without: tuple[str, ...] = (),
        core: Playbooks | None = None,
        env: dict[str, str] | None = None,
        **more: Any,
    ) -> Ran:
        """Run the playbook on one host, which is this one."""
        given = {name: value for name, value in self.variables(**more).items() if name not in without}
        return (core or self.playbooks).run(
            PLAYBOOK, *arguments, hosts=local_hosts(["agent1"]), variables=given, env=env
        )

    def files(self) -> dict[str, tuple[bytes, int]]:
        """What there is in the place, with modes."""
        return {
            str(path.relative_to(self.place)): (path.read_bytes(), path.stat().st_mode & 0o777)
            for path in self.place.rglob("*")
            if path.is_file()
        }


def said(run: Ran) -> str:
    """The message of the task that failed, on one line."""
    failed = [event["result"] for event in run.events() if event["event"] == "failed"]
    return " ".join(" ".join(str(one.get("msg", "")) for one in failed[-1:]).split())
