"""The stand-in of libnetwork-plugin 1.1.2 against what the plugin's source and its own tests say; nothing of the real one was recorded.

Refusals and keys are those of its tests/default_environment/libnetwork_test.go; what Docker makes of the answers, tests/system sees.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.config import STANDINS, patience
from harness.etcd_server import EtcdServer
from harness.host import Host

_SOCKETS = "/run/docker/plugins"
_NODE = "10.99.0.11"
_ENDPOINT = "8f" * 32
_OTHER = "9e" * 32
_INTERFACE = f"cali{_ENDPOINT[:11]}"
# All that the plugin asks of Docker: the name of a network.
_DOCKER = """
import http.server, json, os, socketserver
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        found = self.path == "/networks/n1"
        body = json.dumps({"Name": "calico"} if found else {"message": "network n2 not found"}).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def address_string(self):
        return ""
os.makedirs("/run", exist_ok=True)
socketserver.ThreadingUnixStreamServer("/run/docker.sock", Handler).serve_forever()
"""
# Docker's side of a question.
_CLIENT = """
import http.client, json, socket, sys
connection = http.client.HTTPConnection("localhost", timeout=30)
connection.sock = socket.socket(socket.AF_UNIX)
connection.sock.connect(sys.argv[1])
connection.request("POST", sys.argv[2], sys.stdin.read())
answer = connection.getresponse()
print(json.dumps([answer.status, json.loads(answer.read())]))
"""


class Plugin:
    """The stand-in on a host of its own, with a real etcd."""

    def __init__(self, host: Host, etcd: EtcdServer) -> None:
        self.host = host
        self.etcd = etcd

    def ask(self, method: str, **request: object) -> tuple[int, Any]:
        """(status, document) of a question of Docker's."""
        driver = "calico-ipam" if method.startswith("Ipam") else "calico"
        done = self.host.run(
            [sys.executable, "-c", _CLIENT, f"{_SOCKETS}/{driver}.sock", f"/{method}"], stdin=json.dumps(request)
        )
        assert done.exit_code == 0, done.stderr
        status, document = json.loads(done.stdout)
        return status, document

    def answer(self, method: str, **request: object) -> Any:
        status, document = self.ask(method, **request)
        assert status == 200, document
        return document

    def refusal(self, method: str, **request: object) -> str:
        status, document = self.ask(method, **request)
        assert status == 500, document
        return str(document["Err"])

    def values(self, below: str) -> dict[str, str]:
        """Keys of etcd below a path."""
        return {key: value for key, value in self.etcd.tree()[0].items() if key.startswith(below)}


def _join(plugin: Plugin, endpoint: str) -> Any:
    """Joins until the kernel has given the interface its address in time: the real plugin, too, looks for it once (netns.go, GetLinkLocalAddr)."""
    deadline = time.monotonic() + patience(15)
    while True:
        joined = plugin.answer("NetworkDriver.Join", NetworkID="n1", EndpointID=endpoint, SandboxKey="/x")
        if joined["GatewayIPv6"] or time.monotonic() > deadline:
            return joined
        plugin.answer("NetworkDriver.Leave", NetworkID="n1", EndpointID=endpoint)


def _route(destination: str) -> dict[str, Any]:
    return {"Destination": destination, "RouteType": 1, "NextHop": ""}


