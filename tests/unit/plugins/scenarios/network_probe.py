"""A host without containers, whose agent left a policy in an earlier run."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ...support.scenario import Scenario

POOL = {"apiVersion": "v1", "kind": "ipPool", "metadata": {"cidr": "192.168.0.0/16"}, "spec": {"nat-outgoing": True}}


def _args(use, **more):
    calicoctl = use("calicoctl")
    calicoctl.as_program = True  # So is detect_ip.
    directory = use("tmpdir")
    directory.join("detect_ip").write("#!/bin/sh\necho 10.0.2.10\n")
    directory.join("detect_ip").chmod(0o755)
    return dict(calicoctl.options, run="r1", containers=[], detect_ip=str(directory.join("detect_ip")), cni_dir=str(directory.join("cni")), **more)


def nothing_here(use):
    args = _args(use)
    use("calicoctl").hold(POOL)
    return Scenario(args, use("tmpdir"), noise=["calicoctl/calls.log"])


def no_calicoctl(use):
    return Scenario(_args(use, config="/nonexistent/calicoctl.cfg"), use("tmpdir"), noise=["calicoctl/calls.log"])


def leftover(use):
    """Its container has no process; the policy that its name says is removed all the same."""
    own = dict(app="/dcos-calico-verify/r1/a10-0-2-10-0", agent="10.0.2.10", network="calico", address="192.168.0.5")
    args = _args(use, runs=["r2"])
    args["containers"] = [own]
    calicoctl = use("calicoctl")
    policies = [{"apiVersion": "v1", "kind": "policy", "metadata": {"name": "dcos-calico-verify.%s.a10-0-2-10-0" % run}, "spec": {}} for run in ("r0", "r2")]
    calicoctl.hold(POOL, *policies)
    return Scenario(args, use("tmpdir"), noise=["calicoctl/calls.log"])


SCENARIOS = {"nothing_here": nothing_here, "no_calicoctl": no_calicoctl, "leftover": leftover}
