"""AWS as moto plays it: every interface of every node, and only the rules that are missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aws import REGION, Aws
from cluster import ADDRESSES, Cluster, message, said

SLOW = pytest.mark.slow
GIVEN: dict[str, Any] = {"calico_public_cloud_provider": "aws"}


@pytest.fixture
def agents(aws: Aws) -> str:
    """The security group of three agents, two of which have more than one interface; beside them an instance that is none of the cluster's."""
    group = aws.group("agents")
    for number, address in enumerate(ADDRESSES, 1):
        aws.instance(address, [group], interfaces=number)
    aws.instance("10.0.0.200", [group])
    return group


def others(aws: Aws) -> set[str]:
    """Interfaces that must be left alone."""
    found = aws.ec2.describe_network_interfaces(Filters=[{"Name": "private-ip-address", "Values": ["10.0.0.200"]}])
    return {face["NetworkInterfaceId"] for face in found["NetworkInterfaces"]}


def test_check_run_and_run_again(cluster: Cluster, aws: Aws, agents: str) -> None:
    """Six interfaces, one group; a rule of somebody else stays."""
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "203.0.113.0/24"}]}
    aws.ec2.authorize_security_group_ingress(GroupId=agents, IpPermissions=[rule])
    predicted = cluster.run("--check", "--diff", env=aws.env, **GIVEN).require()
    assert set(aws.checks().values()) == {True} and aws.rules(agents) == {("tcp", 22, "203.0.113.0/24")}
    done = cluster.run("--diff", env=aws.env, **GIVEN).require()
    assert predicted.predictions() == done.predictions() and sorted(predicted.changed()) == sorted(done.changed())
    kept = others(aws)
    assert {face for face, checked in aws.checks().items() if checked} == kept and len(aws.checks()) == 7
    assert aws.rules(agents) == {("tcp", 22, "203.0.113.0/24"), ("tcp", 179, agents), ("4", None, agents)}
    for words in (
        f"rules of {agents} (agents)",
        f"from {agents}: IP-in-IP of Calico (protocol 4)",
        '"source_dest_check": true',
        "node 10.0.1.13",
    ):
        assert words in said(done), words
    again = cluster.run("--diff", env=aws.env, **GIVEN).require()
    assert again.changed() == [] and "Changed in the cloud" not in said(again)


@SLOW
def test_drift_of_one_interface_is_mended_alone(cluster: Cluster, aws: Aws, agents: str) -> None:
    """As an autoscaled or rebuilt instance comes up."""
    cluster.run(env=aws.env, **GIVEN).require()
    face = sorted(face for face, checked in aws.checks().items() if not checked)[0]
    aws.ec2.modify_network_interface_attribute(NetworkInterfaceId=face, SourceDestCheck={"Value": True})
    run = cluster.run("--diff", env=aws.env, **GIVEN).require()
    assert [name for _host, name in run.predictions()] and all(face in name for _host, name in run.predictions())
    assert not aws.checks()[face]


@SLOW
def test_as_few_groups_as_cover_all_nodes_let_each_other_in(cluster: Cluster, aws: Aws) -> None:
    """Two groups and one that some have beside; what lets all protocols in already needs nothing."""
    private, public, admin = aws.group("private"), aws.group("public"), aws.group("admin")
    aws.instance(ADDRESSES[0], [admin, private])
    aws.instance(ADDRESSES[1], [private])
    aws.instance(ADDRESSES[2], [public])
    everything = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": private}]}
    aws.ec2.authorize_security_group_ingress(GroupId=private, IpPermissions=[everything])
    cluster.run(env=aws.env, **GIVEN).require()
    assert aws.rules(admin) == set()
    assert aws.rules(private) == {("-1", None, private), ("tcp", 179, public), ("4", None, public)}
    assert aws.rules(public) == {
        (protocol, port, source) for protocol, port in (("tcp", 179), ("4", None)) for source in (private, public)
    }
    assert cluster.run(env=aws.env, **GIVEN).require().changed() == []


