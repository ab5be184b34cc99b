"""Only looks."""

from __future__ import annotations

from ...support.scenario import Scenario


def one(use):
    universe = use("universe")
    universe.starts_after = universe.healthy_after = 0
    universe.put({"id": "/etcd", "cmd": "x", "labels": {"DCOS_PACKAGE_NAME": "etcd", "DCOS_PACKAGE_VERSION": "0.0.3", "DCOS_PACKAGE_OPTIONS": "e30="}})
    return Scenario(universe.args(name="etcd", version="0.0.3"), use("tmpdir"))


def every(use):
    return Scenario(use("universe").args(), use("tmpdir"))


SCENARIOS = {"one": one, "every": every}
