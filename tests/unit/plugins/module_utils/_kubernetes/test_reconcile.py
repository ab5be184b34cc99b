from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError, ValidationError
from ansible_collections.dcos.calico.plugins.module_utils._kubernetes import _reconcile

DESIRED: dict[str, Any] = {
    "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"replicas": 1, "template": {"spec": {"containers": [
        {"name": "a", "image": "i:1", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}], "tolerations": [{"key": "k"}]}}},
}  # fmt: skip


def stored() -> dict[str, Any]:
    """As a server has it: with defaults, in another order."""
    item = copy.deepcopy(DESIRED)
    item["metadata"].update(resourceVersion="7", uid="u", labels={"x": "y"})
    item["spec"]["revisionHistoryLimit"] = 10
    pod = item["spec"]["template"]["spec"]
    pod["containers"][0].update(imagePullPolicy="IfNotPresent", env=pod["containers"][0]["env"][::-1])
    pod["restartPolicy"] = "Always"
    return item


def changes(found: dict[str, Any] | None, desired: dict[str, Any] | None = None) -> list[Any]:
    desired = DESIRED if desired is None else desired
    return list(_reconcile.reconcile([desired], {_reconcile.called(desired): found}))


def written(found: dict[str, Any] | None, desired: dict[str, Any] | None = None) -> dict[str, Any]:
    [change] = changes(found, desired)
    return change.how


def note(item: dict[str, Any]) -> Any:
    return json.loads(item["metadata"]["annotations"][_reconcile.LAST_APPLIED])


def test_what_the_server_fills_in_is_no_difference() -> None:
    assert changes(stored()) == []


def test_what_is_not_there_is_made_as_it_is_and_notes_it() -> None:
    [change] = changes(None)
    assert (change.name, change.before, change.after) == ("Deployment shop/web", None, DESIRED)
    assert note(change.how) == DESIRED and change.how["spec"] == DESIRED["spec"]


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
    assert change.how["metadata"]["resourceVersion"] == "7" and change.how["metadata"]["uid"] == "u" and note(change.how) == DESIRED
    assert changes(change.how) == [], "as required then"
    assert "uid" not in str(change.before) and _reconcile.LAST_APPLIED not in str(change.after)


def test_a_write_keeps_what_it_does_not_mention() -> None:
    """Labels and annotations, a scheduler's choice, a container's limits, what the server filled in; and not the status."""
    found = drift("value")
    found["metadata"]["annotations"] = {"team": "net", "deployment.kubernetes.io/revision": "3"}
    found["spec"]["template"]["spec"]["nodeSelector"] = {"disk": "ssd"}
    found["spec"]["template"]["spec"]["containers"][0]["resources"] = {"limits": {"cpu": "1"}}
    made = written({**found, "status": {"replicas": 1}})
    assert made["metadata"]["labels"] == {"x": "y"} and made["metadata"]["annotations"].items() >= found["metadata"]["annotations"].items()
    pod = made["spec"]["template"]["spec"]
    assert pod["nodeSelector"] == {"disk": "ssd"} and pod["restartPolicy"] == "Always" and made["spec"]["revisionHistoryLimit"] == 10
    assert pod["containers"][0]["resources"] == {"limits": {"cpu": "1"}} and "status" not in made


def test_what_was_applied_and_is_not_desired_any_more_goes_and_the_diff_shows_it() -> None:
    before = copy.deepcopy(DESIRED)
    before["metadata"]["labels"] = {"ours": "1"}
    before["spec"]["template"]["spec"].update(hostNetwork=True, volumes=[{"name": "v", "emptyDir": {}}])
    there = written(None, before)
    there["metadata"]["resourceVersion"] = "8"
    there["metadata"]["labels"]["theirs"] = "2"
    [change] = changes(there)
    pod = change.how["spec"]["template"]["spec"]
    assert change.how["metadata"]["labels"] == {"theirs": "2"} and "hostNetwork" not in pod and "volumes" not in pod
    diff = change.diff()
    assert '"hostNetwork": true' in diff["before"] and "hostNetwork" not in diff["after"] and '"ours"' not in diff["after"]
    there["metadata"]["annotations"][_reconcile.LAST_APPLIED] = "{broken"
    assert changes(there) == [], "nobody knows whose they are"


