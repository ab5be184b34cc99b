# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validate the variables of all hosts together, in one task, by the argument specs of the roles; how is in plugin_utils/_variables.py."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

from ansible.utils.vars import load_extra_vars

from ansible_collections.dcos.calico.plugins.plugin_utils import _variables
from ansible_collections.dcos.calico.plugins.plugin_utils._action import ControllerAction
from ansible_collections.dcos.calico.plugins.plugin_utils._findings import failed, told

ARGUMENT_SPEC = {"hosts": {"type": "list", "elements": "str", "required": True}}
ROLES = Path(__file__).parents[2] / "roles"
SOFTEN = "Correct the name; or, if it is another's, set calico_unknown_variables to warn"


class ActionModule(ControllerAction):
    """dcos.calico.variables"""

    SPEC = ARGUMENT_SPEC

    def answer(self, args: dict[str, Any]) -> dict[str, Any]:
        hosts = {name: _variables.set_of(self.hostvars, name) for name in args["hosts"] if name in self.hostvars}
        wrong, strange = _variables.validate(hosts, _variables.read_options(ROLES))
        inventory = self.variables.get("groups", {})
        wrong += _variables.together(hosts, inventory, asks_mesos=bool(os.environ.get("DCOS_URL")))
        soft = all(variables.get(_variables.SOFTENED) == "warn" for variables in hosts.values()) and bool(hosts)
        warnings = _variables.without_effect(hosts, load_extra_vars(self._loader)) + (strange if soft else [])
        failures = wrong + ([] if soft else [dataclasses.replace(finding, remedy=SOFTEN) for finding in strange])
        return {
            "checked": list(hosts),
            "groups": _variables.groups(hosts, inventory),
            "components": _variables.components(hosts, inventory),
            **({"warnings": [told(finding) for finding in warnings]} if warnings else {}),
            **failed("Nothing was touched: {} found in the variables of this inventory", failures),
        }
