# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame of action plugins that do their work on the controller: arguments, what hosts' variables say, and one place where errors are caught."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ansible.plugins.action import ActionBase

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.plugin_utils import _hostvars, _untrusted


class ControllerAction(ActionBase):
    """An action without a module; a subclass says what it takes, and what it answers."""

    SPEC: ClassVar[dict[str, Any]]
    REQUIRED_IF: ClassVar[Sequence[tuple[str, str, tuple[str, ...]]]] = ()

    _requires_connection = False
    _supports_check_mode = True
    TRANSFERS_FILES = False

    variables: dict[str, Any]

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        self.variables = task_vars or {}
        spec = copy.deepcopy(self.SPEC)  # it fills defaults in
        _checked, args = self.validate_argument_spec(spec, required_if=self.REQUIRED_IF)
        try:
            found = self.answer(args)
        except CalicoError as error:
            found = {"failed": True, "msg": str(error), **error.details}
        # what it says quotes hosts, clusters and tools
        return _untrusted.told({**result, "changed": False, **found})

    def answer(self, args: dict[str, Any]) -> dict[str, Any]:
        """The result of the task for checked arguments; raises CalicoError."""
        raise NotImplementedError

    @property
    def hostvars(self) -> Mapping[str, Any]:
        """The variables of all hosts, which template themselves."""
        found: Mapping[str, Any] = self.variables.get("hostvars", {})
        return found

    def of_host(self, name: str) -> Mapping[str, Any]:
        """The variables of one host; none where there is no such host."""
        return _hostvars.of_host(self.hostvars, name)
