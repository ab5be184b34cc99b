# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What preflight says of networks, policies and further documents, and of what containers use, by what the datastore holds."""

from __future__ import annotations

import pytest

from ansible_collections.dcos.calico.plugins.plugin_utils import _findings, _preflight

ALL = _findings.ALL


def validate(hosts=None, **desired):
    """[(check, text)] of failures and of warnings; hosts: {name: {file name: network}}, all of type calico."""
    found = {}
    for name, files in (hosts or {}).items():
        items = [
            {
                "file": file_name,
                "name": network,
                "type": "calico",
                "kind": "network",
                "reason": None,
                "duplicate_of": None,
            }
            for file_name, network in files.items()
        ]
        found[name] = {
            "info": {
                "dcos": {"version": "1.13.9", "role": "private"},
                "node": {"ip": "10.0.0.1", "address": "10.0.0.1/24"},
                "cni": {"dir": "/cni", "files": items},
                "subnets": [{"interface": "eth0", "address": "10.0.0.1", "prefix": 24, "network": "10.0.0.0/24"}],
                "docker": {"present": True, "running": True, "version": "18.09.9"},
                "kernel": {"xt_set": "active", "ip_set": "active", "nf_conntrack": "active", "ip6_tables": "active"},
            }
        }
    expectations = dict(
        {
            "release": "2.6.6",
            "min_private_agents": 0,
            "pools": [{"cidr": "192.168.0.0/16"}],
            "networks": [{"name": "calico"}],
        },
        **desired,
    )
    verdict = _preflight.validate(found, expectations)
    failures, warnings = verdict.failures, verdict.warnings
    assert all(finding.host == ALL and finding.remedy for finding in failures + warnings)
    return [
        [
            (finding.check, " ".join(getattr(finding, key) or "" for key in ("what", "why", "remedy")))
            for finding in kind
        ]
        for kind in (failures, warnings)
    ]


def policy(name="p", **spec):
    return {"apiVersion": "v1", "kind": "policy", "metadata": {"name": name}, "spec": spec}


def ingress(**rule):
    return policy(ingress=[dict({"action": "allow"}, **rule)])


BAD_DOCUMENTS = [
    (policy(selector="role = database"), "not a selector"),
    (policy(selector="role == database"), "not a selector"),
    (policy(selector="has(role"), "not a selector"),
    (ingress(source={"selector": "role in {db}"}), "ingress[0].source.selector"),
    (ingress(protocol="tcp", destination={"ports": [0]}), "from 1 to 65535"),
    (ingress(protocol="tcp", destination={"ports": [65536]}), "from 1 to 65535"),
    (ingress(protocol="tcp", destination={"ports": ["90:80"]}), "from 1 to 65535"),
    (ingress(protocol="tcp", destination={"ports": ["http"]}), "ports[0] cannot be http"),
    (ingress(protocol="tcp", destination={"ports": 80}), "it is not a list"),
    (ingress(destination={"ports": [80]}), "ports of a protocol that has none"),
    (ingress(protocol="icmp", destination={"ports": [80]}), "ports of a protocol that has none"),
    (ingress(protocol="http"), "Choose tcp or udp"),
    (ingress(source={"nets": ["10.0.0.0/33"]}), "prefix length"),
    (ingress(source={"net": "10.0.0.0/8", "nets": ["10.0.0.0/8"]}), "both net and nets"),
    (ingress(source={"namespaceSelector": "all()"}), "belong to Calico 3"),
    (policy(ingress=[{"action": "Allow"}]), "Choose allow or deny"),
    (policy(ingress=[{"protocol": "tcp"}]), "has no action"),
    (policy(types=["Ingress"]), "Choose ingress or egress"),
    (policy(name="my policy"), "letters"),
    (policy(order="last"), "not a number"),
    ({"apiVersion": "projectcalico.org/v3", "kind": "GlobalNetworkPolicy", "metadata": {"name": "p"}}, "for Calico 3"),
    ({"kind": "ipPool", "metadata": {"cidr": "10.1.0.0/16"}}, "calico_ip_pools"),
    (
        {"kind": "bgpPeer", "metadata": {"scope": "global", "peerIP": "10.0.0.1"}, "spec": {"asNumber": "x"}},
        "AS number",
    ),
    ({"kind": "hostEndpoint", "metadata": {"name": "eth0", "node": "n"}}, "neither interfaceName nor"),
    ({"kind": "workloadEndpoint", "metadata": {"name": "x"}}, "CNI plugin"),
    ({"kind": "policy", "metadata": {}, "state": "absent"}, "has no name"),
    (dict(policy(), specs={}), "has no field specs"),
    (dict(policy(), state="gone"), "the state of policy p cannot be gone"),
]


@pytest.mark.parametrize("document, said", BAD_DOCUMENTS, ids=[row[1] for row in BAD_DOCUMENTS])
def test_documents_that_cannot_be_right(document, said):
    failures, warnings = validate(documents=[policy("good", selector="role == 'db'"), document])
    assert [check for check, _text in failures] == ["document"] and said in failures[0][1] and warnings == []


