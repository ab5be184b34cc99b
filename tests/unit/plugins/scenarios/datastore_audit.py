"""A datastore that is read, and one in which an endpoint and its handle are freed."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.dcos.calico.plugins.module_utils._calico import _backup

from ...support.scenario import Scenario
from .datastore_restore import _kept

HANDLE = "/calico/ipam/v2/handle/calico.c1"


def read(use):
    store = use("datastore")
    store.keys.hold({"/calico/v1/Ready": "true"})
    return Scenario(dict(store.options, hosts=["agent1"], result="workloads"), use("tmpdir"))


def freed(use):
    store = _kept(use)
    store.keys.hold({HANDLE: "{}"})
    changes = [[HANDLE, store.keys.nodes[HANDLE]["modifiedIndex"], None, []]]
    given = dict(store.options, hosts=["agent1"], result="workloads", changes=_backup.pack(changes))
    return Scenario(given, use("tmpdir"), blind="the action tells by name what is freed")


SCENARIOS = {"read": read, "freed": freed}
