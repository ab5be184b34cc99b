"""What is left over in a datastore that the real Calico wrote, by what its host has and has not."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.plugin_utils import _audit, _ipam
from ansible_collections.dcos.calico.plugins.plugin_utils._ipam import Entry

from .test_ipam import AFTER, BEFORE, BLOCK, block, recorded

NODE = "calico-agent1"
EMPTY: dict[str, Any] = {key: [] for key in _audit.TELLS}
# What the host of the record has: five containers, each with its interface.
CONTAINERS = {
    "c1": "192.168.72.192",
    "c2": "192.168.72.193",
    "c3": "192.168.72.194",
    "c4": "192.168.200.5",
    "c5": "192.168.200.0",
    "4a5e9f0c-mesos-uuid": "192.168.200.1",
}
ORDER = list(CONTAINERS)
ALL = set(_audit.PLURAL.values())


def seen(*containers: str, **more: Any) -> dict[str, Any]:
    """What workload_info says of a host with some of the containers."""
    found = {
        **EMPTY,
        "interfaces": [f"cali{name[:11]}" for name in containers],
        "container_routes": [CONTAINERS[name] for name in containers],
        "addresses": [CONTAINERS[name] for name in containers] + ["127.0.0.1"],
        "mesos": list(containers),
        "docker_error": None,
        "plugin_at_work": False,
    }
    return {**found, **more}


def cluster(keys: dict[str, Entry], *hosts: _audit.Host, **more: Any) -> _audit.Cluster:
    found = hosts or (agent(),)
    return _audit.Cluster(keys, found, **{"mesos": frozenset(one.name for one in found), **more})


def agent(*containers: str, **more: Any) -> _audit.Host:
    return _audit.host("agent1", {NODE}, seen(*(containers or ORDER), **more))


def of(found: list[_audit.Found], kind: str) -> dict[str, str]:
    """Name -> why it is kept."""
    return {one.name: one.kept for one in found if one.kind == kind}


def written(look: _audit.Look, found: list[_audit.Found]) -> dict[str, str | None]:
    return {key: value for key, _index, value, _after in _audit.Changes(look).of(found)}


def test_where_all_is_there_nothing_is_found() -> None:
    assert _audit.Look(cluster(BEFORE)).find() == []


def test_an_endpoint_without_its_container_goes_before_its_address_and_that_before_its_handle() -> None:
    look = _audit.Look(cluster(BEFORE, agent(*(name for name in ORDER if name != "c4"))))
    found = look.find()
    endpoint = f"{NODE}/cni/c4/eth0"
    assert [(one.kind, one.name, one.kept) for one in found] == [("endpoint", endpoint, "")]
    assert found[0].why == "agent1 has no interface calic4, no container c4 and no route to 192.168.200.5"
    changes = _audit.Changes(look).of(found)
    key = f"/calico/v1/host/{NODE}/workload/cni/c4/endpoint/eth0"
    assert [(change[0], change[3]) for change in changes] == [
        (key, []),
        (f"/calico/v1/host/{NODE}/workload/cni/c4/endpoint", [key]),
        (f"/calico/v1/host/{NODE}/workload/cni/c4", [key]),
        (BLOCK, [key]),
        ("/calico/ipam/v2/handle/calico.c4", [BLOCK]),
    ]
    assert changes[3][2] == AFTER[BLOCK].value and changes[4][2] is None
    assert [change[1] for change in changes if change[0] in BEFORE] == [
        BEFORE[change[0]].index for change in changes if change[0] in BEFORE
    ]


@pytest.mark.parametrize(
    "more",
    [
        {"interfaces": ["calic4"]},
        {"mesos": ["c4"]},
        {"docker": ["c4"]},
        {"container_routes": ["192.168.200.5"]},
        {"addresses": ["192.168.200.5"]},
    ],
)
def test_whatever_a_host_has_of_an_endpoint_keeps_it(more: dict[str, list[str]]) -> None:
    base = seen(*(name for name in ORDER if name != "c4"))
    host = _audit.host("agent1", {NODE}, {**base, **{key: base[key] + value for key, value in more.items()}})
    assert _audit.Look(cluster(BEFORE, host)).find() == []


def without_endpoint(keys: dict[str, Entry], container: str) -> dict[str, Entry]:
    return {key: entry for key, entry in keys.items() if f"/workload/cni/{container}/" not in key}


def test_an_address_that_nobody_has_is_a_leak_and_is_released_as_calico_does() -> None:
    look = _audit.Look(cluster(without_endpoint(BEFORE, "c4"), agent(*(name for name in ORDER if name != "c4"))))
    found = look.find()
    assert [(one.kind, one.name, one.node, one.kept) for one in found] == [("address", "192.168.200.5", NODE, "")]
    assert written(look, found) == {BLOCK: AFTER[BLOCK].value, "/calico/ipam/v2/handle/calico.c4": None}


@pytest.mark.parametrize(
    "more",
    [
        {"interfaces": ["calic4"]},
        {"mesos": ["c4"]},
        {"docker": ["c4"]},
        {"container_routes": ["192.168.200.5"]},
        {"addresses": ["192.168.200.5"]},
        {"other_routes": ["192.168.200.5"]},
    ],
)
def test_an_address_that_any_host_has_is_no_leak(more: dict[str, list[str]]) -> None:
    other = _audit.host("agent2", {"agent2"}, {**seen(), **more})
    first = agent(*(name for name in ORDER if name != "c4"))
    found = _audit.Look(cluster(without_endpoint(BEFORE, "c4"), first, other)).find()
    assert of(found, "address") == {}


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (_audit.host("agent2", {"agent2"}, {"unreachable": True}), "agent2 did not answer"),
        (_audit.host("agent2", {"agent2"}, {**EMPTY, "mesos": "x"}), "agent2 did not answer"),
        (_audit.host("agent2", {"agent2"}, seen(docker_error="it hangs")), "Docker of agent2 was not asked: it hangs"),
        (
            _audit.host("agent2", {"agent2"}, seen(plugin_at_work=True)),
            "a container is being started or stopped on agent2",
        ),
    ],
)
def test_an_address_that_may_be_of_a_host_of_which_not_all_is_known_is_kept(other: _audit.Host, words: str) -> None:
    other = dataclasses.replace(
        other,
        seen=other.seen
        and {**other.seen, **dict.fromkeys(("interfaces", "addresses", "mesos", "container_routes"), frozenset())},
    )
    look = _audit.Look(cluster(without_endpoint(BEFORE, "c4"), agent(*(name for name in ORDER if name != "c4")), other))
    assert of(look.find(), "address") == {"192.168.200.5": words} and look.blind == words


def test_an_endpoint_of_a_host_that_did_not_answer_is_not_spoken_of() -> None:
    silent = _audit.host("agent1", {NODE}, {"unreachable": True})
    assert _audit.Look(cluster(BEFORE, silent)).find() == []


def test_of_a_node_that_may_live_nothing_is_freed() -> None:
    other = _audit.host("agent2", {"agent2"}, seen())
    reasons = {
        "in no inventory, and Mesos could not be asked": _audit.Cluster(BEFORE, [other], mesos=None),
    }
    for words, one in reasons.items():
        found = _audit.Look(one).find()
        assert words in of(found, "node")[NODE]
    for one in (
        _audit.Cluster(BEFORE, [other], mesos=frozenset({NODE})),
        _audit.Cluster(BEFORE, [other], mesos=frozenset(), whole=False),
        _audit.Cluster(BEFORE, [other], mesos=frozenset(), others=frozenset({NODE})),
        _audit.Cluster(
            BEFORE, [_audit.host("agent2", {"agent2"}, {**seen(), "sessions": ["10.99.0.11"]})], mesos=frozenset()
        ),
    ):
        look = _audit.Look(one)
        assert look.find() == [] and look.blind


def quiet(name: str, **more: Any) -> _audit.Host:
    """A host that answers, and has no container."""
    return _audit.host(name, {name}, {**EMPTY, "docker_error": None, "plugin_at_work": False, **more})


def test_a_node_whose_felix_reports_lives_whatever_bird_says() -> None:
    """With route reflectors no host has a session with it."""
    reported = recorded("29-felix-status.jsonl", "etcd-values felix with ReportingIntervalSecs")
    keys = {**BEFORE, **{key.replace("agent1", NODE): entry for key, entry in reported.items()}}
    look = _audit.Look(cluster(keys, quiet("agent2")))
    assert look.find() == [] and "its Felix reports to the datastore" in look.blind


@pytest.mark.parametrize(
    ("hosts", "more", "words"),
    [
        ([quiet("agent2")], {"mesos": None}, "Mesos could not be asked"),
        ([quiet("agent2")], {"mesos": frozenset({"10.1.1.1"})}, "may be that of another cluster"),
        ([quiet("agent2")], {"mesos": frozenset()}, "may be that of another cluster"),
        ([quiet("agent2", bird_error="it does not run")], {}, "BIRD of no host could be asked"),
        ([quiet("agent2"), _audit.host("agent1", {"agent1", "52.1.2.3"}, None)], {}, "it may be agent1, which did not answer"),
    ],
)  # fmt: skip
def test_a_node_of_which_nobody_knows_whether_it_lives_is_kept(
    hosts: list[_audit.Host], more: dict[str, Any], words: str
) -> None:
    look = _audit.Look(cluster(BEFORE, *hosts, **more))
    assert words in of(look.find(), "node")[NODE] and look.blind
    one_bird = _audit.Look(cluster(BEFORE, quiet("agent2"), quiet("agent3", bird_error="it does not run")))
    assert of(one_bird.find(), "node") == {NODE: ""}


def test_a_node_that_comes_back_between_two_looks_is_kept() -> None:
    first = _audit.Look(cluster(BEFORE, quiet("agent2"))).find()
    key = f"/calico/bgp/v1/host/{NODE}/ip_addr_v4"
    again = _audit.Look(cluster({**BEFORE, key: Entry("10.99.0.11", 900)}, quiet("agent2"))).find()
    assert of(first, "node") == {NODE: ""}
    assert of(_audit.confirmed(again, [one.identity() for one in first]), "node") == {NODE: _audit.YOUNG}
    assert of(_audit.confirmed(again, [], [NODE]), "node") == {NODE: ""}, "an operator says that it goes"


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_hosts_with_one_name_either_may_have_the_container(order: int) -> None:
    """Which of the two it is nobody knows, so what one of them has is there, and what one has not said is not known."""
    empty = _audit.host("agent2", {NODE}, {**EMPTY, "docker_error": None, "plugin_at_work": False})
    assert _audit.Look(cluster(BEFORE, *[empty, agent()][::order])).find() == []
    silent = _audit.host("agent1", {NODE}, None)
    assert _audit.Look(cluster(BEFORE, *[empty, silent][::order])).find() == []


@pytest.mark.parametrize("key", sorted(_audit.ADDRESSES))
def test_a_host_that_names_no_addresses_has_not_answered(key: str) -> None:
    assert _audit.host("agent1", {NODE}, seen("c1", **{key: ["192.168.72.192", "{{ x }}"]})).seen is None
    found = _audit.host("agent1", {NODE}, seen("c1", **{key: ["FD80:0:0:0::5"]})).seen
    assert found is not None and found[key] == {"fd80::5"}


@pytest.mark.parametrize(
    "document", ["[]", "{}", '{"ipv4_nets": ["192.168.200.5/32"]}', '{"name": "", "ipv4_nets": []}']
)
def test_an_endpoint_that_cannot_be_read_is_kept(document: str) -> None:
    key = f"/calico/v1/host/{NODE}/workload/cni/c4/endpoint/eth0"
    look = _audit.Look(cluster({**BEFORE, key: Entry(document, 900)}, agent(*(name for name in ORDER if name != "c4"))))
    assert of(look.find(), "endpoint") == {f"{NODE}/cni/c4/eth0": "its document cannot be read"}
    assert key in look.blind


def test_an_address_of_docker_that_was_given_out_meanwhile_stays() -> None:
    """Docker's addresses have no handle: that of an endpoint that nobody has may be that of a container that starts."""
    endpoint = f"/calico/v1/host/{NODE}/workload/libnetwork/libnetwork/endpoint/e1"
    document = json.loads(BEFORE[BLOCK].value or "")
    for attribute in document["attributes"]:
        attribute["handle_id"] = None
    stale = Entry('{"name": "calie1", "ipv4_nets": ["192.168.200.5/32"]}', 40)
    keys = {**without_endpoint(BEFORE, "c4"), endpoint: stale, BLOCK: Entry(_ipam.compact(document), 50)}
    free = {**keys, BLOCK: Entry(_ipam.released(block(keys), {"192.168.200.5"}) or "", 49)}
    host = agent(*(name for name in ORDER if name != "c4"))
    name = f"{NODE}/libnetwork/libnetwork/e1"
    for first, kept in (
        (free, _audit.YOUNG),
        ({**keys, BLOCK: Entry(keys[BLOCK].value, 49)}, _audit.YOUNG),
        (keys, ""),
    ):
        earlier = [one.identity() for one in _audit.Look(cluster(first, host)).find()]
        look = _audit.Look(cluster(keys, host))
        assert of(_audit.confirmed(look.find(), earlier), "endpoint") == {name: kept}
    changes = {change[0] for change in _audit.Changes(look).of([one for one in look.find() if one.name == name])}
    assert {endpoint, BLOCK} <= changes, "while nothing has changed it goes with its address"


