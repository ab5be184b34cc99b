from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.dcos.calico.plugins.module_utils._cni import _rules
from ansible_collections.dcos.calico.plugins.module_utils._errors import CalicoError
from ansible_collections.dcos.calico.plugins.plugin_utils import _kubernetes

PROXY = {"endpoints": ["http://127.0.0.1:2379"], "ca_file": "", "cert_file": "", "key_file": ""}
TLS = {
    "endpoints": ["https://a:2379", "https://b:2379"],
    "ca_file": "/etc/ca.crt",
    "cert_file": "/etc/c.crt",
    "key_file": "/etc/c.key",
}


def by_kind(found: list[dict[str, Any]], kind: str, name: str = _kubernetes.NAME) -> dict[str, Any]:
    [one] = [item for item in found if item["kind"] == kind and item["metadata"]["name"] == name]
    return one


def container_of(found: list[dict[str, Any]]) -> dict[str, Any]:
    [container] = by_kind(found, "Deployment")["spec"]["template"]["spec"]["containers"]
    return container


def env_of(found: list[dict[str, Any]]) -> dict[str, str]:
    return {item["name"]: item["value"] for item in container_of(found)["env"]}


@pytest.mark.parametrize(
    "release, version",
    [
        ("2.6.1", "v1.0.0"),
        ("2.6.3", "v1.0.1"),
        ("2.6.5", "v1.0.2"),
        ("2.6.6", "v1.0.3"),
        ("2.6.11", "v1.0.4"),
        ("2.6.12", "v1.0.5"),
    ],
)
def test_the_image_is_that_of_the_release(release: str, version: str) -> None:
    assert (
        container_of(_kubernetes.objects(release, "v1.10.8", PROXY))["image"]
        == f"quay.io/calico/kube-controllers:{version}"
    )


def test_an_image_of_ones_own() -> None:
    assert (
        container_of(_kubernetes.objects("2.6.6", "v1.10.8", PROXY, image="registry/kc:1"))["image"] == "registry/kc:1"
    )


@pytest.mark.parametrize(
    "version, deployment, rbac",
    [
        ("v1.10.8", "apps/v1", "v1"), ("v1.9.3", "apps/v1", "v1"), ("v1.8.15", "extensions/v1beta1", "v1"), ("v1.7.0", "extensions/v1beta1", "v1beta1"),
        ("v1.11.2-dirty", "apps/v1", "v1"), ("", "apps/v1", "v1"),
    ],
)  # fmt: skip
def test_api_versions_are_those_that_the_server_has(version: str, deployment: str, rbac: str) -> None:
    found = _kubernetes.objects("2.6.6", version, PROXY)
    assert by_kind(found, "Deployment")["apiVersion"] == deployment
    assert {item["apiVersion"] for item in found if "Role" in item["kind"]} == {f"rbac.authorization.k8s.io/{rbac}"}


def test_one_at_a_time_in_the_hosts_network() -> None:
    spec = by_kind(_kubernetes.objects("2.6.6", "v1.10.8", PROXY), "Deployment")["spec"]
    assert spec["replicas"] == 1 and spec["strategy"] == {"type": "Recreate"}
    pod = spec["template"]["spec"]
    assert pod["hostNetwork"] is True and pod["serviceAccountName"] == "calico-kube-controllers"
    assert pod["volumes"] == [] and pod["containers"][0]["volumeMounts"] == [], "what an earlier run put there goes"
    assert {"key": "CriticalAddonsOnly", "operator": "Exists"} in pod["tolerations"]
    assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()


def test_the_account_may_read_what_the_controllers_read() -> None:
    found = _kubernetes.objects("2.6.6", "v1.10.8", PROXY, user="cni")
    [rule] = by_kind(found, "ClusterRole")["rules"]
    assert set(rule["verbs"]) == {"list", "watch"} and {"pods", "namespaces", "networkpolicies"} <= set(
        rule["resources"]
    )
    assert by_kind(found, "ClusterRoleBinding")["subjects"] == [
        {"kind": "ServiceAccount", "name": "calico-kube-controllers", "namespace": "kube-system"}
    ]
    cni = by_kind(found, "ClusterRoleBinding", "calico-cni")
    assert (cni["subjects"][0]["kind"], cni["subjects"][0]["name"], cni["roleRef"]["name"]) == (
        "User",
        "cni",
        "calico-cni",
    )
    assert [item["kind"] for item in found].index("Deployment") == len(found) - 1


def test_the_controller_that_removes_nodes_is_left_out() -> None:
    assert env_of(_kubernetes.objects("2.6.6", "v1.10.8", PROXY)) == {
        "ETCD_ENDPOINTS": "http://127.0.0.1:2379", "ENABLED_CONTROLLERS": "policy,profile,workloadendpoint",
    }  # fmt: skip


