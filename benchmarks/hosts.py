"""What is measured on: labs of systemd hosts, and doubles of one of their agents, on which all is quick but the controller's own work.

A double answers as a real agent did: `record` runs a playbook with a Python on two agents that keeps what each module said, in order, and
`doubles` makes an inventory over local connections whose Python gives these answers, in that order, under each double's own name and address.
The first double answers as the first agent, which does what is done once per cluster; all others as the second.
"""

from __future__ import annotations

import ipaddress
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LAB = [sys.executable, str(ROOT / "tests" / "lab" / "lab.py")]
LAB_SECONDS = 900
SSH_SECONDS = 60
FIRST_DOUBLE = ipaddress.IPv4Address("10.20.0.1")
# A directory of the agent that nothing else uses; `python` in it is the Python that records.
RECORDS = "/var/lib/dcos-calico-bench"
RECORDER = """#!/bin/sh
# Runs a module, and keeps what it says as the next answer of this host.
cd "${0%/*}" || exit 1
n=$(($(cat n) + 1))
echo $n > n
/usr/bin/python3 "$@" > answers/$n
rc=$?
cat answers/$n
exit $rc
"""
DOUBLE = """#!/bin/sh
# Stands for the Python of a host: takes a module and gives the answer that is next.
cat > /dev/null
cd "${0%/*}" || exit 1
read n < n
n=$((n + 1))
echo $n > n
exec sed -f names answers/$n
"""


class HostsFailed(Exception):
    """Hosts could not be had; the text says what was run and what it said."""


def call(argv: Sequence[str], seconds: int, env: Mapping[str, str] | None = None, text: str = "") -> str:
    """Run a command to its end and give its output; raises HostsFailed."""
    try:
        done = subprocess.run(
            argv,
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            input=text,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise HostsFailed(str(error)) from error
    if done.returncode:
        raise HostsFailed(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


@dataclass(frozen=True)
class Lab:
    """A lab of agents that all have Python 3, so that every core can work on them."""

    name: str
    agents: int

    def up(self) -> None:
        env = {"LAB_PROFILE": "modern", "LAB_AGENTS": str(self.agents), "LAB_PUBLIC_AGENTS": "0", "LAB_MASTERS": "1"}
        call([*LAB, "up", "--name", self.name], LAB_SECONDS, env)

    def down(self) -> None:
        call([*LAB, "down", "--name", self.name], LAB_SECONDS)

    def inventory(self) -> dict[str, Any]:
        """The lab's inventory as `ansible-inventory --list` has it, read by the main environment."""
        path = call([*LAB, "inventory", "--name", self.name, "--path"], SSH_SECONDS).strip()
        tool = str(ROOT / ".build" / "venv-2.16" / "bin" / "ansible-inventory")
        listed: dict[str, Any] = json.loads(call([tool, "-i", path, "--list", "--export"], SSH_SECONDS))
        return listed


def agents_of(listed: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Variables of each agent, in the inventory's order."""
    variables: dict[str, dict[str, Any]] = listed["_meta"]["hostvars"]
    return {name: variables[name] for name in listed["agents_private"]["hosts"]}


def write(
    path: Path, listed: Mapping[str, Any], agents: Mapping[str, Mapping[str, Any]], common: Mapping[str, Any]
) -> Path:
    """An inventory of these agents, with the lab's variables for all and its masters."""
    masters = {name: listed["_meta"]["hostvars"][name] for name in listed["masters"]["hosts"]}
    tree = {
        "all": {
            "vars": {**listed["all"]["vars"], **common},
            "children": {"masters": {"hosts": masters}, "agents": {"children": {"agents_private": {"hosts": agents}}}},
        }
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(tree, indent=1), encoding="utf-8")
    return path


def lab_inventory(listed: Mapping[str, Any], number: int, path: Path) -> Path:
    """An inventory of the lab's first agents."""
    return write(path, listed, dict(list(agents_of(listed).items())[:number]), {})


def _ssh(listed: Mapping[str, Any], agent: str, command: str, text: str = "") -> str:
    common, own = listed["all"]["vars"], agents_of(listed)[agent]
    options = [*common["ansible_ssh_common_args"].split(), "-i", common["ansible_ssh_private_key_file"]]
    return call(["ssh", *options, f"{own['ansible_user']}@{own['ansible_host']}", command], SSH_SECONDS, text=text)


def _recording_inventory(listed: Mapping[str, Any], path: Path) -> Path:
    """All agents of the lab, the first two with the Python that records."""
    agents = agents_of(listed)
    for name in list(agents)[:2]:
        fresh = f"rm -rf {RECORDS} && mkdir -p {RECORDS}/answers && echo 0 > {RECORDS}/n"
        _ssh(listed, name, f"{fresh} && cat > {RECORDS}/python && chmod 755 {RECORDS}/python", RECORDER)
        agents[name] = {**agents[name], "ansible_python_interpreter": f"{RECORDS}/python"}
    return write(path, listed, agents, {})


def record(
    listed: Mapping[str, Any], argv: Sequence[str], env: Mapping[str, str], seconds: int, directory: Path
) -> None:
    """Run a playbook that changes nothing (`argv` ends before the inventory), and keep what the first two agents answered."""
    shutil.rmtree(directory, ignore_errors=True)
    inventory = _recording_inventory(listed, directory / "inventory.json")
    call([*argv, "-i", str(inventory)], seconds, env)
    for kind, agent in zip(("first", "other"), agents_of(listed)):
        number = int(_ssh(listed, agent, f"cat {RECORDS}/n"))
        (directory / kind).mkdir()
        for n in range(1, number + 1):
            (directory / kind / str(n)).write_text(_ssh(listed, agent, f"cat {RECORDS}/answers/{n}"), encoding="utf-8")
        _ssh(listed, agent, f"rm -rf {RECORDS}")


def doubles(listed: Mapping[str, Any], records: Path, number: int, directory: Path) -> Path:
    """An inventory of this many doubles that answer from the start; anything that was in the directory is gone."""
    shutil.rmtree(directory, ignore_errors=True)
    real = list(agents_of(listed).items())[:2]
    agents: dict[str, dict[str, Any]] = {}
    for place in range(number):
        name, address = f"double{place + 1:04}", str(FIRST_DOUBLE + place)
        (as_name, as_variables), kind = (real[0], "first") if place == 0 else (real[1], "other")
        own = directory / name
        own.mkdir(parents=True)
        (own / "answers").symlink_to(records / kind)
        (own / "n").write_text("0\n", encoding="ascii")
        old_address = as_variables["ansible_host"].replace(".", "\\.")
        (own / "names").write_text(f"s/\\b{as_name}\\b/{name}/g\ns/\\b{old_address}\\b/{address}/g\n", encoding="ascii")
        (own / "python").write_text(DOUBLE, encoding="ascii")
        (own / "python").chmod(0o755)
        agents[name] = {**as_variables, "ansible_host": address, "ansible_python_interpreter": str(own / "python")}
    common = {"ansible_connection": "local", "ansible_pipelining": True}  # as the lab has it over ssh
    return write(directory / "inventory.json", listed, agents, common)
