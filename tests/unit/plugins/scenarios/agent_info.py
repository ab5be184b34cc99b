"""A host that has nothing, and one that has everything."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ...support.agent_host import args, furnish
from ...support.scenario import Scenario

NOISE = ["systemd/calls", "docker-calls"]
UNLIKE = ["calico_node", "os"]


def _scenario(use):
    host = use("agent_host")
    given = args(host, executables=[str(host.root.join("plugins", "calico"))], etcd_endpoints=["http://127.0.0.1:1"], felix_health_port=1)
    return Scenario(given, host.root, noise=NOISE, unlike=UNLIKE)


def nothing(use):
    use("agent_host").root.join("bin", "systemctl").remove()
    return _scenario(use)


def everything(use):
    furnish(use("agent_host"))
    return _scenario(use)


SCENARIOS = {"nothing": nothing, "everything": everything}
