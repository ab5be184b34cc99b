"""AWS: which interfaces and which rules, out of what amazon.aws' _info modules return."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.plugin_utils import _aws
from ansible_collections.dcos.calico.plugins.plugin_utils._cloud_plan import Node

HERE = _aws.Options(region="eu-central-1", profile="ops")
REACH = {"region": "eu-central-1", "profile": "ops"}
ONE, TWO, THREE = (Node(f"10.0.0.{number}", f"10.0.0.{number}", 24) for number in (1, 2, 3))


def face(
    number: int,
    address: str,
    instance: str | None,
    groups: tuple[str, ...] = ("sg-a",),
    checked: bool = False,
    **more: Any,
) -> dict[str, Any]:
    return {
        "network_interface_id": f"eni-{number}",
        "private_ip_address": address,
        "private_ip_addresses": [{"private_ip_address": address, "primary": True}],
        "source_dest_check": checked,
        "vpc_id": "vpc-1",
        "groups": [{"group_id": group, "group_name": group.removeprefix("sg-")} for group in groups],
        "attachment": {"instance_id": instance} if instance else {},
        **more,
    }


def group(name: str, *permissions: dict[str, Any]) -> dict[str, Any]:
    return {
        "group_id": f"sg-{name}",
        "group_name": name,
        "description": f"group {name}",
        "ip_permissions": list(permissions),
    }


def permission(protocol: str, source: str = "", ports: tuple[int, int] | None = None, cidr: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {"ip_protocol": protocol, "user_id_group_pairs": [{"group_id": source}] if source else []}
    found["ip_ranges"] = [{"cidr_ip": cidr}] if cidr else []
    return {**found, "from_port": ports[0], "to_port": ports[1]} if ports else found


def found(*nodes_and_groups: tuple[Node, tuple[str, ...]]) -> list[_aws.Machine]:
    faces = [
        face(number, node.address, f"i-{number}", groups) for number, (node, groups) in enumerate(nodes_and_groups)
    ]
    return _aws.machines([node for node, _groups in nodes_and_groups], faces, HERE)


def test_nodes_are_asked_for_by_address_in_batches() -> None:
    nodes = [Node(f"n{number}", f"10.0.{number // 250}.{number % 250}") for number in range(450)]
    queries = _aws.address_queries(nodes, _aws.Options(region="eu-central-1", vpc_id="vpc-1"))
    assert [len(query["filters"]["addresses.private-ip-address"]) for query in queries] == [200, 200, 50]
    assert (
        queries[0]["region"] == "eu-central-1"
        and queries[0]["filters"]["vpc-id"] == "vpc-1"
        and "profile" not in queries[0]
    )
    assert "vpc-id" not in _aws.address_queries([ONE], HERE)[0]["filters"]


def test_then_all_interfaces_of_their_instances() -> None:
    faces = [face(1, "10.0.0.1", "i-1"), face(2, "10.0.0.1", "i-1"), face(3, "10.0.0.2", None)]
    assert _aws.instance_queries(faces, HERE) == [{**REACH, "filters": {"attachment.instance-id": ["i-1"]}}]
    assert _aws.instance_queries([], HERE) == []


def test_every_interface_with_the_check_is_a_step() -> None:
    faces = [
        face(1, "10.0.0.1", "i-1", checked=True),
        face(2, "10.0.5.1", "i-1", checked=True),
        face(3, "10.0.5.9", "i-1", checked=True, requester_managed=True),
        face(4, "10.0.0.2", "i-2"),
    ]
    steps = _aws.source_checks(_aws.machines([ONE, TWO], faces, HERE), HERE)
    assert [step.name for step in steps] == ["eni-1 of i-1, node 10.0.0.1", "eni-2 of i-1, node 10.0.0.1"]
    assert steps[0].module == "amazon.aws.ec2_eni" and steps[0].arguments == {
        **REACH,
        "eni_id": "eni-1",
        "source_dest_check": False,
    }
    assert (steps[0].before, steps[0].after) == ({"source_dest_check": True}, {"source_dest_check": False})


def test_a_second_address_of_an_interface_counts_too() -> None:
    second = face(1, "10.0.0.77", "i-1")
    second["private_ip_addresses"].append({"private_ip_address": "10.0.0.1"})
    assert _aws.machines([ONE], [second], HERE)[0].instance_id == "i-1"


def test_nodes_without_an_instance_are_named() -> None:
    balancer = face(9, "10.0.0.2", None)
    with pytest.raises(CalicoError) as error:
        _aws.machines([ONE, TWO, Node("agent3", "10.0.0.3")], [face(1, "10.0.0.1", "i-1"), balancer], HERE)
    for words in (
        "eu-central-1",
        "10.0.0.2, agent3 (10.0.0.3)",
        "1 of 3 were found",
        "calico_public_cloud_aws_region",
        "calicoctl delete node",
    ):
        assert words in str(error.value)


def test_two_instances_with_one_address_need_the_vpc() -> None:
    with pytest.raises(CalicoError) as error:
        _aws.machines([ONE], [face(1, "10.0.0.1", "i-1"), face(2, "10.0.0.1", "i-2", vpc_id="vpc-2")], HERE)
    assert "10.0.0.1: i-1 in vpc-1, i-2 in vpc-2" in str(error.value) and "calico_public_cloud_aws_vpc_id" in str(
        error.value
    )


@pytest.mark.parametrize(
    "groups, chosen",
    [
        ([("sg-a",), ("sg-a",), ("sg-a",)], ["sg-a"]),
        ([("sg-a", "sg-b"), ("sg-b",), ("sg-b", "sg-c")], ["sg-b"]),
        ([("sg-a",), ("sg-a", "sg-x"), ("sg-p", "sg-x")], ["sg-a", "sg-p"]),
        ([("sg-a",), ("sg-b",), ("sg-c",)], ["sg-a", "sg-b", "sg-c"]),
    ],
)
def test_as_few_groups_as_cover_all(groups: list[tuple[str, ...]], chosen: list[str]) -> None:
    assert _aws.choose_groups(found(*zip((ONE, TWO, THREE), groups, strict=False)), HERE) == chosen


def test_groups_that_are_given_must_cover_all() -> None:
    both = found((ONE, ("sg-a", "sg-b")), (TWO, ("sg-b",)))
    assert _aws.choose_groups(both, _aws.Options(security_groups=("sg-b",))) == ["sg-b"]
    with pytest.raises(CalicoError, match=r"none of the security groups sg-a: 10\.0\.0\.2"):
        _aws.choose_groups(both, _aws.Options(security_groups=("sg-a",)))
    with pytest.raises(CalicoError, match="have no security group"):
        _aws.choose_groups(found((ONE, ())), HERE)


ADDRESSES = ["10.0.0.1", "10.0.0.2"]


def rules_of(*permissions: dict[str, Any], ipip: bool = True) -> list[tuple[str, str]]:
    """(protocol, source) of what is added to a single group."""
    steps = _aws.group_rules(["sg-a"], [group("a", *permissions)], ADDRESSES, ipip, HERE)
    return [(rule["proto"], rule["group_id"][0]) for step in steps for rule in step.arguments["rules"]]


BGP, TUNNEL = ("tcp", "sg-a"), ("4", "sg-a")


@pytest.mark.parametrize(
    "permissions, added",
    [
        ([], [BGP, TUNNEL]),
        ([permission("-1", "sg-a")], []),
        ([permission("-1", "sg-other")], [BGP, TUNNEL]),
        ([permission("tcp", "sg-a", (0, 65535))], [TUNNEL]),
        ([permission("tcp", "sg-a", (180, 65535))], [BGP, TUNNEL]),
        ([permission("tcp", "sg-a", (179, 179)), permission("4", "sg-a")], []),
        ([permission("4", cidr="10.0.0.0/8")], [BGP]),
        ([permission("-1", cidr="10.0.0.1/32")], [BGP, TUNNEL]),
        ([permission("94", "sg-a"), permission("udp", "sg-a", (179, 179))], [BGP, TUNNEL]),
    ],
)
def test_only_what_no_rule_lets_in_is_added(permissions: list[dict[str, Any]], added: list[tuple[str, str]]) -> None:
    assert rules_of(*permissions) == added


def test_without_ipip_there_is_no_rule_for_it() -> None:
    assert rules_of(ipip=False) == [BGP]


def test_a_step_for_a_group_never_removes_anything() -> None:
    (step,) = _aws.group_rules(["sg-a"], [group("a")], ADDRESSES, True, HERE)
    assert step.name == "rules of sg-a (a)" and step.before == []
    assert step.after == ["from sg-a: BGP of Calico (TCP 179)", "from sg-a: IP-in-IP of Calico (protocol 4)"]
    arguments = step.arguments
    assert {key: arguments[key] for key in ("group_id", "name", "description", "region")} == {
        "group_id": "sg-a", "name": "a", "description": "group a", "region": "eu-central-1",
    }  # fmt: skip
    assert (
        arguments["purge_rules"] is arguments["purge_rules_egress"] is arguments["purge_tags"] is False
        and "rules_egress" not in arguments
    )
    assert arguments["rules"] == [
        {"proto": "tcp", "ports": ["179"], "group_id": ["sg-a"], "rule_desc": "Calico"},
        {"proto": "4", "group_id": ["sg-a"], "rule_desc": "Calico"},
    ]


def test_an_unknown_group_is_refused() -> None:
    with pytest.raises(CalicoError, match="no security group sg-x"):
        _aws.group_rules(["sg-x"], [], ADDRESSES, True, HERE)


def test_rules_come_before_packets() -> None:
    machines = _aws.machines([ONE], [face(1, "10.0.0.1", "i-1", checked=True)], HERE)
    plan = _aws.plan(machines, ["sg-a"], [group("a")], True, HERE)
    assert [step.module for step in plan.steps] == ["amazon.aws.ec2_security_group", "amazon.aws.ec2_eni"]
    assert plan.instances == [
        {"node": "10.0.0.1", "address": "10.0.0.1", "instance": "i-1", "interfaces": ["eni-1"], "can_ip_forward": None}
    ]
    assert plan.between == ["sg-a"] and plan.notes == []
