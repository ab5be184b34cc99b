"""calicoctl version: never fails for an unreachable cluster."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..errors import ConfigError, EtcdError
from ..etcd import Etcd, from_environment
from . import cli, usage
from .main import COMMIT, VERSION

_BUILD_DATE = "2017-12-01T01:06:48+0000"
_KEYS = (("Cluster Version:", "CalicoVersion"), ("Cluster Type:", "ClusterType"))


def run(argv: Sequence[str]) -> None:
    """Print the client's version, then what the cluster says of its own."""
    arguments = cli.parse(usage.VERSION, argv)
    _print_line("Client Version:", VERSION)
    _print_line("Build date:", _BUILD_DATE)
    _print_line("Git commit:", COMMIT)
    path = cli.config_path(arguments)
    try:
        etcd = from_environment(os.environ, path)
    except ConfigError as exc:
        cli.fail(str(exc))
    for title, name in _KEYS:
        _print_line(title, _cluster_value(etcd, name))


def _cluster_value(etcd: Etcd, name: str) -> str:
    try:
        return etcd.get(f"/calico/v1/config/{name}") or "unknown"
    except EtcdError as exc:
        return f"unknown ({exc})"


def _print_line(title: str, value: str) -> None:
    print(f"{title:<19}{value}", flush=True)
