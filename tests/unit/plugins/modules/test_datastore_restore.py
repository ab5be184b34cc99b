# -*- coding: utf-8 -*-
"""A restore against etcd's keys: what it writes, what it refuses, and what others write meanwhile."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._calico import _backup
from ansible_collections.dcos.calico.plugins.modules import datastore_restore

from ...support.etcd_keys import CLUSTER

VALUES = {u"/calico/v1/Ready": u"true", u"/calico/v1/config/LogSeverityScreen": u"info", u"/calico/v1/empty": None, u"/calico/v1/host/n1/metadata": u"{}"}
NODES = [[key, value, None] for key, value in sorted(VALUES.items())]


@pytest.fixture
def restore(run_module, datastore):
    def run(nodes=None, check=False, diff=False, **more):
        content = _backup.pack({"cluster_id": CLUSTER, "nodes": NODES if nodes is None else nodes})
        return run_module(datastore_restore, dict(datastore.options, src="/b.json", content=content, **more), check=check, diff=diff)

    return run


def writes(datastore):
    return [request for request in datastore.keys.asked if request[0] != "GET"]


def leaves(datastore):
    found = datastore.keys.values()
    return dict((key, value) for key, value in found.items() if not any(other.startswith(key + "/") for other in found))


def test_an_empty_store_becomes_that_of_the_backup(restore, datastore):
    done = restore()
    assert (done["created"], done["updated"], done["deleted"], done["changed"]) == (4, 0, 0, True)
    assert leaves(datastore) == VALUES
    assert done["changes"][-1] == "/calico/v1/Ready"
    again = restore()
    assert not again["changed"] and len(writes(datastore)) == 4


def test_check_mode_writes_nothing_and_tells_the_same(restore, datastore):
    datastore.keys.hold({u"/calico/v1/Ready": u"false", u"/calico/v1/old": u"1"})
    told = restore(check=True, diff=True)
    assert writes(datastore) == [] and (told["created"], told["updated"], told["deleted"]) == (3, 1, 1)
    assert [each["before_header"] for each in told["diff"]] == told["changes"]
    done = restore()
    assert (done["changes"], leaves(datastore)) == (told["changes"], VALUES)


def test_without_a_configuration_check_mode_takes_the_store_for_empty(restore, datastore):
    datastore.config.remove()
    told = restore(check=True)
    assert told["created"] == 4 and not told["datastore_read"]
    assert restore()["failed"]


def test_what_speaks_against_it_is_told_and_nothing_is_written(restore, datastore):
    datastore.keys.hold({u"/calico/v1/host/n2/metadata": u"{}"})
    for check in (True, False):
        done = restore(check=check)
        assert done["failed"] and "n2" in done["obstacles"][0] and "nothing was written" in done["msg"]
    assert writes(datastore) == []
    assert restore(forget_nodes=["n2"])["deleted"] == 2 and leaves(datastore) == VALUES


def test_another_cluster_that_is_equal_needs_no_word(restore, datastore):
    datastore.keys.hold(VALUES)
    datastore.keys.cluster = "other"
    assert not restore()["changed"]
    datastore.keys.hold({u"/calico/v1/more": u"1"})
    assert "other_cluster" in restore()["msg"]
    assert restore(other_cluster="other")["deleted"] == 1


@pytest.mark.parametrize("key", [u"/calico/v1/Ready", u"/calico/v1/config/LogSeverityScreen"])
def test_a_change_by_others_is_not_overwritten_and_the_next_run_completes(restore, datastore, key):
    datastore.keys.hold({key: u"old"})
    datastore.keys.meanwhile = {1: lambda: datastore.keys.put(key, u"theirs", {})}
    done = restore()
    assert done["failed"] and "%s was changed by somebody else" % key in done["msg"] and datastore.keys.values()[key] == u"theirs"
    assert restore()["changed"] and leaves(datastore) == VALUES


@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.parametrize("cluster", [CLUSTER, "new"])
def test_a_run_that_was_stopped_is_completed(restore, datastore, number, cluster):
    datastore.keys.cluster = cluster  # that of a backup is lost together with etcd

    def stop():
        datastore.keys.down = True
        raise RuntimeError("stopped")

    datastore.keys.meanwhile = {number: stop}
    assert restore()["failed"]
    datastore.keys.down = False
    done = restore()
    assert done["created"] == 5 - number and leaves(datastore) == VALUES and not restore()["changed"]


def test_who_writes_after_all_was_written_is_told(restore, datastore):
    datastore.keys.meanwhile = {4: lambda: datastore.keys.put(u"/calico/v1/theirs", u"1", {})}
    done = restore()
    assert done["failed"] and "/calico/v1/theirs" in done["msg"] and "differs from the backup again" in done["msg"]


def test_a_container_that_only_its_host_knows_of(restore, datastore):
    nodes = NODES + [[u"/calico/v1/ipam/v4/pool/10.1.0.0-16", u"{}", None]]
    done = restore(nodes, addresses_in_use=["10.1.0.9"])
    assert done["failed"] and "10.1.0.9" in done["obstacles"][0] and writes(datastore) == []
    assert restore(nodes, addresses_in_use=["10.1.0.9"], release_addresses=["10.1.0.9"])["changed"]
    assert restore(nodes, addresses_in_use=["no address"])["failed"]


def test_only_so_many_changes_are_named(restore, monkeypatch):
    from ansible_collections.dcos.calico.plugins.module_utils._jobs import _datastore

    monkeypatch.setattr(_datastore, "MOST_NAMED", 2)
    done = restore(check=True, diff=True)
    assert (done["created"], len(done["changes"]), len(done["diff"])) == (4, 2, 2)


@pytest.mark.parametrize("content", ["", "x", _backup.pack({"cluster_id": "c", "nodes": [["/other", "x", None]]})])
def test_what_the_action_plugin_did_not_hand_over(run_module, datastore, content):
    done = run_module(datastore_restore, dict(datastore.options, src="/b.json", content=content))
    assert done["failed"] and writes(datastore) == []
