"""The action plugin's own part: which files it takes, and what the module gets of them."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible.playbook.task import Task

from ansible_collections.dcos.calico.plugins.action import datastore_restore as plugin
from ansible_collections.dcos.calico.plugins.module_utils._calico import _backup
from ansible_collections.dcos.calico.plugins.plugin_utils import _backup_file, _progress

NODES = [["/calico/v1/Ready", "hunter2", None]]
TEXT = _backup.render(
    _backup.document({"cluster_id": "c", "index": 7, "index_end": 8, "nodes": NODES}, "2026-11-29T03:49:29Z")
)
VAULT = VaultLib([("default", VaultSecret(b"secret"))])


class Host(plugin.ActionModule):
    """Answers for the module; C(given) has its arguments."""

    given: dict[str, Any] | None = None
    seconds: float = 0

    def _execute_module(self, module_args: Any = None, task_vars: Any = None, **more: Any) -> dict[str, Any]:
        self.given = module_args
        time.sleep(self.seconds)
        return {"changed": True, "created": 1}


def run(src: Path | str, **more: Any) -> tuple[dict[str, Any], Host]:
    task = Task()
    task.action, task.check_mode = "dcos.calico.datastore_restore", False
    task.args = {"src": str(src), "timeout": 9, **more}
    connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))
    host = Host(task, connection, None, SimpleNamespace(_vault=VAULT), None, None)
    return host.run(task_vars={}), host


def test_the_module_gets_the_keys(tmp_path: Path) -> None:
    for text in (TEXT, _backup_file.encrypted(TEXT, VAULT, None)):
        _backup_file.write(str(tmp_path / "b"), text, True)
        result, host = run(tmp_path / "b")
        assert host.given is not None and host.given["timeout"] == 9
        assert _backup.unpack(host.given["content"]) == {"cluster_id": "c", "nodes": NODES}
        assert result["changed"] and result["made"] == "2026-11-29T03:49:29Z" and "hunter2" not in repr(result)


def test_a_file_that_is_not_right_is_refused_before_the_host_is_asked(tmp_path: Path) -> None:
    (tmp_path / "changed").write_text(TEXT.replace("hunter2", "hunter3"))
    (tmp_path / "cut").write_text(TEXT[:-10])
    for src, words in (("changed", "was changed after it was made"), ("cut", "is no whole backup"), ("none", "cannot be read")):  # fmt: skip
        result, host = run(tmp_path / src)
        assert result["failed"] and words in result["msg"] and host.given is None
    assert "No file is named" in run("")[0]["msg"]


def test_a_host_whose_containers_are_not_known_is_not_one_without(tmp_path: Path) -> None:
    _backup_file.write(str(tmp_path / "b"), TEXT, True)
    result, host = run(tmp_path / "b", addresses_in_use=["192.168.1.5", None])
    assert result["failed"] and "does not say which addresses" in result["msg"] and host.given is None
    assert "failed" not in run(tmp_path / "b", addresses_in_use=["192.168.1.5"])[0]


def test_whoever_waits_long_is_told_that_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _backup_file.write(str(tmp_path / "b"), TEXT, True)
    run(tmp_path / "b")
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(_progress, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(_progress, "REPEAT_EVERY", 0.02)
    monkeypatch.setattr(Host, "seconds", 1.0)
    run(tmp_path / "b")
    assert "written, key by key (no news)" in capsys.readouterr().out