def test_an_endpoint_that_shares_its_workload_leaves_the_directories() -> None:
    key = f"/calico/v1/host/{NODE}/workload/cni/c4/endpoint/eth1"
    keys = {**BEFORE, key: Entry('{"name": "calix", "ipv4_nets": ["192.168.200.9/32"]}', 900)}
    look = _audit.Look(cluster(keys, agent(*(name for name in ORDER if name != "c4"))))
    one = next(one for one in look.find() if one.name == f"{NODE}/cni/c4/eth0")
    assert f"/calico/v1/host/{NODE}/workload/cni/c4" not in written(look, [one])


def test_names_of_strangers_do_not_widen_the_table() -> None:
    keys = {**BEFORE, f"/calico/ipam/v2/handle/{'x' * 5000}": Entry('{"block":{}}', 99)}
    lines = _audit.lines([*_audit.Look(cluster(keys)).find(), _audit.Found("handle", "y", "", "why")], "")
    assert len(lines[2]) < 100


def nothing_but_pools(keys: dict[str, Entry], changes: dict[str, str | None]) -> dict[str, str | None]:
    left = {key: entry.value for key, entry in keys.items()}
    left.update(changes)
    return {key: value for key, value in left.items() if value is not None}


def test_a_node_that_is_gone_goes_with_all_that_it_has() -> None:
    other = _audit.host("agent2", {"agent2"}, {**EMPTY, "docker_error": None, "plugin_at_work": False})
    look = _audit.Look(cluster(BEFORE, other))
    found = look.find()
    assert [(one.kind, one.name, one.kept) for one in found] == [("node", NODE, "")]
    assert found[0].why == "its host is in no inventory, and is no agent of Mesos; it has 6 endpoints and 2 blocks"
    changes = _audit.Changes(look).of(found)
    left = nothing_but_pools(BEFORE, {key: value for key, _index, value, _after in changes})
    assert [key for key in left if NODE in key or "/ipam/v2/" in key] == []
    order = [change[0] for change in changes]
    assert order.index(f"/calico/bgp/v1/host/{NODE}/ip_addr_v4") > order.index(BLOCK)
    assert order.index(f"/calico/v1/host/{NODE}/metadata") > order.index(f"/calico/bgp/v1/host/{NODE}/ip_addr_v4")


