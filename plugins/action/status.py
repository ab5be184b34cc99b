# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a cluster as JSON, as a page and as lines of the run; what it says is made in plugin_utils/_status.py, and pure."""

from __future__ import annotations

import datetime
import json
import os
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.dcos.calico.plugins.plugin_utils import (
    _agents,
    _controller_paths,
    _found,
    _status,
    _status_hosts,
    _status_metrics,
    _status_page,
    _untrusted,
)
from ansible_collections.dcos.calico.plugins.plugin_utils._action import ControllerAction

ARGUMENT_SPEC = {
    "hosts": {"type": "list", "elements": "str", "required": True},
    "nodes": {"type": "list", "elements": "str", "required": True},
    "result": {"type": "str", "required": True},
    "release": {"type": "str", "required": True},
    "calicoctl": {"type": "str", "default": "/opt/calico/bin/calicoctl"},
    "datastore": {"type": "dict", "default": {}},
    "findings": {"type": "dict", "default": {}},
    "mesos": {"type": "dict", "default": {}},
    "components": {"type": "list", "elements": "str", "default": []},
    "json": {"type": "str", "default": ""},
    "html": {"type": "str", "default": ""},
    "metrics": {"type": "str", "default": ""},
    "metrics_port": {"type": "int", "default": 62091},
    "targets": {"type": "str", "default": ""},
}


class ActionModule(ControllerAction):
    """dcos.calico.status"""

    SPEC = ARGUMENT_SPEC

    def answer(self, args: dict[str, Any]) -> dict[str, Any]:
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        hosts = [self._host(name, args) for name in args["hosts"]]
        agents = args["mesos"].get("agents")
        cluster = _status.Cluster(
            args["release"],
            now,
            args["datastore"],
            args["findings"],
            _called(agents) if isinstance(agents, list) else None,
            _agents.is_whole(self.variables),
            args["components"],
            args["calicoctl"],
        )
        document = _status.document(hosts, cluster)
        lines = _status.lines(document)
        if args["json"]:
            _controller_paths.write(args["json"], json.dumps(document, indent=2, sort_keys=True) + "\n")
        if args["html"]:
            _controller_paths.write(args["html"], _status_page.page(document))
        targets = self._targets(hosts, args)
        if args["metrics"]:
            _controller_paths.write(args["metrics"], _status_metrics.exposition(document, len(targets)))
        if args["targets"]:
            _controller_paths.write(args["targets"], json.dumps(targets, indent=2) + "\n")
        lines += [f"  Written: {args[name]}" for name in ("html", "json", "metrics", "targets") if args[name]]
        if os.environ.get("AWX_HOST") and os.environ.get("JOB_ID"):
            lines.append(
                f"  In AWX: {os.environ['AWX_HOST'].rstrip('/')}/#/jobs/playbook/{os.environ['JOB_ID']}/details"
            )
        _untrusted.show(*(f"  {line}" for line in ["", *lines, ""]))
        return {"status": document, "brief": _status.brief(document), "text": lines}

    def _targets(self, hosts: list[_status_hosts.Host], args: dict[str, Any]) -> list[dict[str, Any]]:
        found = []
        for host in hosts:
            variables = self.of_host(host.name)
            if host.node and boolean(variables.get("calico_metrics", False), strict=False):
                port = int(variables.get("calico_metrics_port", args["metrics_port"]))
                found.append(_status_metrics.Target(host, port, str(variables.get("ansible_host", host.name))))
        return _status_metrics.targets(found, args["datastore"])

    def _host(self, name: str, args: dict[str, Any]) -> _status_hosts.Host:
        variables = self.of_host(name)
        result = _found.whole(variables.get(args["result"]))
        names = _agents.names_of(name, variables, _agents.detected(result)) | {str(variables.get("calico_node_name"))}
        return _status_hosts.Host(name, result, frozenset(names), name in args["nodes"])


def _called(agents: list[Any]) -> frozenset[str]:
    """By what Mesos knows its agents."""
    return frozenset(
        str(agent[key]) for agent in _status_hosts.items(agents) for key in ("address", "hostname") if agent.get(key)
    )
