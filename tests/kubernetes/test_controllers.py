"""The stand-in's profiles and add-ons: there only when the Deployment of Calico's controllers is right."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from cluster import IMAGE, Kubernetes
from conftest import Start
from standin_service import eventually
from world import Etcd, free_port

from ansible_collections.dcos.calico.plugins.plugin_utils._kubernetes import objects

Json = dict[str, Any]
PLURALS = {
    "ServiceAccount": "/api/v1/namespaces/kube-system/serviceaccounts",
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "Deployment": "/apis/apps/v1/namespaces/kube-system/deployments",
}
NAME = "calico-kube-controllers"
DESIRED = {"k8s_ns.default", "k8s_ns.kube-public", "k8s_ns.kube-system"}


def send(api: Kubernetes, items: list[Json]) -> None:
    for item in items:
        code, body = api.ask("POST", PLURALS[item["kind"]], item)
        assert code == 201, body


def good(etcd: Etcd) -> list[Json]:
    """What the product makes."""
    return objects("2.6.6", "v1.10.8", {"endpoints": [etcd.url]})


def deployment(items: list[Json]) -> Json:
    return next(item for item in items if item["kind"] == "Deployment")


def pod_of(items: list[Json]) -> Json:
    found: Json = deployment(items)["spec"]["template"]["spec"]
    return found


def set_env(items: list[Json], name: str, value: str | None) -> None:
    container = pod_of(items)["containers"][0]
    container["env"] = [one for one in container["env"] if one["name"] != name] + (
        [{"name": name, "value": value}] if value is not None else []
    )


def rule_of(items: list[Json]) -> Json:
    found: Json = next(item for item in items if item["kind"] == "ClusterRole" and item["metadata"]["name"] == NAME)[
        "rules"
    ][0]
    return found


def without(items: list[Json], kind: str) -> None:
    items[:] = [item for item in items if item["kind"] != kind]


def test_right_controllers_make_profiles_and_the_add_ons_come_up(etcd: Etcd, start: Start) -> None:
    etcd.wipe()
    api = start()
    eventually(lambda: len(api.pods("kube-dns")) == 1, "the add-ons have pods")
    assert not api.ready("kube-dns") and etcd.profiles() == set()
    send(api, good(etcd))
    eventually(lambda: api.ready(NAME), "the controllers are ready")
    eventually(
        lambda: all(api.ready(name) for name in ("kube-dns", "kubernetes-dashboard", "metrics-server")),
        "the add-ons are ready",
    )
    assert etcd.profiles() == DESIRED
    keys = {key.rpartition("/")[2]: value for key, value in etcd.values().items() if "k8s_ns.default/" in key}
    assert json.loads(keys["tags"]) == [] and json.loads(keys["labels"]) == {}
    assert json.loads(keys["rules"]) == {
        "inbound_rules": [{"action": "allow"}],
        "outbound_rules": [{"action": "allow"}],
    }
    status = api.get(f"{PLURALS['Deployment']}/{NAME}")["status"]
    assert status["availableReplicas"] == 1 and status["observedGeneration"] == 1
    api.ask(
        "POST",
        "/api/v1/namespaces",
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"tier": "one"}}},
    )
    eventually(lambda: "k8s_ns.shop" in etcd.profiles(), "a new namespace has a profile")
    assert json.loads(etcd.values()["/calico/v1/policy/profile/k8s_ns.shop/labels"]) == {"k8s_ns/label/tier": "one"}


BROKEN: dict[str, tuple[Callable[[list[Json]], Any], str]] = {
    "image of the guide": (
        lambda items: pod_of(items)["containers"][0].update(image="calico/kube-policy-controller:v0.3.0"),
        IMAGE,
    ),
    "image of another release": (
        lambda items: pod_of(items)["containers"][0].update(image="quay.io/calico/kube-controllers:v1.0.5"),
        IMAGE,
    ),
    "no account": (
        lambda items: without(items, "ServiceAccount"),
        "service account kube-system/calico-kube-controllers was not found",
    ),
    "unknown controller": (
        lambda items: set_env(items, "ENABLED_CONTROLLERS", "profile,frob"),
        "Invalid controller 'frob'",
    ),
}
# Of these, nobody but its log tells that it does not work.
IDLE: dict[str, tuple[Callable[[list[Json]], Any], str]] = {
    "two replicas": (lambda items: deployment(items)["spec"].update(replicas=2), "only one instance"),
    "rolling updates": (lambda items: deployment(items)["spec"].pop("strategy"), "RollingUpdate"),
    "pod network": (lambda items: pod_of(items).pop("hostNetwork"), "not in the host's network"),
    "no role": (lambda items: without(items, "ClusterRole"), "list namespaces.core"),
    "no binding": (lambda items: without(items, "ClusterRoleBinding"), "cannot list"),
    "role without a verb": (lambda items: rule_of(items).update(verbs=["list"]), "watch networkpolicies.extensions"),
    "role without namespaces": (lambda items: rule_of(items)["resources"].remove("namespaces"), "list namespaces.core"),
    "no profiles": (lambda items: set_env(items, "ENABLED_CONTROLLERS", "policy,workloadendpoint"), "no profile"),
    "nodes": (lambda items: set_env(items, "ENABLED_CONTROLLERS", "policy,profile,node"), "would remove the nodes"),
    "no endpoints": (lambda items: set_env(items, "ETCD_ENDPOINTS", None), "ETCD_ENDPOINTS is not set"),
    "endpoint where nothing is": (
        lambda items: set_env(items, "ETCD_ENDPOINTS", f"http://127.0.0.1:{free_port()}"),
        "etcd cluster is unavailable",
    ),
    "file that is not mounted": (
        lambda items: set_env(items, "ETCD_CA_CERT_FILE", "/calico-secrets/etcd-ca"),
        "no such file",
    ),
}


@pytest.mark.parametrize("name", [*BROKEN, *IDLE])
def test_wrong_ones_never_do(etcd: Etcd, api: Kubernetes, name: str) -> None:
    """One API for all of them, in which none is ever right. What can run is Ready, whatever becomes of its work."""
    etcd.wipe()
    items = copy.deepcopy(good(etcd))
    change, words = (BROKEN | IDLE)[name]
    change(items)
    send(api, items)

    def told() -> bool:
        status = json.dumps(
            [pod["status"] for pod in api.pods(NAME)] + [api.get(f"{PLURALS['Deployment']}/{NAME}").get("status")]
        )
        return words.replace('"', '\\"') in status

    def idle() -> bool:
        return api.ready(NAME) and any(words in reason for reason in api.get("/_idle"))

    try:
        eventually(told if name in BROKEN else idle, f"the reason is told: {words}")
        assert etcd.profiles() == set() and api.ready(NAME) == (name in IDLE) and not api.ready("kube-dns")
    finally:
        for item in items:
            assert api.ask("DELETE", f"{PLURALS[item['kind']]}/{item['metadata']['name']}")[0] == 200
        eventually(lambda: not api.pods(NAME), "its pods are gone")


def test_another_etcd_is_not_calicos(etcd: Etcd, start: Start) -> None:
    etcd.wipe()
    etcd.put("/calico/v1/Ready", "false")
    api = start()
    send(api, good(etcd))
    eventually(
        lambda: "/calico/v1/Ready" in json.dumps(api.get("/_idle")) and api.ready(NAME),
        "it runs, and its log tells why it does nothing",
    )
    etcd.put("/calico/v1/Ready", "true")
    eventually(lambda: etcd.profiles() == DESIRED, "they work as soon as it is")


def test_a_changed_deployment_has_new_pods(etcd: Etcd, start: Start) -> None:
    etcd.wipe()
    api = start()
    send(api, good(etcd))
    eventually(lambda: api.ready(NAME), "the controllers are ready")
    old = api.pods(NAME)[0]["metadata"]["name"]
    patch = {
        "spec": {
            "template": {"spec": {"containers": [{"name": NAME, "image": "calico/kube-policy-controller:v0.7.0"}]}}
        }
    }
    assert (
        api.ask("PATCH", f"{PLURALS['Deployment']}/{NAME}", patch, "application/strategic-merge-patch+json")[0] == 200
    )
    eventually(
        lambda: [pod["metadata"]["name"] for pod in api.pods(NAME)] != [old] and not api.ready(NAME),
        "a new one takes its place, which does not work",
    )
    assert len(api.pods(NAME)) == 1
