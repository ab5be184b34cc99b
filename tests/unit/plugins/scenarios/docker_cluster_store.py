"""A Docker gets a store, another one, and loses it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ...support.scenario import Scenario

NOISE = ["systemd/calls", "systemd/*.journal", "systemd/started", "docker/running.json"]


def _scenario(use, args, **more):
    return Scenario(args, use("docker").host.root, noise=NOISE, **more)


def present(use):
    return _scenario(use, use("docker").args())


def other_endpoints(use):
    docker = use("docker")
    tls = {"endpoints": ["https://10.0.0.1:2379", "https://10.0.0.2:2379"], "ca_file": "/ca", "cert_file": "/cert", "key_file": "/key"}
    return _scenario(use, docker.args(**tls), before=[docker.args()])


def absent(use):
    docker = use("docker")
    return _scenario(use, docker.args(state="absent"), before=[docker.args()])


SCENARIOS = {"present": present, "other_endpoints": other_endpoints, "absent": absent}
