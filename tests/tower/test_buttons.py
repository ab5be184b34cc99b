"""Buttons beside each other, in slices, with a limit and with a vault: jobs by ansible-runner in a project whose playbooks only note that they ran."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from awx import AUDITOR_TOKEN, OPERATOR_TOKEN, Awx, Server
from conftest import SECONDS
from described import PROJECT
from furnish import furnish
from launch import Job, Runner

# Nobody may become somebody else on the controller for the sake of a question to AWX.
VARIABLES = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "ansible_become": False}
NOTE = [
    {"import_playbook": "one_at_a_time.yml"},
    {
        "hosts": "agents",
        "gather_facts": False,
        "tasks": [
            {
                "ansible.builtin.command": {
                    "argv": ["sh", "-c", "echo begin {{ awx_job_template_name }} >> {{ note }}"]
                },
                "run_once": True,
            },
            {
                "ansible.builtin.wait_for": {
                    "path": "{{ note }}",
                    "search_regex": "{{ awaited }}",
                    "timeout": int(SECONDS),
                },
                "run_once": True,
            },
            {
                "ansible.builtin.command": {"argv": ["sh", "-c", "echo end {{ awx_job_template_name }} >> {{ note }}"]},
                "run_once": True,
            },
            {"ansible.builtin.debug": {"msg": "{{ inventory_hostname }} has {{ secret | default('nothing') }}"}},
        ],
    },
]


class Place:
    """An AWX with the buttons, where their jobs note what they did, and three agents."""

    def __init__(self, directory: Path, **said: Any) -> None:
        self.note = directory / "note"
        self.project = directory / "project"
        shutil.copytree(PROJECT, self.project, ignore=shutil.ignore_patterns("group_vars"))
        for name in ("site", "policy", "verify"):
            (self.project / f"{name}.yml").write_text(yaml.safe_dump(NOTE), encoding="utf-8")
        self.server = Server(furnish(Awx(self.project), **said))
        (directory / "collections").mkdir()
        self.runner = Runner(self.server.awx, directory, Path(sys.executable), directory / "collections", {})
        variables = {
            **VARIABLES,
            "note": str(self.note),
            "awaited": "begin",
            "tower_lock_delay": 1,
            "tower_lock_retries": int(SECONDS),
        }
        agents = {"hosts": ["a1", "a2", "a3"], "children": [], "vars": {}}
        self.inventory = {"hosts": {"a1": {}, "a2": {}, "a3": {}}, "groups": {"agents": agents}, "vars": variables}

    def lock(self, token: str = AUDITOR_TOKEN) -> None:
        self.runner.credentials = {
            "Calico - lock": {"host": self.server.url, "oauth_token": token, "verify_ssl": "True"}
        }

    def press(self, *names: str) -> list[Job]:
        """Jobs that run at the same time."""
        running = [
            (directory, params, self.runner.started(params))
            for directory, params in (self.runner.prepare(f"Calico - {name}", self.inventory) for name in names)
        ]
        return [self.runner.ended(*one) for one in running]

    def busy(self) -> int:
        """Number of a job of another button, begun long ago."""
        template = self.server.awx.named("job_templates", "Calico - certificates")["id"]
        return self.server.awx.job(template, status="running", started="2026-01-01T00:00:00.000000Z")

    def noted(self) -> list[str]:
        found = self.note.read_text(encoding="utf-8").splitlines() if self.note.exists() else []
        self.note.unlink(missing_ok=True)
        return found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = Place(tmp_path_factory.mktemp("buttons"))
    yield made
    made.server.close()


def test_without_a_lock_two_buttons_work_at_once(place: Place) -> None:
    """AWX keeps jobs of one template apart, no others. Each of these ends only when the other one has begun."""
    place.inventory["vars"]["awaited"] = "begin.*\\n(.*\\n)*begin"
    jobs = place.press("site", "policy")
    place.inventory["vars"]["awaited"] = "begin"
    assert [job.status for job in jobs] == ["successful", "successful"], jobs[0].stdout()
    assert [line.split()[0] for line in place.noted()] == ["begin", "begin", "end", "end"]


@pytest.mark.parametrize("name", ["policy", "check"])
def test_a_button_waits_for_another_that_began_before(place: Place, name: str) -> None:
    place.lock()
    awx, other = place.server.awx, place.busy()
    directory, params = place.runner.prepare(f"Calico - {name}", place.inventory)
    asked = len(awx.requests)
    process = place.runner.started(params)
    # when this job began, and twice who else is there
    end = time.monotonic() + SECONDS
    while len(awx.requests) < asked + 3 and time.monotonic() < end:
        time.sleep(0.2)
    assert len(awx.requests) >= asked + 3 and process.poll() is None and place.noted() == []
    awx.jobs[other]["status"] = "successful"
    job = place.runner.ended(directory, params, process)
    # a check runs no commands
    assert job.require() and place.noted() == (
        [] if name == "check" else [f"begin Calico - {name}", f"end Calico - {name}"]
    )
    assert AUDITOR_TOKEN not in job.stdout() and AUDITOR_TOKEN not in json.dumps(job.events())


def test_of_two_that_began_together_one_goes_first(place: Place) -> None:
    place.lock()
    place.server.awx.requests.clear()
    assert all(job.require() for job in place.press("site", "policy"))
    assert place.noted() == [f"{what} Calico - {name}" for name in ("site", "policy") for what in ("begin", "end")]


def test_one_that_waits_too_long_says_for_what(place: Place) -> None:
    place.lock()
    number = place.busy()
    place.inventory["vars"]["tower_lock_retries"] = 1
    try:
        (job,) = place.press("policy")
    finally:
        place.inventory["vars"]["tower_lock_retries"] = int(SECONDS)
        place.server.awx.jobs[number]["status"] = "successful"
    assert job.status == "failed" and "Calico - certificates" in job.stdout() and place.noted() == []


def test_who_may_not_look_is_not_taken_for_nobody_there(place: Place) -> None:
    place.lock(OPERATOR_TOKEN)
    (job,) = place.press("policy")
    assert (
        job.status == "failed"
        and "has to be of an auditor" in job.stdout()
        and OPERATOR_TOKEN not in job.stdout()
        and place.noted() == []
    )


@pytest.fixture(scope="module")
def sliced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = Place(tmp_path_factory.mktemp("sliced"), tower_slices=2, tower_forks=7, tower_vault=True)
    yield made
    made.server.close()


def test_slices_work_at_once_and_ignore_a_limit(sliced: Place) -> None:
    """Each has an agent, and none of a limit would have failed; "site on hosts" takes one, in one job."""
    sliced.lock()
    jobs = sliced.runner.launch("Calico - site", sliced.inventory, limit="a2")
    assert [set(job.outcomes()) for job in jobs] == [{"a1", "a3"}, {"a2"}] and all(job.require() for job in jobs)
    (job,) = sliced.runner.launch("Calico - site on hosts", sliced.inventory, limit="a2")
    assert set(job.require().outcomes()) == {"a2"}
    assert json.loads((job.artifacts / "command").read_text(encoding="utf-8"))["command"].count("-f") == 1


def test_a_slice_fails_that_has_no_host_of_a_limit(sliced: Place) -> None:
    """Which is why templates in slices ask for none."""
    template = sliced.server.awx.named("job_templates", "Calico - site")
    template["ask_limit_on_launch"] = True
    try:
        first, second = sliced.runner.launch("Calico - site", sliced.inventory, limit="a2")
    finally:
        template["ask_limit_on_launch"] = False
    assert (first.status, second.status) == ("failed", "successful") and "no hosts to target" in first.stdout()


def test_a_job_that_finds_no_host_is_successful_for_awx(sliced: Place) -> None:
    (job,) = sliced.runner.launch("Calico - site on hosts", {"hosts": {}, "groups": {}, "vars": {}})
    assert job.status == "successful" and "no hosts matched" in job.stdout()


def test_what_is_vaulted_beside_the_playbooks_is_opened_in_jobs(sliced: Place) -> None:
    """And left alone by the source of the inventory, which no vault can be given."""
    directory = sliced.project / "group_vars" / "all"
    directory.mkdir(parents=True)
    (directory / "secret.yml").write_text("secret: opened\n", encoding="utf-8")
    password = sliced.project.parent / "password"
    password.write_text("vault-password", encoding="utf-8")
    vault = [
        str(Path(sys.executable).with_name("ansible-vault")),
        "encrypt",
        "--vault-password-file",
        str(password),
        str(directory / "secret.yml"),
    ]
    subprocess.run(vault, check=True, capture_output=True)
    (sliced.project / "inventory" / "static.yml").write_text(
        "agents: {hosts: {a1: {}}}\nmasters: {hosts: {m1: {}}}\n", encoding="utf-8"
    )
    for name in ("The cluster", "The agents"):
        sliced.server.awx.named("inventory_sources", name)["source_path"] = "inventory/static.yml"
    assert set(sliced.runner.inventory("The cluster")["hosts"]) == {"a1", "m1"}
    assert set(sliced.runner.inventory("The agents")["hosts"]) == {"a1"}
    sliced.runner.credentials |= {"DC/OS settings": {"vault_password": "vault-password"}}
    (job,) = sliced.runner.launch("Calico - site on hosts", sliced.inventory)
    assert "a1 has opened" in job.require().stdout() and "vault-password" not in job.stdout()
    # where the source can see it, each update fails
    shutil.copytree(directory.parent, sliced.project / "inventory" / "group_vars")
    with pytest.raises(AssertionError, match="no vault secrets"):
        sliced.runner.inventory("The cluster")
