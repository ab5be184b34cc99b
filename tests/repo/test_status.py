"""dcos.calico.status on doubles of hosts: each is looked at once, and one that does not answer, or answers nonsense, keeps nobody from being told of."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import setup
from layout import BUILD, COLLECTIONS, ROOT

SECONDS = 60 * float(os.environ.get("CALICO_TIMEOUT_SCALE", "1"))
# Stands for the Python of a host: takes a module, counts it and gives the one answer.
PYTHON = """#!/bin/sh
cat > /dev/null
echo >> "${0%/*}/calls"
exec cat "${0%/*}/answer"
"""
DONE = {"changed": False, "names": []}


def answer(address: str) -> dict[str, Any]:
    """What agent_plan found on a host on which nothing runs; the shape of all of it is that of tests/unit/support/status_facts.py."""
    facts = {
        "dcos": {"installed": True, "version": "1.11.0", "role": "private"},
        "node": {"ip": address, "prefix": 24, "address": f"{address}/24", "hostname": address, "names": [address]},
        "subnets": [{"interface": "eth0", "address": address, "prefix": 24, "network": "10.0.0.0/24"}],
        "docker": {"present": True, "running": False, "error": "Cannot connect to the Docker daemon"},
        "os": {"root": True},
    }
    return {"changed": False, "facts": facts, "plan": {"sysctl": DONE, "mesos_agent": DONE}}


def double(directory: Path, text: str) -> dict[str, Any]:
    """Variables of a host that answers with a text."""
    directory.mkdir()
    (directory / "answer").write_text(text, encoding="utf-8")
    (directory / "python").write_text(PYTHON, encoding="ascii")
    (directory / "python").chmod(0o755)
    return {
        "ansible_connection": "local",
        "ansible_python_interpreter": str(directory / "python"),
        "ansible_become": False,
    }


@pytest.mark.parametrize("core", ["2.16", "new"])
def test_a_host_that_does_not_answer_is_a_row_of_the_status(tmp_path: Path, core: str) -> None:
    setup.link_collection()
    hosts = {
        name: double(tmp_path / name, json.dumps(answer(f"10.0.0.{number}")))
        for number, name in enumerate(("a1", "a2"), 1)
    }
    hosts["nonsense"] = double(tmp_path / "nonsense", "Segmentation fault")
    odd = {"dcos": {"version": 7, "overlays": "x"}, "docker": ["x"], "executables": "x", "etcd": 7, "subnets": {"x": 1}}
    hosts["odd"] = double(tmp_path / "odd", json.dumps({"changed": False, "facts": odd, "plan": "x"}))
    hosts["away"] = {
        "ansible_connection": "ssh",
        "ansible_host": "127.0.0.1",
        "ansible_port": 1,
        "ansible_become": False,
    }
    inventory = tmp_path / "hosts.json"
    inventory.write_text(json.dumps({"agents": {"hosts": hosts}}), encoding="utf-8")
    argv = [
        str(BUILD / f"venv-{core}" / "bin" / "ansible-playbook"),
        "-i",
        str(inventory),
        str(ROOT / "playbooks" / "status.yml"),
    ]
    argv += ["-e", "calico_status_json=status.json calico_status_html=status.html"]
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "DCOS_"))}
    said = {
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_DEVEL_WARNING": "0",
        "PWD": str(tmp_path),
    }
    done = subprocess.run(
        argv, env={**plain, **said}, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    status = json.loads((tmp_path / "status.json").read_text(encoding="utf-8"))
    rows = {agent["name"]: agent["checks"]["host"]["text"] for agent in status["agents"]}
    assert rows == {
        "a1": "Docker does not run",
        "a2": "Docker does not run",
        "away": "does not answer",
        "nonsense": "could not be looked at",
        "odd": "Docker does not run",
    }
    assert {"odd"} in [
        set(problem["hosts"]) for problem in status["problems"] if problem["what"].startswith("What this host says")
    ]
    calls = {name: (tmp_path / name / "calls").read_text(encoding="ascii").count("\n") for name in ("a1", "a2")}
    assert calls == {"a1": 1, "a2": 1}
    assert "Status: " in done.stdout and (tmp_path / "status.html").read_text(encoding="utf-8").startswith(
        "<!DOCTYPE html>"
    )
