# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validate what is desired of Kubernetes; what is checked is in plugin_utils/_kubernetes_preflight.py, and pure."""

from __future__ import annotations

import importlib.util
from typing import Any

from ansible.plugins.loader import module_loader

from ansible_collections.dcos.calico.plugins.plugin_utils import _kubernetes_preflight
from ansible_collections.dcos.calico.plugins.plugin_utils._action import ControllerAction
from ansible_collections.dcos.calico.plugins.plugin_utils._kubernetes import WRITER
from ansible_collections.dcos.calico.plugins.plugin_utils._preflight_networks import file_of

PACKAGE_SPEC = {
    "desired": {"type": "bool", "default": True},
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
    "desired": {"type": "bool", "default": True},
    "version": {"type": "str", "default": ""},
    "endpoints": {"type": "list", "elements": "str", "default": []},
    "tls": {"type": "bool", "default": False},
    "secret": {"type": "str", "default": "", "no_log": False},
}
DESIRED_SPEC = {
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
    "desired": {"type": "dict", "required": True, "options": DESIRED_SPEC},
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


class ActionModule(ControllerAction):
    """dcos.calico.kubernetes_preflight"""

    SPEC = ARGUMENT_SPEC

    def answer(self, args: dict[str, Any]) -> dict[str, Any]:
        hosts = {name: self.of_host(name).get(args["info"]) for name in args["hosts"]}
        desired = args["desired"]
        same_dir = desired["conflist"]["dir"] == desired["mesos_dir"]
        desired["files"] = [file_of(item) for item in desired["networks"]] if same_dir else []
        desired["controllers"]["lacking"] = lacking() if desired["controllers"]["desired"] else []
        verdict = _kubernetes_preflight.validate(hosts, desired)
        return {"checked": list(args["hosts"]), **verdict.result(f"by preflight of {len(hosts)} hosts")}
