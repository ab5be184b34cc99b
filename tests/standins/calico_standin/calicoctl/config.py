"""calicoctl config: settings of the cluster and of nodes, by name or raw."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..cni import gojson
from ..errors import KeyNotFound, StandinError
from ..etcd import Etcd
from . import cli, usage

_FELIX = "/calico/v1"
_BGP = "/calico/bgp/v1"
_MESH = f"{_BGP}/global/node_mesh"
_AS_NUMBER = f"{_BGP}/global/as_num"
_IPIP = f"{_FELIX}/config/IpInIpEnabled"
_LEVELS = ("none", "debug", "info", "warning", "error", "critical")
_BIRD_LEVELS = ("none", "debug", "info")


class BadValue(StandinError):
    """An option or value is refused."""


class Setting:
    """One setting; `node` is "" for the cluster's value."""

    default = ""

    def __init__(self, etcd: Etcd, node: str) -> None:
        self.etcd = etcd
        self.node = node

    def get(self) -> str:
        """The value as it is printed."""
        raise NotImplementedError

    def set(self, value: str) -> None:
        """Write a value."""
        raise NotImplementedError

    def unset(self) -> None:
        """Write the default."""
        self.set(self.default)

    def remove(self, path: str) -> None:
        """Delete a key that may be absent."""
        try:
            self.etcd.delete(path)
        except KeyNotFound:
            return


class GlobalSetting(Setting):
    """A setting that nodes have no value of their own of."""

    def __init__(self, etcd: Etcd, node: str) -> None:
        super().__init__(etcd, node)
        if node:
            raise BadValue("--node should not be specified")


def _switch(value: str) -> str:
    if value not in ("on", "off"):
        raise BadValue(f"invalid value '{value}'")
    return "true" if value == "on" else "false"


class NodeMesh(GlobalSetting):
    """nodeToNodeMesh."""

    default = "on"

    def get(self) -> str:
        stored = self.etcd.get(_MESH)
        if stored is None:
            return self.default
        return "on" if gojson.decode(stored).get("enabled") else "off"

    def set(self, value: str) -> None:
        self.etcd.set(_MESH, f'{{"enabled":{_switch(value)}}}')


class AsNumber(GlobalSetting):
    """asNumber."""

    default = "64512"

    def get(self) -> str:
        return self.etcd.get(_AS_NUMBER) or self.default

    def set(self, value: str) -> None:
        number = cli.parse_as_number(value)
        if number is None:
            raise BadValue("the supplied AS number is not valid")
        self.etcd.set(_AS_NUMBER, str(number))


class Ipip(GlobalSetting):
    """ipip."""

    default = "off"

    def get(self) -> str:
        return "on" if self.etcd.get(_IPIP) == "true" else "off"

    def set(self, value: str) -> None:
        self.etcd.set(_IPIP, _switch(value))


class LogLevel(Setting):
    """logLevel, which Felix and BIRD keep each in a key; BIRD knows fewer levels."""

    default = "info"

    def _paths(self, node: str) -> tuple[str, str]:
        if node:
            return f"{_FELIX}/host/{node}/config/LogSeverityScreen", f"{_BGP}/host/{node}/loglevel"
        return f"{_FELIX}/config/LogSeverityScreen", f"{_BGP}/global/loglevel"

    def get(self) -> str:
        own = self.etcd.get(self._paths(self.node)[0])
        if own is not None:
            return own
        if not self.node:
            return self.default
        return f"{self.etcd.get(self._paths('')[0]) or self.default} (inherited from global)"

    def set(self, value: str) -> None:
        if value not in _LEVELS:
            raise BadValue(f"error with field loglevel = '{value}'")
        felix, bird = self._paths(self.node)
        self.etcd.set(bird, value if value in _BIRD_LEVELS else "none")
        self.etcd.set(felix, value)

    def unset(self) -> None:
        if not self.node:
            super().unset()
            return
        for path in self._paths(self.node):
            self.remove(path)


class Raw(Setting):
    """Any key of a component's configuration."""

    def __init__(self, etcd: Etcd, node: str, path: str) -> None:
        super().__init__(etcd, node)
        self._path = path

    def get(self) -> str:
        value = self.etcd.get(self._path)
        return "(unset)" if value is None else value

    def set(self, value: str) -> None:
        self.etcd.set(self._path, value)

    def unset(self) -> None:
        self.remove(self._path)


_NAMED: dict[str, Callable[[Etcd, str], Setting]] = {
    "loglevel": LogLevel,
    "nodetonodemesh": NodeMesh,
    "asnumber": AsNumber,
    "ipip": Ipip,
}


def _setting(etcd: Etcd, name: str, node: str, raw: str) -> Setting:
    if raw == "felix":
        return Raw(etcd, node, f"{_FELIX}/host/{node}/config/{name}" if node else f"{_FELIX}/config/{name}")
    if raw == "bgp":
        return Raw(etcd, node, f"{_BGP}/host/{node}/{name}" if node else f"{_BGP}/global/{name}")
    if raw:
        raise BadValue(f"unrecognised component '{raw}'")
    if name.lower() not in _NAMED:
        raise BadValue(f"unrecognised config name '{name}'")
    return _NAMED[name.lower()](etcd, node)


def run(argv: Sequence[str]) -> None:
    """calicoctl config set|unset|get."""
    arguments = cli.parse(usage.CONFIG, argv)
    etcd = cli.connect(arguments)
    try:
        setting = _setting(etcd, arguments["<NAME>"], arguments["--node"] or "", arguments["--raw"] or "")
        if arguments["set"]:
            setting.set(arguments["<VALUE>"])
        elif arguments["unset"]:
            setting.unset()
        else:
            print(setting.get())
    except StandinError as exc:
        cli.fail(f"Error executing command: {exc}")
