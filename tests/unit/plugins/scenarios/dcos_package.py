"""Packages of a double of the Universe, whose state is a file."""

from __future__ import annotations

from ...support.scenario import Scenario

OPTIONS = {"options": {"etcd": {"cluster-size": 3}}, "secret_options": {"etcd": {"admin-password": "hunter2"}}}
ETCD = {"name": "etcd", "version": "0.0.3", "wait_timeout": 120, **OPTIONS}
UNTIL_IT_RUNS = ["ready", "readiness", "notes"]


def _args(use, **args):
    universe = use("universe")
    universe.members(3)
    return universe.args(**args), use("tmpdir")


def installed(use):
    args, root = _args(use, **ETCD)
    return Scenario(args, root, unlike=UNTIL_IT_RUNS)


def reinstalled(use):
    args, root = _args(use, name="etcd", version="0.1.0-3.3.12", wait_timeout=120)
    return Scenario(dict(args, options={"node": {"count": 5}}, reinstall=True), root, before=[args], unlike=UNTIL_IT_RUNS)


def uninstalled(use):
    args, root = _args(use, **ETCD)
    return Scenario(use("universe").args(name="etcd", state="absent"), root, before=[args], unlike=["notes"])


SCENARIOS = {"installed": installed, "reinstalled": reinstalled, "uninstalled": uninstalled}
