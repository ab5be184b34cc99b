# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare desired Kubernetes objects with those that are there. Pure.

It is the three-way merge of kubectl apply: what an object says has to be as it says, what was applied last and is not desired any more goes, and the rest
is kept, whoever set it. What was applied last stands in the annotation that kubectl uses, too. A list has exactly the desired items: those with a name are
compared by it, whatever their order.
"""
from __future__ import annotations

import base64
import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError
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
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
# What a server never changes; the last but one is given by the server where it is not required.
IMMUTABLE = {"ClusterRoleBinding": ("roleRef",), "Deployment": ("spec", "selector"), "Service": ("spec", "clusterIP"), "Secret": ("type",)}
# What a server says of an object beside what it is.
ABOUT = ("creationTimestamp", "generation", "managedFields", "selfLink")
VERSIONS = ("resourceVersion", "uid")
# Mappings whose keys are anybody's own: an empty value there is a value, and what is left of them when ours are gone is somebody else's.
FREE_FORM = ("annotations", "binaryData", "data", "labels", "limits", "matchLabels", "nodeSelector", "requests")
# Of these, one field may rule out another, so that one of ours in place of somebody else's takes the place of all.
ALTERNATIVES = ("env", "livenessProbe", "readinessProbe", "strategy", "subjects", "volumes")
# In these an additional field changes what is granted.
WHOLE = ("rules",)
Object = dict[str, Any]


def called(item: Mapping[str, Any]) -> str:
    """What an object is called in diffs and messages."""
    metadata = item["metadata"]
    place = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    return f"{item['kind']} {place}{metadata['name']}"


def collection(item: Mapping[str, Any]) -> str:
    """Where an API has the objects of an object's kind and namespace.

    :raises ValidationError: it is none, or of a kind that is not known here.
    """
    metadata = item.get("metadata")
    if not isinstance(metadata, Mapping) or not metadata.get("name") or not item.get("apiVersion"):
        # Not what is in them: it may be a Secret.
        raise ValidationError(f"This is no object of Kubernetes with apiVersion, kind and metadata.name: {item.get('kind')} with {', '.join(map(str, item))}")
    if item.get("kind") not in PLURALS:
        raise ValidationError(f"Objects of kind {item.get('kind')} are not kept here", None, f"Known are {', '.join(PLURALS)}")
    base = "/api/v1" if item["apiVersion"] == "v1" else f"/apis/{item['apiVersion']}"
    place = f"/namespaces/{metadata['namespace']}" if metadata.get("namespace") else ""
    return f"{base}{place}/{PLURALS[item['kind']]}"


def path(item: Mapping[str, Any]) -> str:
    """Where an API has an object. Raises as collection()."""
    return f"{collection(item)}/{item['metadata']['name']}"


def reconcile(desired: Sequence[Object], actual: Mapping[str, Object | None]) -> Plan:
    """What has to be written; C(how) is the whole object, with the version it was compared with, so that nobody else's change is lost.

    :param actual: by what called() says.
    :raises CalicoError: a field that cannot be changed is not as required; it names all of them.
    """
    plan, fixed = Plan(), []
    for item in desired:
        target, found = normal(item), actual.get(called(item))
        live = bare(found) if found is not None else None
        after = target if live is None else merged(target, live, last_applied(live))
        if live is not None:
            fixed += _fixed(live, after)
        before = None if live is None else shown(live)
        plan.add(called(item), before, shown(after), secret=item["kind"] in SECRET_KINDS, how=noted(after, target))
    if fixed:
        sentences = [f"{name}: {field} is {json.dumps(there)}, and {json.dumps(goal)} is required" for name, field, there, goal, _remedy in fixed]
        what = "What is there of Kubernetes cannot be changed to the desired state"
        remedy = f"See whose it is. If nobody needs it, remove it and run again: {'; '.join(entry[-1] for entry in fixed)}"
        raise CalicoError(what, f"{'; '.join(sentences)}. Kubernetes does not let these fields be changed", remedy)
    return plan


# -- the two sides ----------------------------------------------------------------------------------------------------------------------------------------


def normal(item: Object) -> Object:
    """A desired object in the form in which a server keeps it: without null, and a Secret's stringData as data."""
    item = without_null(item)
    if item["kind"] == "Secret" and "stringData" in item:
        encoded = {name: base64.b64encode(str(text).encode()).decode() for name, text in item.pop("stringData").items()}
        item["data"] = {**item.get("data", {}), **encoded}
    if item["kind"] == "Service" and (item.get("spec") or {}).get("clusterIP") == "":
        del item["spec"]["clusterIP"]  # any will do, also the one there is
    return item


def bare(found: Object) -> Object:
    """An object as it is there, without what its server says about it."""
    live: Object = without_null(found)
    live.pop("status", None)
    live["metadata"] = {name: value for name, value in live["metadata"].items() if name not in ABOUT}
    return live


