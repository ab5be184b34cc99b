from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.plugin_utils import _removal

from ..inventory.test_dcos import Inventories
from ...support import calicoctl_double

LEFT = ["ipPool 10.32.0.0/16", "profile shop"]


def seen(*networks: tuple[str, list[str]], **more: Any) -> dict[str, Any]:
    """A host as agent_info found it."""
    files = [{"file": f"{name}.cni", "name": name, "type": "calico", "pools": pools} for name, pools in networks]
    return {"found": {"cni": {"files": [*files, {"file": "x", "name": None, "type": None}]}}, **more}


def obstacles(hosts: dict[str, Any], groups: dict[str, list[str]] | None = None, **more: Any) -> list[str]:
    return _removal.obstacles(LEFT, list(hosts), hosts, groups or {"agents": list(hosts)}, "found", **more)


def test_nobody_uses_them() -> None:
    assert obstacles({"a1": seen(("calico", [])), "a2": seen(("calico", ["10.33.0.0/16", "nonsense"]))}) == []


@pytest.mark.parametrize("pool", ["10.32.0.0/16", "10.32.0.7/16"])
def test_a_network_that_names_a_pool_that_goes(pool: str) -> None:
    assert obstacles({"a1": seen(("calico", [])), "a2": seen(("blue", ["10.33.0.0/16", pool]))}) == [
        f"blue.cni on a2 still names {pool}."
    ]


def test_a_network_that_goes_and_is_still_there() -> None:
    assert obstacles({"a1": seen(("shop", []))}) == ["shop.cni on a1 still is network shop."]


def test_everybody_must_have_been_seen() -> None:
    """With a limit, and after a look that failed."""
    groups = {"agents_private": ["a1", "a2"], "agents_public": ["p1"], "masters": ["m1"]}
    assert obstacles({"a1": seen(), "a2": {"found": {"failed": True}}}, groups) == ["Not looked at: a2, p1."]
    assert obstacles({"a1": seen()}, left_out=["10.0.0.9"]) == [
        "Mesos has agents that the inventory has not: 10.0.0.9."
    ]
    part = {"awx_job_template_name": "Site", "awx_workflow_job_name": "Site"}
    assert obstacles({"a1": seen(**part)}) == ["This is a slice of a job of AWX, which has a part of the agents."]


def test_what_check_mode_would_have_changed_by_now_is_not_looked_into() -> None:
    hosts = {"a1": seen(("shop", []), done={"changed": True}), "a2": seen(("shop", []))}
    assert obstacles(hosts, coming="done") == ["shop.cni on a2 still is network shop."]


OLD = {"apiVersion": "v1", "kind": "ipPool", "metadata": {"cidr": "10.32.0.0/16"}, "spec": {}}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Inventories]:
    """Two agents, whose networks are in directories of their own, and a datastore with a pool."""
    made = Inventories(tmp_path)
    variables = f"ansible_connection=local\nansible_become=false\nansible_python_interpreter={sys.executable}\n"
    made.write("hosts.ini", f"[agents_private]\na1\na2\n[all:vars]\n{variables}")
    text = Path(calicoctl_double.__file__).read_text(encoding="utf-8")
    (tmp_path / "calicoctl").write_text(f"#!{sys.executable} -SE\n{text}", encoding="utf-8")
    (tmp_path / "calicoctl").chmod(0o755)
    made.write("calicoctl.cfg", "apiVersion: v1\nkind: calicoApiConfig\n")
    store = {
        "documents": {"ipPool": {"10.32.0.0/16": OLD}},
        "settings": {},
        "failures": [],
        "down": "",
        "forgets": False,
    }
    made.write("store.json", json.dumps(store))
    (tmp_path / "group_vars").mkdir()
    pools = [{"cidr": "10.32.0.0/16", "state": "absent"}, {"cidr": "10.33.0.0/16"}]
    desired = {
        "calico_bin_dir": str(tmp_path),
        "calico_ctl_config_file": str(tmp_path / "calicoctl.cfg"),
        "calico_ip_pools": pools,
        "calico_agent": {},
    }
    made.write(
        "group_vars/all.yml", json.dumps({**desired, "calico_cni_conf_dir": f"{tmp_path}/{{{{ inventory_hostname }}}}"})
    )
    for host in ("a1", "a2"):
        (tmp_path / host).mkdir()
    yield made


def pools_after(cluster: Inventories, *arguments: str) -> tuple[list[str], str]:
    """(pools that there are after the policies' playbook, what it said)."""
    done = cluster.run("-i", "hosts.ini", *arguments, "dcos.calico.policy", program="ansible-playbook")
    said = " ".join(done.stdout.split())
    assert done.returncode == 0, said + done.stderr
    return sorted(json.loads((cluster.directory / "store.json").read_text())["documents"]["ipPool"]), said


def names_the_pool(cluster: Inventories, host: str, pool: str) -> None:
    config = {"name": "shop", "type": "calico", "ipam": {"type": "calico-ipam", "ipv4_pools": [pool]}}
    cluster.write(f"{host}/shop.cni", json.dumps(config))


@pytest.mark.slow
def test_a_pool_stays_until_every_agent_was_seen_not_to_use_it(cluster: Inventories) -> None:
    """By the playbook itself; the new pool is there from the first run on."""
    names_the_pool(cluster, "a2", "10.32.0.0/16")
    pools, said = pools_after(cluster)
    assert (
        pools == ["10.32.0.0/16", "10.33.0.0/16"]
        and "shop.cni on a2 still names 10.32.0.0/16. Run dcos.calico.site on all agents" in said
    )
    names_the_pool(cluster, "a2", "10.33.0.0/16")
    pools, said = pools_after(cluster, "--limit", "a1")
    assert pools == ["10.32.0.0/16", "10.33.0.0/16"] and "Not looked at: a2." in said
    assert pools_after(cluster, "--check")[0] == ["10.32.0.0/16", "10.33.0.0/16"]
    pools, said = pools_after(cluster)
    assert pools == ["10.33.0.0/16"] and "stays as it is" not in said and "List the pools and profiles" in said
    assert "List the pools and profiles" not in pools_after(cluster)[1], "where nothing is to go nobody is looked at"
