"""A cluster without hosts: agents that are this machine, and a datastore that is a file behind a small calicoctl."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml
from support.ansible import Run, playbook

ROOT = Path(__file__).resolve().parents[2]
DOUBLE = ROOT / "tests" / "unit" / "support" / "calicoctl_double.py"
ADDRESSES = ("10.0.0.11", "10.0.0.12", "10.0.1.13")
POOL = {"cidr": "192.168.0.0/16", "ipip": "cross-subnet", "nat_outgoing": True}


def node(address: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "node",
        "metadata": {"name": address},
        "spec": {"bgp": {"ipv4Address": f"{address}/24"}},
    }


class Cluster:
    """addresses: of the agents. Each has a node with a tunnel address, unless a test takes it away."""

    def __init__(self, directory: Path, addresses: tuple[str, ...] = ADDRESSES) -> None:
        self.directory = directory
        self.addresses = addresses
        binaries = directory / "bin"
        binaries.mkdir()
        (binaries / "calicoctl").write_text(f"#!{sys.executable} -SE\n{DOUBLE.read_text()}")
        (binaries / "calicoctl").chmod(0o755)
        (directory / "calicoctl.cfg").write_text("apiVersion: v1\nkind: calicoApiConfig\n")
        self.store_file = binaries / "store.json"
        self.hold(list(addresses))
        self.inventory = directory / "hosts.yml"
        self.variables: dict[str, Any] = {
            "ansible_connection": "local",
            "ansible_become": False,
            "ansible_python_interpreter": sys.executable,
            "calico_bin_dir": str(binaries),
            "calico_ctl_config_file": str(directory / "calicoctl.cfg"),
            "calico_ip_pools": [POOL],
            "calico_public_cloud_node_wait": 1,
            "calico_public_cloud_tunnel_wait": 1,
            "calico_public_cloud_provider": "none",
        }
        self.write_inventory()

    def write_inventory(self) -> None:
        hosts = {
            f"agent{number}": {"calico_agent": {"node": {"ip": address, "prefix": 24}}}
            for number, address in enumerate(self.addresses, 1)
        }
        self.inventory.write_text(yaml.safe_dump({"agents": {"hosts": hosts, "vars": self.variables}}))

    @property
    def store(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.store_file.read_text())
        return found

    def hold(self, addresses: list[str], tunnels: list[str] | None = None) -> None:
        """Have nodes with these addresses, and tunnel addresses for those in tunnels, or for all."""
        chosen = addresses if tunnels is None else tunnels
        settings = {f"felix IpInIpTunnelAddr {address}": f"192.168.{number}.0" for number, address in enumerate(chosen)}
        documents = {"node": {address: node(address) for address in addresses}}
        self.store_file.write_text(
            json.dumps({"documents": documents, "settings": settings, "failures": [], "down": "", "forgets": False})
        )

    def run(self, *arguments: str, env: dict[str, str] | None = None, **variables: Any) -> Run:
        """Run the playbook; variables over those of the inventory."""
        return playbook(
            self.inventory,
            *arguments,
            name="playbooks/public_cloud.yml",
            core="full",
            variables=variables,
            env=env,
            timeout=300,
        )

    def run_with_core_alone(self, **variables: Any) -> Run:
        """The same on a controller that has no collection of any cloud."""
        return playbook(
            self.inventory, name="playbooks/public_cloud.yml", core="2.16", variables=variables, timeout=300
        )


def message(run: Run) -> str:
    """What a failed run said, on one line."""
    assert run.failed(), run.output[-3000:]
    return " ".join(" ".join(str(item["msg"]) for item in run.failed()).split())


def said(run: Run) -> str:
    """The output on one line, without YAML's folding."""
    return " ".join(run.output.split())
