"""An empty datastore, and one that differs in every way."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json

from ansible_collections.dcos.calico.plugins.module_utils._calico import _backup

from ...support.etcd_keys import CLUSTER
from ...support.scenario import Scenario

NODES = [["/calico/v1", None, None], ["/calico/v1/Ready", "true", None], ["/calico/v1/config/ApiPassword", "hunter2", None],
         ["/calico/v1/config/LogSeverityScreen", "info", None], ["/calico/v1/empty", None, None], ["/calico/felix/v1/host/n1/status", "up", 30]]


def _args(store):
    return dict(store.options, src="/backup.json", content=_backup.pack({"cluster_id": CLUSTER, "nodes": NODES}))


def _kept(use):
    """The datastore, noted in a file, so that a walk sees a change of it."""
    store, path = use("datastore"), use("tmpdir").join("etcd.json")
    put, delete = store.keys.put, store.keys.delete

    def noted(change):
        def done(*arguments):
            answer = change(*arguments)
            path.write(json.dumps(sorted(store.keys.values().items())))
            return answer
        return done

    store.keys.put, store.keys.delete = noted(put), noted(delete)
    return store


def empty(use):
    store = _kept(use)
    return Scenario(_args(store), use("tmpdir"))


def mixed(use):
    store = _kept(use)
    store.keys.hold({"/calico/v1/Ready": "true", "/calico/v1/config/ApiPassword": "hunter22", "/calico/v1/config/Other/one": "1"})
    return Scenario(_args(store), use("tmpdir"))


SCENARIOS = {"empty": empty, "mixed": mixed}
