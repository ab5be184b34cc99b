"""What stays behind in the datastore, made as it happens: containers that die without their DEL, plugins that are killed at work, nodes that went."""

from __future__ import annotations

import ipaddress
import json
import uuid
from typing import Any

from support.lab import Host, Lab

CNI = "/opt/mesosphere/etc/dcos/network/cni/calico.cni"
PLUGINS = "/opt/mesosphere/active/cni"
BLOCKS = "/calico/ipam/v2/assignment/ipv4/block/"
ISOLATOR = "/var/run/mesos/isolators/network/cni"


def die(agent: Host) -> tuple[str, str]:
    """(id, address) of a container that ended with its host's Mesos agent not knowing: nobody calls DEL, and its endpoint stays."""
    started = agent.launch("calico", f"dies-{uuid.uuid4().hex[:8]}")
    forget(agent, started["container_id"])
    return started["container_id"], started["ip"]


def forget(agent: Host, container: str) -> None:
    """Take a container away without its DEL."""
    agent.run("umount", f"{ISOLATOR}/{container}/ns")
    agent.run("rm", "-r", f"{ISOLATOR}/{container}")


def leak(agent: Host, node: str | None = None) -> tuple[str, str]:
    """(handle, address) that IPAM gave out to a plugin that was killed before it made an interface and an endpoint."""
    config = json.loads(agent.read(CNI))
    if node:
        config["nodename"] = node
    container = str(uuid.uuid4())
    environment = {
        "CNI_COMMAND": "ADD",
        "CNI_CONTAINERID": container,
        "CNI_NETNS": "/proc/1/ns/net",
        "CNI_IFNAME": "eth0",
        "CNI_PATH": PLUGINS,
    }
    variables = [f"{name}={value}" for name, value in environment.items()]
    answer = json.loads(agent.out("env", *variables, f"{PLUGINS}/calico-ipam", stdin=json.dumps(config)))
    return f"calico.{container}", answer["ip4"]["ip"].partition("/")[0]


def ghost(lab: Lab, name: str, address: str) -> None:
    """A node whose host is gone, with an address that a container had."""
    document = {
        "apiVersion": "v1",
        "kind": "node",
        "metadata": {"name": name},
        "spec": {"bgp": {"ipv4Address": f"{address}/24"}},
    }
    agent = lab.agents[0]
    agent.run("/opt/calico/bin/calicoctl", "apply", "-f", "-", stdin=json.dumps(document))
    leak(agent, name)


def put(lab: Lab, key: str, value: str) -> None:
    """Write a key of etcd."""
    url = f"http://{lab.masters[0].address}:2379/v2/keys{key}"
    lab.masters[0].run("curl", "-fsS", "-X", "PUT", url, "--data-urlencode", f"value={value}")


def lasting(lab: Lab) -> dict[str, str]:
    """What the datastore holds but for what Felix reports of itself."""
    return {key: value for key, value in lab.etcd().items() if not key.startswith("/calico/felix/")}


def allocated(keys: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Each block without the order in which free addresses are given out."""
    blocks = {key: json.loads(value) for key, value in keys.items() if key.startswith(BLOCKS)}
    return {key: {**block, "unallocated": sorted(block["unallocated"])} for key, block in blocks.items()}


def owner(keys: dict[str, str], address: str) -> str | None:
    """The handle that an address was given out to; None where it is free."""
    for block in allocated(keys).values():
        network = ipaddress.ip_network(block["cidr"])
        if ipaddress.ip_address(address) in network:
            which = block["allocations"][int(ipaddress.ip_address(address)) - int(network.network_address)]
            return None if which is None else block["attributes"][which]["handle_id"]
    return None


def changed(before: dict[str, str], after: dict[str, str]) -> dict[str, tuple[Any, Any]]:
    """The keys that differ, each with what it was and is, but for that order."""
    both = [{**keys, **allocated(keys)} for keys in (before, after)]
    return {
        key: (both[0].get(key), both[1].get(key))
        for key in sorted({*before, *after})
        if both[0].get(key) != both[1].get(key)
    }
