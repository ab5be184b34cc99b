"""Containers: a network namespace each, attached to networks by plugins, checkpointed so that they survive the agent."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..errors import StandinError
from . import glog
from .networks import NetworkError, Networks, which, with_mesos_args
from .spec import NETWORK_INFO, ParseError, parse

ROOT = Path("/var/run/mesos/isolators/network/cni")
_PLUGIN_DEADLINE = 300
_DEADLINE = 30


class ContainerError(StandinError):
    """A container could not be launched or destroyed."""


@dataclass
class Container:
    """What the agent remembers of a container; `interfaces` maps each network to its interface."""

    id: str
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    interfaces: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, list[str]] = field(default_factory=dict)

    @property
    def directory(self) -> Path:
        return ROOT / self.id

    @property
    def namespace(self) -> Path:
        return self.directory / "ns"

    def config_path(self, network: str) -> Path:
        """Where the configuration in use is kept for DEL."""
        return self.directory / network / "network.conf"

    def info_path(self, network: str) -> Path:
        """Where the plugin's answer is kept."""
        return self.directory / network / self.interfaces[network] / "network.info"

    def describe(self) -> dict[str, Any]:
        """The container as the client prints it; `ip` is the first address Mesos learned, if any."""
        learned = [address for found in self.addresses.values() for address in found]
        return {
            "container_id": self.id,
            "name": self.name,
            "ip": learned[0] if learned else None,
            "addresses": self.addresses,
            "interfaces": self.interfaces,
            "labels": dict(self.labels),
            "namespace": str(self.namespace),
        }


