# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge what is wanted of Kubernetes; the judgement itself is in module_utils/_kubernetes/_judge.py, and pure."""

from __future__ import annotations

import copy
import importlib.util
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.plugins.loader import module_loader

from ansible_collections.dcos.calico.plugins.action.kubernetes_objects import WRITER
from ansible_collections.dcos.calico.plugins.action.preflight import message, sentence
from ansible_collections.dcos.calico.plugins.module_utils._kubernetes import _judge
from ansible_collections.dcos.calico.plugins.plugin_utils import _foreign

PACKAGE_SPEC = {
    "wanted": {"type": "bool", "default": True},
    "service": {"type": "str", "default": "kubernetes"},
    "version": {"type": "str", "default": ""},
    "options": {"type": "dict", "default": {}, "no_log": False},
    "installed": {"type": "list", "elements": "dict", "default": []},
}
CONFLIST_SPEC = {
    "name": {"type": "str", "required": True},
    "dir": {"type": "str", "required": True},
    "file": {"type": "str", "required": True},
}
CERTIFICATES_SPEC = {
    "issued": {"type": "bool", "default": False},
    "variant": {"type": "str", "default": ""},
    "token": {"type": "bool", "default": False},
    "files": {"type": "list", "elements": "str", "default": []},
    "paths": {"type": "list", "elements": "str", "default": []},
}
CONTROLLERS_SPEC = {
    "wanted": {"type": "bool", "default": True},
    "version": {"type": "str", "default": ""},
    "endpoints": {"type": "list", "elements": "str", "default": []},
    "tls": {"type": "bool", "default": False},
    "secret": {"type": "str", "default": "", "no_log": False},
}
WANTED_SPEC = {
    "release": {"type": "str", "required": True},
    "network": {"type": "str", "required": True},
    "networks": {"type": "list", "elements": "dict", "default": []},
    "mesos_dir": {"type": "str", "required": True},
    "plugins": {"type": "list", "elements": "str", "default": ["portmap"]},
    "plugin_dirs": {"type": "list", "elements": "str", "default": []},
    "deployments": {"type": "list", "elements": "dict", "default": []},
    "conflist": {"type": "dict", "required": True, "options": CONFLIST_SPEC},
    "package": {"type": "dict", "default": {}, "options": PACKAGE_SPEC, "apply_defaults": True},
    "certificates": {"type": "dict", "default": {}, "options": CERTIFICATES_SPEC, "apply_defaults": True},
    "controllers": {"type": "dict", "default": {}, "options": CONTROLLERS_SPEC, "apply_defaults": True},
}
ARGUMENT_SPEC = {
    "hosts": {"type": "list", "elements": "str", "required": True},
    "info": {"type": "str", "required": True},
    "wanted": {"type": "dict", "required": True, "options": WANTED_SPEC},
}


def lacking() -> list[dict[str, str]]:
    """What has to be installed beside ansible-core for the objects of kube-controllers."""
    found = []
    if not module_loader.find_plugin_with_context(WRITER).resolved:
        found.append(
            {
                "kind": "collection",
                "name": "kubernetes.core",
                "command": "ansible-galaxy collection install kubernetes.core",
            }
        )
    if importlib.util.find_spec("kubernetes") is None:
        found.append({"kind": "Python library", "name": "kubernetes", "command": "pip install kubernetes"})
    return found


class ActionModule(ActionBase):
    """dcos.calico.kubernetes_preflight"""

    _requires_connection = False
    _supports_check_mode = True
    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _checked, args = self.validate_argument_spec(copy.deepcopy(ARGUMENT_SPEC))  # It fills defaults in.
        hostvars = (task_vars or {}).get("hostvars", {})
        hosts = {name: (hostvars[name].get(args["info"]) if name in hostvars else None) for name in args["hosts"]}
        wanted = args["wanted"]
        same_dir = wanted["conflist"]["dir"] == wanted["mesos_dir"]
        wanted["files"] = (
            [str(item.get("file") or f"{item.get('name')}.cni") for item in wanted["networks"]] if same_dir else []
        )
        wanted["controllers"]["lacking"] = lacking() if wanted["controllers"]["wanted"] else []
        failures, warnings = _judge.judge(hosts, wanted)
        result.update(changed=False, checked=list(args["hosts"]), problems=failures)
        if warnings:
            result["warnings"] = [f"{finding['host']}: {sentence(finding)}" for finding in warnings]
        if failures:
            result.update(failed=True, msg=message(failures, len(hosts)))
        return _foreign.told(result)