def test_of_a_dead_node_an_address_that_another_host_has_stays_given_out() -> None:
    other = _audit.host("agent2", {"agent2"}, {**seen("c4"), "mesos": [], "interfaces": ["calix"]})
    look = _audit.Look(cluster(BEFORE, other))
    node = next(one for one in look.find() if one.kind == "node")
    left = json.loads(written(look, [node])[BLOCK] or "")
    assert left["affinity"] is None and [a["handle_id"] for a in left["attributes"]] == ["calico.c4"]


def test_a_tunnel_keeps_its_address_while_its_node_is_there() -> None:
    name = "etcd-values after startup + allocate-ipip-addr with the seed pool (IPIP on)"
    keys = recorded("21-calico-node-startup.jsonl", name)
    host = _audit.host("a1", {"a1"}, seen())
    assert (
        of(
            _audit.Look(cluster(keys, dataclasses.replace(host, seen={**(host.seen or {}), **EMPTY_SETS}))).find(),
            "address",
        )
        == {}
    )
    gone = _audit.Look(
        cluster(keys, _audit.host("a2", {"a2"}, {**EMPTY, "docker_error": None, "plugin_at_work": False}))
    )
    changes = written(gone, gone.find())
    assert changes["/calico/ipam/v2/assignment/ipv4/block/192.168.141.128-26"] is None
    assert changes["/calico/v1/host/a1/config/IpInIpTunnelAddr"] is None