@pytest.fixture(scope="module")
def plugin(etcd_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plugin]:
    folder = tmp_path_factory.mktemp("libnetwork")
    host = Host("agent1", folder)
    try:
        etcd = EtcdServer(host, etcd_binary, folder / "etcd")
        etcd.start()
        etcd.put("/calico/v1/ipam/v4/pool/192.168.0.0-16", json.dumps({"cidr": "192.168.0.0/16"}))
        host.start([sys.executable, "-c", _DOCKER], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        env = {
            "PYTHONPATH": str(STANDINS),
            "ETCD_ENDPOINTS": "http://127.0.0.1:2379",
            "NODENAME": "10.99.0.12",
            "HOSTNAME": _NODE,
        }
        host.start(
            [sys.executable, "-m", "calico_standin.node.libnetwork"],
            env,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + patience(15)
        while host.run(["test", "-S", f"{_SOCKETS}/calico-ipam.sock", "-a", "-S", "/run/docker.sock"]).exit_code != 0:
            assert time.monotonic() < deadline, "the plugin does not listen"
            time.sleep(0.05)
        yield Plugin(host, etcd)
    finally:
        host.close()


def test_who_it_is(plugin: Plugin) -> None:
    assert plugin.answer("Plugin.Activate") == {"Implements": ["NetworkDriver"]}
    assert plugin.answer("NetworkDriver.GetCapabilities")["Scope"] == "global"
    assert (
        plugin.answer("IpamDriver.GetDefaultAddressSpaces")["GlobalDefaultAddressSpace"] == "CalicoGlobalAddressSpace"
    )
    assert "not played" in plugin.refusal("NetworkDriver._Nothing")


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"Pool": "192.168.0.0/24"}, "The requested subnet must match the CIDR of a configured Calico IP Pool."),
        (
            {"Pool": "192.168.0.0/16", "SubPool": "192.168.1.0/24"},
            "Calico IPAM does not support sub pool configuration",
        ),
        ({"Options": {"REJECT": ""}}, "Arbitrary options are not supported"),
    ],
)
def test_pools_that_it_refuses(plugin: Plugin, request_: dict[str, Any], words: str) -> None:
    assert words in plugin.refusal("IpamDriver.RequestPool", **request_)


def test_pools(plugin: Plugin) -> None:
    gateway = {"com.docker.network.gateway": "0.0.0.0/0"}
    assert plugin.answer("IpamDriver.RequestPool", Pool="") == {
        "PoolID": "CalicoPoolIPv4",
        "Pool": "0.0.0.0/0",
        "Data": gateway,
    }
    assert plugin.answer("IpamDriver.RequestPool", Pool="192.168.0.0/16") == {
        "PoolID": "192.168.0.0/16",
        "Pool": "192.168.0.0/16",
        "Data": gateway,
    }


@pytest.mark.parametrize(
    ("options", "gateway", "words"),
    [
        ({"com.docker.network.internal": True}, "0.0.0.0/0", "Calico driver does not support the flag --internal."),
        (
            {"com.docker.network.generic": {"REJECT": ""}},
            "0.0.0.0/0",
            "Calico driver does not support the flag REJECT.",
        ),
        (
            {"com.docker.network.generic": {"B": "", "A": ""}},
            "0.0.0.0/0",
            "Calico driver does not support the flags A, B.",
        ),
        ({}, "172.18.0.1/16", "Non-Calico IPAM driver is used"),
    ],
)
def test_networks_that_it_refuses(plugin: Plugin, options: dict[str, Any], gateway: str, words: str) -> None:
    assert words in plugin.refusal(
        "NetworkDriver.CreateNetwork", NetworkID="n1", Options=options, IPv4Data=[{"Gateway": gateway}]
    )


