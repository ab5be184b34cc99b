from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.plugin_utils import _upgrade_store
from ansible_collections.dcos.calico.plugins.plugin_utils._upgrade_store import compare, labels_that_change

Nodes = dict[str, Any]
ENDPOINT = "/calico/v1/host/agent1/workload/cni/CID/endpoint/eth0"
BLOCK = "/calico/ipam/v2/assignment/ipv4/block/192.168.72.192-26"
POOL = "/calico/v1/ipam/v4/pool/192.168.0.0-16"


def block(*handles: str) -> str:
    """A block whose first addresses have these handles."""
    return json.dumps(
        {
            "cidr": "192.168.72.192/26",
            "affinity": "host:agent1",
            "allocations": [*range(len(handles)), *[None] * (64 - len(handles))],
            "attributes": [{"handle_id": handle, "secondary": {}} for handle in handles],
        }
    )


STORE: Nodes = {
    "/calico/v1": None,
    "/calico/v1/Ready": "true",
    "/calico/v1/config/CalicoVersion": "v2.6.6",
    "/calico/v1/config/LogSeverityScreen": "info",
    POOL: "{}",
    "/calico/v1/policy/tier/default/policy/web": "{}",
    "/calico/v1/policy/profile/calico/rules": "{}",
    "/calico/bgp/v1/global/as_num": "64512",
    "/calico/bgp/v1/host/agent1/ip_addr_v4": "10.0.0.1",
    "/calico/v1/host/agent1/bird_ip": "10.0.0.1",
    "/calico/felix/v1/host/agent1/status": "{}",
    ENDPOINT: json.dumps({"ipv4_nets": ["192.168.72.192/32"]}),
    BLOCK: block("calico.CID"),
}


def nodes(store: Nodes) -> list[list[Any]]:
    return [[key, value, 90 if key.endswith("/status") else None] for key, value in store.items()]


def without(*keys: str) -> list[list[Any]]:
    return nodes({key: value for key, value in STORE.items() if key not in keys})


def wrong(now: list[list[Any]], *alive: str) -> list[str]:
    return compare(nodes(STORE), now, alive).wrong()


def test_nothing_that_counts_differs() -> None:
    later = {**STORE, "/calico/v1/config/CalicoVersion": "v2.6.12"}
    later["/calico/felix/v1/host/agent1/status"] = "{again}"
    found = compare(nodes(STORE), nodes(later), ["192.168.72.192"])
    assert found.wrong() == [] and found.added == []
    assert found.told() == (
        "The datastore is as it was in the backup: 7 keys of pools, policies, profiles, settings and nodes compared."
    )


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (POOL, "IP pool"),
        ("/calico/v1/policy/tier/default/policy/web", "policy"),
        ("/calico/v1/policy/profile/calico/rules", "profile"),
        ("/calico/v1/config/LogSeverityScreen", "setting of Felix"),
        ("/calico/bgp/v1/global/as_num", "setting of BGP"),
        ("/calico/bgp/v1/host/agent1/ip_addr_v4", "node"),
        ("/calico/v1/host/agent1/bird_ip", "node"),
    ],
)
def test_what_an_upgrade_must_leave_alone(key: str, kind: str) -> None:
    assert wrong(without(key)) == [f"lost: {key} ({kind})"]
    assert wrong(nodes({**STORE, key: "other"})) == [f"changed: {key} ({kind})"]


def test_what_is_new_is_told_and_a_pool_of_calico_nodes_own_is_wrong() -> None:
    new = {**STORE, "/calico/v1/policy/tier/default/policy/db": "{}"}
    found = compare(nodes(STORE), nodes(new), [])
    assert found.wrong() == [] and "new since then: /calico/v1/policy/tier/default/policy/db (policy)" in found.told()
    pool = "/calico/v1/ipam/v6/pool/fd80:24e2:f998:72d6::-64"
    assert wrong(nodes({**STORE, pool: "{}"})) == [f"made meanwhile: {pool} (IP pool)"]


@pytest.mark.parametrize("value", ["false", None])
def test_the_datastore_has_to_be_ready(value: str | None) -> None:
    store = {key: each for key, each in {**STORE, "/calico/v1/Ready": value}.items() if each is not None}
    assert wrong(nodes(store)) == ["/calico/v1/Ready is not true, so that no container can be started anywhere"]