EMPTY_SETS = {key: frozenset[str]() for key in _audit.TELLS}


def test_a_handle_without_an_address_is_found() -> None:
    keys = {**BEFORE, "/calico/ipam/v2/handle/calico.gone": Entry('{"block":{"192.168.72.192/26":1}}', 99)}
    look = _audit.Look(cluster(keys))
    found = look.find()
    assert of(found, "handle") == {"calico.gone": ""}
    assert _audit.Changes(look).of(found) == [("/calico/ipam/v2/handle/calico.gone", 99, None, [])]


def test_an_address_in_use_that_the_datastore_has_as_free_is_told_first() -> None:
    # calicoctl ipam release gave 192.168.200.5 away under its container.
    keys = {**BEFORE, **{key: entry for key, entry in AFTER.items() if "/ipam/v2/" in key}}
    del keys["/calico/ipam/v2/handle/calico.c4"]
    found = _audit.Look(cluster(keys)).find()
    assert [(one.kind, one.name) for one in found] == [("conflict", "192.168.200.5")]
    assert "it could be given out a second time" in found[0].why and found[0].kept
    assert _audit.Changes(_audit.Look(cluster(keys))).of([one for one in found if not one.kept]) == []


def test_what_was_not_there_before_is_kept() -> None:
    keys = without_endpoint(BEFORE, "c4")
    found = _audit.Look(cluster(keys, agent(*(name for name in ORDER if name != "c4")))).find()
    assert [one.kept for one in _audit.confirmed(found, [])] == [_audit.YOUNG]
    assert [one.kept for one in _audit.confirmed(found, [one.identity() for one in found])] == [""]
    other = [one.identity().replace("calico.c4", "calico.c9") for one in found]
    assert [one.kept for one in _audit.confirmed(found, other)] == [_audit.YOUNG]


