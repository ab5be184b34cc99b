"""network_probe on real network namespaces: packets, routes and MTUs are the kernel's; calicoctl is a double."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import uuid

import pytest
import yaml

from ansible_collections.dcos.calico.plugins.modules import network_probe

from ...support import returns
from ...support.real_network import real_network  # noqa: F401 pylint: disable=unused-import

SERVER = os.path.join(os.path.dirname(__file__), "..", "..", "..", "..", "plugins", "plugin_utils", "_verify_plan.py")
ADDRESSES = ("192.168.0.5", "192.168.0.6")
# A container is known by the environment of its processes, of which another copy of these tests may run some, too.
RUN = "r%s" % uuid.uuid4().hex[:8]
# A calicoctl whose policies hold at once: what it applies is dropped by the host's kernel.
ENFORCING = """#!/bin/sh
%(calicoctl)s "$@" < /dev/stdin || exit 1
case "$1" in
  apply) nsenter --net=/proc/%(pid)d/ns/net iptables -A FORWARD -p tcp --dport 17008 -j DROP;;
  delete) nsenter --net=/proc/%(pid)d/ns/net iptables -D FORWARD -p tcp --dport 17008 -j DROP;;
esac
"""


def server():
    """The program of the containers, as the controller's file has it, which Python 2.7 cannot import."""
    with open(SERVER) as handle:
        return handle.read().partition('SERVER = """\\\n')[2].partition('"""')[0]


def app(number):
    return "/dcos-calico-verify/%s/a10-0-0-%d-0" % (RUN, number)


def container(number, **more):
    return dict({"app": app(number), "agent": "10.0.0.%d" % number, "network": "calico", "address": ADDRESSES[number - 1]}, **more)


def attach(network, number, mtu=1500):
    environment = {"CALICO_VERIFY_APP": app(number), "CALICO_VERIFY_PORTS": "17007,17008"}
    return network.attach(str(number), ADDRESSES[number - 1], server(), environment, mtu)


@pytest.fixture
def probe(real_network, calicoctl, tmpdir):  # noqa: F811 pylint: disable=redefined-outer-name
    """probe(**args): the module on the host of agent 10.0.0.1."""
    tmpdir.join("detect_ip").write("#!/bin/sh\necho 10.0.0.1\n")
    tmpdir.join("detect_ip").chmod(0o755)
    tmpdir.join("calico.cni").write(json.dumps({"name": "calico", "type": "calico", "nodename": "n1"}))

    def run(**args):
        given = {"run": RUN, "containers": [container(1), container(2)], "wait": 2, "dns_wait": 0, "policy": False}
        given.update(calicoctl.options, detect_ip=str(tmpdir.join("detect_ip")), cni_dir=str(tmpdir))
        result = real_network.module("network_probe", dict(given, **args))
        assert not result.get("failed"), result
        assert returns.faults_of_result(yaml.safe_load(network_probe.RETURN), dict((k, v) for k, v in result.items() if k != "invocation"), {}) == []
        return result

    return run


def test_what_two_containers_see_of_each_other(probe, real_network, calicoctl):  # noqa: F811 pylint: disable=redefined-outer-name
    attach(real_network, 1)
    attach(real_network, 2)
    workload = {"apiVersion": "v1", "kind": "workloadEndpoint", "spec": {"ipNetworks": ["192.168.0.5/32"], "interfaceName": "cali1"},
                "metadata": {"name": "eth0", "node": "n1", "orchestrator": "cni", "workload": "x", "labels": {"dcos-calico-verify": RUN}}}
    calicoctl.hold(workload, dict(workload, metadata=dict(workload["metadata"], node="n2")))
    result = probe(outside=["169.254.1.1:1", "192.168.0.6:17007"])
    assert result["agent"] == "10.0.0.1" and not result["changed"] and len(result["containers"]) == 2
    one = result["containers"][0]
    assert one["interface"] == {"name": "eth0", "address": "192.168.0.5", "mtu": 1500, "gateway": "169.254.1.1"} and one["problem"] is None
    peer = one["peers"][0]
    assert (peer["agent"], peer["address"], peer["tcp"]["error"], peer["udp"]["error"]) == ("10.0.0.2", "192.168.0.6", None, None)
    assert peer["large"] == {"bulk": None, "datagram": None, "path_mtu": 1500}
    assert one["host"]["interface"] == "cali1" and one["host"]["answers"] is None and one["host"]["rp_filter"]["interface"] == 1
    assert one["node"] == "n1" and one["endpoint"]["interface"] == "cali1" and one["endpoint"]["labels"] == {"dcos-calico-verify": RUN}
    assert [(way["target"], way["error"]) for way in one["outside"]] == [("169.254.1.1:1", "refused"), ("192.168.0.6:17007", None)]
    assert one["outside"][1]["source"].startswith("192.168.0.5:") and one["policy"] is None


