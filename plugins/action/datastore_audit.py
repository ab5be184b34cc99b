# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the datastore by the module, compares it with what all hosts said, and has the module free what may be; plugin_utils/_audit.py decides, and is pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleError, AnsibleFilterError
from ansible.module_utils.common.validation import check_type_list
from ansible.plugins.action import ActionBase

from ansible_collections.dcos.calico.plugins.module_utils._calico import _backup
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.plugin_utils import (
    _agents,
    _audit,
    _controller_paths,
    _decommission,
    _hostvars,
    _status_hosts,
    _untrusted,
    _variables,
)
from ansible_collections.dcos.calico.plugins.plugin_utils._findings import some
from ansible_collections.dcos.calico.plugins.plugin_utils._ipam import Entry, Keys


def keys_of(content: Any) -> Keys:
    """The keys that a host has handed over, which is its word; raises CalicoError."""
    found = _backup.unpack(content)
    if not isinstance(found, list) or not all(isinstance(item, list) and len(item) == 3 for item in found):
        raise CalicoError("The host has not answered with the keys of a datastore", remedy="Run again")
    _backup.check_nodes([[key, value, None] for key, value, _index in found], "What the host has read")
    if not all(isinstance(index, int) for _key, _value, index in found):
        raise CalicoError("The host has not answered with the keys of a datastore", remedy="Run again")
    return {key: Entry(value, index) for key, value, index in found}


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        self.variables = task_vars or {}
        try:
            return {**result, **_untrusted.told(self._audited(task_vars))}
        except (CalicoError, AnsibleFilterError) as error:
            return {**result, **_untrusted.told({"failed": True, "msg": str(error), **getattr(error, "details", {})})}

    def _audited(self, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        args = self._task.args
        given = {key: value for key, value in args.items() if key != "changes"}
        answer = self._execute_module(module_args=given, task_vars=task_vars)
        content = answer.pop("content", None)
        if answer.get("failed"):
            return answer
        remove, dead, free = (_words(args.get(name)) for name in ("remove", "dead", "free"))
        agents = _status_hosts.items(_status_hosts.mapping(args.get("mesos")).get("agents"))
        hosts = [self._host(name) for name in args["hosts"]]
        look = _audit.Look(self._cluster(keys_of(content), hosts, remove))
        if "remove" in args:
            active = _called(agent for agent in agents if agent.get("active"))
            _decommission.check(look, remove, dead, active, args.get("drain") or "none")
        found = look.find()
        if args.get("earlier") is not None:
            found = _audit.confirmed(found, args["earlier"], look.removed())
        if "remove" in args:
            found = [one for one in found if one.node in look.removed()]
        may = [one for one in found if not one.kept and _audit.PLURAL.get(one.kind) in free]
        changes = _audit.Changes(look).of(may)
        written = self._write(given, changes, task_vars)
        left = [str(key) for key in written["left"]] if written else []
        document = {
            **_audit.document(found, look.blind),
            "freed": _audit.freed(may, look, left) if written else [],
            "left": left,
        }
        if args.get("json"):
            _controller_paths.write(args["json"], json.dumps(document, indent=2, sort_keys=True) + "\n")
        lines = [*_audit.lines(found, look.blind), *self._outcome(may, document, written is not None)]
        lines += [f"Written: {args['json']}"] if args.get("json") else []
        _untrusted.show(*(f"  {line}".replace("\n", " ") for line in ["", *lines, ""]))
        brief = {"summary": document["summary"], "freed": document["freed"], "left": left}
        shown: dict[str, Any] = {"diff": written["diff"]} if written and "diff" in written else {}
        strange = _decommission.unknown(look, remove)
        shown.update({"warnings": strange} if strange else {})
        return {
            **document,
            **shown,
            "changed": bool(written["made"]) if written else bool(changes),
            "identities": [one.identity() for one in found],
            "brief": {**brief, "found": document["found"][: _audit.SHOWN]},
            "hosts": list(args["hosts"]),
            "removes": remove,
            "lives": [one.name for one in hosts if one.name in remove and one.seen is not None],
            "peers": sorted(look.removed_addresses()),
        }

    @staticmethod
    def _outcome(may: list[_audit.Found], document: dict[str, Any], written: bool) -> list[str]:
        """What came of what was to be freed, in words."""
        if not may:
            return []
        if not written:
            return [f"Would be freed: {some([one.name for one in may], _audit.SHOWN)}."]
        told = [f"Freed: {some(document['freed'], _audit.SHOWN) or 'nothing'}."]
        left = document["left"]
        return told + (
            [f"Left, because somebody changed it meanwhile; run again: {some(left, _audit.SHOWN)}."] if left else []
        )

    def _write(
        self, given: dict[str, Any], changes: list[_audit.Change], task_vars: dict[str, Any] | None
    ) -> dict[str, Any] | None:
        """What the module has written, and left; None where it was not to write."""
        if not changes or self._task.check_mode:
            return None
        answer = self._execute_module(module_args={**given, "changes": _backup.pack(changes)}, task_vars=task_vars)
        if answer.get("failed"):
            raise CalicoError(
                "Not all was freed", why=str(answer.get("msg")), remedy="Run again: what is left is found again"
            )
        return answer

    def _host(self, name: str) -> _audit.Host:
        variables = self._of_host(name)
        return _audit.host(name, _names(name, variables), variables.get(self._task.args["result"]))

    def _cluster(self, keys: Keys, hosts: list[_audit.Host], remove: list[str]) -> _audit.Cluster:
        asked = {one.name for one in hosts}
        inventory = {
            name for group in (*_agents.GROUPS, "masters") for name in self.variables.get("groups", {}).get(group) or ()
        }
        others = frozenset(called for name in inventory - asked for called in _names(name, self._of_host(name)))
        agents = _status_hosts.mapping(self._task.args.get("mesos")).get("agents")
        mesos = _called(_status_hosts.items(agents)) if isinstance(agents, list) else None
        removed = frozenset(called for one in hosts if one.name in remove for called in one.names)
        return _audit.Cluster(keys, hosts, others, mesos, _agents.is_whole(self.variables), removed)

    def _of_host(self, name: str) -> Mapping[str, Any]:
        return _hostvars.of_host(self.variables.get("hostvars", {}), name)


def _names(name: str, variables: Mapping[str, Any]) -> frozenset[str]:
    """By what the datastore may know a host, without asking it."""
    try:
        chosen = str(variables.get("calico_node_name") or "")
    except AnsibleError:  # it is made of what is found on the host
        chosen = ""
    return frozenset(_agents.names_of(name, variables, None if _variables.is_template(chosen) else chosen))


def _words(value: Any) -> list[str]:
    """A list option, which may be text with commas."""
    return [str(item).strip() for item in check_type_list(value or []) if str(item).strip()]


def _called(agents: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """By what Mesos knows its agents."""
    return frozenset(str(agent[key]) for agent in agents for key in ("address", "hostname") if agent.get(key))