def test_an_address_without_a_handle_is_the_same_only_while_its_block_is() -> None:
    document = json.loads(BEFORE[BLOCK].value or "")
    for attribute in document["attributes"]:
        attribute["handle_id"] = None
    keys = {**without_endpoint(BEFORE, "c4"), BLOCK: Entry(_ipam.compact(document), 50)}
    host = agent(*(name for name in ORDER if name != "c4"))
    first = _audit.Look(cluster(keys, host)).find()
    again = _audit.Look(cluster({**keys, BLOCK: Entry(_ipam.compact(document), 51)}, host)).find()
    assert of(first, "address") == {"192.168.200.5": ""}
    assert of(_audit.confirmed(again, [one.identity() for one in first]), "address") == {"192.168.200.5": _audit.YOUNG}
    strange = agent(
        *ORDER,
        interfaces=[f"cali{name[:11]}" for name in ORDER if name != "c4"] + ["calixyz"],
        container_routes=[],
        addresses=[],
    )
    kept = of(_audit.Look(cluster(keys, strange)).find(), "address")
    assert kept["192.168.200.5"] == "it may be that of calixyz of agent1, which no endpoint names"


def test_the_table_says_what_and_why_and_what_is_kept() -> None:
    keys = without_endpoint(BEFORE, "c4")
    silent = _audit.host("agent2", {"agent2"}, None)
    look = _audit.Look(cluster(keys, agent(*(name for name in ORDER if name != "c4")), silent))
    assert _audit.lines(look.find(), look.blind) == [
        "Audit: 1 leftover in the datastore, 1 of which cannot be freed now.",
        "  address  192.168.200.5  no endpoint, no host and no tunnel has it; it was given out to calico.c4",
        "                          kept: agent2 did not answer",
        "No address or handle without an endpoint is freed: agent2 did not answer.",
    ]
    assert _audit.lines([], "") == ["Audit: 0 leftovers in the datastore."]
    assert _audit.document(look.find(), look.blind)["summary"] == {
        "conflict": 0,
        "node": 0,
        "block": 0,
        "endpoint": 0,
        "address": 1,
        "handle": 0,
        "kept": 1,
    }


