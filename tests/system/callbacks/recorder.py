# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import time

from ansible.plugins.action import ActionBase
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: recorder
type: aggregate
short_description: Write every result, and every module that ran on a host, to a file
description:
  - For the tests. One JSON object a line, C(kind) V(result) or V(execution).
  - An execution is one module run on a host; it is counted where ansible-core starts it, not guessed from results.
requirements:
  - Enabled by name, with C(DCOS_CALICO_RECORD) set to the file.
"""


def _append(**record) -> None:
    line = json.dumps(record, default=str) + "\n"
    descriptor = os.open(os.environ["DCOS_CALICO_RECORD"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


def _count_executions() -> None:
    """Workers are forked from this process, so that what is wrapped here is wrapped in each of them."""
    original = ActionBase._execute_module

    def counted(self, module_name=None, *args, **kwargs):
        if self._connection.transport != "local":
            host = self._play_context.remote_addr
            _append(
                kind="execution",
                host=(kwargs.get("task_vars") or {}).get("inventory_hostname", host),
                module=module_name or self._task.action,
                once=bool(self._task.run_once),
            )
        return original(self, module_name, *args, **kwargs)

    ActionBase._execute_module = counted


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "recorder"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        if "DCOS_CALICO_RECORD" not in os.environ:
            self.disabled = True
            return
        _count_executions()

    def _result(self, result, outcome: str) -> None:
        data = result._result
        diff = data.get("diff") or []
        _append(
            kind="result",
            time=time.time(),
            host=result._host.get_name(),
            task=result._task.get_name(),
            action=result._task.action,
            once=bool(result._task.run_once),
            outcome=outcome,
            changed=bool(data.get("changed")),
            diff=diff if isinstance(diff, list) else [diff],
            msg=data.get("msg"),
            plan=data.get("plan") if result._task.action == "dcos.calico.plan" else None,
        )

    def v2_runner_on_ok(self, result) -> None:
        self._result(result, "ok")

    def v2_runner_on_failed(self, result, ignore_errors=False) -> None:
        self._result(result, "failed")

    def v2_runner_on_skipped(self, result) -> None:
        self._result(result, "skipped")

    def v2_runner_on_unreachable(self, result) -> None:
        self._result(result, "unreachable")

    def v2_playbook_on_include(self, included_file) -> None:
        for host in included_file._hosts:
            _append(
                kind="result",
                host=host.get_name(),
                task="include",
                action="include",
                once=False,
                outcome="ok",
                changed=False,
                diff=[],
            )