def test_a_container_comes_and_goes(plugin: Plugin) -> None:
    given = {"com.docker.network.enable_ipv6": False, "com.docker.network.generic": {}}
    assert (
        plugin.answer("NetworkDriver.CreateNetwork", NetworkID="n1", Options=given, IPv4Data=[{"Gateway": "0.0.0.0/0"}])
        == {}
    )
    address = plugin.answer("IpamDriver.RequestAddress", PoolID="CalicoPoolIPv4", Address="", Options={})["Address"]
    assert address.startswith("192.168.") and address.endswith("/32")
    made = plugin.answer(
        "NetworkDriver.CreateEndpoint", NetworkID="n1", EndpointID=_ENDPOINT, Interface={"Address": address}
    )
    assert made == {"Interface": {"MacAddress": "EE:EE:EE:EE:EE:EE"}}
    key = f"/calico/v1/host/{_NODE}/workload/libnetwork/libnetwork/endpoint/{_ENDPOINT}"
    assert json.loads(plugin.values("/calico/v1/host")[key]) == {
        "state": "active",
        "name": _INTERFACE,
        "active_instance_id": "",
        "mac": "ee:ee:ee:ee:ee:ee",
        "profile_ids": ["calico"],
        "ipv4_nets": [address],
        "ipv6_nets": [],
    }
    profile = {
        key.rsplit("/", 1)[1]: json.loads(value)
        for key, value in plugin.values("/calico/v1/policy/profile/calico").items()
    }
    rules = {"inbound_rules": [{"action": "allow", "src_tag": "calico"}], "outbound_rules": [{"action": "allow"}]}
    assert profile == {"tags": ["calico"], "labels": {}, "rules": rules}
    joined = _join(plugin, _ENDPOINT)
    assert (
        joined["InterfaceName"] == {"SrcName": f"temp{_ENDPOINT[:11]}", "DstPrefix": "cali"}
        and joined["Gateway"] == "169.254.1.1"
    )
    (local,) = re.findall(r"inet6 (fe80\S+)/64 scope link", plugin.host.check("ip", "-6", "addr", "show", _INTERFACE))
    assert joined["GatewayIPv6"] == local and joined["StaticRoutes"] == [
        _route("169.254.1.1/32"),
        _route(f"{local}/128"),
    ]
    assert "UP" in plugin.host.check("ip", "link", "show", _INTERFACE)
    plugin.answer("NetworkDriver.Leave", NetworkID="n1", EndpointID=_ENDPOINT)
    plugin.answer("NetworkDriver.DeleteEndpoint", NetworkID="n1", EndpointID=_ENDPOINT)
    plugin.answer("IpamDriver.ReleaseAddress", PoolID="192.168.0.0/16", Address=address.partition("/")[0])
    assert plugin.host.run(["ip", "link", "show", _INTERFACE]).exit_code != 0 and not plugin.values("/calico/v1/host")
    blocks = [json.loads(value) for value in plugin.values("/calico/ipam/v2/assignment").values()]
    assert {number for block in blocks for number in block["allocations"]} == {None}


def test_a_host_whose_new_interfaces_have_no_ipv6(plugin: Plugin) -> None:
    plugin.host.check("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6")
    try:
        joined = plugin.answer("NetworkDriver.Join", NetworkID="n1", EndpointID=_OTHER, SandboxKey="/x")
    finally:
        plugin.answer("NetworkDriver.Leave", NetworkID="n1", EndpointID=_OTHER)
        plugin.host.check("sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/default/disable_ipv6")
    assert joined["GatewayIPv6"] == "" and joined["StaticRoutes"] == [_route("169.254.1.1/32")]


def test_a_pool_of_its_own_gives_no_address(plugin: Plugin) -> None:
    """numIPv4 is not set for it in driver/ipam_driver.go of 1.1.2."""
    words = plugin.refusal("IpamDriver.RequestAddress", PoolID="192.168.0.0/16", Address="", Options={})
    assert words == "Unexpected number of assigned IP addresses. A single address should be assigned. Got []"


def test_a_given_address_and_a_gateway(plugin: Plugin) -> None:
    assert (
        plugin.answer("IpamDriver.RequestAddress", PoolID="192.168.0.0/16", Address="192.168.50.51")["Address"]
        == "192.168.50.51/32"
    )
    assert "not in a configured pool" in plugin.refusal(
        "IpamDriver.RequestAddress", PoolID="192.168.0.0/16", Address="10.1.1.1"
    )
    options = {"RequestAddressType": "com.docker.network.gateway"}
    words = plugin.refusal("IpamDriver.RequestAddress", PoolID="192.168.0.0/16", Address="192.168.0.1", Options=options)
    assert words == "Calico IPAM does not support specifying a gateway."


def test_docker_that_does_not_know_the_network(plugin: Plugin) -> None:
    words = plugin.refusal(
        "NetworkDriver.CreateEndpoint", NetworkID="n2", EndpointID=_ENDPOINT, Interface={"Address": "192.168.0.9/32"}
    )
    assert "Network n2 inspection error" in words
