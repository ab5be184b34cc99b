"""Each thing that can be wrong, put into a cluster where nothing is, and nothing else is found."""

from __future__ import annotations


import copy

import pytest

from ansible_collections.dcos.calico.plugins.plugin_utils import _findings, _preflight


def host(number):
    ip = "10.0.0.%d" % number
    return {
        "dcos": {"version": "1.13.9", "role": "private", "own_calico": False, "overlays": None},
        "node": {"ip": ip, "address": ip + "/24", "error": None, "hostname": ip},
        "subnets": [
            {"interface": "eth0", "address": ip, "prefix": 24, "network": "10.0.0.0/24"},
            {"interface": "docker0", "address": "172.17.0.1", "prefix": 16, "network": "172.17.0.0/16"},
            {
                "interface": "d-dcos",
                "address": "9.0.%d.129" % number,
                "prefix": 25,
                "network": "9.0.%d.128/25" % number,
            },
            {"interface": "tunl0", "address": "192.168.7.64", "prefix": 32, "network": "192.168.7.64/32"},
        ],
        "os": {"kernel": "4.19.0-27-amd64"},
        "docker": {"present": True, "running": True, "version": "18.09.9", "iptables": True, "error": None},
        "ipv6": {"supported": True, "default_disabled": False},
        "kernel": {
            "xt_set": "active",
            "ip_set": "loadable",
            "nf_conntrack": "builtin",
            "ip6_tables": "active",
            "ipip": None,
        },
        "iptables": {"backend": "legacy", "forward": {"legacy": "DROP", "nft": None}},
        "cni": {
            "dir": "/cni",
            "files": [
                {"file": "dcos.cni", "name": "dcos", "kind": "network", "reason": None, "duplicate_of": None},
                {"file": "k8s.conflist", "name": "k8s", "kind": "conflist", "reason": None, "duplicate_of": None},
            ],
        },
        "calicoctl_cfg": {"path": "/etc/calico/calicoctl.cfg", "exists": False, "managed": False, "endpoints": []},
        "ports": {},
        "proxy": {"active": "inactive"},
        "calico_node": {"container": {"running": False}},
        "etcd": [
            {"endpoint": "http://10.0.0.100:2379", "healthy": True, "v2": True, "certificate": None, "error": None}
        ],
    }


class Cluster:
    def __init__(self):
        self.hosts = dict(
            ("agent%d" % number, {"info": host(number), "node_name": None, "node_ip": None}) for number in (1, 2, 3)
        )
        self.desired = {
            "release": "2.6.6",
            "pools": [{"cidr": "192.168.0.0/16", "ipip": "off"}],
            "networks": [{"name": "calico", "file": "calico.cni"}],
            "manifest_release": "2.6.6",
            "artifacts": [{"name": "calicoctl", "variable": "calico_calicoctl_sha256", "sha256": "aa"}],
            "felix_health_port": 62092,
            "metrics_port": 62091,
            "etcd": {"source": "existing", "proxy": False, "endpoints": ["http://10.0.0.100:2379"]},
        }

    @property
    def info(self):
        return self.hosts["agent2"]["info"]

    def validate(self, *ignored):
        before = copy.deepcopy((self.hosts, self.desired))
        verdict = _preflight.validate(self.hosts, self.desired, ignored)
        assert (self.hosts, self.desired) == before
        return verdict.failures, verdict.warnings


@pytest.fixture
def cluster():
    return Cluster()


def test_a_good_cluster(cluster):
    assert cluster.validate() == ([], [])


@pytest.mark.parametrize("part", ["docker", "subnets", "dcos", "ports", "etcd", "kernel", "cni"])
@pytest.mark.parametrize("said", ["x", 7, ["x"], [None], {"x": 1}])
def test_a_host_that_answers_in_another_shape_is_a_failure_and_the_others_are_validated(cluster, part, said):
    one, other = sorted(cluster.hosts)[:2]
    cluster.hosts[one]["info"][part] = said
    cluster.hosts[other]["info"]["docker"] = {"present": False}
    failures, _warnings = cluster.validate()
    assert ("docker", other) in [(found.check, found.host) for found in failures]
    assert [found.host for found in failures if found.host not in (one, other)] == []


def test_a_fault_that_is_no_host_s_is_not_taken_for_one(cluster):
    cluster.desired["pools"] = [7]
    with pytest.raises(AttributeError):
        cluster.validate()


