"""Tunnel addresses: who has one, and nodes that take none until they are restarted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from support.ansible import Run, playbook
from support.lab import Host, Lab, eventually

PLAYBOOK = "playbooks/public_cloud.yml"
POOL = {"cidr": "192.168.0.0/16", "nat_outgoing": True}
# The lab's kernel need not know ipip: keys and addresses are what counts, not packets.
GIVEN: dict[str, Any] = {
    "calico_public_cloud_provider": "none",
    "calico_preflight_ignore": ["kernel"],
    "calico_public_cloud_tunnel_wait": 10,
}
IPIP = "/calico/v1/config/IpInIpEnabled"


def key_of(host: Host) -> str:
    return f"/calico/v1/host/{host.address}/config/IpInIpTunnelAddr"


def apply(lab: Lab, ipip: str, *arguments: str, **variables: Any) -> Run:
    """Run the component's playbook with the default pool in a mode."""
    return playbook(
        lab.inventory,
        *arguments,
        name=PLAYBOOK,
        variables={"calico_ip_pools": [{**POOL, "ipip": ipip}], **GIVEN, **variables},
    )


def tunnels(lab: Lab, hosts: list[Host]) -> dict[str, str]:
    """{name of the host: tunnel address} of those that have one."""
    store = lab.etcd()
    return {host.name: store[key_of(host)] for host in hosts if key_of(host) in store}


def containers(hosts: list[Host]) -> dict[str, str]:
    """When each host's calico/node was started."""
    return {
        host.name: host.out("docker", "inspect", "--format", "{{.Id}} {{.State.StartedAt}}", "calico-node").strip()
        for host in hosts
    }


def lines(run: Run) -> str:
    """The output without YAML's folding."""
    return " ".join(run.output.split())


@contextmanager
def without_confd(lab: Lab, host: Host) -> Iterator[None]:
    """Nothing takes a tunnel address for this node until calico/node is restarted: its confd stands still, and the address it has is gone."""
    process = host.out("pgrep", "-f", "calico_standin.node.confd").split()[0]
    host.run("kill", "-STOP", process)
    try:
        if key_of(host) in lab.etcd():
            url = f"http://{lab.masters[0].address}:2379/v2/keys{key_of(host)}"
            lab.masters[0].run("curl", "-fsS", "-X", "DELETE", url)
        yield
    finally:
        host.run("kill", "-CONT", process, check=False)


def heart(lab: Lab) -> None:
    """On an installed lab: IP-in-IP on; one node takes no tunnel address and it alone is restarted; a second run changes nothing; IP-in-IP off for real."""
    victim, *others = lab.agents
    with without_confd(lab, victim):
        before = containers(lab.agents)
        done = apply(lab, "always").require()
    after = containers(lab.agents)
    assert [name for name in before if before[name] != after[name]] == [victim.name]
    assert set(tunnels(lab, lab.agents)) == {host.name for host in lab.agents} and lab.etcd()[IPIP] == "true"
    assert f"Tunnel addresses that came with a restart of calico/node: {victim.address}" in lines(done)
    appeared = lines(done).partition("appeared by themselves: ")[2].partition("'")[0].split(", ")
    assert {host.address for host in others} <= set(appeared)
    assert apply(lab, "always").require().changed() == []
    apply(lab, "off").require()
    assert lab.etcd()[IPIP] == "false"
    eventually("tunnel addresses are given back", lambda: tunnels(lab, lab.agents) == {}, 20)
