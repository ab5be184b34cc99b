"""What a slice does that misses a node which another slice is restarting: playbooks/tasks/sessions.yml, with a role calico_node that only tells what it would
have found, on hosts that are this machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, SECONDS

PLAY = [
    {
        "hosts": "agents",
        "gather_facts": False,
        "tasks": [
            {"name": "What the first look found", "ansible.builtin.set_fact": {"calico_node_result": "{{ first }}"}}
        ],
    },
    {
        "hosts": "agents",
        "gather_facts": False,
        "tags": ["node"],
        "tasks": [{"name": "Validate", "ansible.builtin.import_tasks": "tasks/sessions.yml"}],
    },
]
STUB = [
    {
        "name": "See that nothing would be restarted",
        "ansible.builtin.assert": {"that": "__calico_node_restart == 'never'", "quiet": True},
    },
    {"name": "What the second look found", "ansible.builtin.set_fact": {"calico_node_result": "{{ second }}"}},
]


def node(number: int, up: list[int], down: list[int]) -> dict[str, Any]:
    peers = [{"address": f"10.0.0.{other}", "established": other in up} for other in up + down]
    return {"ip": f"10.0.0.{number}/24", "peers": peers, "peers_down": [f"10.0.0.{other}" for other in down]}


@pytest.fixture
def collections(tmp_path: Path) -> Path:
    """The collection with another role, and without the wait."""
    tree = tmp_path / "ansible_collections" / "dcos" / "calico"
    (tree / "playbooks" / "tasks").mkdir(parents=True)
    for name in ("plugins", "meta", "galaxy.yml"):
        (tree / name).symlink_to(ROOT / name)
    tasks = (ROOT / "playbooks" / "tasks" / "sessions.yml").read_text(encoding="utf-8")
    assert "timeout: 20\n" in tasks
    (tree / "playbooks" / "tasks" / "sessions.yml").write_text(
        tasks.replace("timeout: 20\n", "timeout: 1\n"), encoding="utf-8"
    )
    (tree / "playbooks" / "play.yml").write_text(json.dumps(PLAY), encoding="utf-8")
    (tree / "roles" / "calico_node" / "tasks").mkdir(parents=True)
    (tree / "roles" / "calico_node" / "tasks" / "main.yml").write_text(json.dumps(STUB), encoding="utf-8")
    return tmp_path


def run(collections: Path, **hosts: Any) -> tuple[int, str]:
    """(exit code, output); each host is (first, second) as a look finds it."""
    here = {"ansible_connection": "local", "ansible_become": False, "ansible_python_interpreter": sys.executable}
    inventory = {
        "agents": {
            "hosts": {name: {**here, "first": first, "second": second} for name, (first, second) in hosts.items()}
        }
    }
    (collections / "hosts.json").write_text(json.dumps(inventory), encoding="utf-8")
    argv = [
        str(Path(sys.executable).with_name("ansible-playbook")),
        "-i",
        str(collections / "hosts.json"),
        "dcos.calico.play",
    ]
    env = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(collections),
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_BECOME_EXE": "/bin/false",
    }
    # no sudo is needed: what a role of this collection does as root is left to its own tests
    done = subprocess.run(
        [*argv, "-e", "ansible_become=false"],
        cwd=collections,
        env=env,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_node_that_comes_back_is_not_missed(collections: Path) -> None:
    code, output = run(
        collections, a=(node(1, [2], [9]), node(1, [2, 9], [8])), b=(node(2, [1, 9], []), {"peers": "never looked at"})
    )
    assert code == 0 and "rescued=1" in output, output
    assert "What the second look found" in output and "10.0.0.9 is no host of this run" in output


def test_a_node_that_is_down_at_both_looks_ends_the_run(collections: Path) -> None:
    code, output = run(collections, a=(node(1, [2], [9]), node(1, [2], [9])), b=(node(2, [1, 9], []), {}))
    assert code != 0 and output.count("10.0.0.9 is no host of this run") >= 2, output


def test_nobody_looks_again_where_nobody_is_missed(collections: Path) -> None:
    code, output = run(collections, a=(node(1, [2], []), {}), b=(node(2, [1], []), {}))
    assert code == 0 and "rescued=0" in output and "Look again" not in output, output
