"""What a verification of three agents has seen, all of it well, for tests that break one thing of it. Python 3.9 and newer."""

from __future__ import annotations

import copy
import json
from typing import Any

RUN = "r1a2b3c4"
NUMBERS = (11, 12, 61)
POOL = {"cidr": "192.168.0.0/16", "disabled": False, "nat_outgoing": True, "ipip": "off"}
NAMES = {11: "agent1", 12: "agent2", 61: "public1"}


def agent(number: int) -> str:
    return f"10.0.1.{number}"


def address(number: int) -> str:
    return f"192.168.{number}.64"


def app_id(number: int) -> str:
    return f"/dcos-calico-verify/{RUN}/a10-0-1-{number}-0"


def app(number: int) -> dict[str, Any]:
    """As marathon_app_info tells it."""
    labels = {"CALICO_VERIFY_RUN": RUN, "CALICO_VERIFY_AGENT": agent(number), "CALICO_VERIFY_NETWORK": "calico"}
    task = {"id": f"t{number}", "host": agent(number), "addresses": [address(number)], "mesos_addresses": [address(number)]}
    return {"id": app_id(number), "labels": labels, "ready": True, "text": "1 of 1 instances run", "failure": "", "tasks": [task]}


def peer(number: int) -> dict[str, Any]:
    return {
        "app": app_id(number), "agent": agent(number), "address": address(number), "tcp": {"error": None, "ms": 0.6}, "udp": {"error": None, "ms": 0.5},
        "large": {"bulk": None, "datagram": None, "path_mtu": 1500},
    }  # fmt: skip


def probe(number: int) -> dict[str, Any]:
    """As network_probe returns it."""
    others = [one for one in NUMBERS if one != number]
    interface = f"cali{number}"
    container = {
        "app": app_id(number), "network": "calico", "address": address(number), "pid": 4711, "problem": None, "node": agent(number),
        "interface": {"name": "eth0", "address": address(number), "mtu": 1500, "gateway": "169.254.1.1"},
        "peers": [peer(one) for one in others],
        "names": [{"name": f"a{number}.marathon.containerip", "addresses": [address(number)], "server": "198.51.100.1", "error": None}],
        "outside": [{"target": "10.0.0.11:5050", "error": None, "source": f"{address(number)}:4000", "peer": "10.0.0.11:5050", "seen_as": agent(number)}],
        "host": {"interface": interface, "route": f"{address(number)}/32 dev {interface}", "rp_filter": {"all": 1, "interface": 1}, "answers": None},
        "endpoint": {"node": agent(number), "workload": "x", "interface": interface, "profiles": ["calico"], "labels": {"dcos-calico-verify": RUN}},
        "policy": {"partner": agent(others[0]), "before": None, "denied": "timeout", "allowed": None, "after": None, "error": None},
    }  # fmt: skip
    return {"changed": False, "agent": agent(number), "containers": [container], "pools": [POOL], "calico_error": None, "removed_policies": []}


def agents() -> list[dict[str, Any]]:
    return [{"address": agent(number), "hostname": agent(number), "public": number == 61, "active": True} for number in NUMBERS]


class World:
    """Everything that a run has seen; change what should be otherwise."""

    def __init__(self) -> None:
        self.agents = agents()
        self.cluster = copy.deepcopy(self.agents)
        self.apps = [app(number) for number in NUMBERS]
        self.results: dict[str, Any] = {NAMES[number]: probe(number) for number in NUMBERS}
        self.skip: list[str] = []
        self.networks = [{"name": "calico"}]

    def container(self, number: int) -> dict[str, Any]:
        return self.results[NAMES[number]]["containers"][0]

    def app(self, number: int) -> dict[str, Any]:
        return self.apps[NUMBERS.index(number)]

    def broken(self, source: int, target: int, error: str = "timeout", route: str | None = "", answers: bool = True) -> None:
        """Let one container not reach another."""
        found = next(one for one in self.container(source)["peers"] if one["agent"] == agent(target))
        route = f"{address(target)}/26 via {agent(target)} dev eth0" if route == "" else route
        found.update(tcp={"error": error, "ms": None}, udp={"error": error, "ms": None}, large=None, way={"route": route, "agent_answers": answers})

    def seen(self) -> Any:
        from ansible_collections.dcos.calico.plugins.plugin_utils._verify_evaluate import Seen

        results = json.loads(json.dumps(self.results))  # as they come from hosts
        hosts = {name: {"address": name, "result": result} for name, result in results.items()}
        pools = {network["name"]: network.get("ipv4_pools") or [] for network in self.networks}
        return Seen(RUN, hosts, self.agents, self.cluster, self.apps, list(pools), pools, [POOL], self.skip, "cpus 0.05, mem 64")
