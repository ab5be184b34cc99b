# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the controller: a relative path is one of the directory in which the command was started, and nothing is written into the collection.

ansible-core has other rules: a module on the controller starts in the directory of its playbook, which is the collection's, and lookups and copies look into
several directories.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host import _stream

COLLECTION = Path(__file__).resolve().parents[2]
# What a checkout, in which one may work, has of the product; of an installed collection everything is.
PRODUCT = ("meta", "playbooks", "plugins", "roles")
INSTALLED = "MANIFEST.json"


def start_directory() -> str:
    """Where the command was started, by the name that its user has for it, which may be one of a link."""
    named, real = os.environ.get("PWD", ""), os.getcwd()
    return named if os.path.isabs(named) and os.path.realpath(named) == os.path.realpath(real) else real


def controller_path(path: Any, write: bool = False, or_content: bool = False) -> Any:
    """The whole path of a file or directory of the controller; nothing stays nothing.

    :param write: whether it is to be written.
    :param or_content: whether what is no path (a document, a key, or the object that a document was made of) may be there in its place, and stays as it is.
    :raises AnsibleFilterError: if it is to be written into the collection.
    """
    if or_content and (
        not isinstance(path, str) or path.lstrip().startswith(("{", "-----BEGIN")) or "\n" in path.strip()
    ):
        return path
    if path is None:
        return ""
    if not isinstance(path, str):
        raise AnsibleFilterError(f"A path on the controller is to be text, and this is {path!r}.")
    if not path.strip():
        return ""
    found = os.path.normpath(os.path.join(start_directory(), os.path.expanduser(path.strip())))
    if write and _is_product(Path(os.path.realpath(found))):
        raise AnsibleFilterError(
            f"{found} is not written: it lies in the collection dcos.calico ({COLLECTION}), where it would be in force for every inventory, and go with "
            "the next version. Give a path outside of it, such as that of your inventory's group_vars."
        )
    return found


def _is_product(path: Path) -> bool:
    if COLLECTION not in (path, *path.parents):
        return False
    inside = path.relative_to(COLLECTION).parts
    return (COLLECTION / INSTALLED).exists() or (bool(inside) and inside[0] in PRODUCT)


def read(path: str, remedy: str = "Name another file", most: int = _stream.LARGEST) -> str:
    """The text of a file of at most so many bytes.

    :raises CalicoError:
    """
    try:
        with open(path, "rb") as stream:
            return bytes(_stream.whole(stream, path, most)).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CalicoError(f"{path} cannot be read", str(error), remedy) from error


def write(
    path: str, content: str | bytes, mode: int = 0o644, remedy: str = "Make its directory, or name another file"
) -> None:
    """Put a text or bytes in a file, which is either as before or whole.

    :raises CalicoError:
    """
    try:
        _replace(path, content if isinstance(content, bytes) else content.encode("utf-8"), mode)
    except OSError as error:
        raise CalicoError(f"{path} could not be written", error.strerror or str(error), remedy) from error


def _replace(path: str, content: bytes, mode: int) -> None:
    handle, staged = tempfile.mkstemp(dir=os.path.dirname(os.path.abspath(path)), prefix=".dcos-calico.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(staged, mode)
        os.replace(staged, path)
    except BaseException:
        os.unlink(staged)
        raise
