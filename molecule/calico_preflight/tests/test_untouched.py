"""Preflight, and a site that it refused, leave hosts as they were."""

from __future__ import annotations

from typing import Any

import pytest

testinfra_hosts = ["ansible://agents"]


@pytest.mark.parametrize("path", ["/opt/calico", "/etc/calico", "/etc/sysctl.d/60-calico.conf", "/var/lib/dcos-calico"])
def test_nothing_was_made(host: Any, path: str) -> None:
    assert not host.file(path).exists


def test_no_network_was_added(host: Any) -> None:
    names = host.file("/opt/mesosphere/etc/dcos/network/cni").listdir()
    assert not [name for name in names if "calico" in name or "by-hand" in name]


def test_no_unit_was_added(host: Any) -> None:
    assert "calico" not in host.check_output("systemctl list-unit-files --no-legend --no-pager")


def test_the_datastore_is_empty(etcd: Any) -> None:
    assert etcd.below("/calico") == {}
