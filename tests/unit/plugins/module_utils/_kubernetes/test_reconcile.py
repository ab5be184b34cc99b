from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._errors import ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._kubernetes import _reconcile

WANTED: dict[str, Any] = {
    "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"replicas": 1, "template": {"spec": {"containers": [
        {"name": "a", "image": "i:1", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}], "tolerations": [{"key": "k"}]}}},
}  # fmt: skip


def stored() -> dict[str, Any]:
    """As a server has it: with defaults, in another order."""
    item = copy.deepcopy(WANTED)
    item["metadata"].update(resourceVersion="7", uid="u", labels={"x": "y"})
    item["spec"]["revisionHistoryLimit"] = 10
    pod = item["spec"]["template"]["spec"]
    pod["containers"][0].update(imagePullPolicy="IfNotPresent", env=pod["containers"][0]["env"][::-1])
    pod["restartPolicy"] = "Always"
    return item


def changes(found: dict[str, Any] | None) -> list[Any]:
    return list(_reconcile.reconcile([WANTED], {"Deployment shop/web": found}))


def test_what_the_server_fills_in_is_no_difference() -> None:
    assert changes(stored()) == []


def test_what_is_not_there_is_made_as_it_is() -> None:
    [change] = changes(None)
    assert (change.name, change.before, change.after, change.how) == ("Deployment shop/web", None, WANTED, WANTED)


def drift(name: str) -> dict[str, Any]:
    item = stored()
    pod = item["spec"]["template"]["spec"]
    container = pod["containers"][0]
    {
        "value": lambda: container["env"][0].update(value="9"),
        "one more of a name": lambda: container["env"].append({"name": "C", "value": "3"}),
        "one less": container["env"].pop,
        "one more container": lambda: pod["containers"].append({"name": "b", "image": "j"}),
        "number": lambda: item["spec"].update(replicas=2),
        "a list without names": lambda: pod["tolerations"].append({"key": "z"}),
        "gone": lambda: pod.pop("tolerations"),
    }[name]()
    return item


@pytest.mark.parametrize("name", ["value", "one more of a name", "one less", "one more container", "number", "a list without names", "gone"])
def test_drift_is_seen_and_put_right_for_the_version_that_was_seen(name: str) -> None:
    [change] = changes(drift(name))
    assert change.how["metadata"] == {**WANTED["metadata"], "resourceVersion": "7"} and change.how["spec"] == WANTED["spec"]
    assert change.before != change.after == WANTED
    assert "uid" not in change.before["metadata"] and "revisionHistoryLimit" not in change.before["spec"]


def test_secrets_are_not_shown() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "n"}, "data": {"key": "aHVudGVyMg=="}}
    result = _reconcile.reconcile([secret], {}).result(True)
    assert result["changed"] and "aHVudGVyMg" not in str(result["diff"])


@pytest.mark.parametrize(
    "item, path",
    [
        (WANTED, "/apis/apps/v1/namespaces/shop/deployments/web"),
        ({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "a", "namespace": "n"}}, "/api/v1/namespaces/n/serviceaccounts/a"),
        ({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "r"}}, "/apis/rbac.authorization.k8s.io/v1/clusterroles/r"),
    ],
)
def test_paths(item: dict[str, Any], path: str) -> None:
    assert _reconcile.path(item) == path


@pytest.mark.parametrize("item, words", [({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "x"}}, "kind Pod"), ({"kind": "Secret"}, "no object")])
def test_what_is_not_kept(item: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        _reconcile.path(item)
