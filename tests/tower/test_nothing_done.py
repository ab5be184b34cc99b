"""Jobs of AWX that have nothing to do: it leaves disabled hosts out of the inventory, and takes a run that matches no host for a success."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from awx import Awx
from conftest import ROOT
from launch import Runner, collections_of, stored

CREDENTIALS = {
    "DC/OS": {"url": "http://127.0.0.1:9", "token": "none"},
    "DC/OS hosts": {"username": "centos", "ssh_key_data": ""},
}
TEMPLATES = (
    "check",
    "site",
    "repair",
    "adopt",
    "status",
    "verify",
    "diagnostics",
    "backup",
    "restore",
    "uninstall",
    "upgrade",
    "audit",
    "decommission",
    "policy",
    "mesos dns",
    "docker network",
    "public cloud",
    "kubernetes",
    "certificates",
)


@pytest.fixture(scope="module")
def runner(awx: Awx, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    directory = tmp_path_factory.mktemp("jobs")
    python = Path(sys.executable)
    return Runner(awx, directory, python, collections_of(ROOT, directory, python), CREDENTIALS)


def inventory_of(**groups: list[str]) -> dict[str, Any]:
    """What AWX hands to a job: of each group the hosts that are enabled."""
    hosts = {name: {} for members in groups.values() for name in members}
    return stored(
        {
            "_meta": {"hostvars": hosts},
            "all": {"vars": {}},
            **{name: {"hosts": members} for name, members in groups.items()},
        }
    )


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_job_whose_hosts_are_all_disabled_fails_and_says_so(runner: Runner, template: str) -> None:
    (job,) = runner.launch(f"Calico - {template}", inventory_of(agents_private=[], masters=[]), slices=1)
    assert job.status == "failed" and "the inventory has no hosts" in " ".join(job.stdout().split()), job.stdout()
    assert "hosts are disabled" in " ".join(job.stdout().split())


def test_a_job_whose_agents_are_all_disabled_fails_and_says_so(runner: Runner) -> None:
    (job,) = runner.launch("Calico - verify", inventory_of(agents_private=[], masters=["m1"]), slices=1)
    assert job.status == "failed" and "no host in agents, agents_private or agents_public" in " ".join(
        job.stdout().split()
    ), job.stdout()


def test_a_slice_without_agents_leaves_them_to_the_others(runner: Runner) -> None:
    """Agent z2 cannot be reached, so its slice fails; the other one is m1's."""
    jobs = runner.launch("Calico - verify", inventory_of(agents_private=["z2"], masters=["m1"]), slices=2)
    assert [job.status for job in jobs] == ["successful", "failed"]
    assert "This slice leaves it to the others" in jobs[0].stdout() and "Nothing to do" not in jobs[1].stdout()
