# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Kubernetes on DC/OS gets: objects, the CNI plugin's kubeconfig, the list of plugins. Pure.

The objects are those of Calico 2.6's documentation (hosted/calico.yaml, rbac.yaml), with what the guide of DC/OS gets wrong put right: the image that belongs
to the release, one replica that is replaced rather than rolled, and an account that may read what the controllers read.
"""

from __future__ import annotations

import json
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.module_utils._kubernetes import _versions
from ansible_collections.dcos.calico.plugins.plugin_utils import _releases

# What writes objects.
WRITER = "kubernetes.core.k8s"
NAMESPACE = "kube-system"
NAME = "calico-kube-controllers"
CNI_ROLE = "calico-cni"
# The controller of nodes is not among them: it removes nodes of Calico that Kubernetes does not have, which is every agent, because the nodes of package
# kubernetes are called kube-node-0-kubelet.kubernetes.mesos and the like.
CONTROLLERS = "policy,profile,workloadendpoint"
RBAC_GROUP = "rbac.authorization.k8s.io"
SECRETS_AT = "/calico-secrets"
# What libcalico-go reads, the name it gets in the container, and the keys of ours.
TLS = (
    ("ETCD_CA_CERT_FILE", "etcd-ca", "ca_file"),
    ("ETCD_CERT_FILE", "etcd-cert", "cert_file"),
    ("ETCD_KEY_FILE", "etcd-key", "key_file"),
)
CNI_VERSION = "0.3.0"

Object = dict[str, Any]


def objects(
    release: str, version: str, etcd: dict[str, Any], image: str = "", secret: str = "", user: str = "calico"
) -> list[Object]:
    """Account, roles and Deployment of kube-controllers, and the CNI plugin's role.

    :param version: of Kubernetes, as its API gives it.
    :param etcd: endpoints, and ca_file, cert_file, key_file on every agent, for TLS.
    :param secret: name of a Secret with etcd-ca, etcd-cert and etcd-key, instead of those files.
    :param user: common name of the CNI plugin's certificate.
    :raises CalicoError: there is no such release, or it cannot work with this Kubernetes.
    """
    refused = _versions.controllers_refused(version)
    if refused:
        raise CalicoError(*refused)
    reads = {
        "apiGroups": ["", "extensions"],
        "resources": ["pods", "namespaces", "networkpolicies", "nodes"],
        "verbs": ["watch", "list"],
    }
    looks_up = {"apiGroups": [""], "resources": ["pods", "nodes", "namespaces"], "verbs": ["get"]}
    rbac = _versions.rbac_api(version)
    account = {"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": NAME, "namespace": NAMESPACE}},
        *_role(rbac, NAME, reads, account),
        *_role(rbac, CNI_ROLE, looks_up, {"kind": "User", "name": user, "apiGroup": RBAC_GROUP}),
        _deployment(version, image or _releases.resolve(release)["images"]["kube_controllers"], etcd, secret),
    ]


def _role(api: str, name: str, rule: Object, subject: Object) -> list[Object]:
    return [
        {"apiVersion": api, "kind": "ClusterRole", "metadata": {"name": name}, "rules": [rule]},
        {
            "apiVersion": api,
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": RBAC_GROUP, "kind": "ClusterRole", "name": name},
            "subjects": [subject],
        },
    ]


def _deployment(version: str, image: str, etcd: dict[str, Any], secret: str) -> Object:
    labels = {"k8s-app": NAME}
    variables = {"ETCD_ENDPOINTS": ",".join(etcd["endpoints"]), "ENABLED_CONTROLLERS": CONTROLLERS}
    volumes, mounts = _secured(version, etcd, secret)
    if volumes:
        variables.update({variable: f"{SECRETS_AT}/{file}" for variable, file, key in TLS if secret or etcd.get(key)})
    # Lists are named also where they are empty, so that what an earlier run put there goes.
    container: Object = {
        "name": NAME, "image": image, "env": [{"name": name, "value": value} for name, value in variables.items()], "volumeMounts": mounts,
    }  # fmt: skip
    spec: Object = {
        # Policy of the network that they look after must not cut them off, and the datastore's proxy is on the loopback device of each agent.
        "hostNetwork": True,
        "serviceAccountName": NAME,
        "tolerations": [
            {"key": "CriticalAddonsOnly", "operator": "Exists"},
            {"key": "node-role.kubernetes.io/master", "effect": "NoSchedule"},
        ],
        "containers": [container],
        "volumes": volumes,
    }
    annotations = {"scheduler.alpha.kubernetes.io/critical-pod": ""}
    return {
        "apiVersion": _versions.deployment_api(version),
        "kind": "Deployment",
        "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": dict(labels)},
        "spec": {
            # Two at a time would work against each other, and a rolling update has two.
            "replicas": 1,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": dict(labels)},
            "template": {"metadata": {"labels": dict(labels), "annotations": annotations}, "spec": spec},
        },
    }


def _secured(version: str, etcd: dict[str, Any], secret: str) -> tuple[list[Object], list[Object]]:
    """(volumes, mounts) of the files for TLS to etcd; keys of hosts stay on the hosts."""
    if secret:
        return [{"name": "etcd-certs", "secret": {"secretName": secret}}], [
            {"name": "etcd-certs", "mountPath": SECRETS_AT, "readOnly": True}
        ]
    files = [(file, etcd[key]) for _variable, file, key in TLS if etcd.get(key)]
    kind = {"type": "File"} if _versions.knows_types_of_host_paths(version) else {}
    volumes = [{"name": name, "hostPath": {"path": path, **kind}} for name, path in files]
    return volumes, [{"name": name, "mountPath": f"{SECRETS_AT}/{name}", "readOnly": True} for name, _path in files]


def kubeconfig(server: str, ca_file: str, cert_file: str = "", key_file: str = "", token: str = "") -> str:
    """Text of the kubeconfig by which the CNI plugin reaches the API: paths of files, or a token."""
    user: Object = {"token": token} if token else {"client-certificate": cert_file, "client-key": key_file}
    cluster: Object = {"server": server, "certificate-authority": ca_file}
    if not token and not (cert_file and key_file):
        raise AnsibleFilterError("The CNI plugin's kubeconfig needs a certificate and its key, or a token.")
    found = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "kubernetes", "cluster": cluster}],
        "users": [{"name": "calico", "user": user}],
        "contexts": [{"name": "calico", "context": {"cluster": "kubernetes", "user": "calico"}}],
        "current-context": "calico",
    }
    return json.dumps(found, indent=2, sort_keys=True) + "\n"


def conflist(
    name: str,
    nodename: str,
    etcd: dict[str, Any],
    kubeconfig_file: str,
    mtu: int | str = 0,
    log_level: str = "",
    ipv4_pools: list[str] | None = None,
) -> Object:
    """The list of plugins that a kubelet takes."""
    calico: Object = {"type": "calico", "nodename": nodename, "etcd_endpoints": ",".join(etcd["endpoints"])}
    for ours, theirs in (
        ("ca_file", "etcd_ca_cert_file"),
        ("cert_file", "etcd_cert_file"),
        ("key_file", "etcd_key_file"),
    ):
        if etcd.get(ours):
            calico[theirs] = etcd[ours]
    if log_level:
        calico["log_level"] = log_level
    if int(mtu or 0):
        calico["mtu"] = int(mtu)
    calico["ipam"] = {
        "type": "calico-ipam",
        **({"ipv4_pools": [str(pool) for pool in ipv4_pools]} if ipv4_pools else {}),
    }
    # policy.type has the plugin give pods the profile k8s_ns.NAMESPACE. Its keys k8s_api_root, k8s_client_certificate and so on are deprecated.
    calico["policy"] = {"type": "k8s"}
    calico["kubernetes"] = {"kubeconfig": kubeconfig_file}
    portmap = {"type": "portmap", "capabilities": {"portMappings": True}, "snat": True}
    return {"cniVersion": CNI_VERSION, "name": name, "plugins": [calico, portmap]}
