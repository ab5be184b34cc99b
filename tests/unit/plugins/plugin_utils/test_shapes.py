from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.dcos.calico.plugins.module_utils._calico import _resources
from ansible_collections.dcos.calico.plugins.plugin_utils._shapes import (
    cni_network_files,
    datastore_reader,
    documents_of,
    ip_pool_resources,
    policy_resources,
    profile_resources,
)

ETCD = {"endpoints": ["http://127.0.0.1:2379"], "ca_file": "", "cert_file": "", "key_file": ""}


@pytest.mark.parametrize(
    ("pool", "spec"),
    [
        ({"cidr": "192.168.0.0/16"}, {"nat-outgoing": False, "disabled": False}),
        ({"cidr": "192.168.0.0/16", "ipip": "off", "nat_outgoing": True}, {"nat-outgoing": True, "disabled": False}),
        # `ipip: off` without quotes is false in YAML
        ({"cidr": "192.168.0.0/16", "ipip": False, "disabled": True}, {"nat-outgoing": False, "disabled": True}),
        (
            {"cidr": "192.168.0.0/16", "ipip": "always"},
            {"nat-outgoing": False, "disabled": False, "ipip": {"enabled": True}},
        ),
        (
            {"cidr": "192.168.0.0/16", "ipip": "cross-subnet"},
            {"nat-outgoing": False, "disabled": False, "ipip": {"enabled": True, "mode": "cross-subnet"}},
        ),
    ],
)
def test_pools(pool: dict, spec: dict) -> None:
    assert ip_pool_resources([pool]) == [
        {"apiVersion": "v1", "kind": "ipPool", "metadata": {"cidr": "192.168.0.0/16"}, "spec": spec}
    ]


@pytest.mark.parametrize(
    ("pool", "words"),
    [
        ({"ipip": "off"}, "has no cidr"),
        ("192.168.0.0/16", "has no cidr"),
        (
            {"apiVersion": "projectcalico.org/v3", "kind": "IPPool"},
            "has no cidr, it is a document of apiVersion projectcalico.org/v3 for calicoctl and for Calico 3: {",
        ),
        ({"cidr": "192.168.0.0/16", "natOutgoing": True}, "192.168.0.0/16: unknown natOutgoing"),
        ({"cidr": "192.168.0.0/16", "ipip": "on"}, "Use one of off, always, cross-subnet"),
        ({"cidr": "192.168.0.0/16", "state": "gone"}, "state cannot be 'gone'"),
    ],
)
def test_pools_that_cannot_be_meant(pool: object, words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words):
        ip_pool_resources([pool])


def test_the_guides_network() -> None:
    assert cni_network_files([{"name": "calico"}], "10.0.0.11", ETCD) == [
        {
            "file": "calico.cni",
            "state": "present",
            "config": {
                "name": "calico",
                "type": "calico",
                "nodename": "10.0.0.11",
                "etcd_endpoints": "http://127.0.0.1:2379",
                "ipam": {"type": "calico-ipam"},
            },
        }
    ]


def test_a_network_with_everything() -> None:
    etcd = {
        "endpoints": ["https://a:2379", "https://b:2379"],
        "ca_file": "/ca",
        "cert_file": "/crt",
        "key_file": "/key",
    }
    network = {"name": "db", "file": "10-db.conf", "ipv4_pools": ["10.1.0.0/16"], "mtu": 1440}
    (file,) = cni_network_files([network], "n", etcd, mtu="1500", log_level="info")
    assert file["file"] == "10-db.conf"
    assert file["config"] == {
        "name": "db",
        "type": "calico",
        "nodename": "n",
        "etcd_endpoints": "https://a:2379,https://b:2379",
        "etcd_ca_cert_file": "/ca",
        "etcd_cert_file": "/crt",
        "etcd_key_file": "/key",
        "log_level": "info",
        "mtu": 1440,
        "ipam": {"type": "calico-ipam", "ipv4_pools": ["10.1.0.0/16"]},
    }


