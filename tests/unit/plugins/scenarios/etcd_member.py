"""A member from nothing to healthy, and gone with its data."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ...support.scenario import Scenario

MEMBERS = [{"name": "m%d" % number, "peer_url": "http://127.0.0.%d:23811" % number} for number in (1, 2, 3)]
NOISE = ["systemd/calls", "systemd/*.journal", "systemd/started", "members/*"]


def _args(use, **more):
    host = use("systemd_host")
    host.member(MEMBERS[1]["peer_url"])
    return host.etcd_args("http://127.0.0.1:%d" % use("free_port"), wait=10, name="m1", members=MEMBERS, **more)


def present(use):
    return Scenario(_args(use), use("systemd_host").root, noise=NOISE, unlike=["healthy"])


def absent(use):
    return Scenario(_args(use, state="absent", purge=True), use("systemd_host").root, before=[_args(use)], noise=NOISE)


SCENARIOS = {"present": present, "absent": absent}
