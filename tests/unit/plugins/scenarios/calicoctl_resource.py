"""Resources of several kinds, one kind pruned, and the setting that goes with pools."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ...support.scenario import Scenario

NOISE = ["calicoctl/calls.log"]
OLD = {"apiVersion": "v1", "kind": "ipPool", "metadata": {"cidr": "10.77.0.0/16"}, "spec": {}}
RESOURCES = [
    {"kind": "ipPool", "metadata": {"cidr": "192.168.0.0/16"}, "spec": {"nat-outgoing": True, "ipip": {"enabled": True, "mode": "always"}}},
    {"kind": "node", "metadata": {"name": "n1"}, "spec": {"bgp": {"ipv4Address": "10.99.0.11/24"}}},
    {"kind": "policy", "metadata": {"name": "all"}, "spec": {"order": 100, "ingress": [{"action": "allow"}]}},
]


def _args(use, resources, **more):
    return dict(use("calicoctl").options, resources=resources, **more)


def present(use):
    use("calicoctl").hold(OLD, dict(RESOURCES[2], apiVersion="v1", spec={"order": 50}))
    return Scenario(_args(use, RESOURCES, prune=True, prune_kinds=["ipPool"]), use("tmpdir"), noise=NOISE)


def absent(use):
    return Scenario(_args(use, RESOURCES, state="absent"), use("tmpdir"), before=[_args(use, RESOURCES)], noise=NOISE)


def mixed(use):
    """Some come and some go, policies are somebody's, other pools are disabled."""
    use("calicoctl").hold(OLD, dict(RESOURCES[2], apiVersion="v1", spec={"order": 50}))
    first = _args(use, [RESOURCES[2], {"kind": "policy", "metadata": {"name": "old"}}], owner="us")
    desired = [RESOURCES[0], dict(RESOURCES[1], state="absent"), {"kind": "policy", "metadata": {"name": "new"}}]
    args = _args(use, desired, owner="us", prune=True, prune_kinds=["policy"], other_pools="disable")
    return Scenario(args, use("tmpdir"), before=[first, _args(use, RESOURCES[1:2])], noise=NOISE)


def parted(use):
    """What goes is left to another call."""
    use("calicoctl").hold(OLD)
    return Scenario(_args(use, RESOURCES, prune=True, prune_kinds=["ipPool"], removals="later"), use("tmpdir"), noise=NOISE)


SCENARIOS = {"present": present, "absent": absent, "mixed": mixed, "parted": parted}
