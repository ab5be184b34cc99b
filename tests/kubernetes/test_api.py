"""The stand-in against what is known of a Kubernetes API of 1.9 and 1.10."""

from __future__ import annotations

import copy
import subprocess
from pathlib import Path
from typing import Any

import pytest
from authority import Authority
from cluster import BOUNDLESS, READER, TOKEN, Kubernetes
from conftest import Start
from standin_service import eventually

Json = dict[str, Any]
SYSTEM = "/api/v1/namespaces/kube-system"
APPS = "/apis/apps/v1/namespaces/default/deployments"
LABELS = {"app": "web"}
WEB: Json = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {
        "selector": {"matchLabels": LABELS},
        "template": {
            "metadata": {"labels": LABELS},
            "spec": {
                "containers": [
                    {
                        "name": "web",
                        "image": "nginx:1.13",
                        "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
                    }
                ]
            },
        },
    },
}


def web(name: str, **spec: Any) -> Json:
    made = copy.deepcopy(WEB)
    made["metadata"]["name"] = name
    made["spec"].update(spec)
    return made


def test_discovery(api: Kubernetes) -> None:
    assert api.get("/version")["gitVersion"] == "v1.10.8"
    assert api.get("/api")["versions"] == ["v1"]
    groups = {group["name"]: group for group in api.get("/apis")["groups"]}
    assert groups["apps"]["preferredVersion"] == {"groupVersion": "apps/v1", "version": "v1"}
    deployments = [item for item in api.get("/apis/apps/v1")["resources"] if item["name"] == "deployments"]
    assert (
        deployments[0]["kind"] == "Deployment"
        and "deploy" in deployments[0]["shortNames"]
        and deployments[0]["namespaced"]
    )
    assert {item["name"] for item in api.get("/api/v1")["resources"]} >= {
        "namespaces",
        "pods",
        "serviceaccounts",
        "secrets",
    }
    assert api.ask("GET", "/apis/apps/v2")[0] == 404
    code, body = api.ask("GET", "/apis/apps/v9/namespaces/default/deployments")
    assert (
        code == 404 and body["message"] == "the server could not find the requested resource" and body["details"] == {}
    )
    assert api.ask("GET", "/apis/foo.bar/v1/things") == (404, "404 page not found\n")


def test_apps_v1_is_not_there_before_1_9(start: Start) -> None:
    old = start(version="v1.8.15")
    assert [
        one["version"] for group in old.get("/apis")["groups"] if group["name"] == "apps" for one in group["versions"]
    ] == ["v1beta2", "v1beta1"]
    assert old.ask("GET", "/apis/apps/v1")[0] == 404


def test_who_asks_and_what_he_may(api: Kubernetes, authority: Authority, tmp_path: Path) -> None:
    for token, code, reason in ((None, 403, "Forbidden"), ("wrong", 401, "Unauthorized"), (READER, 403, "Forbidden")):
        status, body = api.ask("GET", f"{SYSTEM}/pods", token=token)
        assert (status, body["kind"], body["reason"], body["code"]) == (code, "Status", reason, code)
    for token, name in ((None, "system:anonymous"), (READER, "reader")):
        assert api.ask("GET", "/version", token=token)[0] == 200
        message = api.ask("GET", f"{SYSTEM}/pods", token=token)[1]["message"]
        assert message == f'pods is forbidden: User "{name}" cannot list pods in the namespace "kube-system"'
    message = api.ask("GET", "/apis/apps/v1/namespaces/kube-system/deployments/x", token=READER)[1]["message"]
    assert (
        message
        == 'deployments.apps "x" is forbidden: User "reader" cannot get deployments.apps in the namespace "kube-system"'
    )
    for subject, code in (("/O=system:masters/CN=ann", 200), ("/CN=bob", 403)):
        pair = signed(authority, tmp_path, subject)
        assert api.ask("GET", f"{SYSTEM}/pods", token=None, **pair)[0] == code


def test_an_api_before_1_8_refuses_in_plain_words(start: Start) -> None:
    old = start(version="v1.7.5")
    assert old.ask("GET", f"{SYSTEM}/pods", token=None) == (
        403,
        'User "system:anonymous" cannot list pods in the namespace "kube-system".',
    )
    assert old.ask("GET", f"{SYSTEM}/pods", token="wrong") == (401, "Unauthorized\n")


