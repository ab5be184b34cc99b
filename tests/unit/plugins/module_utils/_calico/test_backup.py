# -*- coding: utf-8 -*-
"""A backup's file, the plan of a restore, and what speaks against one."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._calico import _backup
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host._etcd_keys import Entry

NODES = [[u"/calico/v1", None, None], [u"/calico/v1/Ready", u"true", None], [u"/calico/v1/policy/d\xe4ta%2F", u'{"a": "\u2603"}', None],
         [u"/calico/v1/config/CalicoVersion", u"v2.6.6", None], [u"/calico/felix/v1/host/n1/status", u"up", 30]]
READ = {"cluster_id": u"c1", "index": 7, "index_end": 9, "nodes": NODES}
NOTHING = {"nodes": [], "endpoints": [], "addresses": [], "cluster": None}
BLOCK = u"/calico/ipam/v2/assignment/ipv4/block/10.1.0.0-26"


def made(**more):
    return _backup.document(dict(READ, **more), u"2026-11-29T03:49:29Z")


def block(*handles, **more):
    """A block with an address for each handle, None for a free one."""
    attributes = [{"handle_id": handle, "secondary": None} for handle in handles if handle is not None]
    numbers = iter(range(len(attributes)))
    return json.dumps(dict({"cidr": "10.1.0.0/26", "affinity": "host:n1", "attributes": attributes,
                            "allocations": [None if handle is None else next(numbers) for handle in handles]}, **more))


def endpoint(*addresses):
    return json.dumps({"ipv4_nets": ["%s/32" % address for address in addresses], "ipv6_nets": []})


def container(name, node="n1"):
    return u"/calico/v1/host/%s/workload/cni/%s/endpoint/eth0" % (node, name)


def entries(values):
    return dict((key, Entry(value, None, number)) for number, (key, value) in enumerate(sorted(values.items()), 1))


def nodes(values):
    return [[key, value, None] for key, value in values.items()]


def obstacles(backup, store, cluster="c1", **allowed):
    return _backup.obstacles(nodes(backup), entries(store), "c1", cluster, dict(NOTHING, **allowed))


# ---- the file

def test_a_file_is_read_as_it_was_made():
    found = made()
    assert _backup.parse(_backup.render(found), "x") == found
    assert (found["key_count"], found["directory_count"], found["calico_version"]) == (4, 1, "v2.6.6")
    assert _backup.render(found).count("\n") > len(NODES)


def test_a_checksum_is_the_same_on_every_python():
    assert made()["sha256"] == "b8ae13f003a01c812c49d46eb6731362bfb26bc5e9adc745d68aa1a1dbd653c5"


def test_a_file_that_was_cut_is_refused_wherever_it_was_cut():
    text = _backup.render(made())
    for end in range(len(text.rstrip())):
        with pytest.raises(CalicoError):
            _backup.parse(text[:end], "x")


@pytest.mark.parametrize("old, new", [("true", "false"), ('"index": 7', '"index": 8'), ("c1", "c2"), ("2026-11-29", "2026-11-28"), ("v2.6.6", "v2.6.7")])
def test_a_file_that_was_changed_is_refused(old, new):
    text = _backup.render(made())
    assert old in text
    with pytest.raises(CalicoError) as caught:
        _backup.parse(text.replace(old, new, 1), "x.json")
    assert "x.json was changed after it was made: its checksum" in str(caught.value)


@pytest.mark.parametrize("change, words", [
    ({"format": "other"}, "its format is another one"), ({"version": 2}, "it has version 2 of the format"), ({"key_count": "4"}, "it lacks a field"),
    ({"more": 1}, "it lacks a field"), ({"nodes": {}}, "it lacks a field")])
def test_another_file_is_refused(change, words):
    with pytest.raises(CalicoError) as caught:
        _backup.parse(json.dumps(dict(made(), **change)), "x.json")
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "null", "[" * 100000, '{"format": 1}'])
def test_what_is_no_backup_is_refused(text):
    with pytest.raises(CalicoError):
        _backup.parse(text, "x")


@pytest.mark.parametrize("wrong", [[u"/other", u"x", None], [u"/calico", None, None], [u"/calico/a", 1, None], [u"/calico/a", u"x"], u"x",
                                   [u"/calico/a", u"x", u"1"], [u"/calico/../mesos/a", u"x", None], [u"/calico/a/", u"x", None], [u"/calico//a", u"x", None],
                                   [u"/calico/./a", u"x", None]])
def test_what_is_no_key_of_calico_is_refused(wrong):
    with pytest.raises(CalicoError):
        _backup.check_nodes([wrong], "x")


def test_a_key_is_there_once():
    with pytest.raises(CalicoError):
        _backup.check_nodes(NODES + NODES[:1], "x")


def test_what_is_packed_is_unpacked():
    assert _backup.unpack(_backup.pack(READ)) == READ


@pytest.mark.parametrize("text", ["", "x", "eJw=", "AAAA"])
def test_what_was_not_packed_is_refused(text):
    with pytest.raises(CalicoError):
        _backup.unpack(text)


def test_what_unpacks_without_end_is_refused(monkeypatch):
    packed = _backup.pack(["x" * 10000])
    monkeypatch.setattr(_backup, "LARGEST", 5000)
    with pytest.raises(CalicoError) as caught:
        _backup.unpack(packed)
    assert "more than 5000 bytes" in str(caught.value)


# ---- the plan

def how(backup, store):
    return [(change.name, change.before, change.after, change.how) for change in _backup.reconcile(backup, store)]


def test_an_empty_store_gets_all_but_reports_and_readiness_comes_last():
    backup = nodes({u"/calico/v1": None, u"/calico/v1/Ready": u"true", u"/calico/v1/host/n1/bird_ip": u"1", u"/calico/v1/empty": None,
                    u"/calico/v1/config/a": u"", BLOCK: u"{}", u"/calico/felix/v1/host/n1/last_reported_status": u"x"})
    assert how(backup + [[u"/calico/v1/lease", u"x", 3]], {}) == [
        (BLOCK, None, u"{}", (None, u"{}")), ("/calico/v1/config/a", None, u"", (None, u"")),
        ("/calico/v1/empty", None, _backup.DIRECTORY, (None, None)), ("/calico/v1/host/n1/bird_ip", None, u"1", (None, u"1")),
        ("/calico/v1/Ready", None, u"true", (None, u"true"))]


def test_what_differs_is_changed_and_what_is_too_much_goes_from_the_inside_out():
    store = entries({u"/calico/v1": None, u"/calico/v1/Ready": u"false", u"/calico/v1/a": None, u"/calico/v1/a/b": None, u"/calico/v1/a/b/c": u"1",
                     u"/calico/v1/same": u"x"})
    assert how(nodes({u"/calico/v1/Ready": u"true", u"/calico/v1/same": u"x"}), store) == [
        ("/calico/v1/Ready", "false", "true", (2, "true")), ("/calico/v1/a/b/c", "1", None, (5, None)),
        ("/calico/v1/a/b", _backup.DIRECTORY, None, (None, None)), ("/calico/v1/a", _backup.DIRECTORY, None, (None, None))]


def test_what_lives_by_itself_is_left_alone_with_its_directories():
    store = {u"/calico": Entry(None), u"/calico/felix": Entry(None), u"/calico/felix/x": Entry(u"1"), u"/calico/v1": Entry(None),
             u"/calico/v1/lease": Entry(u"1", 30, 5)}
    assert how(nodes({}), store) == []
    assert how([[u"/calico/v1/lease", u"2", None]], store) == []


def test_names_of_secrets_hide_their_values():
    plan = _backup.reconcile(nodes({u"/calico/v1/config/ApiPassword": u"hunter2", u"/calico/v1/config/a": u"x"}), {})
    assert [(change.name, change.secret) for change in plan] == [("/calico/v1/config/ApiPassword", True), ("/calico/v1/config/a", False)]


# ---- what speaks against it

def test_nothing_speaks_against_an_empty_store():
    assert obstacles({u"/calico/v1/Ready": u"true"}, {u"/calico/v1": None, u"/calico/felix/v1/x": u"y"}, cluster="c2") == []


def test_another_cluster_is_named():
    backup, store = nodes({u"/calico/v1/Ready": u"true"}), {u"/calico/v1/Ready": u"true", u"/calico/v1/config/a": u"theirs"}
    for wrong in (store, {u"/calico/v1/Ready": u"false"}):
        (said,) = _backup.obstacles(backup, entries(wrong), "c1", "c2", NOTHING)
        assert "cluster c1, and this is c2" in said and "other_cluster" in said
    assert _backup.obstacles(backup, entries(store), "c1", "c1", NOTHING) == []
    assert _backup.obstacles(backup, entries(store), "c1", "c2", dict(NOTHING, cluster="c2")) == []
    assert _backup.obstacles(backup, entries(store), "c1", "c2", dict(NOTHING, cluster="c3")) != []


def test_a_part_of_the_backup_in_another_cluster_is_completed_without_a_word():
    backup = {u"/calico/v1/Ready": u"true", u"/calico/v1/config/a": u"x", u"/calico/v1/empty": None}
    assert obstacles(backup, {u"/calico/v1": None, u"/calico/v1/config/a": u"x", u"/calico/felix/v1/x": u"y"}, cluster="c2") == []


@pytest.mark.parametrize("key", [u"/calico/v1/host/n2/metadata", u"/calico/bgp/v1/host/n2/ip_addr_v4", u"/calico/ipam/v2/host/n2/ipv4/block/x"])
def test_a_node_that_the_backup_lacks_is_named(key):
    store = {key: u"", u"/calico/v1/host/n1/metadata": u"{}"}
    (said,) = obstacles({u"/calico/v1/host/n1/metadata": u"{}"}, store)
    assert "they would be deleted: n2. If" in said and "forget_nodes" in said
    assert obstacles({u"/calico/v1/host/n1/metadata": u"{}"}, store, nodes=["n2"]) == []


def test_a_container_that_the_backup_lacks_is_named():
    store = {container("c1"): endpoint("10.1.0.1"), container("c2"): endpoint("10.1.0.2")}
    backup = {container("c1"): endpoint("10.1.0.1")}
    (said,) = obstacles(backup, store)
    assert "cut off: n1/cni/c2/eth0. If" in said
    assert obstacles(backup, store, endpoints=["n1/cni/c2/eth0"]) == []
    assert obstacles(backup, store, nodes=["n1"]) == []


def test_many_are_counted():
    (said,) = obstacles({u"/calico/v1/host/n1/x": u""}, dict((container(str(number)), u"") for number in range(25)))
    assert "and 5 more" in said


@pytest.mark.parametrize("then", [block("one", None), block("one", "other"), block("one"), u"no block"])
def test_an_address_in_use_is_not_given_out_again(then):
    """Also where no endpoint tells of it, as for a tunnel."""
    store = {BLOCK: block("one", "two")}
    said = obstacles({BLOCK: then}, store)
    assert len(said) == 1 and "a second time: " in said[0] and "10.1.0.1 (two)" in said[0]
    assert obstacles({BLOCK: then}, store, addresses=["10.1.0.0", "10.1.0.1"]) == []


def test_an_address_whose_container_goes_is_free():
    store = {BLOCK: block("one", "two"), container("c2"): endpoint("10.1.0.1"), container("c1"): endpoint("10.1.0.0")}
    backup = {BLOCK: block("one", None), container("c1"): endpoint("10.1.0.0")}
    assert len(obstacles(backup, store)) == 2
    assert obstacles(backup, store, endpoints=["n1/cni/c2/eth0"]) == []


def test_an_address_of_a_forgotten_nodes_block_that_another_container_has_is_in_use():
    store = {BLOCK: block("one", "two", affinity="host:n2"), container("c1"): endpoint("10.1.0.1"), u"/calico/v1/host/n2/metadata": u"{}"}
    (said,) = obstacles({container("c1"): endpoint("10.1.0.1")}, store, nodes=["n2"])
    assert "10.1.0.1 (two)" in said and "10.1.0.0" not in said


def test_addresses_are_named_in_their_order():
    (said,) = obstacles({u"/calico/v1/x": u""}, {BLOCK: block(*["h"] * 11)})
    assert said.index("10.1.0.2 ") < said.index("10.1.0.10 ")


def test_addresses_of_ipv6_count_too():
    key = u"/calico/ipam/v2/assignment/ipv6/block/fd80--0-122"
    (said,) = obstacles({u"/calico/v1/x": u""}, {key: block("one", None, "three", cidr="fd80::fe/122")})
    assert "fd80::fe (one), fd80::100 (three)" in said


@pytest.mark.parametrize("value", [u"", u"[]", u"{}", u'{"cidr": "x", "allocations": [0], "attributes": []}', u'{"cidr": 1, "allocations": null}'])
def test_a_block_that_cannot_be_read_is_named(value):
    store = {BLOCK: value}
    (said,) = obstacles({u"/calico/v1/x": u""}, store)
    assert BLOCK in said
    assert obstacles({u"/calico/v1/x": u""}, store, addresses=[BLOCK]) == []


POOLS = {u"/calico/v1/ipam/v4/pool/10.1.0.0-16": u"{}", u"/calico/v1/ipam/v6/pool/fd80::-64": u"{}", BLOCK: block("one", None)}


@pytest.mark.parametrize("store", [{}, POOLS])
def test_containers_that_were_started_after_the_backup_are_named_though_no_datastore_knows_them(store):
    def said(*in_use, **more):
        return _backup.obstacles(nodes(POOLS), entries(store), "c1", "c1", dict(NOTHING, **more), in_use)

    assert said("10.1.0.0", "172.17.0.2", "fd81::1") == []
    (words,) = said("10.1.0.10", "10.1.0.9", "10.1.0.0", "fd80::5")
    assert "a second time: 10.1.0.9, 10.1.0.10, fd80::5. End these containers" in words
    assert said("10.1.0.9", addresses=["10.1.0.9"]) == []


def test_a_directory_is_no_value():
    (said,) = obstacles({u"/calico/v1/x": u"1"}, {u"/calico/v1/x": None, u"/calico/v1/x/y": u"1"})
    assert "/calico/v1/x: a directory on one side" in said
