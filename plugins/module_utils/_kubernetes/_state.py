# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the objects of a Kubernetes API say of their state, in words. Pure."""
from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

Object = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class State:
    """One object: whether it does its work, and how far it is."""

    name: str
    ready: bool
    text: str
    images: tuple[str, ...] = ()


def name_of(item: Object) -> str:
    return str((item.get("metadata") or {}).get("name"))


def images_of(spec: Object) -> tuple[str, ...]:
    return tuple(str(container.get("image")) for container in spec.get("containers") or [])


def deployment(item: Object) -> State:
    """A Deployment is ready when its controller has seen its last change and all desired pods of it, and no others, are available."""
    spec, status = item.get("spec") or {}, item.get("status") or {}
    images = images_of((spec.get("template") or {}).get("spec") or {})
    desired = int(1 if spec.get("replicas") is None else spec["replicas"])
    counted = {name: int(status.get(name) or 0) for name in ("replicas", "updatedReplicas", "availableReplicas")}
    generation = int((item.get("metadata") or {}).get("generation") or 0)
    if int(status.get("observedGeneration") or 0) < generation:
        return State(name_of(item), False, "its last change has not been seen yet", images)
    ready = set(counted.values()) == {desired}
    text = f"{counted['availableReplicas']} of {desired} available"
    if not ready:
        text = "; ".join([text, *_complaints(status.get("conditions"))])
    return State(name_of(item), ready, text, images)


def _complaints(conditions: Sequence[Object] | None) -> list[str]:
    return [str(one["message"]) for one in conditions or [] if one.get("status") != "True" and one.get("message")]


def pod(item: Object) -> State:
    """A pod is ready when it is Ready, and when it has come to its end well."""
    status = item.get("status") or {}
    phase = str(status.get("phase") or "Unknown")
    images = images_of(item.get("spec") or {})
    conditions = {str(one.get("type")): one for one in status.get("conditions") or []}
    if phase == "Succeeded" or (phase == "Running" and (conditions.get("Ready") or {}).get("status") == "True"):
        return State(name_of(item), True, phase, images)
    reasons = [text for one in status.get("containerStatuses") or [] for text in _waiting(one)]
    reasons += _complaints([conditions[kind] for kind in ("PodScheduled", "Initialized") if kind in conditions])
    if not reasons:
        reasons = _complaints(list(conditions.values())) or [str(status.get("message") or status.get("reason") or "not Ready")]
    return State(name_of(item), False, f"{phase}: {'; '.join(dict.fromkeys(reasons))}", images)


def _waiting(container: Object) -> list[str]:
    """Why a container does not run."""
    found = []
    state = container.get("state") or {}
    for one in (state.get("waiting"), state.get("terminated")):
        if one:
            words = [str(one[key]) for key in ("reason", "message") if one.get(key)]
            found.append(f"{container.get('name')}: {', '.join(words) or 'does not run'}")
    return found


def owned_by(pods: Sequence[Object], item: Object) -> list[Object]:
    """The pods that a Deployment's selector picks."""
    labels = ((item.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    return [one for one in pods if labels and labels.items() <= ((one.get("metadata") or {}).get("labels") or {}).items()]


def missing_deployments(desired: Sequence[str], deployments: Sequence[Object], pods: Sequence[Object]) -> list[str]:
    """A sentence for each desired Deployment that does not do its work, with what its pods say."""
    known, found = {name_of(item): item for item in deployments}, []
    for name in desired:
        if name not in known:
            found.append(f"Deployment {name}: it is not there")
            continue
        state = deployment(known[name])
        if not state.ready:
            said = [f"{one.name}: {one.text}" for one in map(pod, owned_by(pods, known[name])) if not one.ready]
            found.append(f"Deployment {name}: {'; '.join([state.text, *said])}")
    return found


def missing_pods(pods: Sequence[Object], deployments: Sequence[Object] = ()) -> list[str]:
    """A sentence for each pod that is not Ready. Those that are over, or on their way out, do not count where their Deployment has all that it wants."""
    healthy = [item for item in deployments if deployment(item).ready]
    replaced = [name_of(one) for item in healthy for one in owned_by(pods, item) if _is_over(one)]
    return [f"pod {one.name}: {one.text}" for one in map(pod, pods) if not one.ready and one.name not in replaced]


def _is_over(item: Object) -> bool:
    """An evicted pod stays as Failed; one on a node that is lost stays, to be deleted."""
    return (item.get("status") or {}).get("phase") == "Failed" or bool((item.get("metadata") or {}).get("deletionTimestamp"))
