"""The pool, what Felix is told, and each node's tunnel address, as the keys of etcd have them."""

from __future__ import annotations

import ipaddress
import json
from typing import Any

POOLS = "/calico/v1/ipam/v4/pool"
POOL = ipaddress.ip_network("192.168.0.0/16")


def test_the_pool_is_as_desired(etcd: Any) -> None:
    pools = {key: json.loads(value) for key, value in etcd.below(POOLS).items()}
    assert list(pools) == [f"{POOLS}/192.168.0.0-16"]
    [pool] = pools.values()
    assert (pool["ipip"], pool["masquerade"], pool["disabled"]) == ("tunl0", True, False)
    assert pool["ipip_mode"] in ("", "always"), "calicoctl 1.6 writes no mode for its default one"


def test_felix_makes_tunnels(etcd: Any) -> None:
    assert etcd.below("/calico/v1/config")["/calico/v1/config/IpInIpEnabled"] == "true"


def test_each_node_has_a_tunnel_address_of_its_own(etcd: Any, agents: dict[str, str]) -> None:
    hosts = etcd.below("/calico/v1/host")
    found = [
        ipaddress.ip_address(hosts[f"/calico/v1/host/{address}/config/IpInIpTunnelAddr"]) for address in agents.values()
    ]
    assert all(address in POOL for address in found) and len(set(found)) == len(agents) > 1
