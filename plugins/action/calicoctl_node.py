# -*- coding: utf-8 -*-
# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Controller's part of dcos.calico.calicoctl_node: pushes the archive of local_src where it is needed, and shows for whom a restart waits."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from ansible_collections.dcos.calico.plugins.module_utils._calico import _node
from ansible_collections.dcos.calico.plugins.plugin_utils import _untrusted
from ansible_collections.dcos.calico.plugins.plugin_utils._push import PushAction

SHOW_EVERY = 20.0


class ActionModule(PushAction):
    """See PushAction. The module waits, a part of the time in each execution, and has touched nothing where it has waited in vain."""

    MODULE = "dcos.calico.calicoctl_node"
    SOURCES: ClassVar[tuple[str, ...]] = ("image_archive",)

    def _run_module(self, args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        try:
            end = time.monotonic() + float(args.get("restart_wait", _node.RESTART_WAIT))
        except (TypeError, ValueError):
            return super()._run_module(args, task_vars)  # which says what is wrong
        while True:
            part = min(SHOW_EVERY, max(0.0, end - time.monotonic()))
            outcome = super()._run_module({**args, "restart_wait": part}, task_vars)
            if "waits_for" not in outcome or time.monotonic() >= end:
                return outcome
            _untrusted.show(f"  {task_vars['inventory_hostname']} waits with its restart: {outcome['waits_for']}")
