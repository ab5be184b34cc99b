# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads and validates a backup on the controller, and hands its keys to the module."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.plugins.action import ActionBase

from ansible_collections.dcos.calico.plugins.module_utils._calico import _backup
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.plugin_utils import _backup_file, _progress, _untrusted
from ansible_collections.dcos.calico.plugins.plugin_utils._controller_paths import controller_path


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        try:
            if None in (self._task.args.get("addresses_in_use") or []):
                raise CalicoError(
                    "A host does not say which addresses its containers have",
                    "dcos.calico.agent_info could not read its routes there, so that addresses could be given out a second time",
                    'See with "ansible agents -b -m dcos.calico.agent_info" which host has no containers in its answer',
                )
            src = controller_path(self._task.args.get("src"))
            found = _backup_file.load(src, self._loader._vault)  # no method of the loader gives it
        except (CalicoError, AnsibleFilterError) as error:
            return {**result, "failed": True, "msg": str(error)}
        content = _backup.pack({"cluster_id": found["cluster_id"], "nodes": found["nodes"]})
        with _progress.waiting("The datastore is compared with the backup and written, key by key"):
            answer = self._execute_module(module_args={**self._task.args, "content": content}, task_vars=task_vars)
        more = {} if answer.get("failed") else {"made": found["made"]}
        return {**result, **_untrusted.told({**answer, **more})}
