"""Calico's framework behind a double of the Universe."""

from __future__ import annotations

from ...support.framework import Framework
from ...support.scenario import Scenario

AFTER_A_WAIT = ["app_id", "version", "text"]


def suspended(use):
    Framework(use("universe"))
    return Scenario(use("universe").args(state="suspended"), use("tmpdir"), unlike=AFTER_A_WAIT)


def uninstalled(use):
    Framework(use("universe")).tasks.clear()
    return Scenario(use("universe").args(state="absent"), use("tmpdir"), unlike=AFTER_A_WAIT)


SCENARIOS = {"suspended": suspended, "uninstalled": uninstalled}
