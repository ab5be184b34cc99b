"""calico-kube-controllers: what keeps a Deployment of it from its work, and the work, which is a profile for each namespace in etcd."""

from __future__ import annotations

import json
from typing import Any

from . import auth, rbac
from .etcd import Etcd, EtcdFailed
from .store import Store

Json = dict[str, Any]
PROFILES = "/calico/v1/policy/profile"
READY = "/calico/v1/Ready"
KNOWN = {"policy", "profile", "workloadendpoint", "node"}
DEFAULT = "policy,profile,workloadendpoint"
# What each controller lists and watches.
WATCHED = {
    "policy": (("extensions", "networkpolicies"), ("", "pods"), ("", "namespaces")),
    "profile": (("", "namespaces"),),
    "workloadendpoint": (("", "pods"),),
    "node": (("", "nodes"),),
}
TLS = {"ETCD_CA_CERT_FILE": "cacert", "ETCD_CERT_FILE": "cert", "ETCD_KEY_FILE": "key"}


def is_controllers(deployment: Json) -> bool:
    """Whether a Deployment is meant to be Calico's controllers, right or not."""
    images = [container["image"] for container in deployment["spec"]["template"]["spec"]["containers"]]
    name = deployment["metadata"]["name"]
    return (
        "kube-controller" in name
        or "policy-controller" in name
        or any("kube-controllers" in image or "kube-policy-controller" in image for image in images)
    )


def profile_keys(namespace: Json) -> dict[str, str]:
    """The three keys of a namespace's profile, as libcalico-go writes them."""
    name = f"k8s_ns.{namespace['metadata']['name']}"
    labels = {f"k8s_ns/label/{key}": value for key, value in (namespace["metadata"].get("labels") or {}).items()}
    rules = {"inbound_rules": [{"action": "allow"}], "outbound_rules": [{"action": "allow"}]}
    values = {"tags": [], "labels": labels, "rules": rules}
    return {f"{PROFILES}/{name}/{part}": json.dumps(value, separators=(",", ":")) for part, value in values.items()}


def start_problems(deployment: Json, image: str, store: Store) -> list[tuple[str, str]]:
    """[(reason, message)] of what keeps its pod from running; empty if nothing does."""
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    metadata, account = deployment["metadata"], account_of(deployment)
    if account != "default" and store.find("ServiceAccount", metadata["namespace"], account) is None:
        return [
            (
                "FailedCreate",
                f'pods "{metadata["name"]}" is forbidden: service account {metadata["namespace"]}/{account} was not found',
            )
        ]
    if container["image"] != image:
        return [
            (
                "ImagePullBackOff",
                f'Back-off pulling image "{container["image"]}": Calico of this cluster goes with {image}',
            )
        ]
    unknown = enabled(deployment) - KNOWN
    return [("CrashLoopBackOff", f"Invalid controller '{', '.join(sorted(unknown))}' provided.")] if unknown else []


def work_problems(deployment: Json, store: Store) -> list[str]:
    """What is wrong with one that runs: a real one is Ready all the same, and says it in its log, or does harm, which nobody sees."""
    spec, pod = deployment["spec"], deployment["spec"]["template"]["spec"]
    found = []
    if spec["replicas"] != 1:
        found.append(f"{spec['replicas']} replicas: only one instance may be active")
    if spec["strategy"]["type"] != "Recreate":
        found.append(f"strategy {spec['strategy']['type']}: an update would have two instances at a time")
    if not pod.get("hostNetwork"):
        found.append("not in the host's network: policy cuts it off, and the loopback device is its own")
    if "profile" not in enabled(deployment):
        found.append("ENABLED_CONTROLLERS has no profile, so there are no profiles")
    if "node" in enabled(deployment):
        found.append(
            "ENABLED_CONTROLLERS has node: it would remove the nodes of all agents, which Kubernetes calls otherwise"
        )
    return found + rbac_problems(deployment, enabled(deployment) & KNOWN, store)


def account_of(deployment: Json) -> str:
    return str(deployment["spec"]["template"]["spec"].get("serviceAccountName", "default"))


def enabled(deployment: Json) -> set[str]:
    env = {
        one["name"]: one.get("value", "")
        for one in deployment["spec"]["template"]["spec"]["containers"][0].get("env") or []
    }
    return {name.strip() for name in env.get("ENABLED_CONTROLLERS", DEFAULT).split(",")}


def rbac_problems(deployment: Json, names: set[str], store: Store) -> list[str]:
    """What the account lacks to list and watch what the controllers read."""
    user = auth.User(
        f"system:serviceaccount:{deployment['metadata']['namespace']}:{account_of(deployment)}", (auth.AUTHENTICATED,)
    )
    rules = rbac.bound(store, user)
    lacking = []
    for controller in sorted(names):
        for group, resource in WATCHED[controller]:
            for verb in ("list", "watch"):
                if not any(rbac.allows(rule, rbac.Wish(verb, group, resource)) for rule in rules):
                    lacking.append(f"{verb} {resource}.{group or 'core'}")
    return (
        [f'User "{user.name}" cannot {", ".join(dict.fromkeys(lacking))} at the cluster scope (RBAC)']
        if lacking
        else []
    )


def datastore(deployment: Json, run: list[str]) -> tuple[Etcd | None, str]:
    """(etcd as the container reaches it, what is wrong)."""
    pod = deployment["spec"]["template"]["spec"]
    container = pod["containers"][0]
    env = {one["name"]: one.get("value", "") for one in container.get("env") or []}
    endpoints = [part for part in env.get("ETCD_ENDPOINTS", "").split(",") if part]
    if not endpoints:
        return None, "ETCD_ENDPOINTS is not set"
    tls = {}
    for name, flag in TLS.items():
        if env.get(name):
            path = host_path(pod, container, env[name])
            if path is None:
                return None, f"{name}: open {env[name]}: no such file or directory"
            tls[flag] = path
    return Etcd(run, endpoints, tls), ""


def host_path(pod: Json, container: Json, path: str) -> str | None:
    """Where a file of the container is on the node, None if no volume brings it from there."""
    volumes = {volume["name"]: volume for volume in pod.get("volumes") or []}
    for mount in container.get("volumeMounts") or []:
        source = (volumes[mount["name"]].get("hostPath") or {}).get("path")
        if source and (path == mount["mountPath"] or path.startswith(mount["mountPath"].rstrip("/") + "/")):
            return str(source + path[len(mount["mountPath"].rstrip("/")) :])
    return None


def work(etcd: Etcd, namespaces: list[Json]) -> str:
    """Write the profiles that are missing or differ; what is wrong, or nothing."""
    try:
        ready = etcd.get(READY)
        if not ready or ready.get("value") != "true":
            return "the datastore is not Calico's: it has no /calico/v1/Ready"
        for namespace in namespaces:
            for key, value in profile_keys(namespace).items():
                if (etcd.get(key) or {}).get("value") != value:
                    etcd.put(key, value)
    except EtcdFailed as error:
        return str(error)
    return ""