def test_a_node_that_the_datastore_knows_by_another_name(cluster):
    nodes = [
        {"kind": "node", "metadata": {"name": name}, "spec": {"bgp": {"ipv4Address": address}}}
        for name, address in (("agent1", "10.0.0.1/32"), ("10.0.0.2", "10.0.0.2/24"), ("gone", "10.0.0.9/24"))
    ]
    cluster.desired["datastore"] = {"node": nodes}
    failures, _warnings = cluster.validate()
    assert [(found.host, found.check, found.what) for found in failures] == [
        ("agent1", "node_address", "The Calico node agent1 already uses the address 10.0.0.1/24 of 10.0.0.1")
    ]
    assert (
        "set calico_node_name to agent1" in failures[0].remedy and "calicoctl delete node agent1" in failures[0].remedy
    )


@pytest.mark.parametrize(
    ("env", "active", "name", "refused"),
    [
        ({"NODENAME": "agent1"}, "inactive", None, True),
        ({"HOSTNAME": "agent1"}, "inactive", None, True),
        ({"NODENAME": "agent1"}, "inactive", "agent1", False),
        ({"NODENAME": "agent1"}, "active", None, False),
        ({}, "inactive", None, False),
    ],
)
def test_a_container_of_others_by_another_name(cluster, env, active, name, refused):
    """Docker keeps it over a reboot, and the proxy that was started by hand is gone then: nothing else says that it is there."""
    cluster.info["calico_node"] = {"container": {"running": True, "env": env}, "unit": {"active": active}}
    cluster.hosts["agent2"]["node_name"] = name
    failures, _warnings = cluster.validate()
    assert [(found.host, found.check) for found in failures] == ([("agent2", "node_unmanaged")] if refused else [])
    assert not refused or (
        "started by something else here, as node agent1" in failures[0].what
        and "dcos.calico.adopt" in failures[0].remedy
    )


@pytest.mark.parametrize(("replaces", "refused"), [(False, True), (True, False)])
def test_a_proxy_of_others_is_pointed_to_adopt(cluster, replaces, refused):
    cluster.desired["etcd"].update(proxy=True, replaces=replaces, endpoints=["http://127.0.0.1:2379"])
    cluster.info["ports"] = {"2379": {"addresses": ["127.0.0.1"], "process": "etcd", "pid": 7, "unit": None}}
    failures, _warnings = cluster.validate()
    assert [found.check for found in failures] == (["port"] if refused else [])
    assert not refused or failures[0].remedy.startswith(
        "Run dcos.calico.adopt if it is an etcd proxy that was started by hand"
    )


def test_a_good_cluster_that_runs_already(cluster):
    for name in cluster.hosts:
        cluster.hosts[name]["info"].update(
            ports={
                "179": {"process": "bird", "pid": 1},
                "62092": {"process": "calico-felix", "pid": 2},
                "2379": {"process": "etcd", "pid": 3},
            },
            proxy={"active": "active"},
            calico_node={"container": {"running": True}},
            calicoctl_cfg={"path": "/x", "exists": True, "managed": True, "endpoints": ["http://127.0.0.1:2379"]},
        )
        cluster.hosts[name]["info"]["cni"]["files"].append(
            {
                "file": "calico.cni",
                "name": "calico",
                "type": "calico",
                "kind": "network",
                "reason": None,
                "duplicate_of": None,
            }
        )
    cluster.desired["etcd"] = {"source": "existing", "proxy": True, "endpoints": ["http://127.0.0.1:2379"]}
    assert cluster.validate() == ([], [])


def desired(**changes):
    return lambda cluster: cluster.desired.update(changes)


def info(**changes):
    return lambda cluster: cluster.info.update(changes)


def part(name, **changes):
    return lambda cluster: cluster.info[name].update(changes)


def pools(*cidrs):
    return desired(pools=[{"cidr": cidr} for cidr in cidrs])


def cni_file(**changes):
    found = dict(
        {"file": "x", "name": "x", "type": "calico", "kind": "network", "reason": None, "duplicate_of": None}, **changes
    )
    return lambda cluster: cluster.info["cni"]["files"].append(found)


def both(*changes):
    return lambda cluster: [change(cluster) for change in changes]


def etcd(**changes):
    return lambda cluster: cluster.info["etcd"][0].update(dict({"healthy": False}, **changes))


def found_members(kind):
    return info(etcd_members={"kind": kind, "peers": [], "members": [], "error": None})