def signed(authority: Authority, directory: Path, subject: str) -> dict[str, str]:
    """A client certificate of the CA."""
    key, request, certificate = (str(directory / f"client.{end}") for end in ("key", "csr", "crt"))
    made = ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", subject]
    signing = [
        "openssl",
        "x509",
        "-req",
        "-in",
        request,
        "-out",
        certificate,
        "-CA",
        "ca.crt",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-days",
        "1",
    ]
    for argv in (made, signing):
        subprocess.run(argv, cwd=authority.directory, check=True, capture_output=True, timeout=60)
    return {"cert": certificate, "key": key}


def test_creation_fills_in_and_a_second_one_is_a_conflict(api: Kubernetes) -> None:
    code, made = api.ask("POST", APPS, web("twice"))
    assert code == 201 and made["spec"]["replicas"] == 1 and made["spec"]["strategy"]["type"] == "RollingUpdate"
    assert (
        made["spec"]["template"]["spec"]["restartPolicy"] == "Always"
        and made["metadata"]["uid"]
        and made["metadata"]["generation"] == 1
    )
    code, body = api.ask("POST", APPS, web("twice"))
    assert (code, body["reason"]) == (409, "AlreadyExists")
    seen = api.get("/apis/extensions/v1beta1/namespaces/default/deployments/twice")
    assert seen["apiVersion"] == "extensions/v1beta1" and seen["metadata"]["uid"] == made["metadata"]["uid"]


