"""What an API server does with an object beyond its schema: defaults, and rules between fields."""

from __future__ import annotations

import base64
import copy
import re
from collections.abc import Callable
from typing import Any

from .errors import Refused, invalid, undecodable

Json = dict[str, Any]
NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
RBAC_NAME = re.compile(r"[^/%]+")
WORKLOADS = ("Deployment", "DaemonSet")


def known(item: Json, release: tuple[int, int]) -> Json:
    """An object without a field that the published schemas have, and the release does not: hostPath.type came with 1.8."""
    pod = (item.get("spec") or {}).get("template", {}).get("spec") or {}
    for volume in pod.get("volumes") or []:
        if release < (1, 8) and isinstance(volume.get("hostPath"), dict):
            volume["hostPath"].pop("type", None)
    return item


def check_decodable(item: Json, release: tuple[int, int]) -> None:
    """What a server trips over before it judges. Raises Refused."""
    if item["kind"] != "Deployment" or release < (1, 10):
        return
    strategy = (item.get("spec") or {}).get("strategy") or {}
    rolling = strategy.get("rollingUpdate")
    if (
        strategy.get("type") == "Recreate"
        and isinstance(rolling, dict)
        and not {"maxSurge", "maxUnavailable"} <= rolling.keys()
    ):
        raise undecodable("Deployment", item["apiVersion"], "expected pointer, but got nil")


def defaulted(item: Json, old: Json | None, address: Callable[[], str], release: tuple[int, int]) -> Json:
    """The object with the fields that the server fills in.

    :param address: gives one for a Service.
    """
    item = copy.deepcopy(item)
    kind, spec = item["kind"], item.get("spec")
    if kind in WORKLOADS and isinstance(spec, dict):
        _template(spec["template"], release)
        labels = spec["template"].get("metadata", {}).get("labels") or {}
        if item["apiVersion"] in ("extensions/v1beta1", "apps/v1beta1"):
            spec.setdefault("selector", {"matchLabels": dict(labels)})
    if kind == "Deployment" and isinstance(spec, dict):
        old = item["apiVersion"] == "extensions/v1beta1"
        spec.setdefault("replicas", 1)
        spec.setdefault("revisionHistoryLimit", 2147483647 if old else 10)
        spec.setdefault("progressDeadlineSeconds", 2147483647 if old else 600)
        strategy = spec.setdefault("strategy", {})
        if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
            amount: Any = 1 if old else "25%"
            strategy.setdefault("rollingUpdate", {"maxUnavailable": amount, "maxSurge": amount})
    if kind == "Pod" and isinstance(spec, dict):
        _pod(spec, release)
    if kind == "Service" and isinstance(spec, dict):
        _service(spec, old, address)
    if kind == "Secret":
        texts = item.pop("stringData", {})
        item["data"] = {
            **item.get("data", {}),
            **{name: base64.b64encode(text.encode()).decode() for name, text in texts.items()},
        }
        item.setdefault("type", "Opaque")
    if kind in ("ClusterRole", "Role"):
        item["rules"] = item.get("rules") or None
    if kind in ("ClusterRoleBinding", "RoleBinding"):
        item["roleRef"].setdefault("apiGroup", "rbac.authorization.k8s.io")
        for subject in item.get("subjects") or []:
            if subject["kind"] in ("User", "Group"):
                subject.setdefault("apiGroup", "rbac.authorization.k8s.io")
    return item


def _service(spec: Json, old: Json | None, address: Callable[[], str]) -> None:
    for key, value in (("type", "ClusterIP"), ("sessionAffinity", "None")):
        spec.setdefault(key, value)
    for port in spec.get("ports") or []:
        port.setdefault("protocol", "TCP")
        port.setdefault("targetPort", port["port"])
    if old is None:
        spec.setdefault("clusterIP", address())


def _template(template: Json, release: tuple[int, int]) -> None:
    template.setdefault("metadata", {}).setdefault("creationTimestamp", None)
    _pod(template["spec"], release)


def _pod(spec: Json, release: tuple[int, int]) -> None:
    for key, value in (
        ("restartPolicy", "Always"),
        ("terminationGracePeriodSeconds", 30),
        ("dnsPolicy", "ClusterFirst"),
    ):
        spec.setdefault(key, value)
    spec.setdefault("schedulerName", "default-scheduler")
    spec.setdefault("securityContext", {})
    if "serviceAccountName" in spec:
        spec.setdefault("serviceAccount", spec["serviceAccountName"])
    for container in [*spec["containers"], *(spec.get("initContainers") or [])]:
        container.setdefault("resources", {})
        container.setdefault("terminationMessagePath", "/dev/termination-log")
        container.setdefault("terminationMessagePolicy", "File")
        container.setdefault(
            "imagePullPolicy",
            "Always" if container["image"].endswith(":latest") or ":" not in container["image"] else "IfNotPresent",
        )
    for volume in spec.get("volumes") or []:
        if isinstance(volume.get("secret"), dict):
            volume["secret"].setdefault("defaultMode", 420)
        if isinstance(volume.get("hostPath"), dict) and release >= (1, 8):
            volume["hostPath"].setdefault("type", "")


