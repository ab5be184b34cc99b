# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes on the controller what the module has read: the keys leave no file on the host, and are in no result that somebody could log."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

from ansible_collections.dcos.calico.plugins.module_utils._calico import _backup
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.plugin_utils import _backup_file, _progress, _untrusted
from ansible_collections.dcos.calico.plugins.plugin_utils._controller_paths import controller_path

READ = {"cluster_id": str, "index": int, "index_end": int, "nodes": list}


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


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_diff = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        try:
            return {**result, **self._backed_up(task_vars)}
        except (CalicoError, AnsibleFilterError) as error:
            return {**result, "failed": True, "msg": str(error)}

    def _backed_up(self, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        args = self._task.args
        dest = controller_path(args.get("dest"), write=True)
        force, encrypt = boolean(args.get("force", False)), boolean(args.get("encrypt", False))
        vault = self._loader._vault  # no method of the loader gives it
        _backup_file.require_free(dest, force)
        if encrypt:
            _backup_file.encrypted("", vault, args.get("vault_id"))  # before the host is asked
        with _progress.waiting("The datastore is read"):
            answer = self._execute_module(task_vars=task_vars)
        content = answer.pop("content", None)
        if answer.get("failed"):
            return _untrusted.told(answer)
        found = document_of(content)
        text = _backup.render(found)
        if not self._task.check_mode:
            _backup_file.write(
                dest, _backup_file.encrypted(text, vault, args.get("vault_id")) if encrypt else text, force
            )
            if _backup_file.load(dest, vault) != found:
                raise CalicoError(f"{dest} is not what was read", remedy="Run again, with another file")
        more = {"changed": True, "dest": dest, "encrypted": encrypt, "sha256": found["sha256"]}
        return _untrusted.told({**answer, **more})
