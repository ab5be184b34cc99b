"""Blocks and handles as the real Calico wrote them: before and after it released an address, and after it took a block from its node."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.dcos.calico.plugins.plugin_utils import _ipam
from ansible_collections.dcos.calico.plugins.plugin_utils._ipam import Entry

RECORDS = Path(__file__).resolve().parents[4] / "tests" / "contract" / "records"
BLOCK = "/calico/ipam/v2/assignment/ipv4/block/192.168.200.0-26"


def recorded(file: str, name: str) -> dict[str, Entry]:
    """The keys of a record, each with an index of its own."""
    for line in (RECORDS / file).read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if record["name"] == name:
            return {key: Entry(value, index) for index, (key, value) in enumerate(sorted(record["values"].items()), 1)}
    raise AssertionError(name)


BEFORE = recorded("13-cni-add-del.jsonl", "etcd-values after many ADDs")
AFTER = recorded("14-ipam.jsonl", "etcd-values after ipam release")  # of 192.168.200.5, by calicoctl
DISOWNED = recorded("14-ipam.jsonl", "etcd-values after delete of the pool in use")


def block(keys: dict[str, Entry], key: str = BLOCK) -> _ipam.Block:
    found, unreadable = _ipam.blocks(keys)
    assert unreadable == []
    return next(one for one in found if one.key == key)


def test_a_block_says_who_has_which_address() -> None:
    found = block(BEFORE)
    assert found.cidr == "192.168.200.0/26" and found.node == "calico-agent1"
    assert found.owners == {
        "192.168.200.5": "calico.c4",
        "192.168.200.0": "calico.c5",
        "192.168.200.1": "calico.4a5e9f0c-mesos-uuid",
    }
    assert block(DISOWNED).node is None


def test_an_address_is_released_as_calicoctl_does_it() -> None:
    assert _ipam.released(block(BEFORE), {"192.168.200.5"}) == AFTER[BLOCK].value
    before, after = _ipam.handles(BEFORE), _ipam.handles(AFTER)
    assert set(before) - set(after) == {"calico.c4"}
    assert _ipam.left_of(before["calico.c4"], "192.168.200.0/26", 1) is None


def test_a_block_without_its_node_is_as_calico_leaves_it() -> None:
    assert _ipam.released(block(AFTER), (), affine=False) == DISOWNED[BLOCK].value


def test_an_empty_block_stays_with_its_node_and_goes_with_it() -> None:
    found = block(AFTER)
    kept = json.loads(_ipam.released(found, found.owners) or "")
    assert (
        kept["allocations"] == [None] * 64
        and kept["attributes"] == []
        and sorted(kept["unallocated"]) == list(range(64))
    )
    assert _ipam.released(found, found.owners, affine=False) is None


def test_a_handle_with_two_addresses_counts_down() -> None:
    keys = recorded("17-calico-ipam-direct.jsonl", "etcd-values after calico-ipam ADDs")
    handle = _ipam.handles(keys)["calico.d1"]
    assert handle.blocks == {"192.168.72.192/26": 2}
    assert _ipam.left_of(handle, "192.168.72.192/26", 1) == '{"block":{"192.168.72.192/26":1}}'
    found = block(keys, "/calico/ipam/v2/assignment/ipv4/block/192.168.72.192-26")
    one = json.loads(_ipam.released(found, {"192.168.72.205"}) or "")
    # The other address of the same container keeps their attribute.
    assert one["allocations"][13:16] == [None, 0, 1] and one["attributes"] == found.document["attributes"]


def test_a_tunnel_has_an_address_without_a_handle() -> None:
    name = "etcd-values after startup + allocate-ipip-addr with the seed pool (IPIP on)"
    keys = recorded("21-calico-node-startup.jsonl", name)
    found = block(keys, "/calico/ipam/v2/assignment/ipv4/block/192.168.141.128-26")
    assert found.owners == {"192.168.141.128": ""} and found.node == "a1"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"cidr": "x", "allocations": [], "attributes": []}',
        '{"cidr": "10.0.0.0/26", "allocations": [3], "attributes": []}',
    ],
)
def test_a_block_that_cannot_be_read_is_named(text: str) -> None:
    assert _ipam.blocks({BLOCK: Entry(text, 1)}) == ([], [BLOCK])
    assert _ipam.handles({"/calico/ipam/v2/handle/x": Entry(text, 1)}) == {}


@pytest.mark.parametrize(
    "strange",
    [
        {"cidr": "192.168.201.0/26"},
        {"cidr": 3232286720},
        {"allocations": [None] * 63},
        {"allocations": [-1, *[None] * 63]},
        {"allocations": [True, *[None] * 63]},
        {"allocations": [0, *[None] * 63], "attributes": None},
        {"attributes": [None]},
        {"unallocated": {"0": 1}},
        {"affinity": 1},
    ],
)
def test_a_block_that_contradicts_itself_is_not_guessed_at(strange: dict[str, object]) -> None:
    document = {**json.loads(BEFORE[BLOCK].value or ""), **strange}
    assert _ipam.blocks({BLOCK: Entry(json.dumps(document), 1)}) == ([], [BLOCK])


def test_what_go_leaves_out_of_a_block_is_empty() -> None:
    document = {"cidr": "192.168.200.0/26", "allocations": [None] * 64, "attributes": None, "unallocated": None}
    found = block({BLOCK: Entry(json.dumps(document), 1)})
    assert found.owners == {} and found.node is None
    assert _ipam.released(found, (), affine=False) is None


def test_a_block_of_ipv6_is_one() -> None:
    key = "/calico/ipam/v2/assignment/ipv6/block/fd80:24e2:f998:72d6::-122"
    document = {
        "cidr": "fd80:24e2:f998:72d6::/122",
        "affinity": "host:a1",
        "allocations": [None, 0, 0, *[None] * 61],
        "unallocated": [0, *range(3, 64)],
        "attributes": [{"handle_id": "calico.c1", "secondary": None}],
    }
    found = block({key: Entry(json.dumps(document), 1)}, key)
    assert found.owners == dict.fromkeys(["fd80:24e2:f998:72d6::1", "fd80:24e2:f998:72d6::2"], "calico.c1")
    left = json.loads(_ipam.released(found, {"fd80:24e2:f998:72d6::2"}) or "")
    assert left == {**document, "allocations": [None, 0, *[None] * 62], "unallocated": [0, *range(3, 64), 2]}


@pytest.mark.parametrize("number", ["1e999", "null", '"x"', "[]"])
def test_a_handle_that_counts_no_number_is_none(number: str) -> None:
    text = f'{{"block":{{"192.168.200.0/26":{number}}}}}'
    assert _ipam.handles({"/calico/ipam/v2/handle/x": Entry(text, 1)}) == {}
