# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: events
type: aggregate
short_description: Write every event with all that a callback is given of it
description:
  - For the tests. One JSON object a line. As in the events of AWX, a task's arguments are those that stand in the playbook, and a result is whole.
requirements:
  - Enabled by name, with C(DCOS_CALICO_EVENTS) set to the file.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "events"
    CALLBACK_NEEDS_ENABLED = True

    def _write(self, **event: Any) -> None:
        descriptor = os.open(os.environ["DCOS_CALICO_EVENTS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, (json.dumps(event, default=str) + "\n").encode())
        finally:
            os.close(descriptor)

    def _result(self, outcome: str, result: Any) -> None:
        self._write(event=outcome, host=result._host.get_name(), task=result._task.get_name(), result=result._result)

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._write(event="start", task=task.get_name(), args=task.args)

    def v2_runner_on_ok(self, result: Any) -> None:
        self._result("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._result("failed", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._result("skipped", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._result("unreachable", result)

    def v2_runner_item_on_ok(self, result: Any) -> None:
        self._result("item ok", result)

    def v2_runner_item_on_failed(self, result: Any) -> None:
        self._result("item failed", result)

    def v2_on_file_diff(self, result: Any) -> None:
        self._result("diff", result)
