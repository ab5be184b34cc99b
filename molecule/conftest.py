"""What the scenarios' tests share: the lab's inventory and its etcd, read without Ansible's modules or the collection's."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import testinfra
import yaml

ETCD_SECONDS = 20
INVENTORY = Path(os.environ["MOLECULE_INVENTORY_FILE"]).parent


def lab_inventory() -> dict[str, Any]:
    """What create.yml put beside molecule's own inventory."""
    return yaml.safe_load((INVENTORY / "lab.yml").read_text(encoding="utf-8"))["all"]


def pytest_configure() -> None:
    """Have testinfra share ssh connections as Ansible does; it does not read ansible_ssh_args."""
    os.environ["ANSIBLE_SSH_EXTRA_ARGS"] = lab_inventory()["vars"]["ansible_ssh_args"]


@pytest.fixture(scope="session")
def variables() -> dict[str, Any]:
    """The variables of all hosts: digests of artifacts, among others."""
    return lab_inventory()["vars"]


@pytest.fixture(scope="session")
def agents() -> dict[str, str]:
    """All agents by name, with their addresses, which are the names of their nodes."""
    groups = lab_inventory()["children"]["agents"]["children"].values()
    return {name: host["ansible_host"] for group in groups for name, host in group.get("hosts", {}).items()}


@pytest.fixture(scope="session")
def agent_hosts() -> list[Any]:
    """All agents at once, for tests that need more than one."""
    return testinfra.get_hosts(["ansible://agents"], ansible_inventory=str(INVENTORY))


@pytest.fixture
def address(host: Any, agents: dict[str, str]) -> str:
    """The address of the agent under test."""
    return agents[host.backend.get_hostname()]


class Etcd:
    """The keys of the lab's etcd member, by its v2 API, from this machine."""

    def __init__(self, address: str) -> None:
        self.url = f"http://{address}:2379/v2/keys"
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def below(self, directory: str) -> dict[str, str]:
        """Every key below a directory with its value; none if it is not there."""
        try:
            with self._opener.open(f"{self.url}{directory}?recursive=true&quorum=true", timeout=ETCD_SECONDS) as answer:
                return dict(_leaves(json.load(answer)["node"]))
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            return {}


def _leaves(node: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if not node.get("dir"):
        yield node["key"], node.get("value", "")
    for child in node.get("nodes", []):
        yield from _leaves(child)


@pytest.fixture(scope="session")
def etcd() -> Etcd:
    masters = lab_inventory()["children"]["masters"]["hosts"]
    return Etcd(next(iter(masters.values()))["ansible_host"])
