"""What of calico_docker_networks is refused before anything is touched."""

from __future__ import annotations

import json

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.dcos.calico.plugins.plugin_utils._docker import docker_networks

# As they come out of an inventory.
POOLS = json.loads(
    '[{"cidr": "192.168.0.0/16"}, {"cidr": "10.60.0.0/16", "disabled": true}, {"cidr": "10.61.0.0/16", "state": "absent"}]'
)


def test_networks_as_the_module_takes_them():
    found = docker_networks([{"name": "calico"}, {"name": "dmz", "pool": "192.168.0.0/16", "state": "absent"}], POOLS)
    assert found == [
        {"name": "calico", "pool": None, "state": "present"},
        {"name": "dmz", "pool": "192.168.0.0/16", "state": "absent"},
    ]
    assert docker_networks([], []) == []


@pytest.mark.parametrize(
    ("network", "words"),
    [
        ("calico", "has no name"),
        ({"pool": "192.168.0.0/16"}, "has no name"),
        ({"name": "n", "subnet": "x"}, "unknown subnet"),
        ({"name": "n", "state": "gone"}, "state cannot be"),
        ({"name": "n", "pool": "192.168.0.0/24"}, "is none of calico_ip_pools (192.168.0.0/16"),
        ({"name": "n", "pool": "10.60.0.0/16"}, "gives out no addresses"),
        ({"name": "n", "pool": "10.61.0.0/16"}, "gives out no addresses"),
        ({"name": "bridge"}, "cannot be the name"),
    ],
)
def test_what_cannot_work(network, words):
    with pytest.raises(AnsibleFilterError) as caught:
        docker_networks([network], POOLS)
    assert words in str(caught.value)


def test_a_pool_needs_a_plugin_that_gives_its_addresses():
    networks = [{"name": "n", "pool": "192.168.0.0/16"}]
    with pytest.raises(AnsibleFilterError) as caught:
        docker_networks(networks, POOLS, release="2.6.9")
    assert "2.6.10 or later" in str(caught.value)
    assert docker_networks(networks, POOLS, release="2.6.10") == docker_networks(networks, POOLS)
    assert docker_networks([{"name": "n"}], POOLS, release="2.6.6")[0]["name"] == "n"


@pytest.mark.parametrize("value", [False, "false", "no"])
def test_without_the_plugin_there_is_no_network(value):
    with pytest.raises(AnsibleFilterError) as caught:
        docker_networks([], POOLS, libnetwork=value)
    assert "calico_node_libnetwork" in str(caught.value)


def test_a_pool_that_is_gone_does_not_keep_a_network_from_going():
    assert docker_networks([{"name": "n", "pool": "10.99.0.0/16", "state": "absent"}], POOLS)[0]["state"] == "absent"
