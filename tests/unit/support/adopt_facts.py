"""What agent_info finds, with unmanaged, on a host on which somebody has followed the guide; shapes as the lab's real tools gave them."""

from __future__ import annotations

from typing import Any

STORE = "b2c7d3e4f5a60718"
GUIDE = {"file": "calico.cni", "name": "calico", "nodename": None, "mtu": None, "log_level": None, "ipam": "calico-ipam", "ipv4_pools": [], "other": []}
POOL = {
    "cidr": "192.168.0.0/16",
    "ipip": "",
    "ipip_mode": "",
    "masquerade": True,
    "ipam": True,
    "disabled": False,
}


def proxy(**more: Any) -> dict[str, Any]:
    found = {"pid": 4711, "process": "etcd", "command": "./etcd --proxy=on", "unit": None, "keeper": None, "task": None}
    return {**found, "role": "proxy", "obstacle": None, "wide": False, **more}


def container(name: str, **more: Any) -> dict[str, Any]:
    env = {"NODENAME": name, "CALICO_LIBNETWORK_ENABLED": "true", "ETCD_ENDPOINTS": "http://127.0.0.1:2379"}
    found = {"present": True, "running": True, "image": "calico/node:v2.6.6"}
    return {**found, **more, "env": {**env, **more.get("env", {})}}


def store(*nodes: tuple[str, str], **more: Any) -> dict[str, Any]:
    known = {name: {"ip_addr_v4": address, "network_v4": "10.0.2.0/24"} for name, address in nodes}
    found = {"endpoint": "http://127.0.0.1:2379", "cluster_id": STORE, "pools": [POOL], "nodes": known}
    return {**found, "profiles": ["calico"], "error": None, **more}


def unmanaged(**more: Any) -> dict[str, Any]:
    return {
        "proxy": proxy(),
        "bird": None,
        "endpoints": ["http://127.0.0.1:2379"],
        "datastore": store(("one", "10.0.2.1"), ("two", "10.0.2.2")),
        "members_cluster_id": STORE,
        "networks": [GUIDE],
        "plugins": ["/opt/mesosphere/active/cni/calico"],
        "cluster_store": None,
        "framework": False,
        **more,
    }


def info(number: int, node: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    address = f"10.0.2.{number}"
    return {
        "node": {"ip": address, "prefix": 24},
        "subnets": [
            {"interface": "eth0", "address": address, "prefix": 24},
            {"interface": "m-dcos", "address": f"9.0.{number}.1", "prefix": 25},
        ],
        "proxy": {"active": "inactive"},
        "calico_node": {
            "container": container(("", "one", "two")[number]) if node is None else node,
            "unit": {"active": "inactive"},
        },
        "unmanaged": unmanaged(**more),
    }
