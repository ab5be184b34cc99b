# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps a key that the CA made out of every output, whether the task says no_log or not.

With no_log for the task, its errors would be hidden as well, which hold no key and are what an operator has to read.
"""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase


def holds_a_key(result: dict[str, Any]) -> bool:
    """Whether a module's result has a private key in it."""
    return any(isinstance(item, dict) and item.get("private_key") for item in result.get("certificates") or ())


class ActionModule(ActionBase):
    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        result.update(self._execute_module(task_vars=task_vars))
        return {**result, "_ansible_no_log": True} if holds_a_key(result) else result