@pytest.mark.parametrize(
    "key, live, desired",
    [
        ("strategy", {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}, {"type": "Recreate"}),
        ("volumes", [{"name": "v", "hostPath": {"path": "/x"}}], [{"name": "v", "emptyDir": {}}]),
        ("env", [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}], [{"name": "A", "value": "1"}]),
        ("subjects", [{"name": "a", "kind": "User", "apiGroup": "g"}], [{"name": "a", "kind": "ServiceAccount", "namespace": "n"}]),
        ("rules", [{"verbs": ["get"], "resources": ["pods"], "resourceNames": ["one"]}], [{"verbs": ["get"], "resources": ["pods"]}]),
    ],
)
def test_what_rules_out_another_takes_its_place(key: str, live: Any, desired: Any) -> None:
    assert _reconcile.merged({key: desired}, {key: live}, {}) == {key: desired}


def test_defaults_beside_an_alternative_stay() -> None:
    live = {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}, "volumes": [{"name": "v", "hostPath": {"path": "/x", "type": ""}}]}
    desired = {"strategy": {"type": "RollingUpdate"}, "volumes": [{"name": "v", "hostPath": {"path": "/x"}}]}
    assert _reconcile.merged(desired, live, {}) == live


def test_two_of_one_name_are_compared_by_their_place() -> None:
    live = [{"name": "a", "kind": "User"}, {"name": "a", "kind": "Group"}]
    assert _reconcile.merged(live, copy.deepcopy(live), None, "subjects") == live
    assert _reconcile.merged(live[:1], live, None, "subjects") == live[:1]


def test_empty_values_settle() -> None:
    """What a server answered to these, in 1.10: lists, texts and mappings that are empty are not there; nor are false and 0 once they were written."""
    desired = copy.deepcopy(DESIRED)
    desired["metadata"].update(labels={}, annotations=None)
    desired["spec"].update(minReadySeconds=0, paused=False)
    pod = desired["spec"]["template"]["spec"]
    pod.update(volumes=[], hostNetwork=False, nodeSelector={}, serviceAccountName="")
    pod["containers"][0].update(env=[{"name": "E", "value": ""}], args=[])
    made = written(None, desired)
    made["metadata"]["resourceVersion"] = "9"
    del made["metadata"]["labels"], made["spec"]["minReadySeconds"], made["spec"]["paused"]
    pod = made["spec"]["template"]["spec"]
    for name in ("volumes", "hostNetwork", "nodeSelector", "serviceAccountName"):
        del pod[name]
    pod["containers"][0]["env"] = [{"name": "E"}]
    del pod["containers"][0]["args"]
    made["status"] = None
    assert changes(made, desired) == []
    pod["hostNetwork"] = True
    pod["volumes"] = [{"name": "v"}]
    assert "hostNetwork" in str(changes(made, desired)[0].before), "somebody switched it on"


def test_empty_values_that_are_values() -> None:
    """Keys of one's own, what is on where it is absent, and an empty directory."""
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "n", "annotations": {"x": ""}}, "data": {"k": ""}}
    there = written(None, config)
    there["metadata"]["resourceVersion"] = "1"
    assert changes(there, config) == []
    del there["data"]["k"]
    assert changes(there, config) != []
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "a", "namespace": "n"}, "automountServiceAccountToken": False}
    bare = {**account, "metadata": {**account["metadata"], "resourceVersion": "1"}}
    del bare["automountServiceAccountToken"]
    assert changes(bare, account) != []
    assert _reconcile.merged({"volumes": [{"name": "v", "emptyDir": {}}]}, {"volumes": [{"name": "v"}]}, {}) != {"volumes": [{"name": "v"}]}


@pytest.mark.parametrize("rules", [None, []])
def test_a_role_that_grants_nothing(rules: Any) -> None:
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "r"}, "rules": []}
    assert changes({**role, "metadata": {"name": "r", "resourceVersion": "3"}, "rules": rules}, role) == []