def ranges(*texts, **more):
    return lambda cluster: cluster.info["cni"]["files"].append(
        dict(
            {
                "file": "10-bridge.conf",
                "name": "cni-bridge",
                "kind": "network",
                "reason": None,
                "plugins": [],
                "duplicate_of": None,
                "ranges": list(texts),
            },
            **more,
        )
    )


PROXY = desired(etcd={"source": "existing", "proxy": True, "endpoints": ["http://127.0.0.1:2379"]})
DOCKER_NETWORK = desired(docker_network={"desired": True, "disable_ipv6": False})
OFF = {"supported": True, "default_disabled": True}


def elsewhere_off(cluster):
    """The other hosts have no IPv6, so that what is found is of agent2."""
    for name in ("agent1", "agent3"):
        cluster.hosts[name]["info"]["ipv6"] = OFF


ALL = _findings.ALL
FAILURES = [
    ("release", ALL, desired(release="2.6.13"), "There is no Calico release 2.6.13"),
    ("release", ALL, desired(release="2.6.4"), "must not be installed"),
    (
        "checksum",
        ALL,
        desired(
            artifacts=[
                {"name": "calico-node", "variable": "calico_node_image", "image": "calico/node:v2.6.6", "sha256": ""}
            ]
        ),
        "set calico_image_by_tag: true",
    ),
    (
        "checksum",
        ALL,
        desired(artifacts=[{"name": "calico", "variable": "calico_cni_plugin_sha256", "sha256": ""}]),
        "Set calico_cni_plugin_sha256",
    ),
    (
        "pool_overlap",
        ALL,
        both(pools("192.168.0.0/16"), ranges("192.168.0.0/16")),
        "overlaps 192.168.0.0/16 of the CNI network cni-bridge (10-bridge.conf on ",
    ),
    (
        "pool_overlap",
        ALL,
        both(pools("192.168.0.0/16"), ranges("nonsense", "192.168.250.0/24")),
        "overlaps 192.168.250.0/24 of the CNI network",
    ),
    ("node_address", "agent2", part("node", address="127.0.0.1/8"), "leads each host to itself"),
    ("etcd", "agent2", both(PROXY, found_members("loopback")), "addresses of the loopback device"),
    ("network_name", ALL, desired(networks=[{"name": "my net"}]), "'my net' is refused"),
    ("network_name", ALL, desired(networks=[{"name": "a"}, {"name": "a", "file": "b.cni"}]), "listed twice"),
    ("document", ALL, desired(documents=[{"apiVersion": "projectcalico.org/v3", "kind": "IPPool"}]), "for Calico 3"),
    ("pool_cidr", ALL, pools("192.168.5.7/16"), "Write 192.168.0.0/16"),
    ("pool_cidr", ALL, pools("192.168.0.0/27"), "too small"),
    ("pool_cidr", ALL, pools("192.168.0.0"), "no prefix length"),
    ("pool_cidr", ALL, pools("192.168.0/16"), "is not a network"),
    ("pool_cidr", ALL, desired(pools=[{"apiVersion": "projectcalico.org/v3", "kind": "IPPool"}]), "for Calico 3"),
    ("pool_cidr", ALL, desired(pools=[{"CIDR": "192.168.0.0/16"}]), "it has CIDR"),
    (
        "pool_overlap",
        ALL,
        pools("192.168.0.0/16", "192.168.128.0/17"),
        "the pools 192.168.0.0/16 and 192.168.128.0/17 overlap",
    ),
    ("pool_overlap", ALL, pools("172.16.0.0/15"), "docker0 on agent1, docker0 on agent2, docker0 on agent3"),
    ("pool_overlap", ALL, pools("9.1.0.0/16"), "the overlay network of DC/OS"),
    ("pool_overlap", ALL, pools("11.0.0.0/16"), "VIP"),
    ("pool_overlap", ALL, pools("44.128.0.0/22"), "vtep"),
    ("pool_overlap", ALL, pools("172.31.0.0/16"), "ucr-br0"),
    ("pool_overlap", ALL, pools("10.0.0.0/20"), "eth0 on agent1"),
    (
        "pool_overlap",
        ALL,
        both(part("dcos", overlays=[{"name": "dcos", "subnet": "12.0.0.0/8"}]), pools("12.5.0.0/16")),
        "the network dcos of DC/OS",
    ),
    ("dcos_version", "agent2", part("dcos", version="2.1.0"), "ships Calico itself"),
    ("dcos_version", "agent2", part("dcos", version="1.8.8"), "Upgrade DC/OS first"),
    ("dcos_version", "agent2", part("dcos", version=None), "not installed"),
    ("dcos_version", "agent2", part("dcos", own_calico=True), "itself runs Calico"),
    ("node_address", "agent2", part("node", ip="10.9.9.9", address=None), "no interface has 10.9.9.9"),
    (
        "node_address",
        "agent2",
        part("node", ip=None, address=None, error="/opt/mesosphere/bin/detect_ip is not there"),
        "is not there",
    ),
    (
        "node_address",
        "agent2",
        lambda cluster: cluster.hosts["agent2"].update(node_ip="10.0.0.77/24"),
        "no interface of this host has its node address",
    ),
    ("docker", "agent2", part("docker", present=False), "is not installed"),
    ("docker", "agent2", part("docker", running=False), "does not run"),
    ("docker", "agent2", part("docker", version="1.10.3"), "too old"),
    ("docker_ipv6", "agent2", both(DOCKER_NETWORK, elsewhere_off), "Set calico_docker_network_disable_ipv6"),
    (
        "docker_ipv6",
        "agent2",
        both(DOCKER_NETWORK, elsewhere_off, part("docker", version="17.04.0-ce")),
        "Docker cannot start containers",
    ),
    (
        "docker_node_name",
        "agent2",
        both(
            desired(docker_network={"desired": True, "disable_ipv6": True}), part("node", hostname="agent2.example.org")
        ),
        "its node is 10.0.0.2, and the host is named agent2.example.org",
    ),
    ("kernel", "agent2", part("kernel", xt_set=None), "modprobe xt_set"),
    ("etcd", "agent2", both(PROXY, found_members("no_dns")), "no name server"),
    ("etcd", "agent2", both(PROXY, found_members("no_records")), "no SRV records"),
    ("etcd", "agent2", both(PROXY, found_members("unreachable")), "no etcd member can be reached"),
    ("etcd", "agent2", both(PROXY, found_members("v2_off")), "do not serve the v2 API"),
    ("etcd", "agent2", both(PROXY, found_members("certificate")), "TLS with the etcd members fails"),
    ("iptables", "agent2", part("iptables", forward={"legacy": "ACCEPT", "nft": "DROP"}), "nft backend"),
    (
        "cni_file",
        "agent2",
        cni_file(kind="invalid", reason="it is not JSON"),
        "/cni/x is no CNI network it is not JSON",
    ),
    ("cni_duplicate", "agent2", cni_file(duplicate_of="dcos.cni", name="dcos"), "both have the network dcos"),
    ("cni_duplicate", "agent2", cni_file(file="old.conf", name="calico"), "which is to be in another file"),
    (
        "cni_unmanaged",
        "agent2",
        cni_file(file="calico.cni", name="calico", type="bridge"),
        "which would be overwritten",
    ),
    (
        "calicoctl_cfg",
        "agent2",
        part("calicoctl_cfg", exists=True, endpoints=["http://other:2379"]),
        "points to http://other:2379",
    ),
    ("port", "agent2", info(ports={"179": {"process": "gobgpd", "pid": 7}}), "taken by gobgpd (pid 7)"),
    ("port", "agent2", info(ports={"62092": {"process": None, "pid": None}}), "a program that cannot be seen"),
    ("port", "agent2", both(PROXY, info(ports={"2379": {"process": "etcd", "pid": 7}})), "needed for the etcd proxy"),
    ("etcd", "agent2", etcd(error="refused"), "none of the etcd endpoints answers"),
    ("etcd", "agent2", etcd(v2=False), "does not serve the v2 API"),
    ("etcd", "agent2", etcd(certificate="server"), "is not accepted"),
    ("etcd", "agent2", etcd(certificate="client"), "refuses the client certificate"),
]


