"""The sources of a running Mesos-DNS: swapped, put back, and read late."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ...support.scenario import Scenario

NOISE = ["systemd/calls", "systemd/*.journal", "systemd/started"]
ARGS = {"wait": 20}


def swapped(use):
    return Scenario(ARGS, use("master").root, noise=NOISE)


def put_back(use):
    return Scenario(dict(ARGS, state="absent"), use("master").root, before=[ARGS], noise=NOISE)


def not_read_yet(use):
    master = use("master")

    def alter():
        master.write(master.text().replace('"host","netinfo"', '"netinfo","host"'))

    return Scenario(ARGS, master.root, alter=alter, noise=NOISE)


SCENARIOS = {"swapped": swapped, "put_back": put_back, "not_read_yet": not_read_yet}
