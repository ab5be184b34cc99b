from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.modules import kubernetes_info

LABELS = {"k8s-app": "calico-kube-controllers"}
SYSTEM = "/api/v1/namespaces/kube-system/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/kube-system/deployments"
TOKEN = "hunter2-token"


def pod(ready: bool = True) -> dict[str, Any]:
    state = {} if ready else {"waiting": {"reason": "CrashLoopBackOff", "message": "no etcd"}}
    return {
        "metadata": {"name": "calico-kube-controllers-1-x", "labels": LABELS},
        "spec": {"containers": [{"name": "c", "image": "i:1"}]},
        "status": {
            "phase": "Running", "conditions": [{"type": "Ready", "status": str(ready)}],
            "containerStatuses": [{"name": "c", "state": state}],
        },
    }  # fmt: skip


def deployment(available: int = 1) -> dict[str, Any]:
    return {
        "metadata": {"name": "calico-kube-controllers", "generation": 1},
        "spec": {"replicas": 1, "selector": {"matchLabels": LABELS}, "template": {"spec": {"containers": [{"name": "c", "image": "i:1"}]}}},
        "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": available},
    }


def cluster(api: Any, version: str = "v1.10.8", deployments: str = DEPLOYMENTS) -> None:
    api.on("GET", "/version", {"gitVersion": version})
    api.on("GET", "/api/v1/namespaces", {"items": [{"metadata": {"name": name}} for name in ("kube-system", "default")]})
    api.on("GET", SYSTEM, {"items": [pod()]})
    api.on("GET", deployments, {"items": [deployment()]})


def args(api: Any, **more: Any) -> dict[str, Any]:
    return {"host": api.url, "token": TOKEN, "timeout": 10, **({"ca_file": api.ca_path} if api.ca_path else {}), **more}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes_info, "POLL_EVERY", 0.01)
    for name in ("KUBECONFIG", "CONTEXT", "HOST", "API_KEY", "SSL_CA_CERT", "VERIFY_SSL"):
        monkeypatch.delenv(f"K8S_AUTH_{name}", raising=False)


def test_reads(run_module, dcos_api) -> None:
    cluster(dcos_api)
    result = run_module(kubernetes_info, args(dcos_api))
    assert result["reachable"] is True and result["version"] == "v1.10.8" and result["namespaces"] == ["default", "kube-system"] and result["missing"] == []
    assert result["deployments"] == [{"name": "calico-kube-controllers", "ready": True, "text": "1 of 1 available", "images": ["i:1"]}]
    assert result["pods"][0]["ready"] is True and result["server"] == dcos_api.url and dcos_api.writes == []
    assert {request.headers["Authorization"] for request in dcos_api.requests} == {f"Bearer {TOKEN}"}
    assert TOKEN not in json.dumps(result)


def test_an_old_one_has_its_deployments_elsewhere(run_module, dcos_api) -> None:
    cluster(dcos_api, "v1.8.15", "/apis/extensions/v1beta1/namespaces/kube-system/deployments")
    assert run_module(kubernetes_info, args(dcos_api))["deployments"][0]["ready"]


def test_only_validates_the_options(run_module, dcos_api) -> None:
    result = run_module(kubernetes_info, args(dcos_api, connect=False))
    assert result["reachable"] is None and dcos_api.requests == []
    assert "neither a kubeconfig nor a host" in run_module(kubernetes_info, {"connect": False})["msg"]


def test_the_environment_is_that_of_kubernetes_core(run_module, dcos_api, monkeypatch) -> None:
    cluster(dcos_api)
    monkeypatch.setenv("K8S_AUTH_HOST", dcos_api.url)
    assert run_module(kubernetes_info, {})["reachable"] is True


def test_waits_until_nothing_is_missing(run_module, dcos_api, tmp_path) -> None:
    cluster(dcos_api)
    dcos_api.on("GET", SYSTEM, {"items": [pod(False)]}, {"items": [pod(False)]}, {"items": [pod()]})
    progress = tmp_path / "progress"
    result = run_module(kubernetes_info, args(dcos_api, pods=True, wait_timeout=30, progress_file=str(progress)))
    assert result["missing"] == [] and result["pods"][0]["ready"]
    assert "CrashLoopBackOff, no etcd" in progress.read_text()


def test_says_what_is_missing_in_the_end_and_why(run_module, dcos_api) -> None:
    cluster(dcos_api)
    dcos_api.on("GET", SYSTEM, {"items": [pod(False)]})
    dcos_api.on("GET", DEPLOYMENTS, {"items": [deployment(0)]})
    desired = args(dcos_api, deployments=["calico-kube-controllers", "gone"], pods=True)
    expected = [
        "Deployment calico-kube-controllers: 0 of 1 available; calico-kube-controllers-1-x: Running: c: CrashLoopBackOff, no etcd",
        "Deployment gone: it is not there",
    ]
    assert run_module(kubernetes_info, desired)["missing"] == expected
    result = run_module(kubernetes_info, {**desired, "wait_timeout": 0.05})
    assert result["failed"] and result["missing"] == expected and "kubectl -n kube-system describe" in result["msg"]
    assert not run_module(kubernetes_info, {**desired, "wait_timeout": 60}, check=True).get("failed")


def test_a_starting_api_is_waited_for(run_module, dcos_api) -> None:
    cluster(dcos_api)
    starting = dcos_api.Answer({"kind": "Status", "message": "not yet"}, 503)
    dcos_api.on("GET", "/version", starting, starting, {"gitVersion": "v1.9.3"})
    assert run_module(kubernetes_info, args(dcos_api, wait_timeout=30))["version"] == "v1.9.3"


