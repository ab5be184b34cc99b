"""A whole host, with a container that is cut off, and one that has nothing."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ...support.scenario import Scenario

NOISE = ["systemd/calls", "systemd/*.journal", "systemd/started", "docker-calls"]
# What was there is gone, and a member or a node is no more known.
UNLIKE = ["containers", "datastore", "node"]


def whole(use):
    host = use("installed")
    # The unit that keeps these takes them away when it stops, which the double of systemd does not.
    lines = host.kernel.tables["iptables"].splitlines()
    host.kernel.tables["iptables"] = "\n".join(line for line in lines if "dcos-calico-etcd" not in line) + "\n"
    return Scenario(dict(host.args, cut_off=True), host.root, noise=NOISE, unlike=UNLIKE)


SCENARIOS = {"whole": whole}
