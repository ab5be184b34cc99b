"""EC2 as moto plays it, on a loopback port of this process, with instances to find."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.server import ThreadedMotoServer

REGION = "eu-central-1"
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


@contextmanager
def ports_where_there_are_some() -> Iterator[None]:
    """moto wants ports of every protocol; EC2 only of those that have them."""
    original = SecurityGroupRule.__init__

    def init(
        self: Any, backend: Any, protocol: Any, group: Any, first: Any, last: Any, *args: Any, **more: Any
    ) -> None:
        original(self, backend, protocol, group, first or 0, last or 0, *args, **more)
        if first is None:
            self.from_port = self.to_port = None

    SecurityGroupRule.__init__ = init
    try:
        yield
    finally:
        SecurityGroupRule.__init__ = original


class Aws:
    """A VPC with two subnets; C(env) is what ansible-playbook needs to reach it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.env = {**KEYS, "AWS_ENDPOINT_URL": url, "AWS_REGION": REGION}
        self.ec2 = boto3.client(
            "ec2", region_name=REGION, endpoint_url=url, aws_access_key_id="testing", aws_secret_access_key="testing"
        )
        self.vpc, self.subnets = self.make_vpc()
        self._image = self.ec2.describe_images()["Images"][0]["ImageId"]

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[Aws]:
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        try:
            with ports_where_there_are_some():
                yield cls(f"http://{host}:{port}")
        finally:
            urllib.request.urlopen(
                urllib.request.Request(f"http://{host}:{port}/moto-api/reset", method="POST"), timeout=60
            ).close()
            server.stop()

    def make_vpc(self) -> tuple[str, dict[str, str]]:
        vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = {
            cidr: self.ec2.create_subnet(VpcId=vpc, CidrBlock=f"{cidr}0/24")["Subnet"]["SubnetId"]
            for cidr in ("10.0.0.", "10.0.1.")
        }
        return vpc, subnets

    def group(self, name: str, vpc: str | None = None) -> str:
        found: str = self.ec2.create_security_group(
            GroupName=name, Description=f"{name} of the cluster", VpcId=vpc or self.vpc
        )["GroupId"]
        return found

    def instance(
        self, address: str, groups: list[str], *, interfaces: int = 1, subnets: dict[str, str] | None = None
    ) -> str:
        """Start an instance that has an address, with further interfaces in the same subnet."""
        subnet = (subnets or self.subnets)[address.rpartition(".")[0] + "."]
        made = self.ec2.run_instances(
            ImageId=self._image,
            MinCount=1,
            MaxCount=1,
            SubnetId=subnet,
            PrivateIpAddress=address,
            SecurityGroupIds=groups,
            InstanceType="m5.large",
        )["Instances"][0]
        for index in range(1, interfaces):
            face = self.ec2.create_network_interface(SubnetId=subnet, Groups=groups)["NetworkInterface"][
                "NetworkInterfaceId"
            ]
            self.ec2.attach_network_interface(NetworkInterfaceId=face, InstanceId=made["InstanceId"], DeviceIndex=index)
        found: str = made["InstanceId"]
        return found

    def checks(self) -> dict[str, bool]:
        """Whether each interface has its source/destination check."""
        found = self.ec2.describe_network_interfaces()["NetworkInterfaces"]
        return {face["NetworkInterfaceId"]: face["SourceDestCheck"] for face in found}

    def rules(self, group: str) -> set[tuple[str, int | None, str]]:
        """(protocol, port, source) of each rule that lets something in."""
        permissions: list[dict[str, Any]] = self.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0][
            "IpPermissions"
        ]
        found = set()
        for item in permissions:
            sources = [pair["GroupId"] for pair in item["UserIdGroupPairs"]] + [
                entry["CidrIp"] for entry in item["IpRanges"]
            ]
            port = item.get("FromPort")
            found.update((item["IpProtocol"], None if port in (None, -1) else port, source) for source in sources)
        return found
