# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps Kubernetes objects: compares and checks them here, and has kubernetes.core write those that differ.

kubernetes.core alone would not do. In check mode it sends what it would write, with dryRun, which a Kubernetes before 1.12 takes for a request to write.
"""

from __future__ import annotations

import os
import time
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._host._deadline import Deadline
from ansible_collections.dcos.calico.plugins.module_utils._kubernetes import _client, _options, _reconcile, _rights
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan
from ansible_collections.dcos.calico.plugins.plugin_utils._action import ControllerAction
from ansible_collections.dcos.calico.plugins.plugin_utils._kubernetes import WRITER

ARGUMENT_SPEC = _options.argument_spec(
    objects=dict(type="list", elements="dict", required=True), wait_timeout=dict(type="float", default=60.0)
)
TRY_EVERY = 1.0
# How a server words it that an object is not the one that was compared: changed, made, or removed meanwhile.
CONFLICTS = ("Conflict", "AlreadyExists", "resourceVersion should not be set on objects to be created")
FILES = {"ca_file": "ca_cert", "client_cert_file": "client_cert", "client_key_file": "client_key"}


def writer_options(args: dict[str, Any]) -> dict[str, Any]:
    """The options of kubernetes.core that reach the same API."""
    if not args.get("host"):
        found = {"kubeconfig": _absolute(args["kubeconfig"]), "context": args.get("context")}
        return {name: value for name, value in found.items() if value} | (
            {} if args["validate_certs"] else {"validate_certs": False}
        )
    if not args.get("token") and not args.get("client_cert_file"):
        return {"kubeconfig": _without_login(args)}
    found = {"host": args["host"], "validate_certs": args["validate_certs"]} | (
        {"api_key": args["token"]} if args.get("token") else {}
    )
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


class ActionModule(ControllerAction):
    """dcos.calico.kubernetes_objects"""

    SPEC = ARGUMENT_SPEC
    _requires_connection = True
    _supports_diff = True

    def answer(self, args: dict[str, Any]) -> dict[str, Any]:
        plan = self._kept(args)
        return {**plan.result(self._task.diff), "written": plan.names()}

    def _kept(self, args: dict[str, Any]) -> Plan:
        """Look, check, write, and look again; the plan is that of the first look, and in check mode it is not carried out.

        What somebody else changed in the same moment is compared anew, and tried again until the deadline.
        """
        deadline = Deadline(args["wait_timeout"], clock=time.monotonic)
        first = plan = self._look(args, deadline, validate=True)
        while plan.changed and not self._task.check_mode:
            why, conflict = self._write(plan, args)
            left = self._look(args, deadline)
            if left.changed and not (conflict and deadline.pause(TRY_EVERY)):
                raise _unwritten(first, left, why)
            plan = left
        return first

    def _look(self, args: dict[str, Any], deadline: Deadline, validate: bool = False) -> Plan:
        """What differs. An API that does not answer is waited for; in check mode it has nothing yet."""
        connection = _options.connection(args)
        paths = [(_reconcile.path(item), _reconcile.called(item)) for item in args["objects"]]
        while True:
            try:
                with _client.Client(connection, args["service"], args["timeout"]).opened() as client:
                    plan = _reconcile.reconcile(args["objects"], {name: client.find(path) for path, name in paths})
                    if validate:
                        _rights.check(client, plan)
                    return plan
            except _client.ApiFailed as error:
                if error.kind != "unreachable":
                    raise
                if self._task.check_mode:
                    return _reconcile.reconcile(args["objects"], {})
                if not deadline.pause(TRY_EVERY):
                    raise

    def _write(self, plan: Plan, args: dict[str, Any]) -> tuple[str, bool]:
        """Whole objects in place of those that are there, all by one module run: (why it failed, whether because of what somebody else did)."""
        module_args = {**writer_options(args), "force": True, "resource_definition": [change.how for change in plan]}
        done = self._execute_module(module_name=WRITER, module_args=module_args, task_vars=self.variables)
        if done.get("failed"):
            why = " ".join(str(done.get("msg") or done.get("module_stderr") or done).split())
            return why, any(mark in f"{why} {done.get('reason')}" for mark in CONFLICTS)
        made = (done.get("result") or {}).get("results") or [done]
        # It is content with the 409 of an object that somebody else has made meanwhile.
        return "", any(one.get("method") == "create" and not one.get("result") for one in made)


def _unwritten(first: Plan, left: Plan, why: str) -> CalicoError:
    """What to say of objects that are not as required after the writing."""
    names = ", ".join(left.names())
    written = [name for name in first.names() if name not in left.names()]
    stays = f"Written, and left so: {', '.join(written)}. " if written else ""
    if why:
        return CalicoError(f"{WRITER} could not write {names}", why, f"{stays}Put right what it says, and run again")
    fields = {change.name: ", ".join(_reconcile.differences(change.before, change.after)) for change in left}
    kept = "; ".join(f"{name}: {paths}" for name, paths in fields.items())
    remedy = f"{stays}The server does not know these fields, or keeps them in another form: leave them out, or write them as it keeps them"
    return CalicoError(f"The API of Kubernetes took {names}, and did not keep all of it", kept, remedy)
