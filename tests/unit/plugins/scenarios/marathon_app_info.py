"""Two apps of a double of Marathon, one below the group that is asked for."""

from __future__ import annotations

from ...support.scenario import Scenario


def read(use):
    universe = use("universe")
    for app_id in ("/web", "/group/web"):
        universe.put({"id": app_id, "cmd": "sleep 1000", "labels": {"team": "x"}})
    return Scenario(universe.args(group="/group"), use("tmpdir"), unlike=["apps", "settled"])


SCENARIOS = {"read": read}
