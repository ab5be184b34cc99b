"""A look at a datastore; the file is the action plugin's business."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ...support.scenario import Scenario


def filled(use):
    store = use("datastore")
    store.keys.hold({"/calico/v1/Ready": "true", "/calico/v1/config/CalicoVersion": "v2.6.6", "/calico/v1/empty": None})
    return Scenario(dict(store.options, dest="/backup.json"), use("tmpdir"))


SCENARIOS = {"filled": filled}