@pytest.mark.parametrize(
    ("pools", "unlisted", "named"),
    [
        ([{"cidr": "10.1.0.0/16"}, {"cidr": "10.2.0.0/16"}], "keep", None),
        ([{"cidr": "10.1.0.0/16"}, {"cidr": "10.2.0.0/16", "disabled": True}], "keep", ["10.1.0.0/16"]),
        (
            [
                {"cidr": "10.1.0.0/16"},
                {"cidr": "10.2.0.0/16", "state": "absent"},
                {"cidr": "fd00::/64", "disabled": True},
            ],
            "delete",
            None,
        ),
        ([{"cidr": "10.1.0.0/16"}], "disable", ["10.1.0.0/16"]),
        ([{"cidr": "10.1.0.0/16", "disabled": True}], "keep", None),
        ([], "keep", None),
    ],
)
def test_a_network_names_pools_where_others_are_disabled(pools: list, unlisted: str, named: list | None) -> None:
    """A host with a block of a disabled pool would go on giving out its addresses."""
    networks = [{"name": "a"}, {"name": "b", "ipv4_pools": ["10.9.0.0/16"]}]
    plain, own = cni_network_files(networks, "n", ETCD, pools=pools, unlisted=unlisted)
    assert plain["config"]["ipam"].get("ipv4_pools") == named and own["config"]["ipam"]["ipv4_pools"] == ["10.9.0.0/16"]


def test_a_network_that_goes_needs_no_configuration() -> None:
    assert cni_network_files([{"name": "old", "state": "absent"}], "n", ETCD) == [
        {"file": "old.cni", "state": "absent"}
    ]


def test_an_unknown_key_of_a_network_is_named() -> None:
    with pytest.raises(AnsibleFilterError, match="calico_networks, calico: unknown pool"):
        cni_network_files([{"name": "calico", "pool": "x"}], "n", ETCD)


def test_a_pool_that_goes() -> None:
    assert ip_pool_resources([{"cidr": "192.168.0.0/16", "ipip": "always", "state": "absent"}]) == [
        {"apiVersion": "v1", "kind": "ipPool", "metadata": {"cidr": "192.168.0.0/16"}, "state": "absent"}
    ]


def test_policies() -> None:
    spec = {"order": 100, "selector": "role == 'db'", "types": ["ingress"], "ingress": [{"action": "allow"}]}
    assert policy_resources([{"name": "db", **spec}, {"name": "old", "order": 1, "state": "absent"}]) == [
        {"apiVersion": "v1", "kind": "policy", "metadata": {"name": "db"}, "spec": spec},
        {"apiVersion": "v1", "kind": "policy", "metadata": {"name": "old"}, "state": "absent"},
    ]


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ({"selector": "all()"}, "An item of calico_policies has no name"),
        ({"apiVersion": "v1", "kind": "policy"}, "has no name, it is a document of apiVersion v1 for calicoctl: {"),
        ({"name": "db", "rules": []}, "calico_policies, db: unknown rules"),
        ({"name": "db", "spec": {}}, "unknown spec"),
        ({"name": "db", "state": "there"}, "state cannot be 'there'"),
    ],
)
def test_policies_that_cannot_be_meant(policy: dict, words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words):
        policy_resources([policy])


ALLOW = [{"action": "allow"}]
OWN = [{"action": "allow", "source": {"tag": "db"}}]
DENY = [{"action": "deny", "destination": {"nets": ["10.0.0.0/8"]}}]


@pytest.mark.parametrize(
    ("network", "default", "rules"),
    [
        ({}, "open", (ALLOW, ALLOW)),
        ({"profile": "isolated"}, "open", (OWN, ALLOW)),
        ({}, "isolated", (OWN, ALLOW)),
        ({"profile": "custom", "profile_ingress": []}, "open", ([], ALLOW)),
        ({"profile": "custom", "profile_ingress": ALLOW, "profile_egress": DENY}, "unmanaged", (ALLOW, DENY)),
    ],
)
def test_profiles(network: dict, default: str, rules: tuple) -> None:
    (document,) = profile_resources([{"name": "db", **network}], default)
    assert (document["spec"]["ingress"], document["spec"]["egress"]) == rules
    assert document["metadata"] == {"name": "db", "tags": ["db"], "labels": {}}
    assert _resources.explicit(document)


