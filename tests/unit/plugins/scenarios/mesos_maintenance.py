"""Agents of a double of a Mesos master."""

from __future__ import annotations

from ...support.scenario import Scenario

AFTER_A_WAIT = ["agents", "drained"]


def _args(use, state, **args):
    return use("mesos_master").api.args(agents=["10.0.1.10", "10.0.1.11"], state=state, **args)


def draining(use):
    return Scenario(_args(use, "draining"), use("tmpdir"))


def drained(use):
    return Scenario(_args(use, "drained", temporary=True), use("tmpdir"), unlike=AFTER_A_WAIT)


def down(use):
    return Scenario(_args(use, "down"), use("tmpdir"), before=[_args(use, "draining")], unlike=AFTER_A_WAIT)


def returned(use):
    return Scenario(_args(use, "up"), use("tmpdir"), before=[_args(use, "down")])


SCENARIOS = {"draining": draining, "drained": drained, "down": down, "returned": returned}
