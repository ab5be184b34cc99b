"""A cluster with two agents."""

from __future__ import annotations

from ..modules.test_dcos_agent_info import READS
from ...support.scenario import Scenario


def read(use):
    api = use("dcos_api")
    for path, answer in READS.items():
        api.on("GET", path, answer)
    return Scenario(api.args(), use("tmpdir"))


SCENARIOS = {"read": read}
