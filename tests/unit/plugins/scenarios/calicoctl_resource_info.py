"""All kinds, with a node that ran calico/node and one that did not."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ...support.scenario import Scenario

POOL = {"apiVersion": "v1", "kind": "ipPool", "metadata": {"cidr": "192.168.0.0/16"}, "spec": {"nat-outgoing": True}}
NODES = [
    {"apiVersion": "v1", "kind": "node", "metadata": {"name": "n1"}, "spec": {"bgp": {"ipv4Address": "10.99.0.11/24", "asNumber": 64700}}},
    {"apiVersion": "v1", "kind": "node", "metadata": {"name": "ghost"}, "spec": {}},
]


def read(use):
    calicoctl = use("calicoctl")
    calicoctl.hold(POOL, *NODES)
    return Scenario(calicoctl.options, use("tmpdir"), noise=["calicoctl/calls.log"])


SCENARIOS = {"read": read}
