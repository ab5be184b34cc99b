# -*- coding: utf-8 -*-
"""What the module hands over of a datastore, and that it writes only what is as it was read."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._calico import _backup
from ansible_collections.dcos.calico.plugins.modules import datastore_audit

KEYS = {"/calico/v1/Ready": "true", "/calico/v1/host/a/workload/cni/c1/endpoint/eth0": u"{\xfc}", "/calico/ipam/v2/handle/calico.c1": "{}"}
ENDPOINT, HANDLE = "/calico/v1/host/a/workload/cni/c1/endpoint/eth0", "/calico/ipam/v2/handle/calico.c1"


@pytest.fixture
def store(datastore):
    datastore.keys.hold(KEYS)
    return datastore


def call(run_module, store, changes=None, **more):
    args = dict(store.options, hosts=["agent1"], result="workloads", **more)
    if changes is not None:
        args["changes"] = _backup.pack(changes)
    return run_module(datastore_audit, args)


def index(store, key):
    return store.keys.nodes[key]["modifiedIndex"]


def test_all_keys_come_with_their_indexes(run_module, store):
    result = call(run_module, store)
    found = dict((key, (value, number)) for key, value, number in _backup.unpack(result["content"]))
    assert result["changed"] is False and found[ENDPOINT] == (KEYS[ENDPOINT], index(store, ENDPOINT)) and found["/calico/v1"][0] is None
    assert [method for method, _path in store.keys.asked] == ["GET"]


def changes_of(store):
    directories = [[path, None, None, [ENDPOINT]] for path in (ENDPOINT.rpartition("/")[0], ENDPOINT.rpartition("/endpoint")[0])]
    return [[ENDPOINT, index(store, ENDPOINT), None, []]] + directories + [[HANDLE, index(store, HANDLE), '{"block":{}}', [ENDPOINT]]]


def test_what_is_as_it_was_read_is_written(run_module, store):
    changes = changes_of(store)
    result = call(run_module, store, changes)
    assert result["changed"] is True and result["made"] == [change[0] for change in changes] and result["left"] == []
    values = store.keys.values()
    assert values[HANDLE] == '{"block":{}}' and not [key for key in values if "/c1" in key]


@pytest.mark.parametrize("number", [1, 4])
def test_what_was_changed_meanwhile_is_left_with_what_depends_on_it(run_module, store, number):
    changes = changes_of(store)
    key = ENDPOINT if number == 1 else HANDLE
    store.keys.meanwhile[number] = lambda: store.keys.put(key, "other", {})
    result = call(run_module, store, changes)
    assert store.keys.values()[key] == "other"
    assert result["left"] == ([change[0] for change in changes] if number == 1 else [HANDLE]) and result["changed"] is (number != 1)


@pytest.mark.parametrize("number", [1, 3])
def test_what_is_gone_meanwhile_is_not_left(run_module, store, number):
    """As what Felix reports of itself is after its TTL."""
    changes = changes_of(store)
    key = changes[number - 1][0]
    store.keys.meanwhile[number] = lambda: [store.keys.nodes.pop(name) for name in list(store.keys.nodes) if name == key or name.startswith(key + "/")]
    result = call(run_module, store, changes)
    assert result["left"] == [] and result["made"] == [change[0] for change in changes if change[0] != key]


def test_a_directory_that_got_something_stays(run_module, store):
    changes = changes_of(store)
    other = ENDPOINT.replace("eth0", "eth1")
    store.keys.meanwhile[2] = lambda: store.keys.put(other, "{}", {})
    result = call(run_module, store, changes)
    assert result["left"] == [change[0] for change in changes[1:3]] and other in store.keys.values() and HANDLE in result["made"]


def test_a_host_that_does_not_know_of_etcd_says_so(run_module, store):
    assert "dcos.calico.site has run" in call(run_module, store, config="/nowhere/calicoctl.cfg")["msg"]
