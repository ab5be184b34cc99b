# -*- coding: utf-8 -*-
"""etcd's keys: one read of all, and writes only where a key is what it was."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _etcd_keys
from ansible_collections.dcos.calico.plugins.module_utils._host._facts_etcd import Tls

from ....support.ports import free_port

STRANGE = u"/calico/v1/policy/tier/default/policy/d\xe4ta%2F x?&=+"


@pytest.fixture
def store(datastore):
    found = _etcd_keys.Store([datastore.server.url], Tls(), 10)
    yield found
    found.close()


def test_all_below_a_directory_in_one_request(datastore, store):
    datastore.keys.hold({u"/calico/v1/a": u"1", u"/calico/v1/empty": None, u"/other": u"x"})
    found = store.snapshot("/calico")
    assert dict((key, (entry.value, entry.ttl, entry.index)) for key, entry in found.entries.items()) == {
        "/calico/v1": (None, None, 4), "/calico/v1/a": ("1", None, 4), "/calico/v1/empty": (None, None, 5)}
    assert (found.index, found.cluster_id, store.endpoint) == (6, datastore.keys.cluster, datastore.server.url)
    assert len(datastore.keys.asked) == 1


def test_nothing_there_is_an_empty_snapshot(store):
    found = store.snapshot("/calico")
    assert (found.entries, found.index) == ({}, 3)


def test_keys_and_values_of_any_letters_are_written_as_they_are(datastore, store):
    store.index("/")
    store.create(STRANGE, u"\xfc \u2603 \U0001f600 & = + %41")
    assert datastore.keys.values()[STRANGE] == u"\xfc \u2603 \U0001f600 & = + %41"
    assert store.snapshot("/calico").entries[STRANGE].value == u"\xfc \u2603 \U0001f600 & = + %41"


def test_writes(datastore, store):
    store.index("/")
    store.create(u"/calico/a", u"")
    store.create(u"/calico/b/c", None)
    store.change(u"/calico/a", u"2", 4)
    assert datastore.keys.values() == {"/calico": None, "/calico/a": "2", "/calico/b": None, "/calico/b/c": None}
    store.delete(u"/calico/a", 6)
    store.delete(u"/calico/b/c", None)
    assert datastore.keys.values() == {"/calico": None, "/calico/b": None}


@pytest.mark.parametrize("write", [
    lambda store: store.create(u"/calico/a", u"2"), lambda store: store.create(u"/calico/d", None), lambda store: store.change(u"/calico/a", u"2", 99),
    lambda store: store.change(u"/calico/gone", u"2", 99), lambda store: store.change(u"/calico/d", u"2", 99), lambda store: store.delete(u"/calico/a", 99),
    lambda store: store.delete(u"/calico/gone", 99), lambda store: store.delete(u"/calico/d", None)])
def test_what_is_not_what_it_was_stays_as_it_is(datastore, store, write):
    datastore.keys.hold({u"/calico/a": u"1", u"/calico/d/e": u"1"})
    before = datastore.keys.values()
    store.index("/")
    with pytest.raises(_etcd_keys.ChangedMeanwhile) as caught:
        write(store)
    assert "was changed by somebody else" in str(caught.value) and datastore.keys.values() == before


def test_the_next_endpoint_is_asked_and_answers_all_that_follows(datastore):
    store = _etcd_keys.Store(["http://127.0.0.1:%d" % free_port(), "no url", datastore.server.url], Tls(), 10)
    store.snapshot("/calico")
    store.create(u"/calico/a", u"1")
    assert store.endpoint == datastore.server.url and store.index("/") == 4
    store.close()


def test_no_endpoint_answers(datastore, store):
    dead = _etcd_keys.Store(["http://127.0.0.1:%d" % free_port(), "http://user:hunter2@127.0.0.1:1"], Tls(), 10)
    with pytest.raises(CalicoError) as caught:
        dead.snapshot("/calico")
    assert "could not be read: http://127.0.0.1:" in str(caught.value) and "hunter2" not in str(caught.value)


def test_a_write_without_an_answer_is_told_as_such(datastore, store):
    store.index("/")
    datastore.keys.down = True
    with pytest.raises(CalicoError) as caught:
        store.create(u"/calico/a", u"1")
    assert "It is not known whether /calico/a was written" in str(caught.value)


@pytest.mark.parametrize("said", [
    {"node": {"nodes": [{"key": 1}]}}, {"node": {"nodes": "x"}}, {"node": {"nodes": ["x"]}}, {"node": {"nodes": [{"key": "/calico/a", "modifiedIndex": 1}]}}])
def test_what_is_no_etcd_is_told(datastore, store, monkeypatch, said):
    monkeypatch.setattr(datastore.keys, "answer", lambda *request: (200, said))
    with pytest.raises(CalicoError) as caught:
        store.snapshot("/calico")
    assert "no answer of etcd's v2 API" in str(caught.value)


@pytest.mark.parametrize("said", [[], "x", None])
def test_what_is_no_object_is_told(datastore, store, monkeypatch, said):
    monkeypatch.setattr(datastore.keys, "answer", lambda *request: (404, said))
    with pytest.raises(CalicoError) as caught:
        store.snapshot("/calico")
    assert "it answered 404" in str(caught.value)


def test_a_refusal_is_told(datastore, store, monkeypatch):
    monkeypatch.setattr(datastore.keys, "answer", lambda *request: (500, {"errorCode": 300, "message": "Raft Internal Error"}))
    for ask in (lambda: store.snapshot("/calico"), lambda: store.create(u"/calico/a", u"1")):
        with pytest.raises(CalicoError) as caught:
            ask()
        assert "answered 500: Raft Internal Error" in str(caught.value)


def test_an_answer_has_a_limit(datastore, store, monkeypatch):
    datastore.keys.hold({u"/calico/a": u"x" * 5000})
    monkeypatch.setattr(_etcd_keys, "LARGEST", 1000)
    with pytest.raises(CalicoError) as caught:
        store.snapshot("/calico")
    assert "more than 1000 bytes" in str(caught.value)
