"""The ways in which the same install is run: inventories, settings, cores, the tarball, slices. On the default lab, already installed: each way must find
nothing to do, and a part of the cluster must be treated as the whole."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from support.ansible import ROOT, environment, playbook
from support.lab import Lab

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def installed(lab: Lab) -> None:
    playbook(lab.inventory).require()


def test_an_inventory_that_has_only_agents(lab: Lab, tmp_path: Path) -> None:
    whole = yaml.safe_load(lab.inventory.read_text())["all"]
    groups = whole["children"]["agents"]["children"].values()
    hosts = {name: variables for group in groups for name, variables in group["hosts"].items()}
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"all": {"vars": whole["vars"], "children": {"agents": {"hosts": hosts}}}}))
    inventory.chmod(0o600)
    assert playbook(inventory).require().changed() == []


def test_hash_behaviour_merge(lab: Lab) -> None:
    assert playbook(lab.inventory, env={"ANSIBLE_HASH_BEHAVIOUR": "merge"}).require().changed() == []


def test_slices_of_a_cluster_find_what_the_whole_finds(lab: Lab) -> None:
    names = [agent.name for agent in lab.agents]
    for part in (names[:2], names[2:]):
        assert playbook(lab.inventory, "--limit", ",".join(part)).require().changed() == []


def test_the_installed_tarball(lab: Lab, tmp_path: Path) -> None:
    galaxy = [str(environment("2.16") / "ansible-galaxy"), "collection"]
    subprocess.run([*galaxy, "build", "--output-path", str(tmp_path), str(ROOT)], check=True, capture_output=True)
    (tarball,) = tmp_path.glob("dcos-calico-*.tar.gz")
    collections = tmp_path / "collections"
    config = tmp_path / "ansible.cfg"
    config.write_text("[ssh_connection]\npipelining = true\n")
    env = {"ANSIBLE_COLLECTIONS_PATH": str(collections), "ANSIBLE_CONFIG": str(config)}
    # Elsewhere, because in the checkout, or with the path of a stage, the collection counts as installed.
    install = [*galaxy, "install", "--offline", "-p", str(collections), str(tarball)]
    subprocess.run(install, check=True, capture_output=True, cwd=tmp_path, env={**os.environ, **env})
    assert playbook(lab.inventory, name="dcos.calico.site", env=env, cwd=tmp_path).require().changed() == []


def test_executions_are_the_ssh_clients_that_were_started(lab: Lab) -> None:
    """The recorder's count against another's: with pipelining each module run is one ssh client that starts the host's Python."""
    run = playbook(lab.inventory, "-vvv").require()
    for agent in lab.agents:
        clients = re.findall(rf"^<{re.escape(agent.address)}> SSH: EXEC ssh ", run.output, re.MULTILINE)
        assert len(clients) == run.remote()[agent.name]


def test_masters_run_calico_node_on_request(lab: Lab) -> None:
    variables = {"calico_masters": True}
    playbook(lab.inventory, variables=variables).require()
    assert playbook(lab.inventory, variables=variables).require().changed() == []
    master = lab.masters[0]
    assert master.out("/opt/calico/bin/calicoctl", "node", "status").count("Established") == len(lab.agents)
    assert master.run("test", "-e", "/opt/mesosphere/etc/dcos/network/cni/calico.cni", check=False).returncode != 0
    # The lab is others' too: its agents have sessions with each other again, and with nobody else.
    master.run("systemctl", "disable", "--now", "calico-node.service")
    lab.calicoctl("delete", "node", master.address)


def test_the_newest_core_refuses_old_hosts_with_a_sentence_and_manages_new_ones(lab: Lab) -> None:
    modern = [agent.name for agent in lab.agents if agent.flavour == "modern"]
    old = [agent.name for agent in lab.agents if agent.flavour == "centos"]
    assert playbook(lab.inventory, "--limit", ",".join(modern), core="new").require().changed() == []
    run = playbook(lab.inventory, "--limit", old[0], core="new")
    assert run.rc != 0 and "ansible-core 2.16" in run.output, run.output[-3000:]


def test_no_secret_or_key_is_in_a_result(lab: Lab) -> None:
    run = playbook(lab.inventory, "-vvv", "--diff").require()
    assert "PRIVATE KEY" not in run.output and "PRIVATE KEY" not in json.dumps(run.results)
