# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge all hosts together; the judgement itself is in module_utils/_calico/_preflight.py, and pure."""

from __future__ import annotations

import copy
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.dcos.calico.plugins.module_utils._calico import _preflight
from ansible_collections.dcos.calico.plugins.plugin_utils._shapes import documents_of
from ansible_collections.dcos.calico.plugins.plugin_utils import _agents, _foreign

Finding = dict[str, Any]

ETCD_SPEC = {
    "source": {"type": "str", "choices": ["existing", "managed", "universe"], "default": "existing"},
    "tls": {"type": "bool", "default": False},
    "open": {"type": "bool", "default": False},
    "proxy": {"type": "bool", "default": False},
    "endpoints": {"type": "list", "elements": "str", "default": []},
    "members": {"type": "list", "elements": "str", "default": []},
    "masters": {"type": "list", "elements": "str", "default": []},
    "client_port": {"type": "int", "default": 2379},
    "peer_port": {"type": "int", "default": 2380},
    "member_unit": {"type": "str", "default": "calico-etcd.service"},
    "proxy_unit": {"type": "str", "default": "calico-etcd-proxy.service"},
}
DOCKER_NETWORK_SPEC = {
    "wanted": {"type": "bool", "default": False},
    "disable_ipv6": {"type": "bool", "default": False},
}
EXPECTATIONS_SPEC = {
    "release": {"type": "str", "required": True},
    "manifest_release": {"type": "str", "default": ""},
    "pools": {"type": "list", "elements": "dict", "default": []},
    "unlisted_pools": {"type": "str", "choices": ["keep", "disable", "delete"], "default": "keep"},
    "forbidden_cidrs": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"cidr": {"type": "str", "required": True}, "name": {"type": "str"}},
    },
    "networks": {"type": "list", "elements": "dict", "default": []},
    "default_profile": {"type": "str", "choices": ["unmanaged", "open", "isolated"], "default": "unmanaged"},
    "policies": {"type": "list", "elements": "dict", "default": []},
    "artefacts": {"type": "list", "elements": "dict", "default": []},
    "documents": {"type": "list", "elements": "dict", "default": []},
    "datastore": {"type": "dict", "default": {}},
    "felix_health_port": {"type": "int"},
    "min_private_agents": {"type": "int", "default": 3},
    "docker_network": {"type": "dict", "default": {}, "options": DOCKER_NETWORK_SPEC, "apply_defaults": True},
    "etcd": {"type": "dict", "default": {}, "options": ETCD_SPEC, "apply_defaults": True},
}
ARGUMENT_SPEC = {
    "hosts": {"type": "list", "elements": "str", "required": True},
    "members": {"type": "list", "elements": "str", "default": []},
    "nodes": {"type": "list", "elements": "str"},
    "info": {"type": "str", "required": True},
    "node_name": {"type": "str", "default": "calico_node_name"},
    "node_ip": {"type": "str", "default": "calico_node_ip"},
    "ignore": {"type": "list", "elements": "str", "default": []},
    "mesos": {"type": "dict"},
    "expectations": {"type": "dict", "required": True, "options": EXPECTATIONS_SPEC},
}


# Strategies by which each host goes on by itself. What is judged over all hosts, done once or stopped by the first failure is none of that then.
OWN_PACE = ("free", "ansible.builtin.free", "host_pinned", "ansible.builtin.host_pinned")
UNORDERED = (
    "Nothing was touched: the strategy of this play is {0}, by which hosts do not wait for each other, so what is to be done once, or to stop at the first "
    "failure, would not. Set strategy: linear for the play."
)


def _strategy(task: Any) -> str:
    """Of the play that a task is in; empty where it is in none."""
    parent = getattr(task, "_parent", None)
    while parent is not None and getattr(parent, "_play", None) is None:
        parent = getattr(parent, "_parent", None)
    return str(getattr(getattr(parent, "_play", None), "strategy", ""))


def sentence(finding: Finding) -> str:
    """One finding in one line: what, why, remedy and the name of its check."""
    text = f"{finding['what']}: {finding['why']}" if finding["why"] else finding["what"]
    parts = [text, finding["remedy"]] if finding["remedy"] else [text]
    return " ".join(part.strip().rstrip(".") + "." for part in parts) + f" [{finding['check']}]"


def message(failures: list[Finding], hosts: int) -> str:
    """All failures in one text, grouped by host."""
    concerned = dict.fromkeys(finding["host"] for finding in failures)
    things = f"{len(failures)} {'thing' if len(failures) == 1 else 'things'} to put right first"
    found = f"preflight of {hosts} hosts found" if hosts else "there is" if len(failures) == 1 else "there are"
    lines = [f"Nothing was touched: {found} {things}."]
    for host in concerned:
        lines.append(f"{host}:")
        lines += [f"  - {sentence(finding)}" for finding in failures if finding["host"] == host]
    return "\n".join(lines)


class ActionModule(ActionBase):
    """dcos.calico.preflight"""

    _requires_connection = False
    _supports_check_mode = True
    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _checked, args = self.validate_argument_spec(copy.deepcopy(ARGUMENT_SPEC))  # It fills defaults in.
        strategy = _strategy(self._task)
        if strategy in OWN_PACE:
            nothing: dict[str, list[Any]] = {
                "checked": [],
                "problems": [],
                "notes": [],
                "findings_ignored": [],
                "left_out": [],
            }
            return {**result, **nothing, "failed": True, "changed": False, "msg": UNORDERED.format(strategy)}
        hosts = {name: self._host(name, args, task_vars or {}) for name in args["hosts"]}
        expectations = args["expectations"]
        documents, problems = documents_of(expectations)
        named = [network for network in expectations["networks"] if network.get("name")]
        failures, warnings = _preflight.judge(
            hosts, {**expectations, "documents": documents, "problems": problems, "networks": named}, args["ignore"]
        )
        left_out: list[str] = []
        if args["mesos"] is not None:
            more, left_out = self._compare(args, hosts, task_vars or {})
            warnings += more
        result.update(
            changed=False,
            checked=list(args["hosts"]),
            problems=failures,
            notes=warnings,
            left_out=left_out,
            findings_ignored=sorted({finding["check"] for finding in warnings} & set(args["ignore"])),
        )
        if warnings:
            result["warnings"] = [f"{finding['host']}: {sentence(finding)}" for finding in warnings]
        if failures:
            result.update(failed=True, msg=message(failures, len(hosts)))
        return _foreign.told(result)

    @staticmethod
    def _compare(
        args: dict[str, Any], hosts: dict[str, Any], task_vars: dict[str, Any]
    ) -> tuple[list[Finding], list[str]]:
        """The agents of the inventory, and those at hand, against those of Mesos."""
        hostvars, ours = task_vars.get("hostvars", {}), {}
        for name in _agents.in_inventory(task_vars.get("groups", {})):
            known = hostvars[name] if name in hostvars else {}
            ours[name] = _agents.names_of(name, known, _agents.detected((hosts.get(name) or {}).get("info")))
        return _agents.findings(args["mesos"], ours, _agents.is_whole(task_vars))

    def _host(self, name: str, args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """What the variables of one host say; hostvars template themselves."""
        found = task_vars["hostvars"][name] if name in task_vars.get("hostvars", {}) else {}
        return {
            "info": found.get(args["info"]),
            "node_name": found.get(args["node_name"]),
            "node_ip": found.get(args["node_ip"]),
            "node": args["nodes"] is None or name in args["nodes"],
            "member": name in args["members"],
        }