@pytest.mark.parametrize(
    "check, where, change, said", FAILURES, ids=["%s %s" % (row[0], row[3][:20]) for row in FAILURES]
)
def test_failures(cluster, check, where, change, said):
    change(cluster)
    failures, warnings = cluster.validate()
    assert [(failure.host, failure.check) for failure in failures] == [(where, check)]
    assert (
        warnings == []
        and failures[0].remedy
        and said in " ".join(getattr(failures[0], key) or "" for key in ("what", "why", "remedy"))
    )
    failures, warnings = cluster.validate(check)
    assert failures == [] and [warning.check for warning in warnings] == [check]


def test_names_and_addresses_of_their_own(cluster):
    cluster.hosts["agent1"]["node_name"] = cluster.hosts["agent3"]["node_name"] = "twin"
    failures = cluster.validate()[0]
    assert [(failure.host, failure.check) for failure in failures] == [("agent1", "node_name"), ("agent3", "node_name")]
    assert "that of agent3 too" in failures[0].what
    cluster.hosts["agent1"]["node_name"] = None
    cluster.hosts["agent2"]["info"] = host(1)
    assert set(failure.check for failure in cluster.validate()[0]) == set(["node_name", "node_address"])


WARNINGS = [
    ("agents", ALL, lambda cluster: cluster.hosts.pop("agent3")),
    ("health_port", ALL, desired(felix_health_port=9099)),
    ("health_port", ALL, desired(metrics_port=9091)),
    ("docker_ipv6", "agent2", both(DOCKER_NETWORK, elsewhere_off, part("os", kernel="3.10.0-1160.el7.x86_64"))),
    ("docker", "agent2", part("docker", at_boot=False)),
    ("kernel", "agent2", part("kernel", ip6_tables=None)),
    ("kernel", "agent2", info(kernel={"error": "x"})),
    (
        "etcd",
        "agent2",
        lambda cluster: cluster.info["etcd"].append(
            {"endpoint": "http://b:2379", "healthy": False, "error": "refused"}
        ),
    ),
    ("etcd", "agent2", etcd(certificate="missing", error="no such file")),
    ("node_address", "agent2", lambda cluster: cluster.hosts["agent2"].update(node_ip="10.0.0.2/16")),
]


