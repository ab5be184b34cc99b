# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps Kubernetes objects: compares them here, and has kubernetes.core write those that differ.

kubernetes.core alone would not do. In check mode it sends what it would write, with dryRun, which a Kubernetes before 1.12 takes for a request to write.
"""
from __future__ import annotations

import copy
import os
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._kubernetes import _client, _options, _reconcile
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

ARGUMENT_SPEC = _options.argument_spec(objects=dict(type="list", elements="dict", required=True))
WRITER = "kubernetes.core.k8s"
FILES = {"ca_file": "ca_cert", "client_cert_file": "client_cert", "client_key_file": "client_key"}


def writer_options(args: dict[str, Any]) -> dict[str, Any]:
    """The options of kubernetes.core that reach the same API."""
    if not args.get("host"):
        found = {"kubeconfig": _absolute(args["kubeconfig"]), "context": args.get("context")}
        return {name: value for name, value in found.items() if value} | ({} if args["validate_certs"] else {"validate_certs": False})
    if not args.get("token") and not args.get("client_cert_file"):
        return {"kubeconfig": _without_login(args)}
    found = {"host": args["host"], "validate_certs": args["validate_certs"]} | ({"api_key": args["token"]} if args.get("token") else {})
    return found | {theirs: _absolute(args[ours]) for ours, theirs in FILES.items() if args.get(ours)}


def _without_login(args: dict[str, Any]) -> dict[str, Any]:
    """For an API that asks for no login, such as what kubectl proxy serves: told a host alone, kubernetes.core looks for a kubeconfig of its own."""
    cluster: dict[str, Any] = {"server": args["host"]}
    if args["host"].startswith("https://"):
        cluster |= {"certificate-authority": _absolute(args["ca_file"])} if args.get("ca_file") else {}
        cluster |= {} if args["validate_certs"] else {"insecure-skip-tls-verify": True}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "one", "cluster": cluster}],
        "users": [{"name": "nobody", "user": {}}],
        "contexts": [{"name": "one", "context": {"cluster": "one", "user": "nobody"}}],
        "current-context": "one",
    }


def _absolute(path: str) -> str:
    return os.path.abspath(os.path.expanduser(path))


class ActionModule(ActionBase):
    """dcos.calico.kubernetes_objects"""

    _supports_check_mode = True
    _supports_diff = True
    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _checked, args = self.validate_argument_spec(copy.deepcopy(ARGUMENT_SPEC))
        try:
            plan = self._plan(args)
            result.update(plan.result(self._task.diff), written=plan.names())
            if plan.changed and not self._task.check_mode:
                self._write(plan, args, task_vars or {})
        except CalicoError as error:
            result.pop("diff", None)
            result.update(failed=True, changed=False, msg=str(error))
        return result

    def _plan(self, args: dict[str, Any]) -> Plan:
        """In check mode an API that is not there yet has nothing."""
        connection = _options.connection(args)
        paths = [(_reconcile.path(item), _reconcile.called(item)) for item in args["objects"]]
        try:
            with _client.Client(connection, args["service"], args["timeout"]).opened() as client:
                actual = {name: client.find(path) for path, name in paths}
        except _client.ApiFailed as error:
            if error.kind != "unreachable" or not self._task.check_mode:
                raise
            actual = {}
        return _reconcile.reconcile(args["objects"], actual)

    def _write(self, plan: Plan, args: dict[str, Any], task_vars: dict[str, Any]) -> None:
        """Whole objects in place of those that are there, all by one module run."""
        module_args = {**writer_options(args), "force": True, "resource_definition": [change.how for change in plan]}
        done = self._execute_module(module_name=WRITER, module_args=module_args, task_vars=task_vars)
        if done.get("failed"):
            why = " ".join(str(done.get("msg") or done.get("module_stderr") or done).split())
            remedy = "Somebody else changed it in the same moment: run again" if "Conflict" in why else "What was written before it stays; run again then"
            raise CalicoError(f"{WRITER} could not write one of {', '.join(plan.names())}", why, remedy)
