# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Have a cloud let through what Calico's nodes send to each other, by the modules of the cloud's own collection.

What is there is read by their _info modules and compared in plugin_utils/_aws.py and _gce.py, which are pure; only what differs is changed. So check mode
and diff are the same for all clouds, which their modules do not all have.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan
from ansible_collections.dcos.calico.plugins.plugin_utils import _aws, _cloud_plan, _gce
from ansible_collections.dcos.calico.plugins.plugin_utils._action import ControllerAction

LIST = {"type": "list", "elements": "str", "default": []}
ARGUMENT_SPEC: dict[str, Any] = {
    "cloud": {"type": "str", "choices": ["aws", "gce"], "required": True},
    "nodes": {"type": "list", "elements": "dict", "required": True},
    "ipip": {"type": "bool", "required": True},
    "aws": {
        "type": "dict",
        "options": {
            "region": {"type": "str"},
            "profile": {"type": "str"},
            "vpc_id": {"type": "str", "default": ""},
            "security_groups": LIST,
        },
    },
    "gce": {
        "type": "dict",
        "options": {
            "project": {"type": "str", "required": True},
            "zones": {"type": "list", "elements": "str", "required": True},
            "network": {"type": "str", "default": "global/networks/default"},
            "firewall": {"type": "str", "default": "calico"},
            "source_ranges": LIST,
            "target_tags": LIST,
            "auth_kind": {"type": "str"},
            "service_account_file": {"type": "str"},
        },
    },
}


def reason(answer: dict[str, Any]) -> str:
    """Why a module failed; of one that broke, its last words."""
    last = (
        str(answer.get("module_stderr") or answer.get("module_stdout") or answer.get("exception") or "")
        .strip()
        .splitlines()[-1:]
    )
    broken = str(answer.get("msg") or "MODULE FAILURE").startswith("MODULE FAILURE")
    return (last[0] if last else "it does not say why") if broken else str(answer["msg"]).strip()


class ActionModule(ControllerAction):
    """dcos.calico.cloud_network"""

    SPEC = ARGUMENT_SPEC
    REQUIRED_IF = (("cloud", "aws", ("aws",)), ("cloud", "gce", ("gce",)))
    _requires_connection = True

    def answer(self, args: dict[str, Any]) -> dict[str, Any]:
        nodes = _cloud_plan.nodes_of(args["nodes"])
        options = {
            name: tuple(value) if isinstance(value, list) else value for name, value in args[args["cloud"]].items()
        }
        with self._reading():
            found = (self._aws if args["cloud"] == "aws" else self._gce)(nodes, args["ipip"], options)
        made: list[str] = []
        for step in () if self._task.check_mode else found.steps:
            self._call(step.module, step.arguments, made)
            made.append(step.name)
        plan = Plan()
        for step in found.steps:
            plan.add(step.name, step.before, step.after)
        return {
            **plan.result(self._task.diff),
            "changes": plan.names(),
            "instances": found.instances,
            "between": found.between,
            "notes": found.notes,
        }

    def _aws(self, nodes: list[_cloud_plan.Node], ipip: bool, given: dict[str, Any]) -> _cloud_plan.CloudPlan:
        options = _aws.Options(**given)
        own = self._listed(_aws.INTERFACES, _aws.address_queries(nodes, options), "network_interfaces")
        machines = _aws.machines(
            nodes, self._listed(_aws.INTERFACES, _aws.instance_queries(own, options), "network_interfaces"), options
        )
        chosen = _aws.choose_groups(machines, options)
        groups = (
            self._call(_aws.GROUPS, {**options.reach(), "filters": {"group-id": chosen}})["security_groups"]
            if chosen
            else []
        )
        return _aws.plan(machines, chosen, groups, ipip, options)

    def _gce(self, nodes: list[_cloud_plan.Node], ipip: bool, given: dict[str, Any]) -> _cloud_plan.CloudPlan:
        kind = given["auth_kind"] or ("serviceaccount" if given["service_account_file"] else None)
        options = _gce.Options(**{**given, "auth_kind": kind})
        instances = self._listed(_gce.INSTANCES, _gce.queries(options), "resources")
        rules = self._call(_gce.FIREWALLS, _gce.firewall_query(options))["resources"]
        return _gce.plan(nodes, instances, rules, ipip, options)

    def _listed(self, module: str, queries: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
        """What an _info module answers to several questions."""
        return [item for query in queries for item in self._call(module, query)[key]]

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Modules that only read run in check mode too, also those that do not know it."""
        before = self._task.check_mode
        self._task.check_mode = False
        try:
            yield
        finally:
            self._task.check_mode = before

    def _call(self, module: str, arguments: dict[str, Any], made: list[str] | None = None) -> dict[str, Any]:
        """Run a module of the cloud's collection where this task runs; raises CalicoError if it fails."""
        answer = self._execute_module(module_name=module, module_args=dict(arguments), task_vars=self.variables)
        if answer.get("failed"):
            before = (
                ""
                if made is None
                else f" after these were changed: {', '.join(made)}"
                if made
                else "; nothing was changed by this task"
            )
            raise CalicoError(
                f"{module} failed{before}",
                why=reason(answer),
                remedy="See that the credentials on the controller are right and permit it; docs/public-cloud.md lists the permissions",
                module=module,
                changed=bool(made),
            )
        return answer
