"""One node with a tunnel address, one without, and a host that never ran calico/node."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ...support.scenario import Scenario

NODES = [
    {"apiVersion": "v1", "kind": "node", "metadata": {"name": "n1"}, "spec": {"bgp": {"ipv4Address": "10.99.0.11/24"}}},
    {"apiVersion": "v1", "kind": "node", "metadata": {"name": "n2"}, "spec": {"bgp": {"ipv4Address": "10.99.0.12/24"}}},
    {"apiVersion": "v1", "kind": "node", "metadata": {"name": "ghost"}, "spec": {}},
]


def read(use):
    calicoctl = use("calicoctl")
    calicoctl.hold(*NODES)
    calicoctl.change({"settings": {"felix IpInIpTunnelAddr n1": "192.168.72.192"}})
    args = dict(calicoctl.options, expected=["n1", "10.99.0.13"], others=["n2"], tunnels=True)
    return Scenario(args, use("tmpdir"), noise=["calicoctl/calls.log"], unlike=["waited"])


SCENARIOS = {"read": read}