@pytest.mark.parametrize("check, where, change", WARNINGS)
def test_warnings(cluster, check, where, change):
    change(cluster)
    failures, warnings = cluster.validate()
    assert failures == [] and [(warning.host, warning.check) for warning in warnings] == [(where, check)]


def sliced(members=0, masters=0, there=3, error=None):
    return both(
        desired(
            etcd={
                "source": "managed",
                "tls": True,
                "proxy": True,
                "endpoints": [],
                "members": ["http://10.0.0.%d:2380" % n for n in range(members)],
                "masters": ["master%d" % n for n in range(masters)],
                "client_port": 2379,
                "peer_port": 2380,
                "member_unit": "calico-etcd.service",
                "proxy_unit": "calico-etcd-proxy.service",
            }
        ),
        info(masters={"addresses": ["10.0.0.10%d" % n for n in range(there)], "error": error}),
    )


def test_a_slice_of_an_inventory_is_no_managed_etcd(cluster):
    """Agents must know all members, a member must know all others; an agent in a slice without masters, where the members are named, is fine."""
    cluster.hosts["agent2"]["member"] = True
    sliced(members=1, masters=1)(cluster)
    failures = cluster.validate()[0]
    assert [(failure.host, failure.check, failure.what) for failure in failures] == [
        (
            "agent2",
            "etcd_members",
            "etcd has 1 members here, and DC/OS has 3 masters (10.0.0.100, 10.0.0.101, 10.0.0.102)",
        ),
        (
            "agent2",
            "etcd_members",
            "etcd is to run on master0, and DC/OS has 3 masters (10.0.0.100, 10.0.0.101, 10.0.0.102)",
        ),
    ]
    sliced(members=3, masters=1)(cluster)
    assert [failure.what[:13] for failure in cluster.validate()[0]] == ["etcd is to ru"]
    cluster.hosts["agent2"]["member"] = False
    assert cluster.validate() == ([], [])


