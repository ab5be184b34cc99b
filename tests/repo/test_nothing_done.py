"""Nothing done is not success: a run in which no host matched, or of which something unknown is asked, fails with a sentence, in every playbook."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import setup
import yaml
from layout import BUILD, COLLECTIONS, ROOT

PLAYBOOKS = sorted(
    [*(ROOT / "playbooks").glob("*.yml"), *ROOT.glob("*.yml"), *(ROOT / "docs" / "tower" / "project").glob("*.yml")]
)
PLAYBOOKS = [path for path in PLAYBOOKS if isinstance(yaml.safe_load(path.read_text(encoding="utf-8")), list)]
NAMES = [path.relative_to(ROOT).as_posix() for path in PLAYBOOKS]
IMPORT = "ansible.builtin.import_playbook"
# Their work is the controller's, with or without an inventory.
WITHOUT_HOSTS = ("universe.yml", "manifest.yml")
SECONDS = 60 * float(os.environ.get("CALICO_TIMEOUT_SCALE", "1"))
# Nothing of these is to be used: no host is asked, and the controller needs no rights.
UNUSABLE = {
    "ansible_connection": "ssh",
    "ansible_host": "127.0.0.1",
    "ansible_port": 1,
    "ansible_become": True,
    "ansible_become_method": "sudo",
    "ansible_python_interpreter": "/none",
}


def plays_of(path: Path) -> Iterator[dict[str, Any]]:
    """Plays in their order, those of imported playbooks in their place."""
    for item in yaml.safe_load(path.read_text(encoding="utf-8")):
        imported = item.get(IMPORT) or item.get("import_playbook")
        if not imported:
            yield item
            continue
        ours = imported.startswith("dcos.calico.")
        yield from plays_of(
            ROOT / "playbooks" / f"{imported.rpartition('.')[2]}.yml" if ours else path.parent / imported
        )


def prepares(play: dict[str, Any]) -> bool:
    """Whether a play only validates the variables and groups the hosts."""
    return not play.get("roles") and all(
        str(task.get("ansible.builtin.import_tasks")) in ("tasks/variables.yml", "tasks/group_hosts.yml")
        for task in play["tasks"]
    )


@pytest.mark.parametrize(
    "path",
    [path for path in PLAYBOOKS if path.name != "one_at_a_time.yml"],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_the_first_task_validates_variables_and_the_first_play_that_does_something_asks_for_its_hosts(
    path: Path,
) -> None:
    plays = list(plays_of(path))
    if "tower" in path.parts:  # that one button works at a time is seen to before
        plays = [play for play in plays if play["hosts"] != "all"]
    first, *_others = plays
    task = first["tasks"][0]
    assert task["ansible.builtin.import_tasks"] == "tasks/variables.yml" and first["any_errors_fatal"] is True
    assert "always" in [*first.get("tags", []), *task.get("tags", [])]
    play = next(play for play in plays if "required_hosts" in play["hosts"] or not prepares(play))
    assert "lookup('dcos.calico.required_hosts', '" in play["hosts"]


def script(file: Path, groups: dict[str, list[str]], variables: dict[str, Any] | None = None) -> Path:
    """An inventory as AWX makes it: a script that prints groups and hosts, of which those that are disabled are left out."""
    hosts = sorted({host for group in groups.values() for host in group})
    listed: dict[str, Any] = {name: {"hosts": members} for name, members in groups.items() if members}
    listed |= {"all": {"vars": {**UNUSABLE, **(variables or {})}}, "_meta": {"hostvars": {name: {} for name in hosts}}}
    file.write_text(f"#!/usr/bin/env python3\nprint({json.dumps(listed)!r})\n", encoding="utf-8")
    file.chmod(0o700)
    return file


def run(
    playbook: str, inventory: Path, *arguments: str, core: str = "2.16", **env: str
) -> subprocess.CompletedProcess[str]:
    setup.link_collection()
    argv = [
        str(BUILD / f"venv-{core}" / "bin" / "ansible-playbook"),
        "-i",
        str(inventory),
        str(ROOT / playbook),
        *arguments,
    ]
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "DCOS_"))}
    # ansible.cfg of the examples, and no sudo to be found
    said = {
        "ANSIBLE_CONFIG": str(ROOT / "inventories" / "example" / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "PATH": os.defpath,
    }
    full = {
        **plain,
        **said,
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "ANSIBLE_DEVEL_WARNING": "0",
        **env,
    }
    return subprocess.run(
        argv,
        env=full,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=SECONDS,
        cwd=inventory.parent,
        check=False,
    )


def refused(done: subprocess.CompletedProcess[str], words: str) -> None:
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0 and words in said, said
    assert not [word for word in ("UNREACHABLE", "Traceback", "unhandled", "MODULE FAILURE") if word in said], said
    assert not re.search(r"changed=[1-9]", said), said


OURS = {"agents": ["a1", "a2"], "agents_private": ["a1", "a2"], "masters": ["m1"], "bootstraps": ["b1"]}
OTHERS = {"mesos_masters": ["m1"], "mesos_agents": ["a1"]}
# (groups, arguments, what is said)
SITUATIONS = {
    "no host": ({}, (), "Nothing to do, because the inventory has no hosts."),
    "no host, and a limit": ({}, ("--limit", "a1"), "Nothing to do, because "),
    "groups of others": (OTHERS, (), "its groups are mesos_agents, mesos_masters."),
    "disabled": ({"bootstraps": ["b1"]}, (), "see whether the hosts of a group are disabled"),
    "a limit": (OURS, ("--limit", "b1"), "Nothing to do, because the limit b1 leaves none of "),
    "unknown choices": (
        OURS,
        ("-e", '{"calico_install_method": "Advanced", "calico_verify": "ture"}'),
        "cannot be Advanced. Choose advanced or universe.",
    ),
}
RUN = [name for name in NAMES if name.startswith("playbooks/") or name == "site.yml"]
# One mechanism, so some playbooks are tried with everything, and each with the rest.
OF_EACH = ("a limit", "unknown choices")
CASES = [(name, situation) for name in RUN for situation in SITUATIONS if situation in OF_EACH or name == "site.yml"]
CASES += [(name, "groups of others") for name in RUN if name != "site.yml" and not name.endswith(WITHOUT_HOSTS)]


@pytest.mark.parametrize(("name", "situation"), CASES)
def test_every_playbook_refuses(name: str, situation: str, tmp_path: Path) -> None:
    groups, arguments, words = SITUATIONS[situation]
    refused(run(name, script(tmp_path / "hosts", groups), *arguments), words)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_so_it_does_with_the_newest_core(situation: str, tmp_path: Path) -> None:
    groups, arguments, words = SITUATIONS[situation]
    refused(run("playbooks/install.yml", script(tmp_path / "hosts", groups), *arguments, core="new"), words)


def test_strategy_free_makes_no_difference(tmp_path: Path) -> None:
    for situation in ("groups of others", "unknown choices"):
        groups, arguments, words = SITUATIONS[situation]
        refused(
            run("playbooks/site.yml", script(tmp_path / "hosts", groups), *arguments, ANSIBLE_STRATEGY="free"), words
        )


@pytest.mark.parametrize("core", ["2.16", "new"])
def test_masters_of_which_nothing_is_desired_are_nothing_to_do(core: str, tmp_path: Path) -> None:
    """And where something is, that is tried: these cannot be reached."""
    hosts = script(tmp_path / "hosts", OURS)
    refused(
        run("playbooks/site.yml", hosts, "--limit", "masters", core=core),
        "masters with calico/node (calico_masters: true)",
    )
    for desired in ("calico_masters", "calico_mesos_dns"):
        done = run("playbooks/site.yml", hosts, "--limit", "masters", "-e", f"{desired}=true", core=core)
        assert (
            done.returncode != 0 and "Nothing to do" not in done.stdout + done.stderr and "UNREACHABLE" in done.stdout
        )


@pytest.mark.parametrize("core", ["2.16", "new"])
def test_a_slice_leaves_it_to_the_others_but_not_to_nobody(core: str, tmp_path: Path) -> None:
    """As AWX names the workflow in which the slices of a template run; a workflow of another name runs the whole."""
    sliced = ("-e", '{"awx_job_template_name": "Calico - verify", "awx_workflow_job_name": "Calico - verify"}')
    whole = ("-e", '{"awx_job_template_name": "Calico - verify", "awx_workflow_job_name": "Every night"}')
    masters = script(tmp_path / "hosts", {"masters": ["m1"]})
    done = run("playbooks/verify.yml", masters, *sliced, core=core)
    assert done.returncode == 0 and "This slice leaves it to the others" in done.stdout, done.stdout + done.stderr
    refused(run("playbooks/verify.yml", masters, *whole, core=core), "no host in agents")
    refused(
        run("playbooks/verify.yml", script(tmp_path / "none", {}), *sliced, core=core), "the inventory has no hosts"
    )


def test_mesos_dns_without_masters_is_refused_with_what_else_there_is(tmp_path: Path) -> None:
    """By dcos.calico.site before anything is touched: its agents cannot be reached."""
    hosts = script(tmp_path / "hosts", {"agents": ["a1"]})
    done = run("playbooks/site.yml", hosts, "-e", "calico_mesos_dns=true")
    refused(done, "Mesos-DNS is to be changed, but the inventory has no host in masters.")
    assert 'mesos_dns_ip_sources: \'["netinfo", "host"]\'' in done.stdout


def test_looking_at_a_playbook_needs_no_hosts(tmp_path: Path) -> None:
    for option in ("--syntax-check", "--list-hosts", "--list-tasks", "--list-tags"):
        done = run("site.yml", script(tmp_path / "hosts", {}), option)
        assert done.returncode == 0, done.stdout + done.stderr