def check(item: Json, group: str, old: Json | None, release: tuple[int, int]) -> None:
    """Rules between fields, and what must not change. Raises Refused."""
    kind, name = item["kind"], item["metadata"]["name"]
    if group == "rbac.authorization.k8s.io" and "%" in name:
        raise invalid(kind, group, name, "metadata.name", f"Invalid value: \"{name}\": may not contain '%'")
    pattern = RBAC_NAME if group == "rbac.authorization.k8s.io" else NAME
    if not pattern.fullmatch(name) or len(name) > 253:
        raise invalid(
            kind,
            group,
            name,
            "metadata.name",
            f"Invalid value: {name!r}: a DNS-1123 subdomain must consist of lower case letters, digits, - or .",
        )
    if kind in WORKLOADS:
        _check_workload(item, group, old, release)
    if kind == "Deployment":
        strategy = item["spec"]["strategy"]
        if strategy["type"] == "Recreate" and strategy.get("rollingUpdate"):
            raise invalid(
                kind,
                group,
                name,
                "spec.strategy.rollingUpdate",
                "Forbidden: may not be specified when strategy `type` is 'Recreate'",
            )
        if strategy["type"] not in ("Recreate", "RollingUpdate"):
            raise invalid(kind, group, name, "spec.strategy", f"Unsupported value: {strategy['type']!r}")
    if kind == "Service" and old is not None:
        _check_service(item, old)
    if kind == "Secret" and old is not None and old["type"] != item["type"]:
        raise invalid(kind, group, name, "type", f'Invalid value: "{item["type"]}": field is immutable')
    if kind in ("ClusterRoleBinding", "RoleBinding") and old is not None and old["roleRef"] != item["roleRef"]:
        raise invalid(kind, group, name, "roleRef", "Invalid value: cannot change roleRef")


def _check_service(item: Json, old: Json) -> None:
    found = []
    if not item["metadata"].get("resourceVersion"):
        found.append('metadata.resourceVersion: Invalid value: "": must be specified for an update')
    address = item["spec"].get("clusterIP", "")
    if old["spec"].get("clusterIP") and address != old["spec"]["clusterIP"]:
        found.append(f'spec.clusterIP: Invalid value: "{address}": field is immutable')
    if found:
        name = item["metadata"]["name"]
        text = found[0] if len(found) == 1 else f"[{', '.join(found)}]"
        raise Refused(422, f'Service "{name}" is invalid: {text}', name=name, kind="Service")


def _check_workload(item: Json, group: str, old: Json | None, release: tuple[int, int]) -> None:
    kind, name, spec = item["kind"], item["metadata"]["name"], item["spec"]
    selector = spec["selector"].get("matchLabels") or {}
    labels = spec["template"].get("metadata", {}).get("labels") or {}
    if not selector:
        raise invalid(kind, group, name, "spec.selector", "Invalid value: empty selector is not valid")
    if not selector.items() <= labels.items():
        raise invalid(
            kind,
            group,
            name,
            "spec.template.metadata.labels",
            f"Invalid value: {labels}: `selector` does not match template `labels`",
        )
    # Before 1.9 another selector is taken, and the pods of the old one go on.
    if old is not None and release >= (1, 9) and old["spec"]["selector"] != spec["selector"]:
        raise invalid(kind, group, name, "spec.selector", "Invalid value: field is immutable")
    pod = spec["template"]["spec"]
    volumes = {volume["name"] for volume in pod.get("volumes") or []}
    for container in pod["containers"]:
        for mount in container.get("volumeMounts") or []:
            if mount["name"] not in volumes:
                raise invalid(
                    kind,
                    group,
                    name,
                    "spec.template.spec.containers.volumeMounts.name",
                    f'Not found: "{mount["name"]}"',
                )


def body_matches(item: Any, kind: str, api_version: str, namespace: str | None, name: str | None) -> None:
    """Whether what is sent is for the address it is sent to. Raises Refused."""
    if not isinstance(item, dict) or not isinstance(item.get("metadata"), dict):
        raise Refused(400, "the body is no object with metadata")
    if item.get("kind") != kind or item.get("apiVersion") != api_version:
        raise Refused(
            400,
            f"{item.get('apiVersion')}, Kind={item.get('kind')} in the body is not {api_version}, Kind={kind} of the address",
        )
    if namespace and item["metadata"].setdefault("namespace", namespace) != namespace:
        raise Refused(400, "the namespace of the provided object does not match the namespace sent on the request")
    if name and item["metadata"].get("name") != name:
        raise Refused(
            400, f"the name of the object ({item['metadata'].get('name')}) does not match the name on the URL ({name})"
        )
