# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare wanted Kubernetes objects with those that are there. Pure.

A wanted object says what has to be as it says; what a server fills in beside it is left out of the comparison. A list has exactly the wanted items: those with
a name are compared by it, whatever their order.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._plan import Plan

PLURALS = {
    "ClusterRole": "clusterroles",
    "ClusterRoleBinding": "clusterrolebindings",
    "ConfigMap": "configmaps",
    "Deployment": "deployments",
    "Secret": "secrets",
    "Service": "services",
    "ServiceAccount": "serviceaccounts",
}
SECRET_KINDS = ("Secret",)
Object = dict[str, Any]


def called(item: Mapping[str, Any]) -> str:
    """What an object is called in diffs and messages."""
    metadata = item["metadata"]
    place = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    return f"{item['kind']} {place}{metadata['name']}"


def path(item: Mapping[str, Any]) -> str:
    """Where an API has an object.

    :raises ValidationError: it is none, or of a kind that is not known here.
    """
    metadata = item.get("metadata")
    if not isinstance(metadata, Mapping) or not metadata.get("name") or not item.get("apiVersion"):
        raise ValidationError(f"This is no object of Kubernetes with apiVersion, kind and metadata.name: {item!r}")
    if item.get("kind") not in PLURALS:
        raise ValidationError(f"Objects of kind {item.get('kind')} are not kept here", None, f"Known are {', '.join(PLURALS)}")
    base = "/api/v1" if item["apiVersion"] == "v1" else f"/apis/{item['apiVersion']}"
    place = f"/namespaces/{metadata['namespace']}" if metadata.get("namespace") else ""
    return f"{base}{place}/{PLURALS[item['kind']]}/{metadata['name']}"


def reconcile(desired: Sequence[Object], actual: Mapping[str, Object | None]) -> Plan:
    """What has to be written; C(how) is the object, with the version it was compared with, so that nobody else's change is lost.

    :param actual: by what called() says.
    """
    plan = Plan()
    for item in desired:
        found = actual.get(called(item))
        how, before = item, None
        if found is not None:
            before = projected(item, found)
            how = {**item, "metadata": {**item["metadata"], "resourceVersion": found["metadata"]["resourceVersion"]}}
        if before != item:
            plan.add(called(item), before, item, secret=item["kind"] in SECRET_KINDS, how=how)
    return plan


def projected(wanted: Any, found: Any) -> Any:
    """What is there of what is wanted, in the same form."""
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        return {key: projected(value, found[key]) for key, value in wanted.items() if key in found}
    if isinstance(wanted, list) and isinstance(found, list):
        return _projected_list(wanted, found)
    return found


def _projected_list(wanted: list[Any], found: list[Any]) -> list[Any]:
    if all(isinstance(item, Mapping) and "name" in item for item in [*wanted, *found]):
        names = [item["name"] for item in wanted]
        known = {item["name"]: item for item in wanted}
        ordered = sorted(found, key=lambda item: names.index(item["name"]) if item["name"] in known else len(names))
        return [projected(known[item["name"]], item) if item["name"] in known else item for item in ordered]
    if len(wanted) == len(found):
        return [projected(one, other) for one, other in zip(wanted, found)]
    return found
