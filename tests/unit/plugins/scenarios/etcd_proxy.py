"""A proxy from nothing to running, with other members, and gone."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ...support.scenario import Scenario

MEMBERS = ["http://10.0.0.1:2380", "http://10.0.0.2:2380"]
NOISE = ["systemd/calls", "systemd/*.journal", "systemd/started", "iptables.calls"]
RESTLESS = ["data/proxy", "data/proxy/cluster"]
UNLIKE = ["healthy", "members"]


def _args(use, **more):
    host = use("systemd_host")
    host.srv("etcd.mesos", *MEMBERS)
    for url in MEMBERS:
        host.member(url)
    return host.etcd_args("http://127.0.0.1:%d" % use("free_port"), wait=10, **more)


def _scenario(use, args, **more):
    return Scenario(args, use("systemd_host").root, noise=NOISE, volatile=RESTLESS, unlike=UNLIKE, **more)


def present(use):
    return _scenario(use, _args(use))


def other_members(use):
    return _scenario(use, _args(use, members=MEMBERS[:1]), before=[_args(use)])


def absent(use):
    return _scenario(use, _args(use, state="absent"), before=[_args(use)])


SCENARIOS = {"present": present, "other_members": other_members, "absent": absent}