@pytest.mark.parametrize(
    "change, code, words",
    [
        ({"replicas": "one"}, 400, 'Deployment in version "v1" cannot be handled as a Deployment: '),
        ({"template": [1]}, 400, 'Deployment in version "v1" cannot be handled as a Deployment: '),
        ({"strategy": {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}}, 400, "cannot be handled as a Deployment: expected pointer, but got nil"),
        (
            {"strategy": {"type": "Recreate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}}, 422,
            "may not be specified when strategy `type` is 'Recreate'",
        ),
        ({"selector": {"matchLabels": {"app": "other"}}}, 422, "`selector` does not match template `labels`"),
    ],
    ids=["type", "type of a mapping", "half a strategy", "strategy", "selector"],
)  # fmt: skip
def test_what_is_refused(api: Kubernetes, change: Json, code: int, words: str) -> None:
    status, body = api.ask("POST", APPS, web("bad", **change))
    assert (status, body["reason"]) == (code, {400: "BadRequest", 422: "Invalid"}[code]) and words in body["message"]
    assert api.ask("GET", f"{APPS}/bad")[0] == 404


def test_half_a_strategy_before_1_10(start: Start) -> None:
    path = "/apis/extensions/v1beta1/namespaces/default/deployments"
    item = {
        **web("bad", strategy={"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}),
        "apiVersion": "extensions/v1beta1",
    }
    assert start(version="v1.8.0").ask("POST", path, item)[0] == 422


def test_an_unknown_field_is_dropped(api: Kubernetes) -> None:
    for item in ({**web("unknown"), "frob": 1}, web("unknown-too", frob=1)):
        code, made = api.ask("POST", APPS, item)
        assert code == 201 and "frob" not in str(made)


def test_what_is_empty_is_dropped(api: Kubernetes) -> None:
    item = web("empty", minReadySeconds=0, paused=False)
    item["metadata"].update(labels={}, annotations={"x": ""})
    pod = item["spec"]["template"]["spec"]
    pod.update(
        volumes=[{"name": "v", "emptyDir": {}}],
        hostNetwork=False,
        nodeSelector={},
        serviceAccountName="",
        tolerations=[],
    )
    pod["containers"][0].update(env=[{"name": "E", "value": ""}], volumeMounts=[])
    made = api.ask("POST", APPS, item)[1]
    pod = made["spec"]["template"]["spec"]
    assert (
        not {"hostNetwork", "nodeSelector", "serviceAccountName", "tolerations"} & pod.keys()
        and not {"minReadySeconds", "paused"} & made["spec"].keys()
    )
    assert pod["volumes"] == [{"name": "v", "emptyDir": {}}] and pod["containers"][0]["env"] == [{"name": "E"}]
    assert (
        "volumeMounts" not in pod["containers"][0]
        and "labels" not in made["metadata"]
        and made["metadata"]["annotations"] == {"x": ""}
    )
    role = {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": "empty"}, "rules": []}
    assert api.ask("POST", ROLES, role)[1]["rules"] is None


@pytest.mark.parametrize("version, kept", [("v1.7.5", False), ("v1.8.0", True)])
def test_the_type_of_a_host_path_came_with_1_8(start: Start, version: str, kept: bool) -> None:
    item = {**web("hosts"), "apiVersion": "extensions/v1beta1"}
    item["spec"]["template"]["spec"]["volumes"] = [{"name": "v", "hostPath": {"path": "/x", "type": "File"}}]
    code, made = start(version=version).ask("POST", "/apis/extensions/v1beta1/namespaces/default/deployments", item)
    [volume] = made["spec"]["template"]["spec"]["volumes"]
    assert code == 201 and volume["hostPath"] == ({"path": "/x", "type": "File"} if kept else {"path": "/x"})


def test_bodies_for_another_address(api: Kubernetes) -> None:
    assert api.ask("POST", APPS, {**web("x"), "kind": "DaemonSet"})[0] == 400
    assert api.ask("POST", "/apis/apps/v1/namespaces/kube-system/deployments", web("x"))[0] == 400
    assert (
        api.ask("POST", "/apis/apps/v1/namespaces/nowhere/deployments", {**web("x"), "metadata": {"name": "x"}})[0]
        == 404
    )
    code, body = api.ask("POST", APPS, {**web("x"), "metadata": {"name": "x", "resourceVersion": "7"}})
    assert (
        code == 500
        and body["message"] == "resourceVersion should not be set on objects to be created"
        and "reason" not in body
    )
    assert api.ask("PATCH", f"{APPS}/x", {}, "text/plain")[0] in (404, 415)


def test_updates_need_the_version_they_were_made_from(api: Kubernetes) -> None:
    api.ask("POST", APPS, web("raced"))
    made = eventually(lambda: settled(api, f"{APPS}/raced"), "its controller has nothing more to say")
    first = {**made, "spec": {**made["spec"], "replicas": 2}}
    code, second = api.ask("PUT", f"{APPS}/raced", first)
    assert code == 200 and second["metadata"]["generation"] == 2
    code, body = api.ask("PUT", f"{APPS}/raced", {**made, "spec": {**made["spec"], "replicas": 3}})
    assert (code, body["reason"]) == (409, "Conflict") and "the object has been modified" in body["message"]
    stale = {"metadata": {"resourceVersion": made["metadata"]["resourceVersion"]}, "spec": {"replicas": 4}}
    assert api.ask("PATCH", f"{APPS}/raced", stale, "application/merge-patch+json")[0] == 409
    assert api.get(f"{APPS}/raced")["spec"]["replicas"] == 2


def test_a_status_bumps_the_version_and_not_the_generation(api: Kubernetes) -> None:
    """So who writes what he read before the controllers had their say has a conflict."""
    made = api.ask("POST", APPS, web("said"))[1]
    seen = eventually(lambda: settled(api, f"{APPS}/said"), "its controller has nothing more to say")
    assert (
        seen["metadata"]["resourceVersion"] != made["metadata"]["resourceVersion"]
        and seen["metadata"]["generation"] == 1
    )
    assert api.ask("PUT", f"{APPS}/said", made)[0] == 409
    code, after = api.ask("PUT", f"{APPS}/said/status", {**seen, "status": {**seen["status"], "observedGeneration": 7}})
    assert (
        code == 200
        and after["metadata"]["resourceVersion"] != seen["metadata"]["resourceVersion"]
        and after["metadata"]["generation"] == 1
    )


@pytest.mark.parametrize("version, code", [("v1.10.8", 422), ("v1.9.4", 422), ("v1.8.0", 200)])
def test_another_selector(start: Start, version: str, code: int) -> None:
    """Before 1.9 it is taken, and what the old one picked runs on beside the new."""
    api = start(version=version)
    served = "apps/v1beta2" if version == "v1.8.0" else "apps/v1"
    path = f"/apis/{served if code == 422 else 'extensions/v1beta1'}/namespaces/default/deployments"
    kind = path.split("/namespaces")[0].removeprefix("/apis/")
    item = {**web("picked"), "apiVersion": kind}
    api.ask("POST", path, item)
    eventually(lambda: settled(api, f"{path}/picked"), "its pods are there")
    item["spec"]["selector"] = {"matchLabels": {"app": "new"}}
    item["spec"]["template"]["metadata"]["labels"] = {"app": "new"}
    status, body = api.ask("PUT", f"{path}/picked", item)
    assert status == code and (code == 200 or "field is immutable" in body["message"])
    if code == 200:

        def both() -> bool:
            found = api.get("/api/v1/namespaces/default/pods")["items"]
            return {
                pod["metadata"]["labels"]["app"] for pod in found if pod["metadata"]["name"].startswith("picked-")
            } == {"web", "new"}

        eventually(both, "pods of both selectors")


def settled(api: Kubernetes, path: str) -> Json | None:
    """A Deployment of which all pods are available, so that its status changes no more."""
    item = api.get(path)
    return item if item["status"].get("availableReplicas") == item["spec"]["replicas"] else None


def test_what_says_nothing_new_is_no_change(api: Kubernetes) -> None:
    api.ask("POST", APPS, web("still"))
    before = api.get(f"{APPS}/still")
    after = api.ask("PATCH", f"{APPS}/still", {"spec": {"replicas": 1}}, "application/merge-patch+json")[1]
    assert after["metadata"]["generation"] == before["metadata"]["generation"]
    assert after["spec"] == before["spec"]


def env_of(item: Json) -> dict[str, str]:
    return {one["name"]: one["value"] for one in item["spec"]["template"]["spec"]["containers"][0]["env"]}


def test_three_kinds_of_patches(api: Kubernetes) -> None:
    api.ask("POST", APPS, web("patched"))
    path = f"{APPS}/patched"
    container = {"name": "web", "env": [{"name": "B", "value": "3"}, {"name": "C", "value": "4"}]}
    patch = {"spec": {"template": {"spec": {"containers": [container]}}}}
    strategic = api.ask("PATCH", path, patch, "application/strategic-merge-patch+json")[1]
    assert env_of(strategic) == {"A": "1", "B": "3", "C": "4"}, "lists are merged by their keys"
    gone = {
        "spec": {"template": {"spec": {"containers": [{"name": "web", "env": [{"name": "A", "$patch": "delete"}]}]}}}
    }
    assert env_of(api.ask("PATCH", path, gone, "application/strategic-merge-patch+json")[1]) == {"B": "3", "C": "4"}
    whole = {
        "spec": {
            "template": {
                "spec": {"containers": [{"name": "web", "image": "nginx:1.14", "env": [{"name": "D", "value": "5"}]}]}
            }
        }
    }
    assert env_of(api.ask("PATCH", path, whole, "application/merge-patch+json")[1]) == {"D": "5"}, "lists are replaced"
    operations = [
        {"op": "test", "path": "/spec/replicas", "value": 1},
        {"op": "replace", "path": "/spec/replicas", "value": 3},
    ]
    assert api.ask("PATCH", path, operations, "application/json-patch+json")[1]["spec"]["replicas"] == 3
    code, body = api.ask("PATCH", path, operations, "application/json-patch+json")
    assert code == 500 and body["message"] == "Testing value /spec/replicas failed"
    assert api.ask("PATCH", path, {}, "application/apply-patch+yaml")[0] == 415


def test_the_address_of_a_service_stays(api: Kubernetes) -> None:
    path = "/api/v1/namespaces/default/services"
    item: Json = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "s", "namespace": "default"},
        "spec": {"ports": [{"port": 80}]},
    }
    code, made = api.ask("POST", path, item)
    assert (
        code == 201
        and made["spec"]["clusterIP"]
        and made["spec"]["ports"] == [{"port": 80, "protocol": "TCP", "targetPort": 80}]
    )
    item["metadata"]["resourceVersion"] = made["metadata"]["resourceVersion"]
    code, body = api.ask("PUT", f"{path}/s", item)
    assert (
        code == 422
        and body["message"] == 'Service "s" is invalid: spec.clusterIP: Invalid value: "": field is immutable'
    )
    item["spec"]["clusterIP"] = made["spec"]["clusterIP"]
    assert api.ask("PUT", f"{path}/s", item)[0] == 200
    del item["metadata"]["resourceVersion"]
    assert "must be specified for an update" in api.ask("PUT", f"{path}/s", item)[1]["message"]


def test_a_secret_by_its_text(api: Kubernetes) -> None:
    path = "/api/v1/namespaces/default/secrets"
    item = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "namespace": "default"},
        "stringData": {"a": "b"},
    }
    code, made = api.ask("POST", path, item)
    assert code == 201 and made["data"] == {"a": "Yg=="} and made["type"] == "Opaque" and "stringData" not in made
    code, body = api.ask("PUT", f"{path}/s", {**item, "type": "x/y"})
    assert code == 422 and "type: Invalid value" in body["message"]


# -- rights -----------------------------------------------------------------------------------------------------------------------------------------------

RBAC = "rbac.authorization.k8s.io"
ROLES = f"/apis/{RBAC}/v1/clusterroles"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
ROLE: Json = {
    "apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": "r"}, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
}  # fmt: skip


