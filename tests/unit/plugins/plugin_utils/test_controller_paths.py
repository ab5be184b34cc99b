"""Relative paths on the controller: one rule, and nothing is written into the collection."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.plugin_utils import _controller_paths as paths

from ..inventory.test_dcos import ROOT, Inventories


def test_relative_ones_are_of_the_directory_of_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    for pwd in (str(tmp_path), "/elsewhere", ""):
        monkeypatch.setenv("PWD", pwd)
        assert paths.controller_path("a/../b.crt") == f"{tmp_path}/b.crt"
    assert paths.controller_path("/x/y") == "/x/y" and paths.controller_path("~/z") == "/home/me/z"
    assert paths.controller_path("  ") == paths.controller_path(None) == ""
    (tmp_path / "link").symlink_to(tmp_path)
    monkeypatch.setenv("PWD", f"{tmp_path}/link")
    assert paths.controller_path("a") == f"{tmp_path}/link/a"


@pytest.mark.parametrize("content", [{"uid": "x"}, '{"uid": "x"}', "-----BEGIN PRIVATE KEY-----\nx", "a\nb"])
def test_content_stays_content(content) -> None:
    assert paths.controller_path(content, or_content=True) == content
    assert str(paths.controller_path("robot.json", or_content=True)).startswith("/")


@pytest.mark.parametrize("path", [["x"], 5])
def test_what_is_no_path(path) -> None:
    with pytest.raises(AnsibleFilterError, match="is to be text"):
        paths.controller_path(path)


def test_nothing_is_written_into_the_product(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "COLLECTION", tmp_path / "calico")
    (tmp_path / "calico" / "playbooks").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "calico" / "playbooks")
    assert paths.controller_path(f"{tmp_path}/calico/mine.yml", write=True)
    for inside in ("calico/playbooks/group_vars/all.yml", "calico/roles/x", "link/x", "calico/docs/../meta/x"):
        with pytest.raises(AnsibleFilterError, match="is not written: it lies in the collection"):
            paths.controller_path(f"{tmp_path}/{inside}", write=True)
    assert paths.controller_path(f"{tmp_path}/calico/playbooks/x")
    (tmp_path / "calico" / "MANIFEST.json").touch()
    with pytest.raises(AnsibleFilterError, match="in the collection"):
        paths.controller_path(f"{tmp_path}/calico/mine.yml", write=True)


@pytest.mark.slow
def test_a_manifest_is_written_where_the_command_was_started(tmp_path: Path) -> None:
    """The command of the README, with a collection that is installed: it wrote into the playbooks' directory, for every inventory."""
    collection = tmp_path / "collections" / "ansible_collections" / "dcos" / "calico"
    for part in ("plugins", "roles", "playbooks", "meta", "galaxy.yml"):
        source = ROOT / part
        shutil.copytree(source, collection / part) if source.is_dir() else shutil.copy(source, collection / part)
    (collection / "MANIFEST.json").write_text("{}", encoding="utf-8")
    before = sorted(path for path in collection.rglob("*") if "__pycache__" not in path.parts)
    (tmp_path / "mine").mkdir()
    runs = Inventories(tmp_path / "mine")
    runs.environment = {
        "ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "collections"),
        "PWD": str(tmp_path / "mine"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    extra = {
        "calico_manifest_file": "group_vars/all/calico_manifest.yml",
        "calico_mirror_url": "https://127.0.0.1:9",
        "calico_download_timeout": 2,
    }
    done = runs.run("dcos.calico.manifest", "-e", json.dumps(extra), "--check", "-vvv", program="ansible-playbook")
    said = done.stdout + done.stderr
    assert done.returncode == 0 and "playbooks/group_vars" not in said, said[-2000:]
    # newer cores do not show a task's arguments
    assert f"{tmp_path}/mine/group_vars/all/calico_manifest.yml" in said or "[core 2.16" not in said
    refused = runs.run(
        "dcos.calico.manifest", "-e", f"calico_manifest_file={collection}/playbooks/x.yml", program="ansible-playbook"
    )
    assert refused.returncode != 0 and "it lies in the collection" in refused.stdout + refused.stderr
    assert sorted(path for path in collection.rglob("*") if "__pycache__" not in path.parts) == before


def test_a_file_is_whole_or_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "x.json"
    paths.write(str(file), "one")
    assert file.read_text() == "one" and file.stat().st_mode & 0o777 == 0o644 and os.listdir(tmp_path) == ["x.json"]

    def full(*_unused: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(paths.os, "replace", full)
    with pytest.raises(CalicoError, match="No space left on device. Make its directory"):
        paths.write(str(file), "two")
    assert file.read_text() == "one" and os.listdir(tmp_path) == ["x.json"]