FINE = [
    both(DOCKER_NETWORK, elsewhere_off, info(ipv6=OFF)),
    both(DOCKER_NETWORK, elsewhere_off, info(ipv6={"supported": False, "default_disabled": None})),
    both(DOCKER_NETWORK, elsewhere_off, part("docker", version="17.03.2-ce")),
    part("node", hostname="agent2.example.org"),
    both(
        desired(docker_network={"desired": True, "disable_ipv6": True}),
        part("node", hostname="agent2"),
        lambda cluster: cluster.hosts["agent2"].update(node_name="agent2"),
    ),
    # the run itself is to cure it
    desired(docker_network={"desired": True, "disable_ipv6": True}),
    sliced(members=3, masters=3),
    sliced(members=3, masters=0),
    sliced(members=1, masters=1, there=0, error="no name server answers"),
    both(
        sliced(),
        desired(etcd={"source": "existing", "proxy": False, "endpoints": ["http://10.0.0.100:2379"], "members": []}),
    ),
    both(PROXY, found_members("ok")),
    both(PROXY, found_members("later")),
    both(desired(etcd={"source": "managed", "tls": True, "proxy": True, "endpoints": []}), found_members("no_records")),
    both(PROXY, etcd(error="Connection refused")),
    # a master's etcd member beside the proxy
    both(PROXY, info(ports={"2379": {"process": "etcd", "pid": 7, "addresses": ["10.0.0.12"]}})),
    # a proxy of ours whose members were replaced: the run repairs it
    both(PROXY, info(proxy={"active": "active"}), etcd(error="it answered 502")),
    both(
        desired(etcd={"source": "managed", "tls": True, "proxy": False, "endpoints": ["http://10.0.0.100:2379"]}),
        etcd(error="refused"),
    ),
    part("calicoctl_cfg", exists=True, endpoints=["http://10.0.0.100:2379/"]),
    cni_file(file="calico.cni", kind="invalid", reason="it is empty"),
]


@pytest.mark.parametrize("change", FINE)
def test_what_is_fine(cluster, change):
    change(cluster)
    assert cluster.validate() == ([], [])


def test_ipip_is_needed_only_where_a_pool_wants_it(cluster):
    cluster.desired["pools"][0]["ipip"] = "always"
    assert [failure.check for failure in cluster.validate()[0]] == ["kernel"] * 3


def test_a_host_of_which_nothing_is_known(cluster):
    cluster.hosts["agent2"]["info"] = {"failed": True, "msg": "unreachable"}
    failures = cluster.validate()[0]
    assert [(failure.host, failure.check, failure.why) for failure in failures] == [
        ("agent2", "agent_info", "unreachable")
    ]


def test_everything_wrong_is_told_at_once_and_in_order(cluster):
    for unused, unused_too, change, unused_as_well in FAILURES[:5] + FAILURES[-8:-5]:
        change(cluster)
    hosts = [failure.host for failure in cluster.validate()[0]]
    assert hosts == sorted(hosts, key=lambda name: (name != ALL, name)) and len(hosts) > 4


UNIVERSE = {"source": "universe", "proxy": True, "endpoints": ["http://127.0.0.1:2379"]}


@pytest.mark.parametrize(
    "change, told",
    [
        ({}, None),
        ({"tls": True}, "TLS"),
        ({"endpoints": ["https://10.0.0.100:2379"]}, "TLS"),
        ({"proxy": False}, "without a proxy"),
    ],
)
def test_the_etcd_of_the_universe(cluster, change, told):
    cluster.desired["etcd"] = dict(UNIVERSE, **change)
    cluster.info["etcd"] = [
        {"endpoint": "http://127.0.0.1:2379", "healthy": False, "v2": None, "certificate": None, "error": "refused"}
    ]
    failures = cluster.validate()[0]
    assert [failure.check for failure in failures] == (["etcd"] if told else []) and all(
        told in failure.what for failure in failures
    )


MEMBER_UNIT = "calico-etcd.service"


@pytest.fixture
def managed(cluster):
    """Three masters that run a member of etcd and no node: no Docker, and an address that nobody needs to know."""
    for number in (1, 2, 3):
        bare = {"dcos": {"version": "1.13.9", "role": "master"}, "ports": {}}
        cluster.hosts["master%d" % number] = {
            "info": bare,
            "node_name": None,
            "node_ip": None,
            "node": False,
            "member": True,
        }
    cluster.desired["etcd"] = {
        "source": "managed",
        "tls": True,
        "proxy": True,
        "endpoints": ["http://127.0.0.1:2379"],
        "client_port": 2379,
        "peer_port": 2380,
        "member_unit": MEMBER_UNIT,
        "proxy_unit": "calico-etcd-proxy.service",
    }
    return cluster


def test_a_master_that_only_runs_a_member_needs_no_more_than_its_ports(managed):
    assert managed.validate() == ([], [])
    managed.hosts["master1"]["info"]["ports"] = {
        "2380": {"process": "etcd", "pid": 7, "addresses": ["10.0.0.100"], "unit": MEMBER_UNIT}
    }
    assert managed.validate() == ([], [])


