# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validate all hosts together; what is checked is in plugin_utils/_preflight.py, and pure."""

from __future__ import annotations

from typing import Any

from ansible_collections.dcos.calico.plugins.plugin_utils import _agents, _found, _preflight
from ansible_collections.dcos.calico.plugins.plugin_utils._action import ControllerAction
from ansible_collections.dcos.calico.plugins.plugin_utils._findings import Verdict
from ansible_collections.dcos.calico.plugins.plugin_utils._shapes import documents_of

ETCD_SPEC = {
    "source": {"type": "str", "choices": ["existing", "managed", "universe"], "default": "existing"},
    "tls": {"type": "bool", "default": False},
    "open": {"type": "bool", "default": False},
    "proxy": {"type": "bool", "default": False},
    "replaces": {"type": "bool", "default": False},
    "endpoints": {"type": "list", "elements": "str", "default": []},
    "members": {"type": "list", "elements": "str", "default": []},
    "masters": {"type": "list", "elements": "str", "default": []},
    "client_port": {"type": "int", "default": 2379},
    "peer_port": {"type": "int", "default": 2380},
    "member_unit": {"type": "str", "default": "calico-etcd.service"},
    "proxy_unit": {"type": "str", "default": "calico-etcd-proxy.service"},
}
DOCKER_NETWORK_SPEC = {
    "desired": {"type": "bool", "default": False},
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
    "artifacts": {"type": "list", "elements": "dict", "default": []},
    "documents": {"type": "list", "elements": "dict", "default": []},
    "datastore": {"type": "dict", "default": {}},
    "felix_health_port": {"type": "int"},
    "metrics_port": {"type": "int"},
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


# Strategies by which each host goes on by itself. What is validated over all hosts, done once or stopped by the first failure is none of that then.
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


class ActionModule(ControllerAction):
    """dcos.calico.preflight"""

    SPEC = ARGUMENT_SPEC

    def answer(self, args: dict[str, Any]) -> dict[str, Any]:
        strategy = _strategy(self._task)
        nothing: dict[str, Any] = {"checked": [], "findings_ignored": [], "left_out": []}
        if strategy in OWN_PACE:
            return {**nothing, **Verdict().result(""), "failed": True, "msg": UNORDERED.format(strategy)}
        hosts = {name: self._host(name, args) for name in args["hosts"]}
        expectations = args["expectations"]
        documents, problems = documents_of(expectations)
        named = [network for network in expectations["networks"] if network.get("name")]
        verdict = _preflight.validate(
            hosts, {**expectations, "documents": documents, "problems": problems, "networks": named}, args["ignore"]
        )
        left_out = [] if args["mesos"] is None else self._compare(verdict, args["mesos"], hosts)
        noted = {finding.check for finding in verdict.warnings}
        return {
            "checked": list(args["hosts"]),
            "left_out": left_out,
            "findings_ignored": sorted(noted & set(args["ignore"])),
            **verdict.result(f"by preflight of {len(hosts)} hosts" if hosts else ""),
        }

    def _compare(self, verdict: Verdict, mesos: dict[str, Any], hosts: dict[str, Any]) -> list[str]:
        """The agents of the inventory, and those at hand, against those of Mesos."""
        agents = _agents.in_inventory(self.variables.get("groups", {})) if "agents" in mesos else []
        ours = {
            name: _agents.names_of(name, self.of_host(name), _agents.detected((hosts.get(name) or {}).get("info")))
            for name in agents
        }
        return _agents.check(verdict, mesos, ours, _agents.is_whole(self.variables))

    def _host(self, name: str, args: dict[str, Any]) -> dict[str, Any]:
        """What the variables of one host say."""
        found = self.of_host(name)
        return {
            "info": _found.whole(found.get(args["info"])),
            "node_name": found.get(args["node_name"]),
            "node_ip": found.get(args["node_ip"]),
            "node": args["nodes"] is None or name in args["nodes"],
            "member": name in args["members"],
        }