def test_what_was_left_was_not_freed() -> None:
    look = _audit.Look(cluster(BEFORE, agent(*(name for name in ORDER if name not in ("c4", "c1")))))
    found = look.find()
    assert _audit.freed(found, look, [found[0].name and f"/calico/v1/host/{NODE}/workload/cni/c1/endpoint/eth0"]) == [
        f"{NODE}/cni/c4/eth0"
    ]


def test_an_address_of_two_is_told_and_never_freed() -> None:
    key = f"/calico/v1/host/{NODE}/workload/cni/c9/endpoint/eth0"
    keys = {**BEFORE, key: Entry('{"name": "calic4", "ipv4_nets": ["192.168.200.5/32"]}', 900)}
    other = _audit.host("agent2", {"agent2"}, {**EMPTY, "container_routes": ["192.168.200.5", "10.1.1.1"]})
    found = _audit.Look(cluster(keys, agent(), other)).find()
    assert [(one.name, one.why, one.kept) for one in found if one.kind == "conflict"] == [
        ("192.168.200.5", "containers of agent1, agent2 have it", "a container has it"),
        ("192.168.200.5", f"endpoints {NODE}/cni/c4/eth0, {NODE}/cni/c9/eth0 have it", "see which lives"),
    ]
    # A container that came or went between the two reads of one look is no contradiction.
    assert [one for one in _audit.confirmed(found, []) if one.kind == "conflict"] == []
    assert (
        len([one for one in _audit.confirmed(found, [one.identity() for one in found]) if one.kind == "conflict"]) == 2
    )


def test_an_address_of_two_endpoints_stays_when_one_of_them_goes() -> None:
    key = f"/calico/v1/host/{NODE}/workload/cni/c4/endpoint/eth1"
    keys = {**BEFORE, key: Entry('{"name": "calix", "ipv4_nets": ["192.168.200.5/32"]}', 900)}
    look = _audit.Look(cluster(keys, agent(*(name for name in ORDER if name != "c4"))))
    assert set(written(look, [one for one in look.find() if one.name == f"{NODE}/cni/c4/eth1"])) == {key}


def disowned(keys: dict[str, Entry]) -> dict[str, Entry]:
    """Without all that is the node's but its blocks."""
    return {key: entry for key, entry in keys.items() if NODE not in key}


def test_a_block_whose_node_is_gone_belongs_to_nobody_or_goes() -> None:
    keys = disowned(BEFORE)
    found = _audit.Look(cluster(keys, quiet("agent2"))).find()
    assert of(found, "block") == {"192.168.72.192/26": "", "192.168.200.0/26": ""} and of(found, "node") == {}
    look = _audit.Look(cluster(keys, quiet("agent2")))
    one = [each for each in found if each.name == "192.168.200.0/26"]
    assert one[0].why == f"it belongs to {NODE}, which is no node any more"
    left = json.loads(written(look, one)[BLOCK] or "")
    assert left["affinity"] is None and left["allocations"] == json.loads(BEFORE[BLOCK].value or "")["allocations"]
    # With its addresses it goes.
    addresses = [each for each in found if each.kind == "address" and each.node == NODE]
    assert len(addresses) == len(CONTAINERS) and written(look, [*one, *addresses])[BLOCK] is None
    talking = quiet("agent2", bird_error="it does not run")
    assert set(of(_audit.Look(cluster(keys, talking)).find(), "block").values()) != {""}


def test_a_container_with_two_addresses_loses_its_handle_with_the_second() -> None:
    keys = recorded("17-calico-ipam-direct.jsonl", "etcd-values after calico-ipam ADDs")
    handle = "/calico/ipam/v2/handle/calico.d1"
    look = _audit.Look(cluster(keys, quiet("agent1")))
    mine = [
        _audit.Found("address", address, "", "")
        for address, (_block, name) in look.owners.items()
        if name == "calico.d1"
    ]
    assert len(mine) == 2
    assert written(look, mine[:1])[handle] == '{"block":{"192.168.72.192/26":1}}'
    assert written(look, mine)[handle] is None