def test_tls_by_the_files_of_the_agents() -> None:
    found = _kubernetes.objects("2.6.6", "v1.10.8", TLS)
    env, pod = env_of(found), by_kind(found, "Deployment")["spec"]["template"]["spec"]
    assert env["ETCD_ENDPOINTS"] == "https://a:2379,https://b:2379"
    mounted = {mount["mountPath"]: mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
    paths = {volume["name"]: volume["hostPath"]["path"] for volume in pod["volumes"]}
    assert all(mount["readOnly"] for mount in pod["containers"][0]["volumeMounts"]), (
        "a container does not write keys of its host"
    )
    for variable, path in (
        ("ETCD_CA_CERT_FILE", "/etc/ca.crt"),
        ("ETCD_CERT_FILE", "/etc/c.crt"),
        ("ETCD_KEY_FILE", "/etc/c.key"),
    ):
        assert paths[mounted[env[variable]]] == path


@pytest.mark.parametrize("version, kinds", [("v1.7.5", {None}), ("v1.8.0", {"File"}), ("v1.10.8", {"File"})])
def test_a_server_before_1_8_drops_the_type_of_a_host_path(version: str, kinds: set[str | None]) -> None:
    volumes = by_kind(_kubernetes.objects("2.6.6", version, TLS), "Deployment")["spec"]["template"]["spec"]["volumes"]
    assert {volume["hostPath"].get("type") for volume in volumes} == kinds


def test_a_kubernetes_without_the_networkpolicies_that_they_read() -> None:
    assert _kubernetes.objects("2.6.6", "v1.15.12", PROXY)
    with pytest.raises(
        CalicoError, match="cannot work with Kubernetes v1.16.0: they read NetworkPolicies as extensions/v1beta1"
    ):
        _kubernetes.objects("2.6.6", "v1.16.0", PROXY)


def test_tls_by_a_secret() -> None:
    found = _kubernetes.objects(
        "2.6.6", "v1.10.8", {**PROXY, "endpoints": ["https://a:2379"]}, secret="calico-etcd-secrets"
    )
    pod = by_kind(found, "Deployment")["spec"]["template"]["spec"]
    assert pod["volumes"] == [{"name": "etcd-certs", "secret": {"secretName": "calico-etcd-secrets"}}]
    assert env_of(found)["ETCD_KEY_FILE"] == "/calico-secrets/etcd-key" and pod["containers"][0]["volumeMounts"] == [
        {"name": "etcd-certs", "mountPath": "/calico-secrets", "readOnly": True}
    ]


def test_a_release_that_is_refused() -> None:
    with pytest.raises(CalicoError, match="2.6.4 must not be installed"):
        _kubernetes.objects("2.6.4", "v1.10.8", PROXY)


def test_the_conflist_has_paths_and_no_deprecated_keys() -> None:
    found = _kubernetes.conflist(
        "kube-cni", "10.0.0.5", PROXY, "/k/kubeconfig", mtu="1440", log_level="debug", ipv4_pools=["10.1.0.0/16"]
    )
    assert found == {
        "cniVersion": "0.3.0",
        "name": "kube-cni",
        "plugins": [
            {
                "type": "calico", "nodename": "10.0.0.5", "etcd_endpoints": "http://127.0.0.1:2379", "log_level": "debug", "mtu": 1440,
                "ipam": {"type": "calico-ipam", "ipv4_pools": ["10.1.0.0/16"]}, "policy": {"type": "k8s"}, "kubernetes": {"kubeconfig": "/k/kubeconfig"},
            },
            {"type": "portmap", "capabilities": {"portMappings": True}, "snat": True},
        ],
    }  # fmt: skip
    assert _rules.problems(found, "cni", "cni.conflist") == []


def test_a_plain_conflist() -> None:
    calico = _kubernetes.conflist("kube-cni", "n", TLS, "/k")["plugins"][0]
    assert calico["etcd_ca_cert_file"] == "/etc/ca.crt" and calico["etcd_key_file"] == "/etc/c.key"
    assert "mtu" not in calico and "log_level" not in calico and calico["ipam"] == {"type": "calico-ipam"}


def test_kubeconfigs() -> None:
    with_files = json.loads(_kubernetes.kubeconfig("https://api:6443", "/ca", "/crt", "/key"))
    assert (
        with_files["users"][0]["user"] == {"client-certificate": "/crt", "client-key": "/key"}
        and with_files["current-context"] == "calico"
    )
    assert with_files["clusters"][0]["cluster"] == {"server": "https://api:6443", "certificate-authority": "/ca"}
    assert json.loads(_kubernetes.kubeconfig("https://api:6443", "/ca", token="hunter2"))["users"][0]["user"] == {
        "token": "hunter2"
    }
    with pytest.raises(AnsibleFilterError, match="certificate and its key, or a token"):
        _kubernetes.kubeconfig("https://api:6443", "/ca", "/crt")


def test_the_text_of_a_kubeconfig_is_the_same_in_each_release() -> None:
    """Laid out anew, it would be written on each agent again."""
    text = _kubernetes.kubeconfig("https://api:6443", "/ca", token="hunter2")
    assert text.startswith(
        '{\n  "apiVersion": "v1",\n  "clusters": [\n    {\n      "cluster": {\n        "certificate-authority": "/ca",\n'
    )
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True) + "\n"