def test_containers_come_and_go_and_those_that_live_have_to_be_there() -> None:
    assert wrong(without(ENDPOINT, BLOCK)) == []
    for now in (without(ENDPOINT), nodes({**STORE, BLOCK: block()})):
        assert wrong(now) == [] and wrong(now, "192.168.72.193") == []
        assert wrong(now, "192.168.72.192") == ["containers that live are not in it any more: 192.168.72.192"]
    # Another container has the address by now.
    again = {key: value for key, value in STORE.items() if key != ENDPOINT}
    again[ENDPOINT.replace("CID", "NEW")], again[BLOCK] = STORE[ENDPOINT], block("calico.NEW")
    assert wrong(nodes(again), "192.168.72.192") == []


def test_many_keys_are_counted() -> None:
    many = {**STORE, **{f"/calico/v1/config/Setting{number:02}": "x" for number in range(20)}}
    [sentence] = compare(nodes(many), nodes(STORE), []).wrong()
    assert sentence.endswith("and 10 more")
    assert _upgrade_store.kind_of("/calico/ipam/v2/handle/x") is None


def policy(name: str, **spec: Any) -> list[Any]:
    return [f"/calico/v1/policy/tier/default/policy/{name}", json.dumps({"inbound_rules": [], **spec}), None]


BOTH = ("2.6.6", "2.6.12")


@pytest.mark.parametrize(
    ("node", "named"),
    [
        (policy("a%2fb", selector="team/app == 'web'"), "policy a/b (team/app becomes team.app)"),
        (policy("in", inbound_rules=[{"!src_selector": "has(team/app)"}]), "policy in (team/app becomes team.app)"),
        (
            policy("out", outbound_rules=[{"dst_selector": "x in {'a'} && !(b/c == \"d\")"}]),
            "policy out (b/c becomes b.c)",
        ),
        (
            policy("two", selector="a/b == 'x' || /c/-d..e == 'x'"),
            "policy two (/c/-d..e becomes c.d.e, a/b becomes a.b)",
        ),
        (
            ["/calico/v1/policy/profile/web/rules", '{"outbound_rules": [{"src_selector": "a/b == \'x\'"}]}', None],
            "profile web (a/b becomes a.b)",
        ),
    ],
)
def test_policies_that_select_by_a_key_with_a_slash_are_told_where_it_becomes_a_dot(
    node: list[Any], named: str
) -> None:
    words = labels_that_change([*nodes(STORE), node], BOTH)
    assert f"these select by such a key: {named}. They miss" in words and "select by both keys, as in " in words
    assert labels_that_change([node], reversed(BOTH)) == words


@pytest.mark.parametrize(
    "node",
    [
        policy("value", selector="app == 'team/web'", inbound_rules=[{"src_nets": ["10.0.0.0/8"]}]),
        policy("both", selector="team/app == 'x' || team.app == 'x'"),
        policy("pods", selector="calico/k8s_ns == 'default' && app.kubernetes.io/name == 'x'"),
        ["/calico/v1/policy/profile/web/labels", '{"a/b": "x"}', None],
        ["/calico/v1/policy/tier/default/policy/odd", "no JSON", None],
        ["/calico/v1/policy/tier/default/policy/odd", '["a/b"]', None],
        ["/calico/v1/policy/tier/default/policy/odd", '{"selector": 1, "inbound_rules": ["a/b"]}', None],
        ["/calico/v1/policy/tier/default/policy/odd", '{"inbound_rules": 5, "outbound_rules": {"a": 1}}', None],
        ["/calico/v1/policy/tier/default/policy/odd", "[" * 100000, None],
    ],
)
def test_other_policies_are_not(node: list[Any]) -> None:
    assert labels_that_change([node], BOTH) == ""


@pytest.mark.parametrize("releases", [(), ("2.6.6", "2.6.7"), ("2.6.8", "2.6.12"), ("", "unknown", "2.6.12")])
def test_nor_is_any_where_keys_stay(releases: tuple[str, ...]) -> None:
    assert labels_that_change([policy("web", selector="a/b == 'x'")], releases) == ""