ANONYMOUS = 'pods is forbidden: User "system:anonymous" cannot list pods in the namespace "kube-system"'
# kubectl proxy and HAProxy, while the API behind them is down.
PROXIES = {
    "kubectl proxy": ("Error: 'dial tcp 127.0.0.1:6443: getsockopt: connection refused'\nTrying to reach: 'https://127.0.0.1:6443/version'", 500, "text/plain"),
    "HAProxy": ("<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n", 503, "text/html"),
}


@pytest.mark.parametrize("name", PROXIES)
def test_a_proxy_whose_api_is_down_is_waited_for(run_module, dcos_api, name: str) -> None:
    cluster(dcos_api)
    page = dcos_api.Answer(*PROXIES[name])
    dcos_api.on("GET", "/version", page, page, {"gitVersion": "v1.9.3"})
    assert run_module(kubernetes_info, args(dcos_api, wait_timeout=30))["version"] == "v1.9.3"
    dcos_api.on("GET", "/version", page)
    result = run_module(kubernetes_info, args(dcos_api, required=False))
    assert result["reachable"] is False and "is not reachable yet" in result["reason"] and [way for way in WAYS if way not in result["reason"]] == []
    assert "<" not in result["reason"] and ("connection refused" in result["reason"] or "No server is available" in result["reason"])


def test_evicted_pods_of_a_healthy_deployment_are_not_waited_for(run_module, dcos_api) -> None:
    cluster(dcos_api)
    evicted = pod(False)
    evicted["metadata"] = {"name": "calico-kube-controllers-1-old", "labels": LABELS}
    evicted["status"] = {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}
    dcos_api.on("GET", SYSTEM, {"items": [evicted, pod()]})
    assert run_module(kubernetes_info, args(dcos_api, pods=True))["missing"] == []


WAYS = ("marathon-lb", "ssh -N -L", "kubectl proxy", "ansible-playbook on a host of the cluster")


@pytest.mark.parametrize("required", [True, False])
def test_nobody_there(run_module, required: bool) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        host = f"https://127.0.0.1:{taken.getsockname()[1]}"
        result = run_module(kubernetes_info, {"host": host, "token": TOKEN, "required": required, "service": "kube01"})
    said = result["msg"] if required else result["reason"]
    assert "cannot be reached: Connection refused" in said and [way for way in WAYS if way not in said] == []
    assert "apiserver.kube01.l4lb.thisdcos.directory:6443" in said
    assert required or result["reachable"] is False


def test_what_would_have_been_waited_for_is_no_error_in_check_mode(run_module) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        given = {"host": f"https://127.0.0.1:{taken.getsockname()[1]}", "token": TOKEN}
        assert run_module(kubernetes_info, {**given, "wait_timeout": 60}, check=True)["reachable"] is False
        assert run_module(kubernetes_info, given, check=True)["failed"]


@pytest.mark.parametrize(
    "answer, words",
    [
        (("Unauthorized", 401), ["does not know who asks (401)", "bootstrapper", *WAYS]),
        (({"kind": "Status", "message": "forbidden: User cannot"}, 403), ["refuses /version (403): forbidden: User cannot"]),
        (('User "system:anonymous" cannot list pods in the namespace "kube-system".', 403, "text/plain"), ["does not know who asks (403): User", *WAYS]),
        (('User "reader" cannot list pods in the namespace "kube-system".', 403, "text/plain"), ['refuses /version (403): User "reader" cannot list']),
        (({"kind": "Status", "message": ANONYMOUS}, 403), ["does not know who asks (403): pods is forbidden", *WAYS]),
        (("404 page not found\n", 404, "text/plain; charset=utf-8"), ["has no such objects: 404 for /version"]),
        (("<html>login</html>", 200), ["no API of Kubernetes answers: status 200", *WAYS]),
        (("<html>moved</html>", 302), ["no API of Kubernetes answers: status 302"]),
        (({"kind": "Status", "message": "boom"}, 418), ["answered 418 for /version: boom"]),
        (("[]", 200), ["no API of Kubernetes answers"]),
    ],
)
def test_refusals(run_module, dcos_api, answer: Any, words: list[str]) -> None:
    """Whether it is required or not."""
    dcos_api.on("GET", "/version", dcos_api.Answer(*answer))
    for required in (True, False):
        result = run_module(kubernetes_info, args(dcos_api, required=required, wait_timeout=60))
        assert result["failed"] and [word for word in words if word not in result["msg"]] == []
        assert TOKEN not in json.dumps(result)


def test_a_certificate_that_nobody_here_trusts(run_module, dcos_tls_api) -> None:
    cluster(dcos_tls_api)
    assert run_module(kubernetes_info, args(dcos_tls_api))["reachable"] is True
    dcos_tls_api.ca_path = None
    result = run_module(kubernetes_info, args(dcos_tls_api))
    assert result["failed"] and "could not be verified" in result["msg"] and [way for way in (*WAYS, "ca_file") if way not in result["msg"]] == []
    assert run_module(kubernetes_info, args(dcos_tls_api, validate_certs=False))["reachable"] is True


def test_a_certificate_for_another_name(run_module, dcos_tls_api, tmp_path) -> None:
    cluster(dcos_tls_api)
    host = dcos_tls_api.url.replace("127.0.0.1", "localhost")
    assert "not for localhost" in run_module(kubernetes_info, args(dcos_tls_api, host=host))["msg"]
    cluster_entry = {"server": host, "certificate-authority": dcos_tls_api.ca_path, "tls-server-name": "127.0.0.1"}
    config = {
        "clusters": [{"name": "c", "cluster": cluster_entry}], "users": [{"name": "u", "user": {"token": TOKEN}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}], "current-context": "x",
    }  # fmt: skip
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(config))
    assert run_module(kubernetes_info, {"kubeconfig": str(file)})["reachable"] is True