# -- what cannot be changed -------------------------------------------------------------------------------------------------------------------------------


def test_fields_that_cannot_be_changed_are_all_named_with_the_way_out() -> None:
    desired = [
        {**DESIRED, "spec": {"selector": {"matchLabels": {"app": "new"}}}},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "b"}, "roleRef": {"name": "r"}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "n"}, "spec": {"clusterIP": "10.0.0.2"}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "k", "namespace": "n"}, "type": "Opaque", "data": {"a": "aHVudGVy"}},
    ]
    there = copy.deepcopy(desired)
    for item in there:
        item["metadata"]["resourceVersion"] = "1"
    there[0]["spec"]["selector"]["matchLabels"] = {"app": "old"}
    there[1]["roleRef"] = {"name": "other"}
    there[2]["spec"]["clusterIP"] = "10.0.0.1"
    there[3].update(type="x/y", data={"a": "b2xk"})
    with pytest.raises(CalicoError) as error:
        _reconcile.reconcile(desired, {_reconcile.called(item): item for item in there})
    said = str(error.value)
    for words in (
        'Deployment shop/web: spec.selector is {"matchLabels": {"app": "old"}}', 'roleRef is {"name": "other"}, and {"name": "r"} is required',
        'spec.clusterIP is "10.0.0.1"', 'type is "x/y"', "kubectl -n shop delete deployment web", "kubectl delete clusterrolebinding b",
        "kubectl -n n delete service s", "kubectl -n n delete secret k",
    ):  # fmt: skip
        assert words in said, words
    assert "hunter" not in said and "aHVudGVy" not in said


@pytest.mark.parametrize("spec", [{}, {"clusterIP": ""}, {"clusterIP": "10.0.0.1"}])
def test_an_address_that_the_server_gave_is_kept(spec: dict[str, Any]) -> None:
    desired = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "n"}, "spec": {"ports": [{"port": 80}], **spec}}
    ports = [{"port": 80, "protocol": "TCP", "targetPort": 80}]
    there = {**desired, "metadata": {"name": "s", "namespace": "n", "resourceVersion": "1"}, "spec": {"ports": ports, "clusterIP": "10.0.0.1"}}
    assert changes(there, desired) == []
    there["spec"]["ports"] = []
    assert written(there, desired)["spec"]["clusterIP"] == "10.0.0.1"


def test_secrets_are_not_shown_and_not_noted() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "n"}, "data": {"key": "aHVudGVyMg=="}}
    plan = _reconcile.reconcile([secret], {})
    result = plan.result(True)
    assert result["changed"] and "aHVudGVyMg" not in str(result["diff"])
    [change] = plan
    assert change.how["data"] == secret["data"] and note(change.how)["data"] == {"key": ""}


def test_a_secret_that_is_none_is_not_shown() -> None:
    with pytest.raises(ValidationError) as error:
        _reconcile.path({"apiVersion": "v1", "kind": "Secret", "stringData": {"key": "hunter2"}})
    assert "Secret with apiVersion, kind, stringData" in str(error.value) and "hunter2" not in str(error.value)


def test_a_secret_by_its_text_settles() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "n"}, "data": {"a": "Yg=="}, "stringData": {"key": "hunter2"}}
    made = written(None, secret)
    assert made["data"] == {"a": "Yg==", "key": "aHVudGVyMg=="} and "stringData" not in made
    made["metadata"]["resourceVersion"] = "1"
    assert changes(made, secret) == []
    [change] = changes(made, {**secret, "stringData": {}})
    assert change.how["data"] == {"a": "Yg=="}


def test_the_fields_in_which_two_differ() -> None:
    one = {"a": [{"b": 1}, 2], "c": 3, "d": {"e": 4}}
    assert list(_reconcile.differences(one, {"a": [{"b": 9}, 2], "d": {"e": 4}, "f": 5})) == ["a[0].b", "c", "f"]


@pytest.mark.parametrize(
    "item, path",
    [
        (DESIRED, "/apis/apps/v1/namespaces/shop/deployments/web"),
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
