# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the datastore as dcos.calico.datastore_backup does, and compares it with a backup; plugin_utils/_upgrade_store.py decides, and is pure."""

from __future__ import annotations

import os
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.module_utils.common.validation import check_type_list
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.plugin_utils import _backup_file, _untrusted, _upgrade_store
from ansible_collections.dcos.calico.plugins.plugin_utils._controller_paths import controller_path

READS = "dcos.calico.datastore_backup"


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_diff = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        try:
            return {**result, **_untrusted.told(self._compared(task_vars))}
        except (CalicoError, AnsibleFilterError) as error:
            return {**result, **_untrusted.told({"failed": True, "msg": str(error)})}

    def _compared(self, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        args = self._task.args
        path, vault = (
            controller_path(args.get("src"), write=True),
            self._loader._vault,
        )  # no method of the loader gives it
        encrypt, make = boolean(args.get("encrypt", False)), boolean(args.get("make", False))
        there = os.path.lexists(path)
        if not there and make:
            _backup_file.require_free(path, False)
            if encrypt:
                _backup_file.encrypted("", vault, args.get("vault_id"))  # before the host is asked
        before = None if make and not there else _backup_file.load(path, vault)
        reads = {"dest": path, **{name: args[name] for name in ("config", "timeout") if name in args}}
        answer = self._execute_module(module_name=READS, module_args=reads, task_vars=task_vars)
        if answer.get("failed"):
            return answer
        now = _backup_file.document_of(answer.get("content"))
        if before is None:
            before = now
        elif before["cluster_id"] != now["cluster_id"]:
            raise CalicoError(
                f"{path} is of another datastore",
                f"it is of the etcd cluster {before['cluster_id']}, and this is {now['cluster_id']}",
                "Name another file",
            )
        alive, accepted, releases = (
            check_type_list(args.get(name) or []) for name in ("addresses", "accepted", "releases")
        )
        found = _upgrade_store.compare(before["nodes"], now["nodes"], alive, accepted)
        warnings = [words for words in [_upgrade_store.labels_that_change(now["nodes"], releases)] if words]
        if make and found.keys():  # before anything is done, what differs is nobody's fault that could be ended by that
            warnings.append(
                f"Since the backup {path} was made, the datastore was changed: {'; '.join(found.wrong()) or found.new()}"
            )
            accepted = found.keys()
            found = _upgrade_store.compare(before["nodes"], now["nodes"], alive, accepted)
        if found.wrong():
            raise CalicoError(
                f"The datastore is not as it was in {path}" if there else "The datastore is not as it should be",
                "; ".join(found.wrong()),
                "See who changed it. To have it as it was: dcos.calico.restore, with --check --diff first"
                if there
                else "See dcos.calico.status",
            )
        if not there and not self._task.check_mode:
            _backup_file.keep(path, now, vault, encrypt=encrypt, vault_id=args.get("vault_id"), force=False)
        return {
            "changed": not there,
            "src": path,
            "made": before["made"],
            "calico_version": now["calico_version"],
            "key_count": now["key_count"],
            "compared": found.compared,
            "added": found.added,
            "accepted": accepted,
            **({"warnings": warnings} if warnings else {}),
            "text": found.told(len(accepted)) if there else f"{path} is the backup of {now['key_count']} keys.",
        }