def test_what_is_wrong_on_the_way(probe, real_network):  # noqa: F811 pylint: disable=redefined-outer-name
    attach(real_network, 1)
    attach(real_network, 2)
    real_network.inside(real_network.host, "ip", "route", "del", "192.168.0.6/32", "dev", "cali2")
    real_network.write(real_network.host, "/proc/sys/net/ipv4/conf/cali1/rp_filter", "2")
    one, two = probe()["containers"]
    assert one["peers"][0]["tcp"]["error"] in ("timeout", "unreachable") and one["peers"][0]["large"] is None
    assert one["peers"][0]["way"] == {"route": None, "agent_answers": False} and one["host"]["rp_filter"]["interface"] == 2
    assert two["host"]["interface"] is None and two["host"]["route"] is None and two["peers"][0]["tcp"]["error"] == "timeout"


def test_an_mtu_that_the_way_does_not_have(probe, real_network):  # noqa: F811 pylint: disable=redefined-outer-name
    """The first one's interface promises more than that of the second takes."""
    attach(real_network, 1)
    attach(real_network, 2, mtu=1400)
    one, two = probe()["containers"]
    assert one["peers"][0]["large"] == {"bulk": None, "datagram": "too_large", "path_mtu": 1400}
    assert two["peers"][0]["large"] == {"bulk": None, "datagram": None, "path_mtu": 1400}


def test_containers_that_cannot_be_measured(probe, real_network):  # noqa: F811 pylint: disable=redefined-outer-name
    result = probe(containers=[container(1), container(2)])
    assert [one["problem"] for one in result["containers"]] == ["No process of its container is found on this host"]
    process = real_network._namespace({"CALICO_VERIFY_APP": app(1)})
    real_network.inside(process, "ip", "link", "set", "lo", "up")
    one = probe(containers=[container(1)])["containers"][0]
    assert one["problem"] is None and one["interface"] is None and one["peers"] == []


def test_a_policy_is_tried_with_packets_and_removed(probe, real_network, calicoctl, tmpdir):  # noqa: F811 pylint: disable=redefined-outer-name
    try:
        real_network.inside(real_network.host, "iptables", "-L", "-n")
    except OSError as error:
        pytest.skip(str(error))
    attach(real_network, 1)
    attach(real_network, 2)
    closed = probe(policy=True, containers=[container(1), container(2)])["containers"][0]["policy"]
    assert closed == {"partner": "10.0.0.2", "before": None, "denied": None, "allowed": None, "after": None, "error": None}, "nobody enforces it"
    tmpdir.join("enforcing").write(ENFORCING % {"calicoctl": calicoctl.options["calicoctl"], "pid": real_network.host.pid})
    tmpdir.join("enforcing").chmod(0o755)
    one = probe(policy=True, calicoctl=str(tmpdir.join("enforcing")))["containers"][0]["policy"]
    assert one == {"partner": "10.0.0.2", "before": None, "denied": "timeout", "allowed": None, "after": None, "error": None}
    assert calicoctl.documents("policy") == {}
