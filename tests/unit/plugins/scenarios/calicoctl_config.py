"""Named and raw settings, of the cluster and of one node."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ...support.scenario import Scenario

SETTINGS = [
    {"name": "nodeToNodeMesh", "value": "off"},
    {"name": "logLevel", "value": "debug", "node": "n1"},
    {"name": "HealthPort", "value": "62099", "raw": "felix"},
]


def _args(use, settings):
    return dict(use("calicoctl").options, settings=settings)


def present(use):
    return Scenario(_args(use, SETTINGS), use("tmpdir"), noise=["calicoctl/calls.log"])


def absent(use):
    gone = [dict(((key, item[key]) for key in item if key != "value"), state="absent") for item in SETTINGS]
    return Scenario(_args(use, gone), use("tmpdir"), before=[_args(use, SETTINGS)], noise=["calicoctl/calls.log"])


SCENARIOS = {"present": present, "absent": absent}