def review(api: Kubernetes, token: str | None, **attributes: str) -> bool:
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    code, answer = api.ask("POST", REVIEWS, body, token=token)
    assert code == 201, answer
    return bool(answer["status"]["allowed"])


def test_what_one_may_is_reviewed(api: Kubernetes) -> None:
    desired = {"verb": "create", "group": RBAC, "resource": "clusterroles"}
    assert [review(api, token, **desired) for token in (TOKEN, BOUNDLESS, READER, None)] == [True, False, False, False]
    assert api.ask("GET", REVIEWS)[0] == 404


def test_always_allow_allows_all_but_to_grant(start: Start) -> None:
    """And knows nobody who shows nothing."""
    api = start(authorization="AlwaysAllow")
    assert api.ask("GET", "/version", token=None)[0] == 401
    assert api.ask("GET", f"{SYSTEM}/pods", token=BOUNDLESS)[0] == 200
    assert review(api, BOUNDLESS, verb="create", group=RBAC, resource="clusterroles")
    code, body = api.ask("POST", ROLES, ROLE, token=BOUNDLESS)
    extra = 'attempt to grant extra privileges: [PolicyRule{APIGroups:[""], Resources:["pods"], Verbs:["get"]}] user=&{system:serviceaccount:'
    assert (code, body["reason"]) == (403, "Forbidden") and extra in body["message"]
    assert api.ask("POST", ROLES, {**ROLE, "metadata": {"name": "nothing"}, "rules": []}, token=BOUNDLESS)[0] == 201
    assert api.ask("POST", ROLES, ROLE)[0] == 201, "system:masters may"
    assert (
        api.ask("PUT", f"{ROLES}/r", {**ROLE, "metadata": {"name": "r", "labels": {"a": "b"}}}, token=BOUNDLESS)[0]
        == 403
    ), "an update grants again"
    bound = {
        "apiVersion": f"{RBAC}/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "installer"},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": "bootstrapper", "namespace": "kube-system"}],
    }  # fmt: skip
    assert api.ask("POST", f"/apis/{RBAC}/v1/clusterrolebindings", bound, token=BOUNDLESS)[0] == 201, (
        "everybody may bind"
    )
    later, masters = (
        {**ROLE, "metadata": {"name": "later"}},
        {"Impersonate-User": "admin", "Impersonate-Group": "system:masters"},
    )
    assert api.ask("POST", ROLES, later, token=BOUNDLESS)[0] == 403, "there is no such role"
    everything = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
    admin = {**ROLE, "metadata": {"name": "cluster-admin"}, "rules": [everything]}
    assert api.ask("POST", ROLES, admin, token=BOUNDLESS, more=masters)[0] == 201, "everybody may act as anybody"
    assert api.ask("POST", ROLES, later, token=BOUNDLESS)[0] == 201