def test_good_documents():
    documents = [
        ingress(
            protocol="tcp",
            source={"selector": "role in {'web', 'api'} && !has(test)"},
            destination={"ports": [80, "443", "8000:8080"]},
        ),
        {"kind": "policy", "metadata": {"name": "old"}, "state": "absent"},
        {"kind": "bgpPeer", "metadata": {"scope": "global", "peerIP": "10.0.0.1"}, "spec": {"asNumber": "64567"}},
    ]
    assert validate(documents=documents) == [[], []]
    assert [text for _check, text in validate(documents=documents + [policy()])[0]] == [
        "policy p is listed twice  Keep one of the two"
    ]


BAD_NETWORKS = [
    ([{"name": "a b"}], "network_name", "refused by CNI"),
    ([{"name": "a/b"}], "network_name", "refused by CNI"),
    ([{"name": ".."}], "network_name", "refused by CNI"),
    ([{"name": "a"}, {"name": "a", "file": "b.cni"}], "network_name", "listed twice"),
    (
        [{"name": "a"}, {"name": "b", "file": "a.cni"}],
        "network_name",
        "the networks a and b are required in one file, a.cni",
    ),
    ([{"name": "a", "ipv4_pools": ["10.1.0.0/16"]}], "network_pool", "not in calico_ip_pools"),
    ([{"name": "a", "ipv4_pools": ["10.2.0.0/16"]}], "network_pool", "which is disabled"),
    ([{"name": "a", "ipv4_pools": ["10.3.0.0/16"]}], "network_pool", "not in calico_ip_pools"),
    ([{"name": "a", "ipv4_pools": ["nonsense"]}], "network_pool", "There are: 10.2.0.0/16, 192.168.0.0/16"),
]
POOLS = [
    {"cidr": "192.168.0.0/16"},
    {"cidr": "10.2.0.0/16", "disabled": True},
    {"cidr": "10.3.0.0/16", "state": "absent"},
]


@pytest.mark.parametrize("networks, check, said", BAD_NETWORKS)
def test_networks_that_cannot_be(networks, check, said):
    failures, _warnings = validate(networks=networks, pools=POOLS)
    assert [name for name, _text in failures] == [check] and said in failures[0][1]


def test_good_networks():
    networks = [
        {"name": "calico"},
        {"name": "db", "ipv4_pools": ["192.168.0.0/16"]},
        {"name": "old", "state": "absent", "ipv4_pools": ["10.9.0.0/16"]},
    ]
    assert validate(networks=networks, pools=POOLS) == [[], []]


def pool(cidr, **spec):
    return {"kind": "ipPool", "metadata": {"cidr": cidr}, "spec": spec}


def datastore(*pools):
    workload = {
        "metadata": {"node": "n1", "workload": "c1"},
        "spec": {"ipNetworks": ["192.168.72.9/32"], "profiles": ["calico"]},
    }
    return {"ipPool": list(pools), "workloadEndpoint": [workload]}


KNOWN = datastore(pool("192.168.0.0/16"))
GONE = [{"cidr": "192.168.0.0/16", "state": "absent"}, {"cidr": "10.1.0.0/16"}]
IN_USE = [
    (
        {"pools": GONE},
        "pool_in_use",
        [
            "192.168.0.0/16",
            "these have addresses of it: 192.168.72.9 (container c1 on node n1) Leave out",
            "set disabled",
        ],
    ),
    (
        {"pools": GONE[1:], "unlisted_pools": "delete"},
        "pool_in_use",
        ["192.168.72.9", "Set calico_ip_pools_unlisted to disable"],
    ),
    (
        {"pools": [{"cidr": "192.168.0.0/17"}]},
        "pool_overlap",
        ["the pool 192.168.0.0/17 overlaps the pool 192.168.0.0/16 in the datastore"],
    ),
    (
        {"networks": [{"name": "calico", "state": "absent"}]},
        "network_in_use",
        ["the network calico is in use", "container c1", "another network first"],
    ),
]


@pytest.mark.parametrize("desired, check, words", IN_USE)
def test_what_is_in_use_stays(desired, check, words):
    failures, _warnings = validate(datastore=KNOWN, **desired)
    assert [name for name, _text in failures] == [check] and [
        word for word in words if word not in failures[0][1]
    ] == []
    assert validate(**desired)[0] == [], "a datastore that could not be asked"
    assert validate(
        datastore=dict(KNOWN, ipPool=KNOWN["ipPool"] if check == "pool_overlap" else [], workloadEndpoint=[]), **desired
    )[0] == (failures if check == "pool_overlap" else [])


