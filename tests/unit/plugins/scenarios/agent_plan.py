"""A host that has nothing: its facts, and what two jobs would change there."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ...support.agent_host import args
from ...support.scenario import Scenario
from .agent_info import NOISE


def nothing(use):
    host = use("agent_host")
    host.root.join("bin", "systemctl").remove()
    file = {"path": str(host.root.join("new.conf")), "content": "x\n"}
    steps = [{"job": "agent_info", "args": args(host)}, {"job": "agent_files", "args": {"files": [file]}}, {"job": "sysctl", "args": {}}]
    return Scenario({"steps": steps}, host.root, noise=NOISE, unlike=["facts"])


SCENARIOS = {"nothing": nothing}