def test_the_isolated_profile_is_the_plugins_own() -> None:
    """As calicoctl gives it back: nothing changes where it is managed later."""
    made = {
        "ingress": [{"action": "allow", "source": {"tag": "calico"}, "destination": {}}],
        "egress": [{"action": "allow", "source": {}, "destination": {}}],
    }
    plugins = {"apiVersion": "v1", "kind": "profile", "metadata": {"name": "calico", "tags": ["calico"]}, "spec": made}
    (ours,) = profile_resources([{"name": "calico"}], "isolated")
    assert _resources.canonical(ours) == _resources.canonical(plugins)


def test_profiles_that_are_left_to_the_plugin_and_those_that_go() -> None:
    networks = [
        {"name": "a"},
        {"name": "b", "profile": "open", "state": "absent"},
        {"name": "c", "profile": "open", "profile_labels": {"stage": "prod"}},
    ]
    gone, labelled = profile_resources(networks)
    assert gone["metadata"]["name"] == "b" and gone["state"] == "absent" and "spec" not in gone
    assert labelled["metadata"]["labels"] == {"stage": "prod"}
    assert [document["metadata"]["name"] for document in profile_resources(networks, "isolated")] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("network", "default", "words"),
    [
        ({"profile": "closed"}, "open", "profile cannot be 'closed'. Use one of unmanaged, open, isolated, custom"),
        ({}, "allow", "profile cannot be 'allow'"),
        ({"profile": "custom"}, "open", "has no profile_ingress"),
        ({"profile": "open", "profile_ingress": []}, "open", "profile_ingress is not looked at with profile open"),
        ({"profile_egress": []}, "isolated", "profile_egress is not looked at with profile isolated"),
    ],
)
def test_profiles_that_cannot_be_meant(network: dict, default: str, words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words):
        profile_resources([{"name": "db", **network}], default)


GOOD = {
    "executables": [
        {"path": "/opt/calico/bin/calicoctl", "version": "1.6.3"},
        {"path": "/opt/calico/bin/etcd", "version": None},
    ],
    "calicoctl_cfg": {"exists": True},
    "etcd": [{"healthy": False}, {"healthy": True}],
}


@pytest.mark.parametrize(
    ("info", "can"),
    [
        (GOOD, True),
        (
            GOOD
            | {
                "executables": [
                    {"path": "/opt/calico/bin/calicoctl", "version": None},
                    {"path": "/opt/calico/bin/etcd", "version": "3.3.1"},
                ]
            },
            False,
        ),
        (GOOD | {"calicoctl_cfg": {"exists": False}}, False),
        (GOOD | {"etcd": [{"healthy": False}]}, False),
        (GOOD | {"etcd": []}, False),
        ({"failed": True, "msg": "unreachable"}, False),
        (GOOD | {"executables": "x"}, False),
        (GOOD | {"calicoctl_cfg": ["x"]}, False),
        (GOOD | {"etcd": [7]}, False),
        ("x", False),
        (None, False),
    ],
)
def test_who_can_ask_the_datastore(info: object, can: bool) -> None:
    assert datastore_reader(["a"], {"a": {"found": info}}, "found") == ("a" if can else "")
    assert datastore_reader(["a"], {"a": {}}, "found") == ""
    assert datastore_reader(["a", "b", "c"], {"a": {}, "b": {"found": info}, "c": {"found": GOOD}}, "found") == (
        "b" if can else "c"
    )


def test_switches_of_a_pool_may_be_text() -> None:
    [resource] = ip_pool_resources([{"cidr": "192.168.0.0/16", "disabled": "false", "nat_outgoing": "yes"}])
    assert resource["spec"] == {"disabled": False, "nat-outgoing": True}
    with pytest.raises(AnsibleFilterError, match="disabled cannot be 'perhaps'"):
        ip_pool_resources([{"cidr": "192.168.0.0/16", "disabled": "perhaps"}])


