"""Networks of Calico in Docker, made and removed."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ...support.scenario import Scenario

NOISE = ["systemd/calls", "systemd/*.journal", "systemd/started", "docker/running.json"]
NETWORKS = [{"name": "calico"}, {"name": "dmz", "pool": "10.60.0.0/16"}, {"name": "never", "state": "absent"}]


def _scenario(use, networks, **more):
    docker = use("docker")
    docker.config.write('{"cluster-store": "etcd://127.0.0.1:2379"}')
    docker.start()
    return Scenario({"networks": networks}, docker.host.root, noise=NOISE, unlike=["networks"], **more)


def present(use):
    return _scenario(use, NETWORKS)


def absent(use):
    return _scenario(use, [dict(item, state="absent") for item in NETWORKS], before=[{"networks": NETWORKS}])


SCENARIOS = {"present": present, "absent": absent}
