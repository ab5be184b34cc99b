# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes on the controller what the module has read: the keys leave no file on the host, and are in no result that somebody could log."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.plugin_utils import _backup_file, _progress, _untrusted
from ansible_collections.dcos.calico.plugins.plugin_utils._controller_paths import controller_path


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
        found = _backup_file.document_of(content)
        if not self._task.check_mode:
            _backup_file.keep(dest, found, vault, encrypt=encrypt, vault_id=args.get("vault_id"), force=force)
        more = {"changed": True, "dest": dest, "encrypted": encrypt, "sha256": found["sha256"]}
        return _untrusted.told({**answer, **more})
