"""An agent whose plugin path has changed, and one whose network has."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import time

from ...support.scenario import Scenario

NOISE = ["systemd/calls", "systemd/*.journal", "systemd/started"]


def _scenario(use, args, **more):
    return Scenario(args, use("systemd_host").root, noise=NOISE, **more)


def other_plugin_path(use):
    agent = use("mesos_agent")
    agent.change_environment()
    return _scenario(use, agent.args())


def younger_network(use):
    """Written a moment ago, so that the agent that is started now is younger again."""
    agent = use("mesos_agent")
    network = agent.host.root.join("calico.cni")
    network.write("{}")
    state = agent.host.state()
    state["services"]["dcos-mesos-slave.service"]["since"] -= 600 * 10**6
    agent.host.root.join("systemd", "state.json").write(json.dumps(state, sort_keys=True))
    os.utime(str(network), (time.time() - 60, time.time() - 60))
    return _scenario(use, agent.args(restart="always", files=[str(network), "/nowhere"]))


def nothing_to_do(use):
    return _scenario(use, use("mesos_agent").args(restart="always", files=["/nowhere"]))


SCENARIOS = {"other_plugin_path": other_plugin_path, "younger_network": younger_network, "nothing_to_do": nothing_to_do}