LISTS = [
    (
        ip_pool_resources,
        [{"cidr": "10.1.0.0/16", "ipip": "on", "disabled": "maybe", "size": 26}, {"disabled": True}],
        ["size", "'on'", "'maybe'", "no cidr"],
    ),
    (
        policy_resources,
        [{"name": "p", "rules": [], "state": "gone"}, {"name": "q", "kind": "x"}, {}],
        ["p: unknown", "'gone'", "q: unknown", "no name"],
    ),
    (
        profile_resources,
        [{"name": "a", "profile": "x", "pool": 1, "ipv4_pools": "y"}, {"name": "b", "profile_egress": []}],
        ["unknown pool", "not a list", "'x'", "profile_egress"],
    ),
    (
        lambda items: cni_network_files(items, "n", {"endpoints": []}),
        [{"name": "a", "ipv4_pools": "y"}, {"name": "b", "mut": 1400}],
        ["a: ipv4_pools", "unknown mut"],
    ),
]


@pytest.mark.parametrize(("shape", "items", "faults"), LISTS)
def test_all_faults_of_all_items_are_told_at_once(shape: Any, items: list[Any], faults: list[str]) -> None:
    with pytest.raises(AnsibleFilterError) as error:
        shape(items)
    assert len(error.value.faults) == len(faults), error.value.faults
    assert [words for words in faults if words not in str(error.value)] == []


def test_a_pool_whose_switch_is_the_text_false_gives_out_addresses() -> None:
    """As a survey has it: a network without pools of its own names none then, because none is disabled."""
    pools = [{"cidr": "10.1.0.0/16", "disabled": "false"}, {"cidr": "10.2.0.0/16"}]
    [file] = cni_network_files([{"name": "a"}], "n", {"endpoints": []}, pools=pools)
    assert file["config"]["ipam"] == {"type": "calico-ipam"}


POOL = {
    "apiVersion": "v1",
    "kind": "bgpPeer",
    "metadata": {"scope": "global", "peerIP": "10.0.0.9"},
    "spec": {"asNumber": 64512},
}


def expectations(**changes: Any) -> dict[str, Any]:
    return {"pools": [], "networks": [], "policies": [], "documents": [], "default_profile": "unmanaged", **changes}


def test_documents_are_profiles_policies_and_further_ones_and_no_pools() -> None:
    """Pools are looked at by who knows the networks of hosts."""
    given = expectations(
        pools=[{"cidr": "192.168.0.0/16"}], networks=[{"name": "calico", "profile": "open"}], policies=[{"name": "db", "order": 1}], documents=[POOL],
    )  # fmt: skip
    documents, problems = documents_of(given)
    assert [(item["kind"], item["metadata"].get("name")) for item in documents] == [
        ("profile", "calico"),
        ("policy", "db"),
        ("bgpPeer", None),
    ]
    assert problems == [] and given["documents"] == [POOL]
    assert documents_of(expectations()) == ([], [])


def test_what_is_wrong_with_one_entry_hides_no_other() -> None:
    given = expectations(
        pools=[{"ipip": "on"}, {"cidr": "10.1.0.0/16", "ipip": "on"}, {"cidr": "10.2.0.0/16", "size": 26}],
        networks=[{"name": "a", "profile": "x"}, {"name": "b", "profile": "open"}], policies=[{"selector": "all()"}, {"name": "p", "rules": []}, {"name": "q"}],
    )  # fmt: skip
    documents, problems = documents_of(given)
    assert [item["metadata"]["name"] for item in documents] == ["b", "q"]
    faults = ("10.1.0.0/16", "10.2.0.0/16: unknown size", "profile cannot be 'x'", "no name", "p: unknown rules")
    said = [words for words in faults if words in " ".join(problems)]
    assert len(problems) == len(said) == 5, "a pool without cidr is said by who looks at pools"
