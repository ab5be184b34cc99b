"""What is compared here, and what kubernetes.core is handed; the writing itself is tests/kubernetes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.playbook.task import Task

from ansible_collections.dcos.calico.plugins.action import kubernetes_objects as plugin
from ansible_collections.dcos.calico.plugins.modules import kubernetes_objects as documented

from .. import returns

ROLE: dict[str, Any] = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "r"},
    "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
}
PATH = "/apis/rbac.authorization.k8s.io/v1/clusterroles/r"
STORED = {**ROLE, "metadata": {"name": "r", "resourceVersion": "5", "uid": "u"}}
GONE = {"kind": "Status", "reason": "NotFound", "message": "not found", "code": 404}


class Run:
    """Runs the action; `written` is what the other module was called with."""

    def __init__(self, answer: dict[str, Any] | None = None) -> None:
        self.written: list[tuple[str, dict[str, Any]]] = []
        self._answer = answer or {"changed": True}

    def __call__(self, check: bool = False, diff: bool = True, **args: Any) -> dict[str, Any]:
        task = Task()
        task.action = "dcos.calico.kubernetes_objects"
        task.args, task.check_mode, task.diff = {"objects": [ROLE], **args}, check, diff
        action = plugin.ActionModule(task, SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)), None, None, None, None)

        def execute(module_name: str, module_args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
            self.written.append((module_name, module_args))
            return self._answer

        action._execute_module = execute
        result = action.run(task_vars={})
        assert result.get("failed") or returns.faults_of_result(yaml.safe_load(documented.RETURN), result, task.args) == []
        return result


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KUBECONFIG", "HOST", "API_KEY"):
        monkeypatch.delenv(f"K8S_AUTH_{name}", raising=False)


def test_writes_what_is_not_there(dcos_api) -> None:
    dcos_api.on("GET", PATH, dcos_api.Answer(GONE, 404))
    run = Run()
    result = run(host=dcos_api.url, token="abc")
    assert result["changed"] and result["written"] == ["ClusterRole r"] and result["diff"][0]["before"] == ""
    [(module, args)] = run.written
    assert module == "kubernetes.core.k8s"
    assert args == {"host": dcos_api.url, "validate_certs": True, "api_key": "abc", "force": True, "resource_definition": [ROLE]}


def test_leaves_what_is_as_wanted(dcos_api) -> None:
    dcos_api.on("GET", PATH, STORED)
    run = Run()
    result = run(host=dcos_api.url)
    assert not result["changed"] and result["diff"] == [] and run.written == []


def test_puts_drift_right_for_the_version_it_saw(dcos_api) -> None:
    dcos_api.on("GET", PATH, {**STORED, "rules": []})
    run = Run()
    assert run(host=dcos_api.url)["changed"]
    assert run.written[0][1]["resource_definition"][0]["metadata"] == {"name": "r", "resourceVersion": "5"}
    [cluster] = run.written[0][1]["kubeconfig"]["clusters"]
    assert cluster["cluster"] == {"server": dcos_api.url} and "api_key" not in run.written[0][1], "a token would be looked at"


@pytest.mark.parametrize("there", [True, False])
def test_check_mode_writes_nothing_and_needs_no_api(dcos_api, there: bool) -> None:
    dcos_api.on("GET", PATH, dcos_api.Answer(GONE, 404))
    run = Run()
    result = run(check=True, host=dcos_api.url if there else "http://127.0.0.1:9")
    assert result["changed"] and result["written"] == ["ClusterRole r"] and run.written == []
    if not there:
        assert "cannot be reached" in Run()(host="http://127.0.0.1:9")["msg"]


def test_what_the_other_module_says_of_its_failure(dcos_api) -> None:
    dcos_api.on("GET", PATH, dcos_api.Answer(GONE, 404))
    result = Run({"failed": True, "msg": "Failed to replace object: Conflict"})(host=dcos_api.url)
    assert result["failed"] and not result["changed"] and "diff" not in result
    assert result["msg"].startswith("kubernetes.core.k8s could not write one of ClusterRole r: Failed to replace object: Conflict.")
    assert "run again" in result["msg"]
    assert "no object of Kubernetes" in Run()(host=dcos_api.url, objects=[{"kind": "Secret"}])["msg"]


def test_an_api_without_a_login() -> None:
    args = {"host": "https://h", "ca_file": "/ca", "validate_certs": False}
    [cluster] = plugin.writer_options(args)["kubeconfig"]["clusters"]
    assert cluster["cluster"] == {"server": "https://h", "certificate-authority": "/ca", "insecure-skip-tls-verify": True}


@pytest.mark.parametrize(
    "args, expected",
    [
        ({"kubeconfig": "/k", "validate_certs": True}, {"kubeconfig": "/k"}),
        ({"kubeconfig": "/k", "context": "c", "validate_certs": False}, {"kubeconfig": "/k", "context": "c", "validate_certs": False}),
        (
            {"host": "https://h", "client_cert_file": "/c", "client_key_file": "/key", "ca_file": "/ca", "validate_certs": True},
            {"host": "https://h", "client_cert": "/c", "client_key": "/key", "ca_cert": "/ca", "validate_certs": True},
        ),
    ],
)
def test_the_same_api_in_the_others_words(args: dict[str, Any], expected: dict[str, Any]) -> None:
    assert plugin.writer_options(args) == expected
