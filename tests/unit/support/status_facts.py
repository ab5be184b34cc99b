"""Hosts as dcos.calico.agent_plan found them: recorded from an agent of a lab with all parts of Calico, cut to what a status reads, and varied by address."""

from __future__ import annotations

from typing import Any

from ansible_collections.dcos.calico.plugins.plugin_utils import _status, _status_hosts

RELEASE = "2.6.6"
MADE = "2026-11-29T03:50:00Z"
UNCHANGED = ("sysctl", "agent_files", "executable", "cni_network")


def address(number: int) -> str:
    return f"10.20.{number // 250}.{number % 250 + 1}"


def peer(number: int, established: bool = True) -> dict[str, Any]:
    state, info = ("up", "Established") if established else ("start", "Connect")
    return {"address": address(number), "type": "node-to-node mesh", "state": state, "since": "01:13:09", "info": info, "established": established}  # fmt: skip


def found(number: int, total: int) -> dict[str, Any]:
    """The result of one host of so many."""
    ip = address(number)
    peers = [peer(other) for other in range(total) if other != number]
    executables = [("calicoctl", "1.6.3"), ("etcd", "3.3.1"), ("calico", "1.11.2"), ("calico-ipam", "1.11.2")]
    plan: dict[str, Any] = {job: {"changed": False, "names": []} for job in UNCHANGED}
    plan["etcd_proxy"] = {"changed": False, "healthy": True, "names": []}
    plan["calicoctl_node"] = {
        "action": "none", "changed": False, "datastore_read": True, "differences": [], "healthy": True, "ip": f"{ip}/16", "node_name": ip,
        "peers": peers, "peers_down": [], "restart_needed": False, "trouble": [], "names": [],
    }  # fmt: skip
    plan["mesos_agent"] = {"action": "none", "changed": False, "reasons": [], "tasks_at_risk": [], "names": []}
    return {
        "changed": False,
        "dcos": {"installed": True, "version": "1.11.0", "role": "private"},
        "node": {"ip": ip, "prefix": 16, "address": f"{ip}/16", "hostname": f"agent{number}", "names": [ip, f"agent{number}"]},
        "os": {"root": True},
        "docker": {"present": True, "running": True, "version": "20.10.24+dfsg1", "error": None},
        "mesos_agent": {"unit": "dcos-mesos-slave.service", "active": "active", "restart_reasons": []},
        "cni": {
            "files": [{"file": "calico.cni", "name": "calico", "type": "calico", "kind": "network"}],
            "plugins": {"calico": "/opt/mesosphere/active/cni", "calico-ipam": "/opt/mesosphere/active/cni"},
        },
        "executables": [
            {"path": f"/opt/calico/bin/{name}", "present": True, "version": version} for name, version in executables
        ],
        "etcd": [
            {"endpoint": "http://127.0.0.1:2379", "reachable": True, "v2": True, "healthy": True, "certificate": None, "version": "3.3.1", "open": True,
             "error": None}
        ],
        "proxy": {"exists": True, "active": "active", "sub": "running", "enabled": True, "name": "calico-etcd-proxy.service"},
        "calico_node": {
            "container": {"present": True, "running": True, "image": "calico/node:v2.6.6", "error": None},
            "unit": {"exists": True, "active": "active", "sub": "running", "enabled": True, "name": "calico-node.service"},
            "felix": {"running": True, "age": 317.4, "ready": True, "error": None},
            "bgp": {"answers": True, "peers": peers, "error": None},
        },
        "plan": plan,
    }  # fmt: skip


def host(number: int, result: Any, node: bool = True) -> _status_hosts.Host:
    name = f"agent{number}"
    return _status_hosts.Host(name, result, frozenset({name, address(number)}), node)


def cluster(total: int) -> list[dict[str, Any]]:
    return [found(number, total) for number in range(total)]


def hosts(results: list[Any]) -> list[_status_hosts.Host]:
    return [host(number, result) for number, result in enumerate(results)]


def datastore(
    total: int, endpoints: list[tuple[str, str]] | None = None, pools: tuple[str, ...] = ("192.168.0.0/16",)
) -> dict[str, Any]:
    """The result of the look at the datastore; endpoints are (address, node)."""
    names = [address(number) for number in range(total)]
    resources = {
        "ipPool": [{"kind": "ipPool", "apiVersion": "v1", "metadata": {"cidr": cidr}, "spec": {"nat-outgoing": True}} for cidr in pools],
        "node": [{"kind": "node", "apiVersion": "v1", "metadata": {"name": name}, "spec": {"bgp": {"ipv4Address": f"{name}/16"}}} for name in names],
        "workloadEndpoint": [
            {"kind": "workloadEndpoint", "apiVersion": "v1", "metadata": {"node": node, "workload": f"w{one}", "name": "eth0", "orchestrator": "cni"},
             "spec": {"ipNetworks": [f"{one}/32"], "profiles": ["calico"]}}
            for one, node in endpoints or []
        ],
    }  # fmt: skip
    same = {"changed": False, "datastore_read": True, "names": []}
    return {
        "plan": {
            "calicoctl_resource_info": {**same, "resources": resources},
            "calicoctl_resource": same,
            "calicoctl_config": same,
        }
    }


def document(results: list[Any], **more: Any) -> dict[str, Any]:
    given = {"datastore": datastore(len(results)), "mesos": frozenset(), **more}
    return _status.document(hosts(results), _status.Cluster(RELEASE, MADE, **given))
