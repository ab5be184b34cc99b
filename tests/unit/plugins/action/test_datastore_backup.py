"""The action plugin's own part: what it takes out of the module's result, and when there is a file."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible.playbook.task import Task

from ansible_collections.dcos.calico.plugins.action import datastore_backup as plugin
from ansible_collections.dcos.calico.plugins.module_utils._calico import _backup
from ansible_collections.dcos.calico.plugins.modules import datastore_backup as documented
from ansible_collections.dcos.calico.plugins.plugin_utils import _backup_file

from ...support import returns

READ = {"cluster_id": "c", "index": 7, "index_end": 8, "nodes": [["/calico/v1/Ready", "hunter2", None]]}
ANSWER = {
    "changed": False,
    "key_count": 1,
    "directory_count": 0,
    "calico_version": "",
    "endpoint": "http://a:1",
    **{name: READ[name] for name in ("index", "index_end", "cluster_id")},
}
VAULT = VaultLib([("default", VaultSecret(b"secret"))])


class Host(plugin.ActionModule):
    """Answers for the module."""

    def __init__(self, answer: dict[str, Any], task: Task, vault: VaultLib) -> None:
        connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))
        super().__init__(task, connection, None, SimpleNamespace(_vault=vault), None, None)
        self.answer, self.asked = answer, 0

    def _execute_module(self, task_vars: Any = None, **more: Any) -> dict[str, Any]:
        self.asked += 1
        return dict(self.answer)


def run(
    args: dict[str, Any], check: bool = False, content: Any = None, vault: VaultLib = VAULT
) -> tuple[dict[str, Any], Host]:
    task = Task()
    task.action, task.args, task.check_mode = "dcos.calico.datastore_backup", args, check
    answer = content if isinstance(content, dict) else {**ANSWER, "content": content or _backup.pack(READ)}
    host = Host(answer, task, vault)
    return host.run(task_vars={}), host


def test_the_file_is_written_and_the_keys_are_in_no_result(tmp_path: Path) -> None:
    result, _host = run({"dest": str(tmp_path / "b")})
    found = _backup_file.load(str(tmp_path / "b"), VAULT)
    assert result["changed"] and found["nodes"] == READ["nodes"] and found["sha256"] == result["sha256"]
    assert found["index"] == 7 and found["index_end"] == 8 and found["made"].endswith("Z")
    assert "hunter2" not in repr(result) and "content" not in result
    assert returns.faults_of_result(yaml.safe_load(documented.RETURN), result, {}) == []


def test_check_mode_reads_and_writes_no_file(tmp_path: Path) -> None:
    result, host = run({"dest": str(tmp_path / "b")}, check=True)
    assert result["changed"] and host.asked == 1 and os.listdir(tmp_path) == []


def test_encrypted(tmp_path: Path) -> None:
    result, _host = run({"dest": str(tmp_path / "b"), "encrypt": "yes"})
    assert result["encrypted"] and (tmp_path / "b").read_text().startswith("$ANSIBLE_VAULT;")
    assert _backup_file.load(str(tmp_path / "b"), VAULT)["nodes"] == READ["nodes"]


@pytest.mark.parametrize("check", [True, False])
def test_what_cannot_be_is_told_before_the_host_is_asked(tmp_path: Path, check: bool) -> None:
    (tmp_path / "there").write_text("mine")
    for args, words in (
        ({"dest": ""}, "No file is named"),
        ({"dest": str(tmp_path / "there")}, "there is a file already"),
        ({"dest": str(tmp_path / "b"), "encrypt": True}, "no vault password"),
        ({"dest": str(Path(plugin.__file__).parents[1] / "b")}, "is not written: it lies in the collection"),
    ):
        result, host = run(args, check=check, vault=VaultLib())
        assert result["failed"] and words in result["msg"] and host.asked == 0
    assert (tmp_path / "there").read_text() == "mine" and os.listdir(tmp_path) == ["there"]


def test_a_file_is_replaced_where_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    assert run({"dest": str(tmp_path / "there"), "force": True})[0]["changed"]
    assert _backup_file.load(str(tmp_path / "there"), VAULT)["nodes"] == READ["nodes"]


@pytest.mark.parametrize(
    "content",
    [
        {"failed": True, "msg": "etcd does not answer"},
        {**ANSWER, "content": None},
        "x",
        _backup.pack([]),
        _backup.pack({**READ, "index": "7"}),
        _backup.pack({**READ, "nodes": [["/etc/passwd", "x", None]]}),
    ],
)
def test_a_host_that_answers_otherwise_makes_no_file(tmp_path: Path, content: Any) -> None:
    result, _host = run({"dest": str(tmp_path / "b")}, content=content)
    assert result["failed"] and os.listdir(tmp_path) == []