def test_rbac_lets_nobody_act_as_somebody_else(api: Kubernetes) -> None:
    code, body = api.ask(
        "POST", ROLES, ROLE, token=BOUNDLESS, more={"Impersonate-User": "admin", "Impersonate-Group": "system:masters"}
    )
    assert code == 403 and "cannot impersonate users at the cluster scope" in body["message"]


def test_what_is_granted_is_looked_at_before_the_name(start: Start) -> None:
    """So a role that cannot be made tells whether it could."""
    api = start(authorization="AlwaysAllow")
    twin = {**ROLE, "metadata": {"name": "a%b"}}
    assert api.ask("POST", ROLES, twin, token=BOUNDLESS)[0] == 403
    code, body = api.ask("POST", ROLES, twin)
    assert code == 422 and "may not contain '%'" in body["message"]


def test_rights_by_rbac(api: Kubernetes) -> None:
    role = {**ROLE, "metadata": {"name": "pods"}}
    assert api.ask("POST", ROLES, role)[0] == 201
    binding = {
        "apiVersion": f"{RBAC}/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "pods"},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "pods"}, "subjects": [{"kind": "User", "name": "reader"}],
    }  # fmt: skip
    path = f"/apis/{RBAC}/v1/clusterrolebindings"
    assert api.ask("POST", path, binding, token=BOUNDLESS)[0] == 403
    assert api.ask("POST", path, binding)[0] == 201
    try:
        assert (
            api.ask("GET", f"{SYSTEM}/pods/x", token=READER)[0] == 404
            and api.ask("GET", f"{SYSTEM}/pods", token=READER)[0] == 403
        )
    finally:
        api.ask("DELETE", f"{path}/pods")


