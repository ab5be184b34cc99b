from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._kubernetes import _state


def deployment(desired: Any = 1, generation: int = 1, seen: int = 1, **status: Any) -> dict[str, Any]:
    template = {"spec": {"containers": [{"name": "a", "image": "i:1"}]}}
    return {
        "metadata": {"name": "web", "generation": generation},
        "spec": {"replicas": desired, "selector": {"matchLabels": {"app": "web"}}, "template": template},
        "status": {"observedGeneration": seen, **status},
    }


GOOD = {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}


@pytest.mark.parametrize(
    "item, ready, text",
    [
        (deployment(**GOOD), True, "1 of 1 available"),
        (deployment(None, **GOOD), True, "1 of 1 available"),
        (deployment(0), True, "0 of 0 available"),
        (deployment(generation=2, **GOOD), False, "its last change has not been seen yet"),
        (deployment(generation=int("1000"), seen=int("1000"), **GOOD), True, "1 of 1 available"),
        (deployment(**{**GOOD, "replicas": 2}), False, "1 of 1 available"),
        (deployment(conditions=[{"status": "False", "message": "no account"}, {"status": "True", "message": "x"}]), False, "0 of 1 available; no account"),
    ],
)
def test_deployments(item: dict[str, Any], ready: bool, text: str) -> None:
    found = _state.deployment(json.loads(json.dumps(item)))  # as an API gives it
    assert (found.ready, found.text, found.images) == (ready, text, ("i:1",))


def pod(phase: str, ready: str = "False", containers: Any = (), **condition: str) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": ready, **condition}]
    status = {"phase": phase, "conditions": conditions, "containerStatuses": containers}
    return {"metadata": {"name": "p", "labels": {"app": "web"}}, "spec": {}, "status": status}


WAITING = [{"name": "c", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}}]


@pytest.mark.parametrize(
    "item, ready, text",
    [
        (pod("Running", "True"), True, "Running"),
        (pod("Succeeded"), True, "Succeeded"),
        (pod("Pending", containers=WAITING), False, "Pending: c: ImagePullBackOff, no such image"),
        (pod("Running", message="containers with unready status: [c]"), False, "Running: containers with unready status: [c]"),
        (pod("Failed", containers=[{"name": "c", "state": {"terminated": {"reason": "Error"}}}]), False, "Failed: c: Error"),
        ({"metadata": {"name": "p"}}, False, "Unknown: not Ready"),
    ],
)
def test_pods(item: dict[str, Any], ready: bool, text: str) -> None:
    found = _state.pod(json.loads(json.dumps(item)))
    assert (found.ready, found.text) == (ready, text)


def test_a_pod_that_fits_nowhere() -> None:
    item = pod("Pending")
    item["status"]["conditions"] = [{"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available"}]
    assert _state.pod(item).text == "Pending: 0/1 nodes are available"


def test_what_is_missing_names_the_cause() -> None:
    pods = [pod("Pending", containers=WAITING)]
    found = _state.missing_deployments(["web", "gone"], [deployment()], pods)
    assert found == ["Deployment web: 0 of 1 available; p: Pending: c: ImagePullBackOff, no such image", "Deployment gone: it is not there"]
    assert _state.missing_deployments(["web"], [deployment(**GOOD)], pods) == []
    assert _state.missing_pods([pod("Running", "True"), *pods]) == ["pod p: Pending: c: ImagePullBackOff, no such image"]


def over(name: str, **changes: Any) -> dict[str, Any]:
    """A pod that was evicted, as a kubelet leaves it."""
    status = {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}
    return {"metadata": {"name": name, "labels": {"app": "web"}}, "spec": {}, "status": status, **changes}


LEAVING = over(
    "leaving",
    metadata={"name": "leaving", "labels": {"app": "web"}, "deletionTimestamp": "2026-01-01T00:00:00Z"},
    status={"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]},
)


@pytest.mark.parametrize("item", [over("evicted"), LEAVING], ids=["evicted", "on a node that is lost"])
def test_pods_that_are_over_do_not_fail_a_healthy_deployment(item: dict[str, Any]) -> None:
    pods = [pod("Running", "True"), item]
    assert _state.missing_pods(pods, [deployment(**GOOD)]) == []
    assert len(_state.missing_pods(pods, [deployment()])) == 1, "it has not what it wants"
    assert len(_state.missing_pods(pods, [])) == 1, "nobody replaces it"
    other = {**item, "metadata": {**item["metadata"], "labels": {"app": "other"}}}
    assert len(_state.missing_pods([other], [deployment(**GOOD)])) == 1
    assert _state.missing_pods([over("evicted")], [])[0] == "pod evicted: Failed: The node was low on resource: memory."
    assert len(_state.missing_pods([pod("Pending", containers=WAITING)], [deployment(**GOOD)])) == 1, "that one is on its way"
