"""Jobs of AWX on lab hosts: templates of docs/tower, launched as AWX launches them, whole and in slices."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from dcoslab import dcosmaster

from support.ansible import ROOT
from support.lab import Lab

sys.path[:0] = [str(ROOT / "tests" / "tower"), str(ROOT / "tests" / "dcos_api"), str(ROOT / "tools")]

import venvs  # noqa: E402
from awx import Awx  # noqa: E402
from described import PROJECT  # noqa: E402
from furnish import furnish  # noqa: E402
from launch import Job, Runner, collections_of  # noqa: E402
from needles import Needles  # noqa: E402

Json = dict[str, Any]
# AWX has the key as a credential, and options of its own; a host key of a lab is worth nothing.
NOT_OF_AWX = {"ansible_ssh_private_key_file", "ansible_ssh_args"}
SSH = "-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
# A program of this name is first in the PATH of every job, and says that somebody desired to be another user on the controller.
SUDO = "#!/bin/sh\necho \"$@\" >> '{log}'\nexit 1\n"


class Tower:
    """An AWX with what docs/tower describes, whose inventory is a lab's. Gone with `directory`."""

    def __init__(self, lab: Lab, directory: Path, slices: int = 2, collections: Path | None = None) -> None:
        self.lab, self.directory = lab, directory
        python = venvs.ensure("full") / "bin" / "python"
        # the settings come with the inventory here, and nothing lies beside it
        project = directory / "project"
        shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("group_vars"))
        self.awx = furnish(Awx(project), tower_slices=slices)
        place = dcosmaster.directory(lab.settings)
        self.token = (place / "token").read_text()
        self.key = (lab.settings.state / "ssh" / "id").read_text()
        login = {"url": dcosmaster.url(lab.settings), "token": self.token}
        bundle = place / "ca-bundle.crt"
        if bundle.exists():
            login["ca"] = bundle.read_text()
        hosts = {"username": "root", "ssh_key_data": self.key, "become_method": "sudo"}
        self.sudo = directory / "sudo.log"
        (directory / "bin").mkdir()
        (directory / "bin" / "sudo").write_text(SUDO.format(log=self.sudo))
        (directory / "bin" / "sudo").chmod(0o755)
        self.collections = collections or collections_of(ROOT, directory, python)
        self.runner = Runner(
            self.awx,
            directory,
            python,
            self.collections,
            {"DC/OS": login, "DC/OS hosts": hosts},
            path=f"{directory}/bin",
        )
        # templates in slices have an inventory without masters
        self.inventory = inventory_of(lab, masters=slices == 1)
        self.jobs: list[Job] = []

    def launch(self, template: str, slices: int | None = None, limit: str = "", **given: Any) -> list[Job]:
        found = self.runner.launch(f"Calico - {template}", self.inventory, given, slices, limit)
        self.jobs += found
        return found

    def one(self, template: str, limit: str = "", **given: Any) -> Job:
        """The same without slices."""
        (job,) = self.launch(template, 1, limit, **given)
        return job

    def leaks(self) -> list[str]:
        """Where the token or the key is to be found in what jobs left, but for the file in which ansible-runner keeps the environment for its user."""
        needles = Needles({"token": self.token, "key": self.key}, generic=False)
        files = [
            file for job in self.jobs for file in job.directory.rglob("*") if file.is_file() and file.name != "command"
        ]
        return needles.found_below(*files)


def inventory_of(lab: Lab, masters: bool = True) -> Json:
    """A lab's inventory as AWX has stored it, by the source with all hosts or by the one with agents only."""
    whole = yaml.safe_load(lab.inventory.read_text())["all"]
    groups: Json = {}
    hosts: Json = {}

    def walk(children: Mapping[str, Any]) -> None:
        for name, group in children.items():
            own = group.get("hosts") or {}
            hosts.update({host: {**hosts.get(host, {}), **(variables or {})} for host, variables in own.items()})
            groups[name] = {
                "hosts": sorted(own),
                "children": sorted(group.get("children") or {}),
                "vars": group.get("vars") or {},
            }
            walk(group.get("children") or {})

    walk(whole["children"])
    if not masters:
        gone = {host for name in ("masters", "leader") for host in groups.get(name, {}).get("hosts", [])}
        hosts = {host: variables for host, variables in hosts.items() if host not in gone}
        for group in groups.values():
            group["hosts"] = [host for host in group["hosts"] if host not in gone]
    # what the lab says of itself is for its own tests; some of it is secret
    variables = {
        name: value for name, value in whole["vars"].items() if name not in NOT_OF_AWX and not name.startswith("lab_")
    }
    return {"hosts": hosts, "groups": groups, "vars": variables | {"ansible_ssh_common_args": SSH}}


def outcomes(jobs: Iterable[Job], once: Iterable[str] = ()) -> dict[str, list[tuple[str, str, bool]]]:
    """{agent: [(task, outcome, changed)]}, without tasks that are done once for all hosts of a job."""
    left_out = set(once)
    return {
        host: [one for one in tasks if one[0] not in left_out] for job in jobs for host, tasks in job.outcomes().items()
    }


def done_once(job: Job, agents: Iterable[str]) -> set[str]:
    """Tasks that only one of the agents of a job without slices has a result of."""
    desired = set(agents)
    seen: dict[str, set[str]] = {}
    for host, tasks in job.outcomes().items():
        for task, _how, _changed in tasks:
            seen.setdefault(task, set()).add(host)
    return {task for task, hosts in seen.items() if len(hosts & desired) == 1}


def heart(lab: Lab, directory: Path, collections: Path | None = None) -> None:
    """On a lab that is installed: a job of two slices finds on each agent what a job without them finds, changes nothing, and gives nothing away."""
    tower = Tower(lab, directory, collections=collections)
    agents = [agent.name for agent in lab.agents]
    whole = tower.one("site").require()
    sliced = [job.require() for job in tower.launch("site")]
    assert len(sliced) == 2 and not [job.changed() for job in (whole, *sliced) if job.changed()]
    once = done_once(whole, agents)
    assert outcomes(sliced, once).items() <= outcomes([whole], once).items() and set(outcomes(sliced)) >= set(agents)
    assert tower.leaks() == [] and not tower.sudo.exists()
