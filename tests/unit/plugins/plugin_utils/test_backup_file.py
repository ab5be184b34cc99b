"""A backup's file on the controller: its mode, that it is whole, and that it is not replaced without a word."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.dcos.calico.plugins.module_utils._calico import _backup
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.plugin_utils import _backup_file

FOUND = _backup.document(
    {"cluster_id": "c", "index": 1, "index_end": 1, "nodes": [["/calico/v1/Ready", "true ☃", None]]},
    "2026-11-29T03:49:29Z",
)
TEXT = _backup.render(FOUND)
VAULT = VaultLib([("one", VaultSecret(b"first")), ("two", VaultSecret(b"second"))])


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_it_is_for_its_owner_only_from_the_beginning(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        _backup_file.write(str(tmp_path / "b"), TEXT, False)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o600
    assert _backup_file.load(str(tmp_path / "b"), VaultLib()) == FOUND and os.listdir(tmp_path) == ["b"]


def test_a_file_that_came_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("mine")
    with pytest.raises(CalicoError, match="File exists"):
        _backup_file.write(str(tmp_path / "b"), TEXT, False)
    assert (tmp_path / "b").read_text() == "mine" and os.listdir(tmp_path) == ["b"]
    _backup_file.write(str(tmp_path / "b"), TEXT, True)
    assert _backup_file.load(str(tmp_path / "b"), VaultLib()) == FOUND


def test_what_is_not_read_as_it_was_written_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_backup_file, "read", lambda path: TEXT[:-1])
    with pytest.raises(CalicoError, match="was not written as it should be"):
        _backup_file.write(str(tmp_path / "b"), TEXT, False)
    assert os.listdir(tmp_path) == []


def test_where_a_file_may_be_written(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("x")
    (tmp_path / "link").symlink_to("nowhere")
    _backup_file.require_free(str(tmp_path / "new"), False)
    _backup_file.require_free(str(tmp_path / "there"), True)
    for path, force, words in (
        ("", False, "No file is named"),
        (f"{tmp_path}/none/b", False, "is no directory"),
        (f"{tmp_path}/there", False, "there is a file already"),
        (f"{tmp_path}/link", False, "there is a file already"),
        (str(tmp_path), True, "is not replaced"),
    ):
        with pytest.raises(CalicoError, match=words):
            _backup_file.require_free(path, force)


def test_encrypted_by_the_vault_of_ansible(tmp_path: Path) -> None:
    text = _backup_file.encrypted(TEXT, VAULT, None)
    assert text.startswith("$ANSIBLE_VAULT;1.1;AES256\n") and "calico" not in text
    assert VaultLib([("default", VaultSecret(b"first"))]).decrypt(text).decode() == TEXT
    named = _backup_file.encrypted(TEXT, VAULT, "two")
    assert named.startswith("$ANSIBLE_VAULT;1.2;AES256;two\n")
    assert VaultLib([("two", VaultSecret(b"second"))]).decrypt(named).decode() == TEXT
    _backup_file.write(str(tmp_path / "b"), named, False)
    assert _backup_file.load(str(tmp_path / "b"), VAULT) == FOUND
    for vault in (VaultLib(), VaultLib([("default", VaultSecret(b"wrong"))])):
        with pytest.raises(CalicoError, match="cannot be decrypted"):
            _backup_file.load(str(tmp_path / "b"), vault)


def test_the_largest_backup_can_be_read_encrypted() -> None:
    text = _backup_file.encrypted("x" * 100_000, VAULT, None)
    assert len(text) / 100_000 * _backup.LARGEST < _backup_file.LARGEST


def test_every_file_that_was_cut_is_refused(tmp_path: Path) -> None:
    encrypted = _backup_file.encrypted(TEXT, VAULT, None)
    for text in (TEXT.rstrip(), encrypted.rstrip()):
        for end in range(0, len(text), 7):
            (tmp_path / "b").write_text(text[:end])
            with pytest.raises(CalicoError):
                _backup_file.load(str(tmp_path / "b"), VAULT)
    (tmp_path / "b").write_bytes(VAULT.encrypt(b"\xff", VaultSecret(b"first")))
    with pytest.raises(CalicoError, match="is no text"):
        _backup_file.load(str(tmp_path / "b"), VAULT)


@pytest.mark.parametrize(("vault", "vault_id"), [(VaultLib(), None), (VAULT, "three")])
def test_no_password_to_encrypt_with(vault: VaultLib, vault_id: str | None) -> None:
    with pytest.raises(CalicoError, match="cannot be encrypted.*--ask-vault-pass"):
        _backup_file.encrypted(TEXT, vault, vault_id)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"\xff")
    for path in (f"{tmp_path}/b", f"{tmp_path}/none", str(tmp_path)):
        with pytest.raises(CalicoError, match="cannot be read"):
            _backup_file.load(path, VaultLib())
