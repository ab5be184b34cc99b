"""The progress of a long wait: the file that is followed, the action around it, and a real run of ansible-playbook over a cluster on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.dcos.calico.plugins.plugin_utils import _progress

from ...support.universe import Universe

PLAYBOOK = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - dcos.calico.dcos_package:
        url: "{{ url }}"
        name: etcd
        version: 0.0.3
        secret_options: {etcd: {admin-password: hunter2}}
        wait_timeout: 60
"""


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def tail(tmp_path: Path) -> Any:
    """(the file, a Tail that is moved by hand, what it showed, its clock)"""
    shown: list[str] = []
    clock = Clock()
    file = tmp_path / "progress"
    file.touch()
    return file, _progress.Tail(str(file), shown.append, clock), shown, clock


def test_lines_are_shown_once_and_whole(tail: Any) -> None:
    file, follower, shown, _clock = tail
    for text in ("0:00 one\n0:0", "5 two\n", "", "0:10 three\n"):
        with file.open("a") as lines:
            lines.write(text)
        follower.look()
    assert shown == ["0:00 one", "0:05 two", "0:10 three"]


def test_a_silence_is_broken_before_30_seconds(tail: Any) -> None:
    file, follower, shown, clock = tail
    follower.look()
    file.write_text("0:00 one\n")
    for _second in range(60):
        follower.look()
        clock.now += 1
    assert shown == ["0:00 one", "0:00 one (no news)", "0:00 one (no news)"]


def test_so_is_one_at_the_beginning(tail: Any) -> None:
    _file, follower, shown, clock = tail
    for _second in range(28):
        follower.look()
        clock.now += 1
    assert shown == ["nothing is told yet (no news)"]


def test_what_comes_last_is_shown_before_the_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_progress, "LOOK_EVERY", 30)
    shown: list[str] = []
    file = tmp_path / "progress"
    with _progress.Tail(str(file), shown.append):
        file.write_text("0:00 one\n")
    assert shown == ["0:00 one"]


class Sample(_progress.ProgressAction):
    MODULE = "dcos.calico.sample"

    def __init__(self, args: dict[str, Any], transport: str = "local", become: Any = None, async_val: int = 0) -> None:
        self._task = SimpleNamespace(args=args, async_val=async_val, check_mode=False)
        self._connection = SimpleNamespace(transport=transport, become=become)
        self.shown: list[str] = []
        self.asked: dict[str, Any] = {}

    def _execute_module(self, **call: Any) -> dict[str, Any]:
        self.asked = call
        path = call["module_args"].get("progress_file")
        if path and os.path.exists(path):
            Path(path).write_text("0:00 going\n")
        return {"changed": True}

    def _show(self) -> Any:
        return self.shown.append


@pytest.fixture
def act(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.setattr(_progress.ActionBase, "run", lambda self, tmp=None, task_vars=None: {})
    monkeypatch.setattr(_progress.C, "DEFAULT_LOCAL_TMP", str(tmp_path))

    def call(action: Sample) -> Sample:
        assert action.run(task_vars={}) == {"changed": True}
        assert not list(tmp_path.iterdir())
        return action

    return call


def test_shows_what_the_module_tells(act: Any) -> None:
    action = act(Sample({"name": "etcd"}))
    assert (
        action.shown == ["0:00 going"]
        and action.asked["module_name"] == "dcos.calico.sample"
        and action.asked["module_args"]["name"] == "etcd"
    )


@pytest.mark.parametrize(
    "more",
    [{"transport": "ssh"}, {"become": object()}, {"async_val": 60}, {"args": {"progress_file": "/nonexistent/mine"}}],
)
def test_leaves_it_to_the_module_where_nothing_can_be_followed(act: Any, more: dict[str, Any]) -> None:
    action = act(Sample(**{"args": {}, **more}))
    assert action.shown == [] and action.asked["module_args"] == more.get("args", {})
    assert action.asked["wrap_async"] == bool(more.get("async_val"))


@pytest.mark.slow
def test_a_real_run_shows_progress_and_no_secret(universe: Universe, tmp_path: Path) -> None:
    universe.members(2)

    def grow(request: Any) -> Any:
        universe.members(2 + min(1, len(universe.api.asked()) // 10))
        return universe.state["srv"]

    universe.api.on("GET", "/mesos_dns/v1/services/_etcd-server._tcp.etcd.mesos", grow)
    (tmp_path / "play.yml").write_text(PLAYBOOK, encoding="utf-8")
    (tmp_path / "ansible.cfg").touch()
    env = {
        **os.environ,
        "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": os.environ["PYTHONPATH"],
        "ANSIBLE_LOCAL_TEMP": str(tmp_path / "local"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_REMOTE_TMP": str(tmp_path / "remote"),
    }
    variables = {"url": universe.api.url, "ansible_python_interpreter": sys.executable}
    argv = [
        str(Path(sys.executable).with_name("ansible-playbook")),
        "-vvv",
        "-i",
        "localhost,",
        "-e",
        json.dumps(variables),
        str(tmp_path / "play.yml"),
    ]
    done = subprocess.run(
        argv, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = [line for line in done.stdout.splitlines() if line.startswith("  0:") and " etcd: " in line]
    assert (
        "being deployed" in told[0]
        and any("2 of 3 members in DNS" in line for line in told)
        and "3 of 3 members in DNS" in told[-1]
    )
    assert "hunter2" not in done.stdout + done.stderr
