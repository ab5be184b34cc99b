"""The stand-in against what is known of a Kubernetes API of 1.9 and 1.10."""

from __future__ import annotations

import copy
import subprocess
from pathlib import Path
from typing import Any

import pytest
from authority import Authority
from cluster import READER, TOKEN, Kubernetes
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
            "spec": {"containers": [{"name": "web", "image": "nginx:1.13", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}]},
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
    assert deployments[0]["kind"] == "Deployment" and "deploy" in deployments[0]["shortNames"] and deployments[0]["namespaced"]
    assert {item["name"] for item in api.get("/api/v1")["resources"]} >= {"namespaces", "pods", "serviceaccounts", "secrets"}
    assert api.ask("GET", "/apis/apps/v2")[0] == 404


def test_apps_v1_is_not_there_before_1_9(start: Start) -> None:
    old = start(version="v1.8.15")
    assert [one["version"] for group in old.get("/apis")["groups"] if group["name"] == "apps" for one in group["versions"]] == ["v1beta2", "v1beta1"]
    assert old.ask("GET", "/apis/apps/v1")[0] == 404


def test_who_asks_and_what_he_may(api: Kubernetes, authority: Authority, tmp_path: Path) -> None:
    for token, code, reason in ((None, 401, "Unauthorized"), ("wrong", 401, "Unauthorized"), (READER, 403, "Forbidden")):
        status, body = api.ask("GET", f"{SYSTEM}/pods", token=token)
        assert (status, body["kind"], body["reason"], body["code"]) == (code, "Status", reason, code)
    assert api.ask("GET", "/version", token=READER)[0] == 200
    for subject, code in (("/O=system:masters/CN=ann", 200), ("/CN=bob", 403)):
        pair = signed(authority, tmp_path, subject)
        assert api.ask("GET", f"{SYSTEM}/pods", token=None, **pair)[0] == code


def signed(authority: Authority, folder: Path, subject: str) -> dict[str, str]:
    """A client certificate of the CA."""
    key, request, certificate = (str(folder / f"client.{end}") for end in ("key", "csr", "crt"))
    made = ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", subject]
    signing = ["openssl", "x509", "-req", "-in", request, "-out", certificate, "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "1"]
    for argv in (made, signing):
        subprocess.run(argv, cwd=authority.directory, check=True, capture_output=True, timeout=60)
    return {"cert": certificate, "key": key}


def test_creation_fills_in_and_a_second_one_is_a_conflict(api: Kubernetes) -> None:
    code, made = api.ask("POST", APPS, web("twice"))
    assert code == 201 and made["spec"]["replicas"] == 1 and made["spec"]["strategy"]["type"] == "RollingUpdate"
    assert made["spec"]["template"]["spec"]["restartPolicy"] == "Always" and made["metadata"]["uid"] and made["metadata"]["generation"] == 1
    code, body = api.ask("POST", APPS, web("twice"))
    assert (code, body["reason"]) == (409, "AlreadyExists")
    seen = api.get("/apis/extensions/v1beta1/namespaces/default/deployments/twice")
    assert seen["apiVersion"] == "extensions/v1beta1" and seen["metadata"]["uid"] == made["metadata"]["uid"]


@pytest.mark.parametrize(
    "change, words",
    [
        ({"replicas": "one"}, "spec.replicas"),
        ({"replica": 1}, "replica"),
        ({"strategy": {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}}, "may not be specified when strategy `type` is 'Recreate'"),
        ({"selector": {"matchLabels": {"app": "other"}}}, "`selector` does not match template `labels`"),
    ],
    ids=["type", "unknown field", "strategy", "selector"],
)
def test_what_the_schema_and_the_rules_refuse(api: Kubernetes, change: Json, words: str) -> None:
    code, body = api.ask("POST", APPS, web("bad", **change))
    assert (code, body["reason"]) == (422, "Invalid") and words in body["message"]
    assert api.ask("GET", f"{APPS}/bad")[0] == 404


def test_bodies_for_another_address(api: Kubernetes) -> None:
    assert api.ask("POST", APPS, {**web("x"), "kind": "DaemonSet"})[0] == 400
    assert api.ask("POST", "/apis/apps/v1/namespaces/kube-system/deployments", web("x"))[0] == 400
    assert api.ask("POST", "/apis/apps/v1/namespaces/nowhere/deployments", {**web("x"), "metadata": {"name": "x"}})[0] == 404
    assert api.ask("POST", APPS, {**web("x"), "metadata": {"name": "x", "resourceVersion": "7"}})[0] == 400
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
    gone = {"spec": {"template": {"spec": {"containers": [{"name": "web", "env": [{"name": "A", "$patch": "delete"}]}]}}}}
    assert env_of(api.ask("PATCH", path, gone, "application/strategic-merge-patch+json")[1]) == {"B": "3", "C": "4"}
    whole = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "nginx:1.14", "env": [{"name": "D", "value": "5"}]}]}}}}
    assert env_of(api.ask("PATCH", path, whole, "application/merge-patch+json")[1]) == {"D": "5"}, "lists are replaced"
    operations = [{"op": "test", "path": "/spec/replicas", "value": 1}, {"op": "replace", "path": "/spec/replicas", "value": 3}]
    assert api.ask("PATCH", path, operations, "application/json-patch+json")[1]["spec"]["replicas"] == 3
    assert api.ask("PATCH", path, operations, "application/json-patch+json")[0] == 422
    assert api.ask("PATCH", path, {}, "application/apply-patch+yaml")[0] == 415


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
    assert [item["metadata"]["name"] for item in api.get(f"{APPS}?fieldSelector=metadata.name%3Dlisted")["items"]] == ["listed"]
    assert {item["metadata"]["labels"]["k8s-app"] for item in api.get(f"{SYSTEM}/pods?labelSelector=k8s-app%3Dkube-dns")["items"]} <= {"kube-dns"}
    code, body = api.ask("DELETE", f"{APPS}/listed")
    assert (code, body["status"]) == (200, "Success")
    assert api.ask("DELETE", f"{APPS}/listed")[0] == 404
    assert api.ask("GET", f"{APPS}?watch=true")[0] == 405


def test_plain_http_as_kubectl_proxy_serves_it(start: Start) -> None:
    proxy = start(tls=None, client_ca=None, anonymous=True, admins=["system:unauthenticated"])
    assert proxy.url.startswith("http://") and proxy.ask("GET", f"{SYSTEM}/pods", token=None)[0] == 200


def test_its_own_token_reads_everything(api: Kubernetes) -> None:
    assert api.ask("GET", "/api/v1/namespaces", token=TOKEN)[1]["kind"] == "NamespaceList"
