"""Jobs of AWX that need no host: the inventory source, and the packages of the Universe, whole and in slices, by ansible-runner against a stand-in DC/OS."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from authority import Authority
from awx import Awx
from conftest import ROOT
from harness.packages import ETCD, find
from launch import Job, Runner, collections_of, script_data, stored
from needles import Needles
from standin import Standin, running, users

PERMISSIONS = {"tower": ["dcos:superuser"]}
# written by ansible-runner itself, readable for its user only; AWX removes the directory, and keeps the environment with its secrets hidden
RUNNERS_OWN = "command"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    made = Authority(tmp_path_factory.mktemp("authority"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def dcos(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Standin]:
    """DC/OS Enterprise over TLS, with three private agents and a public one, on which etcd is a real one."""
    found = {"dcos_version": "1.12.5", "variant": "enterprise", "users": users(**PERMISSIONS), "tls": authority.front()}
    launcher = {"kind": "local", "etcd": str(find(ETCD)), "networks": ["dcos"]}
    with running(
        tmp_path_factory.mktemp("dcos"), agents=(3, 1), start_seconds=15, launcher=launcher, **found
    ) as standin:
        yield standin


@pytest.fixture(scope="module")
def secrets(dcos: Standin) -> dict[str, str]:
    return {"password": "tower-secret", "token": dcos.token("tower")}


@pytest.fixture(scope="module")
def runner(awx: Awx, dcos: Standin, authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    directory = tmp_path_factory.mktemp("jobs")
    login = {
        "url": dcos.url,
        "uid": "tower",
        "password": "tower-secret",
        "ca": Path(authority.bundle).read_text(encoding="utf-8"),
    }
    python = Path(sys.executable)
    return Runner(awx, directory, python, collections_of(ROOT, directory, python), {"DC/OS": login})


@pytest.fixture(scope="module")
def inventory(runner: Runner) -> dict[str, Any]:
    return runner.inventory("The cluster")


def nothing_leaks(runner: Runner, jobs: list[Job], secrets: dict[str, str]) -> None:
    """No secret in what a job leaves: events, output, fact cache, project, inventory; nor in what it is given beside the injected files."""
    needles = Needles(secrets)
    for job in jobs:
        files = [
            file
            for file in job.directory.rglob("*")
            if file.is_file() and file.name != RUNNERS_OWN and "requirements" not in str(file)
        ]
        assert [job.artifacts / RUNNERS_OWN] == [file for file in job.directory.rglob(RUNNERS_OWN)]
        assert (job.artifacts / RUNNERS_OWN).stat().st_mode & 0o077 == 0
        assert needles.found_below(*files) == []


def test_the_source_is_the_cluster_by_nothing_but_the_credential(inventory: dict[str, Any], dcos: Standin) -> None:
    agents = [dcos.address(number) for number in (21, 22, 23, 61)]
    assert sorted(inventory["hosts"]) == sorted(["127.9.0.11", "127.9.0.12", *agents])
    assert inventory["groups"]["agents_public"]["hosts"] == agents[3:]
    assert set(inventory["groups"]["agents"]["children"]) == {"agents_private", "agents_public"}
    assert inventory["vars"]["dcos_version"] == "1.12.5"
    # the settings of the cluster lie beside the playbooks, where jobs read them, some with a vault's password that this has not
    assert "calico_release" not in inventory["vars"]
    assert dcos.writes() == {} or set(dcos.writes()) <= {"POST /acs/api/v1/auth/login"}


def test_slices_are_parts_of_the_whole(inventory: dict[str, Any]) -> None:
    whole = script_data(inventory)
    parts = [script_data(inventory, number, 2) for number in (1, 2)]
    names = [set(part["_meta"]["hostvars"]) for part in parts]
    assert names[0] | names[1] == set(whole["_meta"]["hostvars"]) and not names[0] & names[1]
    assert [sum("agents_public" in part for part in parts), sum("leader" in part for part in parts)] == [1, 1], (
        "a group without hosts is not there"
    )
    assert stored(whole)["hosts"].keys() == inventory["hosts"].keys()


def test_a_package_of_the_universe_by_one_job_and_by_slices_at_once(
    runner: Runner, inventory: dict[str, Any], dcos: Standin, secrets: dict[str, str]
) -> None:
    """Several jobs that want the same of the cluster at the same time are as one; each waits until it is there."""
    template = runner.awx.named("job_templates", "Calico - universe")
    template["job_tags"] = "etcd"
    dcos.forget()
    sliced = [
        job.require()
        for job in runner.launch("Calico - universe", inventory, {"calico_universe_etcd_wait": 120}, slices=2)
    ]
    assert len([path for path in dcos.writes() if path.endswith("/package/install")]) >= 1
    installed = [job for job in sliced if job.changed()]
    assert installed, "nobody says that anything changed"
    (whole,) = runner.launch("Calico - universe", inventory, {"calico_universe_etcd_wait": 120})
    assert whole.require().changed() == []
    nothing_leaks(runner, [*sliced, whole], secrets)


def test_a_refused_answer_or_login_says_so_without_the_secret(
    runner: Runner, inventory: dict[str, Any], secrets: dict[str, str]
) -> None:
    with pytest.raises(AssertionError, match="not asked for"):
        runner.launch("Calico - universe", inventory, {"ansible_become": True})
    good = runner.credentials
    runner.credentials = {"DC/OS": {**good["DC/OS"], "password": "wrong-but-secret-too"}}
    try:
        (job,) = runner.launch("Calico - universe", inventory)
    finally:
        runner.credentials = good
    assert job.status == "failed" and "DCOS_PASSWORD" in job.stdout() or "password" in job.stdout()
    nothing_leaks(runner, [job], {**secrets, "wrong": "wrong-but-secret-too"})
