"""The CNI networks an agent knows: read from every file of the configuration directory."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import StandinError
from . import glog
from .spec import NETWORK_CONFIG, ParseError, parse

_ARGS_KEY = "org.apache.mesos"


class NetworkError(StandinError):
    """The network cannot be used."""


def which(name: str, search_path: str) -> str | None:
    """The executable of that name in a search path."""
    for directory in search_path.split(":"):
        path = os.path.join(directory, name)
        if directory and os.path.isfile(path) and os.stat(path).st_mode & 0o111:
            return path
    return None


class Networks:
    """Network names and the files they were found in."""

    def __init__(self, directory: Path, plugins: str) -> None:
        self._directory = directory
        self._plugins = plugins
        self._files: dict[str, Path] = {}

    def load(self) -> None:
        """Read the whole directory; what is wrong is logged and left out."""
        found: dict[str, Path] = {}
        try:
            names: Sequence[str] = os.listdir(self._directory)
        except OSError as exc:
            raise NetworkError(
                f"Unable to list the CNI network configuration directory '{self._directory}': {exc.strerror}"
            ) from exc
        for name in names:
            path = self._directory / name
            if path.is_dir():
                continue
            try:
                config = self._read(path)
            except StandinError as exc:
                glog.error(str(exc))
                continue
            network = config["name"]
            if network in found:
                glog.error(
                    f"Multiple CNI network configuration files have same name: {network}: '{path}' is skipped, '{found[network]}' is used"
                )
                continue
            found[network] = path
        self._files = found

    def _read(self, path: Path) -> dict[str, Any]:
        """One file, when it is usable."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as exc:
            raise NetworkError(f"Failed to read CNI network configuration file '{path}': {exc}") from exc
        try:
            config = parse(text, NETWORK_CONFIG)
        except ParseError as exc:
            raise NetworkError(f"Failed to parse CNI network configuration file '{path}': {exc}") from exc
        self._require_plugin(config["type"], "plugin", path)
        if config.get("ipam"):
            self._require_plugin(config["ipam"]["type"], "IPAM plugin", path)
        return config

    def _require_plugin(self, name: str, kind: str, path: Path) -> None:
        if which(name, self._plugins) is None:
            raise NetworkError(
                f"Failed to find CNI {kind} '{name}' used by CNI network configuration file '{path}' in '{self._plugins}': the network is skipped"
            )

    def config(self, network: str) -> dict[str, Any]:
        """The configuration of a network as its file is now; unknown names make the directory be read again."""
        known = self._files.get(network)
        if known is not None:
            try:
                return self._validated(network, known)
            except StandinError as exc:
                glog.warning(f"Removing network '{network}' from the set of known networks: {exc}")
                del self._files[network]
        self.load()
        if network not in self._files:
            raise NetworkError(f"Unknown CNI network '{network}'")
        return self._validated(network, self._files[network])

    def _validated(self, network: str, path: Path) -> dict[str, Any]:
        config = self._read(path)
        if config["name"] != network:
            raise NetworkError(f"CNI network configuration file '{path}' is now of network '{config['name']}'")
        if _ARGS_KEY in (config.get("args") or {}):
            raise NetworkError(f"'args{{{_ARGS_KEY}}}' found in CNI network configuration file '{path}'")
        return config

    def listing(self) -> dict[str, str]:
        """Known network names and their files."""
        return {name: str(path) for name, path in sorted(self._files.items())}


def with_mesos_args(config: dict[str, Any], network_info: dict[str, Any]) -> dict[str, Any]:
    """A configuration with what Mesos tells the plugin about the container's network."""
    args = {**(config.get("args") or {}), _ARGS_KEY: {"network_info": network_info}}
    return {**config, "args": args}