def without_null(value: Any) -> Any:
    """A copy without fields that are null, which is what a server takes them for."""
    if isinstance(value, Mapping):
        return {name: without_null(inner) for name, inner in value.items() if inner is not None}
    return [without_null(inner) for inner in value] if isinstance(value, list) else value


def last_applied(live: Object) -> Object:
    """What was desired when an object was written last; nothing if nobody noted it."""
    try:
        found = json.loads(live["metadata"]["annotations"][LAST_APPLIED])
    except (KeyError, TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def noted(item: Object, desired: Object) -> Object:
    """An object with the annotation that says what was required. It tells which fields a Secret has, and nothing of what is in them."""
    if desired["kind"] in SECRET_KINDS:
        desired = {**desired, "data": dict.fromkeys(desired.get("data") or {}, "")}
    item = copy.deepcopy(item)
    item["metadata"].setdefault("annotations", {})[LAST_APPLIED] = json.dumps(desired, sort_keys=True, separators=(",", ":"))
    return item


def shown(item: Object) -> Object:
    """An object without what is of no interest to who reads the difference."""
    metadata = {name: value for name, value in item["metadata"].items() if name not in VERSIONS}
    annotations = {name: value for name, value in metadata.pop("annotations", {}).items() if name != LAST_APPLIED}
    return {**item, "metadata": {**metadata, **({"annotations": annotations} if annotations else {})}}


# -- the merge --------------------------------------------------------------------------------------------------------------------------------------------


def merged(desired: Any, live: Any, last: Any, key: str = "") -> Any:
    """What is to be there: desired, and of what is there all that was not applied last.

    :param key: name of the field, or of the list of which it is an item.
    """
    if isinstance(desired, Mapping) and isinstance(live, Mapping):
        found = _merged_mapping(desired, live, last if isinstance(last, Mapping) else {}, key in FREE_FORM)
        return found if key not in ALTERNATIVES or found == live else {name: found[name] for name in desired if name in found}
    if isinstance(desired, list) and isinstance(live, list):
        return _merged_list(desired, live, last if isinstance(last, list) else [], key)
    return desired


def _merged_mapping(desired: Mapping[str, Any], live: Mapping[str, Any], last: Mapping[str, Any], free: bool) -> Object:
    found: Object = {}
    for name, value in live.items():
        if name in desired:
            found[name] = merged(desired[name], value, last.get(name), name)
        elif name not in last:
            found[name] = value
        elif name in FREE_FORM and isinstance(value, Mapping) and isinstance(last[name], Mapping):
            of_others = {key: inner for key, inner in value.items() if key not in last[name]}
            found.update({name: of_others} if of_others else {})
    return {**found, **{name: value for name, value in desired.items() if name not in live and (free or not _left_out(name, value, last.get(name)))}}


def _left_out(name: str, value: Any, applied: Any) -> bool:
    """Whether a server has no such field because it is empty. Of what may be on where it is absent, only the last writing tells."""
    if isinstance(value, (str, list)):
        return not value
    return (name in FREE_FORM and value == {}) or (isinstance(value, (bool, int, float)) and not value and value == applied)


def _merged_list(desired: list[Any], live: list[Any], last: list[Any], key: str) -> list[Any]:
    if key not in WHOLE and _named(desired) and _named(live):
        items, there, before = ({item["name"]: item for item in one} for one in (desired, live, last if _named(last) else []))
        order = [name for name in there if name in items] + [name for name in items if name not in there]
        return [merged(items[name], there[name], before.get(name), key) if name in there else items[name] for name in order]
    if key not in WHOLE and len(desired) == len(live):
        return [other if merged(one, other, None, key) == other else one for one, other in zip(desired, live)]
    return desired


def _named(items: list[Any]) -> bool:
    names = [item.get("name") if isinstance(item, Mapping) else None for item in items]
    return None not in names and len(set(map(str, names))) == len(names)


# -- differences ------------------------------------------------------------------------------------------------------------------------------------------


def _fixed(live: Object, after: Object) -> list[tuple[str, str, Any, Any, str]]:
    """(name, field, what there is, what is required, the way out) of a field that would change and cannot."""
    field = IMMUTABLE.get(after["kind"], ())
    there, desired = _at(live, field), _at(after, field)
    if not field or there in (None, "") or there == desired:
        return []
    place = f" -n {after['metadata']['namespace']}" if after["metadata"].get("namespace") else ""
    return [(called(after), ".".join(field), there, desired, f"kubectl{place} delete {after['kind'].lower()} {after['metadata']['name']}")]


def _at(item: Any, field: Sequence[str]) -> Any:
    for name in field:
        item = (item or {}).get(name)
    return item


def differences(before: Any, after: Any, at: str = "") -> Iterator[str]:
    """The paths of the fields in which two objects differ."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            yield from differences(before.get(name), after.get(name), f"{at}.{name}" if at else name)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after)):
            yield from differences(one, other, f"{at}[{number}]")
    elif before != after:
        yield at