@pytest.mark.parametrize(
    "port, process, unit, told",
    [
        ("2379", "etcd", "dcos-etcd.service", "is taken by etcd (pid 7 of dcos-etcd.service)"),
        ("2380", "java", None, "is taken by java (pid 7)"),
    ],
)
def test_a_port_of_a_member_that_somebody_else_has(managed, port, process, unit, told):
    managed.hosts["master2"]["info"]["ports"] = {
        port: {"process": process, "pid": 7, "addresses": ["0.0.0.0"], "unit": unit}
    }
    failures = managed.validate()[0]
    assert [(failure.host, failure.check) for failure in failures] == [("master2", "port")] and told in failures[0].what


def test_a_master_without_dcos_and_an_even_number_of_members(managed):
    managed.hosts["master3"]["info"]["dcos"] = {"version": None, "role": None}
    del managed.hosts["master1"]
    failures, warnings = managed.validate()
    assert [(failure.host, failure.check) for failure in failures] == [("master3", "dcos_version")]
    assert [(warning.host, warning.check) for warning in warnings] == [(ALL, "etcd")]


def test_a_datastore_that_asks_nobody_for_a_certificate_is_told_once(cluster):
    url = "http://10.0.0.100:2379"
    both(
        info(etcd_members={"kind": "ok", "peers": [], "members": [url], "open": [url], "error": None}),
        info(etcd=[{"endpoint": "http://127.0.0.1:2379", "healthy": True, "v2": True, "open": True}]),
    )(cluster)
    failures, warnings = cluster.validate()
    assert failures == [] and [(warning.host, warning.check, warning.why) for warning in warnings] == [
        (ALL, "etcd_open", "%s answered agent2 without a certificate" % url)
    ], "its own proxy is no other host"


@pytest.mark.parametrize(
    "etcd, refused", [({}, True), ({"open": True}, False), ({"tls": True}, False), ({"source": "existing"}, False)]
)
def test_a_managed_etcd_without_certificates_is_asked_for_by_name(cluster, etcd, refused):
    desired(etcd=dict({"source": "managed", "proxy": True, "endpoints": []}, **etcd))(cluster)
    failures = cluster.validate()[0]
    assert [failure.check for failure in failures] == ["etcd_open"] * refused
    assert not refused or "set calico_etcd_open: true" in failures[0].remedy


def test_a_host_that_was_looked_at_without_root_is_one_line(cluster):
    """Docker seems down then, and kernel modules and files seem missing."""
    cluster.info.update(
        os={"root": False},
        docker={"present": True, "running": False, "version": None, "error": "permission denied"},
        kernel={},
    )
    failures, dummy = cluster.validate()
    assert [(finding.host, finding.check) for finding in failures] == [
        ("agent2", "become")
    ] and "ansible_become" in failures[0].remedy


def test_a_host_whose_networks_cannot_be_is_named(cluster):
    cluster.info["subnets"][0]["network"] = "{{ x }}"
    failures, dummy = cluster.validate()
    assert [(finding.host, finding.check) for finding in failures] == [
        ("agent2", "agent_info")
    ] and "{{ x }}" in failures[0].why


@pytest.mark.parametrize(
    "number, said", [(3, "docker0 on agent3"), (4, "docker0 on agent3 and 1 more"), (9, "docker0 on agent3 and 6 more")]
)
def test_of_many_hosts_in_the_way_three_are_named(cluster, number, said):
    for more in range(4, number + 1):
        cluster.hosts["agent%d" % more] = {"info": host(more), "node_name": None, "node_ip": None}
    pools("172.16.0.0/15")(cluster)
    [failure] = cluster.validate()[0]
    assert failure.what.endswith("docker0 on agent1, docker0 on agent2, " + said)


@pytest.mark.parametrize(
    "port, remedy",
    [
        (179, "Stop that program"),
        (62092, "Stop that program, or set calico_felix_health_port"),
        (62091, "Stop that program, or set calico_metrics_port"),
    ],
)
def test_a_port_that_is_taken_is_moved_only_where_it_can_be(cluster, port, remedy):
    cluster.info["ports"] = {str(port): {"process": "haproxy", "pid": 7}}
    assert [failure.remedy for failure in cluster.validate()[0]] == [remedy]


def test_what_an_inventory_and_a_host_tell_is_compared_by_value(cluster):
    """A file of ours that is there already: its type is a text that came from elsewhere."""
    cni_file(file="calico.cni", name="calico", type="".join(["cal", "ico"]))(cluster)
    assert cluster.validate()[0] == []
