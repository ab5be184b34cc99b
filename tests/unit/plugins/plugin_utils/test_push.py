"""Action plugins that push files: what they ask of the connection, and one real run of ansible-playbook."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible_collections.dcos.calico.plugins.plugin_utils import _push

CONTENT = b"calico"
SUM = hashlib.sha256(CONTENT).hexdigest()


class Sample(_push.PushAction):
    """An action of a module that takes a list and a dict, with everything remote noted instead of done."""

    MODULE = "dcos.calico.sample"
    SOURCES = ("plugins", "executable")

    def __init__(
        self,
        directory: Path,
        args: dict[str, Any],
        answers: list[dict[str, Any]],
        check: bool = False,
        tmpdir: str | None = None,
    ) -> None:
        self.directory, self.answers = directory, answers
        self.modules: list[dict[str, Any]] = []
        self.transferred: list[tuple[str, str]] = []
        self._task = SimpleNamespace(args=args, check_mode=check, async_val=0, diff=False)  # type: ignore[assignment]
        shell = SimpleNamespace(tmpdir=tmpdir, join_path=os.path.join)
        self._connection = SimpleNamespace(_shell=shell)  # type: ignore[assignment]

    def _find_needle(self, dirname: str, needle: str) -> str:
        if not (self.directory / needle).exists():
            raise AnsibleError(f"Could not find {needle!r}.")
        return str(self.directory / needle)

    def _execute_module(
        self, module_name: str, module_args: dict[str, Any], task_vars: dict[str, Any]
    ) -> dict[str, Any]:  # type: ignore[override]
        assert module_name == self.MODULE
        self.modules.append(json.loads(json.dumps(module_args)))
        return self.answers.pop(0)

    def _make_tmp_path(self, remote_user: str | None = None) -> str:
        return "/remote/made"

    def _transfer_file(self, local_path: str, remote_path: str) -> None:
        self.transferred.append((local_path, remote_path))

    def _fixup_perms2(self, remote_paths: list[str], remote_user: str | None = None, execute: bool = True) -> None:
        self.fixed = remote_paths


@pytest.fixture(autouse=True)
def without_base(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_push.ActionBase, "run", lambda self, tmp, task_vars: {})


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "calico").write_bytes(CONTENT)
    return tmp_path


def test_nothing_is_pushed_where_all_is_in_place(directory: Path) -> None:
    args = {
        "plugins": [{"name": "calico", "local_src": "calico"}, {"name": "x", "url": "https://x"}],
        "executable": {"local_src": "calico"},
    }
    action = Sample(directory, args, [{"changed": False}])
    assert action.run() == {"changed": False}
    assert len(action.modules) == 1 and action.transferred == []
    resolved = {"local_src": str(directory / "calico"), "sha256": SUM}
    assert action.modules[0] == {
        "plugins": [{"name": "calico", **resolved}, {"name": "x", "url": "https://x"}],
        "executable": resolved,
    }
    assert args["plugins"][0] == {"name": "calico", "local_src": "calico"}, "the task's own arguments are left alone"


@pytest.mark.parametrize("tmpdir", [None, "/remote/there"])
def test_only_what_is_needed_is_pushed_once(directory: Path, tmpdir: str | None) -> None:
    (directory / "other").write_bytes(b"other")
    args = {"plugins": [{"local_src": "calico"}, {"local_src": "other"}, {"local_src": "calico", "member": "m"}]}
    action = Sample(directory, args, [{"changed": False, "needs": [SUM]}, {"changed": True}], tmpdir=tmpdir)
    assert action.run() == {"changed": True}
    remote = f"{tmpdir or '/remote/made'}/{SUM}"
    assert action.transferred == [(str(directory / "calico"), remote)] and remote in action.fixed
    assert [item.get("src") for item in action.modules[1]["plugins"]] == [remote, None, remote]
    assert [item.get("local_src") for item in action.modules[1]["plugins"]] == [None, str(directory / "other"), None]


@pytest.mark.parametrize(
    ("check", "answer"),
    [(True, {"changed": True, "needs": [SUM]}), (False, {"failed": True, "msg": "no", "needs": [SUM]})],
)
def test_check_mode_and_failures_push_nothing(directory: Path, check: bool, answer: dict[str, Any]) -> None:
    action = Sample(directory, {"plugins": [{"local_src": "calico"}]}, [answer], check=check)
    assert action.run() == answer and len(action.modules) == 1 and action.transferred == []


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ({"local_src": "calico", "sha256": "0" * 64}, ["is not the expected file", "0" * 64, SUM]),
        ({"local_src": "nosuch"}, ["nosuch is not on the controller"]),
        ({"local_src": "."}, ["is not a file"]),
    ],
)
def test_wrong_files_are_refused_before_anything_is_run(
    directory: Path, item: dict[str, str], words: list[str]
) -> None:
    action = Sample(directory, {"plugins": [item]}, [])
    with pytest.raises(AnsibleActionFail) as error:
        action.run()
    assert all(word in str(error.value) for word in words) and action.modules == []


def test_a_given_sum_may_be_written_in_capitals(directory: Path) -> None:
    action = Sample(directory, {"plugins": [{"local_src": "calico", "sha256": SUM.upper()}]}, [{}])
    action.run()
    assert action.modules[0]["plugins"][0]["sha256"] == SUM


def test_a_module_that_is_never_content_is_an_error(directory: Path) -> None:
    action = Sample(directory, {"plugins": [{"local_src": "calico"}]}, [{"needs": [SUM]}, {"needs": [SUM]}])
    with pytest.raises(AnsibleActionFail, match="still asks for"):
        action.run()


@pytest.mark.parametrize(
    "args", [{}, {"plugins": None}, {"plugins": "[]"}, {"plugins": ["x", None]}, {"executable": {"url": "https://x"}}]
)
def test_other_shapes_are_left_to_the_module(directory: Path, args: dict[str, Any]) -> None:
    action = Sample(directory, args, [{"changed": False}])
    action.run()
    assert action.modules == [args]


PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  tasks:
    - dcos.calico.executable:
        executables: [{path: "{{ directory }}/bin/tool", local_src: tool, owner: "{{ owner }}", group: "{{ group }}"}]
        receipts: "{{ directory }}/receipts.json"
"""


def test_a_real_run(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "tool").write_bytes(b"#!/bin/sh\n")
    (tmp_path / "play.yml").write_text(PLAYBOOK, encoding="utf-8")
    (tmp_path / "ansible.cfg").touch()
    remote = tmp_path / "remote"
    variables = {
        "directory": str(tmp_path),
        "owner": str(os.getuid()),
        "group": str(os.getgid()),
        "ansible_python_interpreter": sys.executable,
    }
    env = {
        **os.environ,
        "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": os.environ["PYTHONPATH"],
        "ANSIBLE_LOCAL_TEMP": str(tmp_path / "local"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_REMOTE_TMP": str(remote),
    }
    argv = [
        str(Path(sys.executable).with_name("ansible-playbook")),
        "-i",
        "localhost,",
        "-c",
        "local",
        "-e",
        json.dumps(variables),
        str(tmp_path / "play.yml"),
    ]
    for recap in ("changed=1", "changed=0"):
        done = subprocess.run(
            argv, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120, check=False
        )
        assert done.returncode == 0 and recap in done.stdout, done.stdout + done.stderr
    assert (tmp_path / "bin" / "tool").read_bytes() == b"#!/bin/sh\n"
    assert not remote.exists() or list(remote.iterdir()) == []