def test_what_of_each_kind_was_freed() -> None:
    keys = {**BEFORE, "/calico/ipam/v2/handle/calico.gone": Entry('{"block":{}}', 99)}
    look = _audit.Look(cluster(keys, agent()))
    endpoint = f"/calico/v1/host/{NODE}/workload/cni/c4/endpoint/eth0"
    chosen = {
        NODE: ("node", {f"/calico/v1/host/{NODE}/metadata"}),
        "192.168.200.0/26": ("block", {BLOCK}),
        f"{NODE}/cni/c4/eth0": ("endpoint", {endpoint}),
        "192.168.200.5": ("address", {BLOCK}),
        "calico.gone": ("handle", {"/calico/ipam/v2/handle/calico.gone"}),
    }
    for name, (kind, keys_of_it) in chosen.items():
        one = [_audit.Found(kind, name, NODE, "")]
        assert _audit.freed(one, look, []) == [name] and _audit.freed(one, look, ["/calico/v1/host/other"]) == [name]
        assert _audit.freed(one, look, keys_of_it) == [], kind
    assert _audit.freed([_audit.Found("node", NODE, NODE, "")], look, [BLOCK]) == [], "a block of it was left"


def test_the_worst_comes_first_and_addresses_by_their_numbers() -> None:
    keys = {
        **disowned(BEFORE),
        "/calico/ipam/v2/handle/b": Entry('{"block":{}}', 99),
        "/calico/ipam/v2/handle/a": Entry("{}", 98),
    }
    found = _audit.Look(cluster(keys, quiet("agent2"))).find()
    assert [one.name for one in found] == [
        "192.168.72.192/26",
        "192.168.200.0/26",
        "192.168.72.192",
        "192.168.72.193",
        "192.168.72.194",
        "192.168.200.0",
        "192.168.200.1",
        "192.168.200.5",
        "b",
    ]


def test_a_long_table_ends() -> None:
    found = [_audit.Found("handle", f"h{number}", "", "why") for number in range(_audit.SHOWN + 2)]
    lines = _audit.lines(found, "")
    assert lines[0] == "Audit: 202 leftovers in the datastore." and len(lines) == _audit.SHOWN + 2
    assert lines[-1] == "  and 2 more" and _audit.lines(found[:-2], "")[-1] == "  handle  h199  why"


def test_an_endpoint_is_kept_while_its_host_starts_something_or_docker_is_silent() -> None:
    gone = [name for name in ORDER if name != "c4"]
    for more, words in (
        ({"docker_error": "it hangs"}, "Docker of agent1 was not asked: it hangs"),
        ({"plugin_at_work": True}, "a container is being started or stopped on agent1"),
    ):
        look = _audit.Look(cluster(BEFORE, agent(*gone, **more)))
        assert of(look.find(), "endpoint") == {f"{NODE}/cni/c4/eth0": words}
    other = quiet("agent2", other_routes=["192.168.200.5"])
    kept = of(_audit.Look(cluster(BEFORE, agent(*gone), other)).find(), "endpoint")
    assert kept == {f"{NODE}/cni/c4/eth0": "agent2 has its address, or a route to it"}


def test_what_cannot_be_read_keeps_what_may_be_in_it() -> None:
    keys = {**without_endpoint(BEFORE, "c4"), BLOCK.replace("200.0", "201.0"): Entry("{", 99)}
    look = _audit.Look(cluster(keys, agent(*(name for name in ORDER if name != "c4"))))
    words = "the datastore's /calico/ipam/v2/assignment/ipv4/block/192.168.201.0-26 cannot be read"
    assert of(look.find(), "address") == {"192.168.200.5": words} and look.blind == words


def test_a_host_that_goes_and_still_has_containers_keeps_its_node() -> None:
    look = _audit.Look(cluster(BEFORE, agent("c1"), quiet("agent2"), removed=frozenset({NODE})))
    (kept,) = of(look.find(), "node").values()
    assert kept == "agent1 has containers on Calico's networks: 192.168.72.192, calic1"
    assert look.removed() == {NODE} and look.removed_addresses() == {NODE, "10.99.0.11"}