@SLOW
def test_groups_that_are_given_are_the_ones(cluster: Cluster, aws: Aws) -> None:
    private, admin = aws.group("private"), aws.group("admin")
    for address in ADDRESSES:
        aws.instance(address, [admin, private])
    cluster.run(env=aws.env, calico_public_cloud_aws_security_groups=[admin], **GIVEN).require()
    assert aws.rules(private) == set() and ("4", None, admin) in aws.rules(admin)
    strange = aws.group("strange")
    words = message(cluster.run(env=aws.env, calico_public_cloud_aws_security_groups=[strange], **GIVEN))
    assert f"none of the security groups {strange}" in words and "10.0.0.11" in words


@SLOW
def test_without_ip_in_ip_only_bgp_is_let_in(cluster: Cluster, aws: Aws, agents: str) -> None:
    run = cluster.run(env=aws.env, calico_ip_pools=[{"cidr": "192.168.0.0/16", "ipip": "off"}], **GIVEN).require()
    assert aws.rules(agents) == {("tcp", 179, agents)} and "has no IP-in-IP" in said(run)
    assert {face for face, checked in aws.checks().items() if checked} == others(aws)


def test_an_agent_that_is_no_instance_is_named_and_nothing_is_changed(cluster: Cluster, aws: Aws) -> None:
    group = aws.group("agents")
    for address in ADDRESSES[:2]:
        aws.instance(address, [group])
    words = message(cluster.run(env=aws.env, **GIVEN))
    assert (
        f"No EC2 instance in {REGION} has the address of these nodes: 10.0.1.13: 2 of 3 were found" in words
        and "aws_vpc_id" not in words
    )
    assert (
        set(aws.checks().values()) == {True}
        and aws.rules(group) == set()
        and "ipPool" not in cluster.store["documents"]
    )


@SLOW
def test_the_same_addresses_in_two_networks_need_the_vpc(cluster: Cluster, aws: Aws, agents: str) -> None:
    vpc, subnets = aws.make_vpc()
    double = aws.instance(ADDRESSES[0], [aws.group("other", vpc)], subnets=subnets)
    words = message(cluster.run(env=aws.env, **GIVEN))
    assert double in words and vpc in words and "calico_public_cloud_aws_vpc_id" in words
    cluster.run(env=aws.env, calico_public_cloud_aws_vpc_id=aws.vpc, **GIVEN).require()
    faces = aws.ec2.describe_network_interfaces(Filters=[{"Name": "attachment.instance-id", "Values": [double]}])[
        "NetworkInterfaces"
    ]
    assert all(face["SourceDestCheck"] for face in faces)


@SLOW
def test_a_refusal_of_aws_is_told_with_the_module_and_no_pool_is_touched(
    cluster: Cluster, aws: Aws, agents: str
) -> None:
    """No instance is in the other region, whose API is the same here; a profile that is not there is refused before that."""
    words = message(cluster.run(env=aws.env, calico_public_cloud_aws_region="eu-west-1", **GIVEN))
    assert "No EC2 instance in eu-west-1" in words
    words = message(cluster.run(env=aws.env, calico_public_cloud_aws_profile="nobody", **GIVEN))
    assert "Nothing was touched" in words and "nobody" in words and "calico_public_cloud_aws_profile" in words
    words = message(cluster.run(env=aws.env | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, **GIVEN))
    assert "amazon.aws.ec2_eni_info failed" in words and "credentials" in words
    assert "ipPool" not in cluster.store["documents"]


@SLOW
def test_without_the_collection_or_the_library_nothing_is_begun(cluster: Cluster, tmp_path: Path) -> None:
    """As on a controller with ansible-core alone."""
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "boto3.py").write_text("raise ImportError('No module named boto3')\n")
    words = message(
        cluster.run(
            env={
                "PYTHONPATH": str(hidden),
                "AWS_REGION": REGION,
                "AWS_ACCESS_KEY_ID": "x",
                "AWS_SECRET_ACCESS_KEY": "x",
            },
            **GIVEN,
        )
    )
    assert "Nothing was touched" in words and "has no boto3" in words and "pip" in words
    words = message(cluster.run_with_core_alone(**GIVEN))
    assert (
        "the collection amazon.aws is not installed" in words
        and "ansible-galaxy collection install amazon.aws" in words
    )
    cluster.run_with_core_alone(calico_public_cloud_manage=False, **GIVEN).require()
