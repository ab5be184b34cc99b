from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.dcos.calico.plugins.plugin_utils._shapes import cni_network_files, ip_pool_resources

ETCD = {"endpoints": ["http://127.0.0.1:2379"], "ca_file": "", "cert_file": "", "key_file": ""}


@pytest.mark.parametrize(
    ("pool", "spec"),
    [
        ({"cidr": "192.168.0.0/16"}, {"nat-outgoing": False, "disabled": False}),
        ({"cidr": "192.168.0.0/16", "ipip": "off", "nat_outgoing": True}, {"nat-outgoing": True, "disabled": False}),
        # `ipip: off` without quotes is false in YAML
        ({"cidr": "192.168.0.0/16", "ipip": False, "disabled": True}, {"nat-outgoing": False, "disabled": True}),
        ({"cidr": "192.168.0.0/16", "ipip": "always"}, {"nat-outgoing": False, "disabled": False, "ipip": {"enabled": True}}),
        ({"cidr": "192.168.0.0/16", "ipip": "cross-subnet"}, {"nat-outgoing": False, "disabled": False, "ipip": {"enabled": True, "mode": "cross-subnet"}}),
    ],
)
def test_pools(pool: dict, spec: dict) -> None:
    assert ip_pool_resources([pool]) == [{"apiVersion": "v1", "kind": "ipPool", "metadata": {"cidr": "192.168.0.0/16"}, "spec": spec}]


@pytest.mark.parametrize(
    ("pool", "words"),
    [
        ({"ipip": "off"}, "has no cidr"),
        ("192.168.0.0/16", "has no cidr"),
        ({"cidr": "192.168.0.0/16", "natOutgoing": True}, "192.168.0.0/16: unknown natOutgoing"),
        ({"cidr": "192.168.0.0/16", "ipip": "on"}, "Use one of off, always, cross-subnet"),
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
            "config": {"name": "calico", "type": "calico", "nodename": "10.0.0.11", "etcd_endpoints": "http://127.0.0.1:2379", "ipam": {"type": "calico-ipam"}},
        }
    ]


def test_a_network_with_everything() -> None:
    etcd = {"endpoints": ["https://a:2379", "https://b:2379"], "ca_file": "/ca", "cert_file": "/crt", "key_file": "/key"}
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


def test_a_network_that_goes_needs_no_configuration() -> None:
    assert cni_network_files([{"name": "old", "state": "absent"}], "n", ETCD) == [{"file": "old.cni", "state": "absent"}]


def test_an_unknown_key_of_a_network_is_named() -> None:
    with pytest.raises(AnsibleFilterError, match="calico_networks, calico: unknown pool"):
        cni_network_files([{"name": "calico", "pool": "x"}], "n", ETCD)
