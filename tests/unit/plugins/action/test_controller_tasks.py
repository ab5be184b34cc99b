"""Tasks on the controller, by ansible-playbook, under inventories that say of all hosts, or of localhost, what is right for agents only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ..inventory.test_dcos import Inventories

AGENTS = "agent1 ansible_host=10.255.255.1\n[agents_private]\nagent1\n[agents:children]\nagents_private\n"
BECOME = (
    "[all:vars]\nansible_connection=ssh\nansible_become=true\nansible_become_user=nobody\nansible_become_exe=/nonexistent/sudo\n"
    "ansible_python_interpreter=/nonexistent/python\n"
)


@pytest.mark.parametrize(
    "localhost", ["", "localhost ansible_host=127.0.0.9 ansible_port=9\n"], ids=["implicit", "explicit"]
)
def test_a_module_on_the_controller_runs_there(tmp_path: Path, localhost: str) -> None:
    """No sudo, no ssh, no interpreter of the agents: what fails is the cluster, which nobody is."""
    runs = Inventories(tmp_path)
    runs.write("hosts.ini", localhost + AGENTS + BECOME)
    runs.environment = {"DCOS_URL": "http://127.0.0.1:9", "DCOS_TIMEOUT": "1"}
    done = runs.run("-i", "hosts.ini", "dcos.calico.universe", "--tags", "etcd", program="ansible-playbook")
    said = " ".join((done.stdout + done.stderr).split())
    assert "127.0.0.1:9" in said and "no connection" in said, said
    assert "UNREACHABLE" not in said and "sudo" not in said and "/nonexistent" not in said


@pytest.mark.parametrize("strategy", ["free", "ansible.builtin.host_pinned"])
def test_a_play_of_ones_own_whose_hosts_do_not_wait_for_each_other(tmp_path: Path, strategy: str) -> None:
    runs = Inventories(tmp_path)
    preflight = {"dcos.calico.preflight": {"hosts": ["a", "b"], "info": "found", "expectations": {"release": "2.6.6"}}}
    runs.write(
        "play.yml", json.dumps([{"hosts": "all", "gather_facts": False, "strategy": strategy, "tasks": [preflight]}])
    )
    done = runs.run("-i", "a,b,", "-c", "local", "play.yml", program="ansible-playbook")
    assert done.returncode != 0 and f"the strategy of this play is {strategy}" in done.stdout + done.stderr
