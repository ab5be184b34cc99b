# -*- coding: utf-8 -*-
"""What the module hands to its action plugin."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._calico import _backup
from ansible_collections.dcos.calico.plugins.modules import datastore_backup


@pytest.fixture
def back_up(run_module, datastore):
    return lambda check=False, **more: run_module(datastore_backup, dict(datastore.options, dest="/b.json", **more), check=check)


@pytest.mark.parametrize("check", [False, True])
def test_all_keys_are_handed_over_and_nothing_is_written(back_up, datastore, check):
    datastore.keys.hold({"/calico/v1/Ready": "true", "/calico/v1/config/CalicoVersion": "v2.6.6", "/calico/v1/empty": None})
    datastore.keys.put("/calico/felix/v1/host/n1/status", "up", {"ttl": "30"})
    done = back_up(check=check)
    read = _backup.unpack(done["content"])
    assert (done["changed"], done["key_count"], done["directory_count"], done["calico_version"]) == (False, 3, 7, "v2.6.6")
    assert ["/calico/felix/v1/host/n1/status", "up", 30] in read["nodes"] and ["/calico/v1/empty", None, None] in read["nodes"]
    assert (read["index"], read["index_end"], read["cluster_id"]) == (done["index"], done["index_end"], datastore.keys.cluster)
    assert [method for method, unused in datastore.keys.asked] == ["GET", "GET"]


def test_an_empty_datastore_is_no_backup(back_up, datastore):
    datastore.keys.hold({"/calico/v1": None})
    done = back_up()
    assert done["failed"] and "There is nothing to back up: etcd at http://127.0.0.1" in done["msg"]


def test_no_configuration(back_up, datastore):
    datastore.config.remove()
    assert "There is no %s" % datastore.config in back_up()["msg"]


def test_a_configuration_without_endpoints(back_up, datastore):
    datastore.config.write("spec: {}\n")
    assert "does not say where etcd is: it has no etcdEndpoints" in back_up()["msg"]


def test_files_for_tls_are_those_of_the_configuration(back_up, datastore):
    datastore.config.write('spec:\n  etcdEndpoints: "https://127.0.0.1:1"\n  etcdCACertFile: /none/ca.pem\n')
    done = back_up()
    assert done["failed"] and "could not be read: https://127.0.0.1:1: " in done["msg"] and "No such file" in done["msg"]
