# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check whether an account may write what is planned, before anything is written. Nothing of it leaves a trace in the cluster.

A SelfSubjectAccessReview tells what the authorizer would say. It does not know the other rule, that nobody can grant what he may not do himself, which holds
for everybody outside the group system:masters, also where the authorizer allows everything. So a role is sent as well, by a name that no role can have: a
server (seen of 1.7, 1.8 and 1.10) looks at what is granted before it looks at the name, and answers 403 or 422.
"""
from __future__ import annotations

import re
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._kubernetes import _reconcile
from ansible_collections.dcos.calico.plugins.module_utils._kubernetes._client import ApiFailed, Client
from ansible_collections.dcos.calico.plugins.module_utils._plan import Change, Plan

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
GRANTING = ("ClusterRole", "ClusterRoleBinding")
NO_NAME = "dcos.calico%looks"
REMEDY = (
    "Give the credentials of an account that is bound to a role with the rights of cluster-admin, or is in the group system:masters. A role is taken only from "
    "who may do all that it grants, also where authorization_mode is AlwaysAllow; docs/kubernetes.md has the commands for both modes"
)


def check(client: Client, plan: Plan) -> None:
    """:raises CalicoError: the API would refuse some of the plan; it names all of that."""
    refused = [f"{change.name}: {why}" for change in plan for why in [refusal(client, change)] if why]
    if refused:
        raise CalicoError(f"The API of Kubernetes at {client.connection.server} would refuse what is to be written", "; ".join(refused), REMEDY)


def refusal(client: Client, change: Change) -> str:
    """Why the API would refuse one change; empty if it would not."""
    item = change.how
    verb = "create" if change.before is None else "update"
    if not allowed(client, item, verb):
        return f"the account may not {verb} {_reconcile.PLURALS[item['kind']]}"
    if item["kind"] not in GRANTING or not allowed(client, item, "create"):
        return ""
    metadata = {**item["metadata"], "name": NO_NAME}
    twin = {**item, "metadata": {name: value for name, value in metadata.items() if name not in _reconcile.VERSIONS}}
    try:
        client.post(_reconcile.collection(item), twin)
    except ApiFailed as error:
        if error.kind == "unreachable":
            raise
        # It goes on with a page about all that is granted, and all that the account may do.
        return re.split(r":\s*[\[{]", error.why or error.what)[0].replace(f' "{NO_NAME}"', "") if error.kind == "forbidden" else ""
    return ""


def allowed(client: Client, item: dict[str, Any], verb: str) -> bool:
    """What the API's authorizer says; an API that reviews nothing is taken for one that allows it."""
    group, _slash, _version = item["apiVersion"].rpartition("/")
    metadata = item["metadata"]
    desired = {"verb": verb, "group": group, "resource": _reconcile.PLURALS[item["kind"]], "namespace": metadata.get("namespace", "")}
    if verb != "create":
        desired["name"] = metadata["name"]
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": desired}}
    try:
        return bool((client.post(REVIEWS, review).get("status") or {}).get("allowed"))
    except ApiFailed as error:
        if error.kind in ("forbidden", "missing", "unserved"):
            return True
        raise
