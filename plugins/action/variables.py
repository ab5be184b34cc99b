# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges the variables of all hosts together, in one task. What is wanted is in the argument specs of the roles; how it is judged in _variables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.vars import load_extra_vars

from ansible_collections.dcos.calico.plugins.plugin_utils import _foreign, _variables

ARGUMENT_SPEC = {"hosts": {"type": "list", "elements": "str", "required": True}}
ROLES = Path(__file__).parents[2] / "roles"
HEAD = "Nothing was touched: {number} of this inventory's variables to put right first."
SOFTEN = "Correct the name; or, if it is another's, set calico_unknown_variables to warn."


class ActionModule(ActionBase):
    """dcos.calico.variables"""

    _requires_connection = False
    _supports_check_mode = True
    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _checked, args = self.validate_argument_spec({name: dict(option) for name, option in ARGUMENT_SPEC.items()})
        hostvars = (task_vars or {}).get("hostvars", {})
        hosts = {name: _set(hostvars, name) for name in args["hosts"] if name in hostvars}
        wrong, strange = _variables.judge(hosts, _variables.read_options(ROLES))
        wrong += _variables.together(hosts, (task_vars or {}).get("groups", {}))
        soft = all(variables.get(_variables.SOFTENED) == "warn" for variables in hosts.values()) and bool(hosts)
        failures = wrong + ([] if soft else [f"{sentence} {SOFTEN}" for sentence in strange])
        result.update(changed=False, checked=list(hosts))
        warnings = _variables.without_effect(hosts, load_extra_vars(self._loader)) + (strange if soft else [])
        if warnings:
            result["warnings"] = warnings
        if failures:
            result.update(
                failed=True,
                msg="\n".join([HEAD.format(number=len(failures)), *(f"  - {sentence}" for sentence in failures)]),
            )
        return _foreign.told(result)


def _set(hostvars: Any, host: str) -> dict[str, Any]:
    """The variables of this collection that are set for a host; those that depend on what is not known yet are judged where they are used."""
    raw = hostvars.raw_get(host) if hasattr(hostvars, "raw_get") else hostvars[host]
    found = {}
    for name in [name for name in raw if str(name).startswith(_variables.PREFIX)]:
        if name in _variables.REGISTERED:
            continue
        value = raw[name]
        if _variables.is_template(value):
            try:
                value = hostvars[host][name]
            except (AnsibleError, KeyError):
                continue
            if "Undefined" in type(value).__name__ or _variables.is_template(value):
                continue
        found[str(name)] = value
    return found
