"""The kinds that are served, in which groups and versions, by release: one table, from which discovery and routes come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
VERBS = ["create", "delete", "get", "list", "patch", "update"]
# First release that serves a version, and first that does not any more.
GROUPS: dict[str, dict[str, tuple[tuple[int, int], tuple[int, int]]]] = {
    "": {"v1": ((1, 0), (9, 9))},
    "apps": {"v1": ((1, 9), (9, 9)), "v1beta2": ((1, 8), (1, 16)), "v1beta1": ((1, 6), (1, 16))},
    "extensions": {"v1beta1": ((1, 1), (1, 22))},
    "networking.k8s.io": {"v1": ((1, 7), (9, 9))},
    "rbac.authorization.k8s.io": {"v1": ((1, 8), (9, 9)), "v1beta1": ((1, 6), (1, 22))},
}


@dataclass(frozen=True)
class Kind:
    """One kind; `groups`: where it is served; what is stored is one thing, however it is asked for."""

    name: str
    plural: str
    groups: tuple[str, ...]
    namespaced: bool = True
    short: tuple[str, ...] = ()


KINDS = (
    Kind("Namespace", "namespaces", ("",), namespaced=False, short=("ns",)),
    Kind("Node", "nodes", ("",), namespaced=False, short=("no",)),
    Kind("Pod", "pods", ("",), short=("po",)),
    Kind("Service", "services", ("",), short=("svc",)),
    Kind("ServiceAccount", "serviceaccounts", ("",), short=("sa",)),
    Kind("Secret", "secrets", ("",)),
    Kind("ConfigMap", "configmaps", ("",), short=("cm",)),
    Kind("Deployment", "deployments", ("apps", "extensions"), short=("deploy",)),
    Kind("DaemonSet", "daemonsets", ("apps", "extensions"), short=("ds",)),
    Kind("NetworkPolicy", "networkpolicies", ("networking.k8s.io", "extensions"), short=("netpol",)),
    Kind("ClusterRole", "clusterroles", ("rbac.authorization.k8s.io",), namespaced=False),
    Kind("ClusterRoleBinding", "clusterrolebindings", ("rbac.authorization.k8s.io",), namespaced=False),
    Kind("Role", "roles", ("rbac.authorization.k8s.io",)),
    Kind("RoleBinding", "rolebindings", ("rbac.authorization.k8s.io",)),
)
# Not in apps/v1beta1.
LATER = {"DaemonSet"}


def versions(group: str, release: tuple[int, int]) -> list[str]:
    """Versions of a group that a release serves, the preferred one first."""
    return [version for version, (first, end) in GROUPS[group].items() if first <= release < end]


def groups(release: tuple[int, int]) -> list[str]:
    """Named groups that a release serves."""
    return [group for group in GROUPS if group and versions(group, release)]


def served(group: str, version: str, release: tuple[int, int]) -> list[Kind]:
    """The kinds of a group and version."""
    if version not in versions(group, release):
        return []
    return [
        kind
        for kind in KINDS
        if group in kind.groups and not (version == "v1beta1" and group == "apps" and kind.name in LATER)
    ]


def api_version(group: str, version: str) -> str:
    return f"{group}/{version}" if group else version


def resource_list(group: str, version: str, release: tuple[int, int]) -> Json:
    """Discovery's answer for one group and version."""
    resources: list[Json] = []
    for kind in served(group, version, release):
        entry = {
            "name": kind.plural,
            "singularName": "",
            "namespaced": kind.namespaced,
            "kind": kind.name,
            "verbs": VERBS,
        }
        resources.append({**entry, **({"shortNames": list(kind.short)} if kind.short else {})})
        if kind.name == "Deployment":
            resources.append(
                {
                    "name": "deployments/status",
                    "singularName": "",
                    "namespaced": True,
                    "kind": kind.name,
                    "verbs": ["get", "patch", "update"],
                }
            )
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": api_version(group, version),
        "resources": resources,
    }


def group_of(name: str, release: tuple[int, int]) -> Json:
    """Discovery's entry for a group."""
    found = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions(name, release)]
    return {"name": name, "versions": found, "preferredVersion": found[0]}
