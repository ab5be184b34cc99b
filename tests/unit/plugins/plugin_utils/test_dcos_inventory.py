from __future__ import annotations

import pytest

from ansible_collections.dcos.calico.plugins.plugin_utils import _dcos_inventory


def agent(address: str, **more) -> dict:
    known = {
        "id": f"S-{address}",
        "address": address,
        "hostname": address,
        "public": False,
        "active": True,
        "recovered": False,
    }
    return {**known, "attributes": {}, "resources": {}, "version": "1.5.3", "region": None, "zone": None, **more}


def found(agents=(), masters=()) -> dict:
    return {"release": {"version": "1.11.12", "variant": "open"}, "agents": list(agents), "masters": list(masters)}


def groups(data: dict, **more) -> dict:
    return {member.address: member.groups for member in _dcos_inventory.members(data, **more)[0]}


def test_groups() -> None:
    data = found(
        [agent("10.0.1.1"), agent("10.0.2.1", public=True)],
        [{"address": "10.0.0.1", "leader": True}, {"address": "10.0.0.2", "leader": False}],
    )
    assert groups(data) == {
        "10.0.0.1": ("masters", "leader"),
        "10.0.0.2": ("masters",),
        "10.0.1.1": ("agents_private",),
        "10.0.2.1": ("agents_public",),
    }
    assert _dcos_inventory.cluster_variables(data) == {"dcos_version": "1.11.12", "dcos_variant": "open"}


def test_an_agent_on_a_master_is_one_host() -> None:
    members, _warnings = _dcos_inventory.members(found([agent("10.0.0.1")], [{"address": "10.0.0.1", "leader": True}]))
    assert [(member.address, member.groups) for member in members] == [
        ("10.0.0.1", ("masters", "leader", "agents_private"))
    ]
    assert members[0].variables["dcos_role"] == "master" and members[0].variables["dcos_agent_id"] == "S-10.0.0.1"


def test_inactive_agents_can_be_left_out() -> None:
    data = found([agent("10.0.1.1", active=False), agent("10.0.1.2")])
    assert list(groups(data)) == ["10.0.1.1", "10.0.1.2"] and list(groups(data, inactive=False)) == ["10.0.1.2"]


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_agents_at_one_address_the_active_one_counts(order: int) -> None:
    both = [agent("10.0.1.1", id="old", active=False), agent("10.0.1.1", id="new")][::order]
    members, _warnings = _dcos_inventory.members(found(both))
    assert [member.variables["dcos_agent_id"] for member in members] == ["new"]


@pytest.mark.parametrize(
    "address",
    ["", "{{ 7 * 7 }}", "agent-1.example.com", "10.0.1.1; rm", "fe80::1%{{ 7 * 7 }}", "fe80::1%eth0", "10.0.1"],
)
def test_what_has_no_address_is_named_and_left_out(address: str) -> None:
    members, warnings = _dcos_inventory.members(found([agent(address), agent("10.0.1.2")]))
    assert (
        [member.address for member in members] == ["10.0.1.2"] and len(warnings) == 1 and repr(address) in warnings[0]
    )


def test_known_hosts() -> None:
    hosts = [
        ("agent1", "10.0.1.1"),
        ("10.0.1.2", None),
        ("10.0.1.3", "10.0.1.3"),
        ("twin", "10.0.1.1"),
        ("moved", "10.0.1.9"),
    ]
    known = _dcos_inventory.known_hosts(hosts)
    assert (
        known["10.0.1.1"] == ["agent1", "twin"]
        and known["10.0.1.2"] == ["10.0.1.2"]
        and known["10.0.1.3"] == ["10.0.1.3"]
    )


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    "worse",
    [{"recovered": True}, {"active": False}, {"active": False, "recovered": True}],
    ids=["of a master that came back", "not heard of", "neither"],
)
def test_of_two_agents_at_one_address_the_one_that_is_heard_of_counts(order: int, worse: dict) -> None:
    """An agent that its master only remembers (recovered) has registered with none yet."""
    both = [agent("10.0.1.1", id="old", **worse), agent("10.0.1.1", id="new")][::order]
    assert [one["id"] for one in _dcos_inventory.one_each(both)] == ["new"]
    none = [agent("", id="a"), agent("", id="b", **worse)][::order]
    assert len(_dcos_inventory.one_each(none)) == 2, "without an address nobody knows that they are one"


def test_an_agent_that_is_active_counts_before_one_that_is_only_no_memory() -> None:
    both = [agent("10.0.1.1", id="active", recovered=True), agent("10.0.1.1", id="gone", active=False)]
    assert [[one["id"] for one in _dcos_inventory.one_each(pair)] for pair in (both, both[::-1])] == [
        ["active"],
        ["active"],
    ]