def test_a_network_is_not_renamed_under_its_containers():
    renamed = [{"name": "prod", "file": "calico.cni"}]
    hosts = {"agent1": {"calico.cni": "prod"}, "agent2": {"calico.cni": "calico", "other.cni": "other"}}
    failures, _warnings = validate(hosts={"agent2": hosts["agent2"]}, datastore=KNOWN, networks=renamed)
    assert [check for check, _text in failures] == ["network_in_use"]
    assert (
        "calico.cni is to be the file of network prod: leave calico in calico_networks and add prod with a file of its own"
        in failures[0][1]
    )
    assert validate(hosts={"agent1": hosts["agent1"]}, datastore=KNOWN, networks=renamed)[0] == []
    assert (
        validate(hosts={"agent2": hosts["agent2"]}, datastore=dict(KNOWN, workloadEndpoint=[]), networks=renamed)[0]
        == []
    )
    beside = [{"name": "calico"}, {"name": "prod"}]
    assert validate(hosts={"agent2": hosts["agent2"]}, datastore=KNOWN, networks=beside)[0] == []


def test_a_pool_that_may_go_or_stay():
    unused = dict(KNOWN, workloadEndpoint=[])
    assert validate(datastore=unused, pools=GONE) == [[], []]
    assert validate(
        datastore=unused, pools=[{"cidr": "192.168.0.0/17"}, {"cidr": "192.168.0.0/16", "state": "absent"}]
    ) == [[], []]
    assert validate(datastore=KNOWN, pools=[{"cidr": "192.168.0.0/16", "disabled": True}, {"cidr": "10.1.0.0/16"}]) == [
        [],
        [],
    ]
    for unlisted in ("disable", "delete"):
        assert validate(datastore=unused, pools=GONE[1:], unlisted_pools=unlisted) == [[], []]


def test_a_pool_that_is_left_over_is_told():
    there = datastore(pool("192.168.0.0/16"), pool("10.7.0.0/16", disabled=True), pool("fd80::/64"), pool("corrupt"))
    failures, warnings = validate(datastore=there, pools=GONE[1:])
    assert failures == [] and [check for check, _text in warnings] == ["pool"]
    assert (
        "the pool 192.168.0.0/16 is in the datastore and not in calico_ip_pools containers get addresses of it too"
        in warnings[0][1]
    )


def test_a_pool_that_goes_needs_to_be_no_good_one():
    assert validate(pools=[{"cidr": "192.168.0.0/16"}, {"cidr": "9.0.0.0/8", "state": "absent", "ipip": "always"}]) == [
        [],
        [],
    ]


def node(name, address):
    return {"kind": "node", "metadata": {"name": name}, "spec": {"bgp": {"ipv4Address": address}} if address else {}}


def test_nodes_that_are_not_at_hand_have_networks_too():
    known = dict(
        datastore(),
        node=[
            node("n1", "192.168.7.1/24"),
            node("n2", "192.168.7.2/24"),
            node("n3", "10.0.0.9/24"),
            node("ghost", None),
        ],
    )
    failures, _warnings = validate(datastore=known)
    assert [check for check, _text in failures] == ["pool_overlap"]
    assert "the pool 192.168.0.0/16 overlaps 192.168.7.0/24 of node n1, n2" in failures[0][1]
    assert (
        validate(datastore=known, pools=[{"cidr": "10.1.0.0/16"}, {"cidr": "192.168.0.0/16", "state": "absent"}])[0]
        == []
    )
    at_hand = validate(hosts={"agent1": {}}, datastore=known, pools=[{"cidr": "10.0.0.0/16"}])[0]
    assert len(at_hand) == 1 and "eth0 on agent1" in at_hand[0][1], "said once"


@pytest.mark.parametrize("pools", [[], [{"cidr": "10.1.0.0/16", "state": "absent"}]])
def test_not_all_pools_are_taken_out_of_use(pools):
    assert [validate(pools=pools, unlisted_pools=unlisted)[0][0][0] for unlisted in ("delete", "disable")] == [
        "variable",
        "variable",
    ]
    assert validate(pools=pools) == [[], []]


FORBIDDEN = [
    {"cidr": "192.168.9.0/24", "name": "the lab"},
    {"cidr": "10.0.0.0/8"},
    {"cidr": "11.2.0.0/16", "name": "VIPs again"},
]


@pytest.mark.parametrize(
    "cidr, said",
    [
        ("192.168.0.0/16", ["the pool 192.168.0.0/16 overlaps 192.168.9.0/24 of the lab"]),
        ("10.5.0.0/16", ["the pool 10.5.0.0/16 overlaps 10.0.0.0/8 of calico_forbidden_cidrs"]),
        ("11.2.0.0/16", ["the pool 11.2.0.0/16 overlaps 11.0.0.0/8 of the virtual addresses (VIP) of DC/OS"]),
        ("172.30.0.0/16", []),
    ],
)
def test_networks_of_others(cidr, said):
    failures, _warnings = validate(pools=[{"cidr": cidr}], forbidden_cidrs=FORBIDDEN)
    assert [check for check, _text in failures] == ["pool_overlap"] * len(said) and all(
        words in failures[0][1] for words in said
    )
    assert "is not a network" in validate(forbidden_cidrs=[{"cidr": "lab"}])[0][0][1]
