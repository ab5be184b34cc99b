"""Apps of a double of Marathon, whose state is a file."""

from __future__ import annotations

from ...support.scenario import Scenario

WEB = {"id": "/web", "cmd": "sleep 1000", "env": {"DB_PASSWORD": "hunter2"}}
UNTIL_IT_RUNS = ["apps"]


def _args(use, *apps, **args):
    return use("universe").args(apps=list(apps), wait_timeout=120, **args)


def made(use):
    return Scenario(_args(use, WEB, {"id": "/web2", "cmd": "sleep 1"}), use("tmpdir"), unlike=UNTIL_IT_RUNS)


def changed(use):
    return Scenario(_args(use, dict(WEB, instances=3)), use("tmpdir"), before=[_args(use, WEB)], unlike=UNTIL_IT_RUNS)


def suspended(use):
    return Scenario(_args(use, {"id": "/web"}, state="suspended"), use("tmpdir"), before=[_args(use, WEB)], unlike=UNTIL_IT_RUNS)


def removed(use):
    return Scenario(_args(use, {"id": "/web"}, state="absent"), use("tmpdir"), before=[_args(use, WEB)], unlike=UNTIL_IT_RUNS)


SCENARIOS = {"made": made, "changed": changed, "suspended": suspended, "removed": removed}
