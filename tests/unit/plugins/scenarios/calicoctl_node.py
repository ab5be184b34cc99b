"""calico/node under systemd from an archive, directly, changed, and gone."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ...support.scenario import Scenario

NOISE = ["systemd/calls", "systemd/*.journal", "systemd/started", "docker-calls"]
UNLIKE = ["container_id", "image_id", "peers"]


def _scenario(use, args, **more):
    return Scenario(args, use("node").host.root, noise=NOISE, unlike=UNLIKE, **more)


def present(use):
    node = use("node")
    node.update(images={}, nodes={"agent2": "10.0.0.12/24"})
    return _scenario(use, node.args(image_archive=node.archive("a")))


def directly(use):
    node = use("node")
    return _scenario(use, node.args(init_system=False))


def changed(use):
    node = use("node")
    return _scenario(use, node.args(as_number=64600), before=[node.args()])


def restarted_among_peers(use):
    node = use("node")
    node.update(nodes={"agent2": "10.0.0.12/24", "gone": "10.0.0.13/24"})
    node.bird.down.add("10.0.0.13")
    more = dict(health={"tolerated_peers": ["10.0.0.13"]})
    return _scenario(use, node.args(as_number=64600, **more), before=[node.args(**more)])


def left_alone(use):
    node = use("node")
    return _scenario(use, node.args(as_number=64600, restart="never"), before=[node.args()])


def with_metrics(use):
    node = use("node")
    return _scenario(use, node.args(metrics={"port": 62091, "scrapers": ["10.0.9.5"]}), before=[node.args()])


def without_metrics(use):
    node = use("node")
    return _scenario(use, node.args(), before=[node.args(metrics={"port": 62091, "scrapers": ["10.0.9.5"]})])


def absent(use):
    node = use("node")
    return _scenario(use, {"state": "absent"}, before=[node.args()])


SCENARIOS = {
    "present": present,
    "directly": directly,
    "changed": changed,
    "restarted_among_peers": restarted_among_peers,
    "left_alone": left_alone,
    "with_metrics": with_metrics,
    "without_metrics": without_metrics,
    "absent": absent,
}