class Containers:
    """Every container of the agent."""

    def __init__(self, networks: Networks, plugins: str, work_dir: Path) -> None:
        self._networks = networks
        self._plugins = plugins
        self._meta = work_dir / "meta" / "containers"
        self._known: dict[str, Container] = {}

    def recover(self) -> None:
        """Take over the containers of an earlier run; those that a reboot ended are forgotten."""
        self._meta.mkdir(parents=True, exist_ok=True)
        for path in sorted(self._meta.glob("*.json")):
            container = Container(**json.loads(path.read_text(encoding="utf-8")))
            if os.path.ismount(container.namespace):
                self._known[container.id] = container
                glog.info(f"Recovered container {container.id}")
            else:
                glog.info(f"Container {container.id} did not survive the reboot")
                path.unlink()
                shutil.rmtree(container.directory, ignore_errors=True)

    def listing(self) -> list[dict[str, Any]]:
        """All containers."""
        return [container.describe() for container in self._known.values()]

    # -- launch -----------------------------------------------------------------------------

    def launch(self, networks: Sequence[str], name: str, labels: Mapping[str, str]) -> dict[str, Any]:
        """Make a namespace and have the plugins attach it."""
        configs = {network: self._networks.config(network) for network in networks}
        container = Container(str(uuid.uuid4()), name, labels)
        _make_namespace(container.namespace)
        self._known[container.id] = container
        try:
            for number, (network, config) in enumerate(configs.items()):
                self._attach(container, network, config, f"eth{number}")
        except StandinError:
            self._clean_up(container)
            raise
        return container.describe()

    def _attach(self, container: Container, network: str, config: dict[str, Any], interface: str) -> None:
        container.interfaces[network] = interface
        config = with_mesos_args(config, _network_info(network, container.labels))
        checkpoint = container.config_path(network)
        checkpoint.parent.mkdir(parents=True, exist_ok=True)
        checkpoint.write_text(json.dumps(config), encoding="utf-8")
        self._store(container)
        plugin = self._plugin(config["type"], network)
        done = self._call(plugin, "ADD", container, interface, checkpoint.read_text(encoding="utf-8"))
        if done.returncode != 0:
            raise ContainerError(_failure(plugin, "attach", container, "to", network, done))
        try:
            answer = parse(done.stdout, NETWORK_INFO)
        except ParseError as exc:
            raise ContainerError(
                f"Failed to parse the output of the CNI plugin '{plugin}' for container {container.id}: {exc}"
            ) from exc
        info = container.info_path(network)
        info.parent.mkdir(parents=True, exist_ok=True)
        info.write_text(done.stdout, encoding="utf-8")
        container.addresses[network] = [
            answer[version]["ip"].partition("/")[0] for version in ("ip4", "ip6") if answer.get(version)
        ]
        self._store(container)
        if not container.addresses[network]:
            glog.warning(f"CNI network '{network}' gave container {container.id} no ip4 or ip6")

    def _clean_up(self, container: Container) -> None:
        try:
            self._destroy(container)
        except StandinError as exc:
            glog.error(f"Failed to clean up container {container.id}: {exc}")

    # -- kill -------------------------------------------------------------------------------

    def kill(self, container_id: str) -> dict[str, Any]:
        """Detach a container from its networks and remove it."""
        found = [item for item in self._known.values() if container_id in (item.id, item.name)]
        if len(found) != 1:
            raise ContainerError(f"{len(found)} containers are called '{container_id}'")
        self._destroy(found[0])
        return {"container_id": found[0].id}

    def _destroy(self, container: Container) -> None:
        failures = []
        for network in list(container.interfaces):
            try:
                self._detach(container, network)
            except StandinError as exc:
                failures.append(str(exc))
        if failures:
            raise ContainerError("; ".join(failures))
        _remove_namespace(container.namespace)
        shutil.rmtree(container.directory, ignore_errors=True)
        (self._meta / f"{container.id}.json").unlink(missing_ok=True)
        del self._known[container.id]

    def _detach(self, container: Container, network: str) -> None:
        """With the configuration that was in use at the time of ADD, whatever the directory holds today."""
        text = container.config_path(network).read_text(encoding="utf-8")
        plugin = self._plugin(json.loads(text)["type"], network)
        done = self._call(plugin, "DEL", container, container.interfaces[network], text)
        if done.returncode != 0:
            raise ContainerError(_failure(plugin, "detach", container, "from", network, done))
        del container.interfaces[network]
        container.addresses.pop(network, None)
        self._store(container)

    # -- plugins ----------------------------------------------------------------------------

    def _plugin(self, kind: str, network: str) -> str:
        found = which(kind, self._plugins)
        if found is None:
            raise NetworkError(
                f"Failed to find CNI plugin '{kind}' used by CNI network '{network}' in '{self._plugins}'"
            )
        return found

    def _call(
        self, plugin: str, command: str, container: Container, interface: str, text: str
    ) -> subprocess.CompletedProcess[str]:
        environment = {
            "CNI_COMMAND": command,
            "CNI_CONTAINERID": container.id,
            "CNI_PATH": self._plugins,
            "CNI_IFNAME": interface,
            "CNI_NETNS": str(container.namespace),
            "PATH": os.environ.get("PATH") or "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        }
        glog.info(f"Invoking CNI plugin '{plugin}' to {command} container {container.id}")
        return subprocess.run(
            [plugin], env=environment, input=text, capture_output=True, text=True, timeout=_PLUGIN_DEADLINE, check=False
        )

    def _store(self, container: Container) -> None:
        path = self._meta / f"{container.id}.json"
        staged = path.with_suffix(".new")
        staged.write_text(json.dumps(asdict(container)), encoding="utf-8")
        os.replace(staged, path)


def _network_info(network: str, labels: Mapping[str, str]) -> dict[str, Any]:
    info: dict[str, Any] = {"name": network}
    if labels:
        info["labels"] = {"labels": [{"key": key, "value": value} for key, value in labels.items()]}
    return info


def _failure(
    plugin: str,
    verb: str,
    container: Container,
    preposition: str,
    network: str,
    done: subprocess.CompletedProcess[str],
) -> str:
    return (
        f"The CNI plugin '{plugin}' failed to {verb} container {container.id} {preposition} CNI network "
        f"'{network}': stdout='{done.stdout}', stderr='{done.stderr}'"
    )


def _make_namespace(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.touch()
    _run("unshare", f"--net={path}", "true")
    _run("nsenter", f"--net={path}", "ip", "link", "set", "dev", "lo", "up")


def _remove_namespace(path: Path) -> None:
    if os.path.ismount(path):
        _run("umount", str(path))


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_DEADLINE, check=False)
    if done.returncode != 0:
        raise ContainerError(f"{' '.join(command)}: {done.stderr.strip()}")