def test_a_role_that_is_bound_stays_bound(api: Kubernetes) -> None:
    path, group = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", "rbac.authorization.k8s.io"
    binding = {
        "apiVersion": f"{group}/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "bound"},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "one"}, "subjects": [{"kind": "User", "name": "ann"}],
    }  # fmt: skip
    code, made = api.ask("POST", path, binding)
    assert code == 201 and made["subjects"][0]["apiGroup"] == group
    other = {**made, "roleRef": {**made["roleRef"], "name": "two"}}
    code, body = api.ask("PUT", f"{path}/bound", other)
    assert code == 422 and "cannot change roleRef" in body["message"]


def test_lists_selectors_and_deletion(api: Kubernetes) -> None:
    api.ask("POST", APPS, web("listed"))
    found = api.get("/apis/apps/v1/deployments")
    assert found["kind"] == "DeploymentList" and "listed" in [item["metadata"]["name"] for item in found["items"]]
    assert [item["metadata"]["name"] for item in api.get(f"{APPS}?fieldSelector=metadata.name%3Dlisted")["items"]] == [
        "listed"
    ]
    assert {
        item["metadata"]["labels"]["k8s-app"]
        for item in api.get(f"{SYSTEM}/pods?labelSelector=k8s-app%3Dkube-dns")["items"]
    } <= {"kube-dns"}
    code, body = api.ask("DELETE", f"{APPS}/listed")
    assert (code, body["status"]) == (200, "Success")
    assert api.ask("DELETE", f"{APPS}/listed")[0] == 404
    assert api.ask("GET", f"{APPS}?watch=true")[0] == 405


def test_plain_http_as_kubectl_proxy_serves_it(start: Start) -> None:
    proxy = start(tls=None, client_ca=None, proxy_user={"user": "admin", "groups": ["system:masters"]})
    assert proxy.url.startswith("http://") and proxy.ask("GET", f"{SYSTEM}/pods", token=None)[0] == 200


@pytest.mark.parametrize(
    "proxy, code, words", [("kubectl proxy", 500, "connection refused"), ("HAProxy", 503, "503 Service Unavailable")]
)
def test_a_proxy_whose_api_is_down(start: Start, proxy: str, code: int, words: str) -> None:
    api = start(down={"proxy": proxy, "requests": 1})
    status, text = api.ask("GET", "/version")
    assert status == code and isinstance(text, str) and words in text
    assert api.ask("GET", "/version")[0] == 200, "the API is up"


def test_its_own_token_reads_everything(api: Kubernetes) -> None:
    assert api.ask("GET", "/api/v1/namespaces", token=TOKEN)[1]["kind"] == "NamespaceList"
