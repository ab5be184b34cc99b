# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of a backup on the controller: written for its owner only, whole or not at all, read back; encrypted by ansible-core's own vault."""

from __future__ import annotations

import os
import tempfile
from datetime import datetime, timezone
from typing import Any

from ansible.errors import AnsibleError
from ansible.parsing.vault import VaultLib, is_encrypted, match_encrypt_secret

from ansible_collections.dcos.calico.plugins.module_utils._calico import _backup
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.plugin_utils import _controller_paths

# Encrypted, a text is four times as long, and a bit: a vault is hexadecimal of hexadecimal.
LARGEST = 5 * _backup.LARGEST
READ = {"cluster_id": str, "index": int, "index_end": int, "nodes": list}
REMEDY = "Give the run its password, such as by --ask-vault-pass or --vault-password-file"


def document_of(content: Any) -> dict[str, Any]:
    """The backup of what a host has handed over, which is its word; raises CalicoError."""
    read = _backup.unpack(content)
    if not isinstance(read, dict) or not all(isinstance(read.get(key), kind) for key, kind in READ.items()):
        raise CalicoError("The host has not answered with the keys of a datastore", remedy="Run again")
    _backup.check_nodes(read["nodes"], "What the host has read")
    found: dict[str, Any] = _backup.document(
        {key: read[key] for key in READ}, datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    )
    return found


def require_free(path: str, force: bool) -> None:
    """Raise CalicoError where no file can, or may, be written."""
    _require_named(path)
    directory = os.path.dirname(path)
    if not os.path.isdir(directory):
        raise CalicoError(f"{path} cannot be written", f"{directory} is no directory", "Make it, or name another file")
    if os.path.lexists(path) and (not force or not os.path.isfile(path)):
        raise CalicoError(
            f"{path} is not replaced", "there is a file already", "Name another file, or set force to replace it"
        )


def _require_named(path: str) -> None:
    if not path:
        raise CalicoError("No file is named", remedy="Add -e calico_backup_file=FILE")


def encrypted(text: str, vault: VaultLib, vault_id: str | None) -> str:
    """A text as ansible-vault would have it in a file."""
    try:
        chosen = match_encrypt_secret(vault.secrets or [], vault_id)
        if chosen is None:
            raise CalicoError("The backup cannot be encrypted", "the run has no vault password", REMEDY)
        found, secret = chosen
        return str(vault.encrypt(text, secret, vault_id=found if vault_id else None).decode("ascii"))
    except AnsibleError as error:
        raise CalicoError("The backup cannot be encrypted", str(error), REMEDY) from error


def write(path: str, text: str, force: bool) -> None:
    """Put a text in a file of mode 0600 that is there only when it is whole, and read it back; raises CalicoError."""
    staged = None
    try:
        handle, staged = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".dcos-calico.")  # 0600 from the beginning
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        if read(staged) != text:
            raise CalicoError(
                f"{path} was not written as it should be", remedy="See that its disk is well, and run again"
            )
        if force:
            os.replace(staged, path)
        else:
            os.link(staged, path)  # fails where there is a file by now
            os.unlink(staged)
        staged = None
    except OSError as error:
        raise CalicoError(
            f"{path} could not be written",
            error.strerror or str(error),
            "Free space on its file system, or name another file",
        ) from error
    finally:
        if staged:
            os.unlink(staged)


def keep(
    path: str, found: dict[str, Any], vault: VaultLib, *, encrypt: bool, vault_id: str | None, force: bool
) -> None:
    """Write a backup to its file, and read it back; raises CalicoError."""
    text = _backup.render(found)
    write(path, encrypted(text, vault, vault_id) if encrypt else text, force)
    if load(path, vault) != found:
        raise CalicoError(f"{path} is not what was read", remedy="Run again, with another file")


def read(path: str) -> str:
    """The text of a file; raises CalicoError."""
    return _controller_paths.read(path, "Give a file that dcos.calico.backup made", LARGEST)


def load(path: str, vault: VaultLib) -> dict[str, Any]:
    """The backup in a file, decrypted where it is encrypted; raises CalicoError."""
    _require_named(path)
    text = read(path)
    if is_encrypted(text):
        try:
            text = vault.decrypt(text).decode("utf-8")
        except AnsibleError as error:
            raise CalicoError(f"{path} cannot be decrypted", str(error), REMEDY) from error
        except UnicodeDecodeError as error:
            raise CalicoError(
                f"What is encrypted in {path} is no text", str(error), "Give a file that dcos.calico.backup made"
            ) from error
    found: dict[str, Any] = _backup.parse(text, path)
    return found
