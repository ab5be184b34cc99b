"""What is compared here, and what kubernetes.core is handed; the writing itself is tests/kubernetes."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.playbook.task import Task

from ansible_collections.dcos.calico.plugins.action import kubernetes_objects as plugin
from ansible_collections.dcos.calico.plugins.module_utils._kubernetes import _rights
from ansible_collections.dcos.calico.plugins.modules import kubernetes_objects as documented

from ...support import returns

ROLE: dict[str, Any] = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "r"},
    "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
}
COLLECTION = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
PATH = f"{COLLECTION}/r"
STORED = {**ROLE, "metadata": {"name": "r", "resourceVersion": "5", "uid": "u"}}
# What kube-apiserver 1.10.0 answers.
GONE = {
    "kind": "Status",
    "reason": "NotFound",
    "message": 'clusterroles "r" not found',
    "details": {"name": "r", "kind": "clusterroles"},
    "code": 404,
}
NOT_SERVED = {
    "kind": "Status",
    "reason": "NotFound",
    "message": "the server could not find the requested resource",
    "details": {},
    "code": 404,
}
NO_SUCH_NAME = {
    "kind": "Status",
    "reason": "Invalid",
    "message": "metadata.name: Invalid value: may not contain '%'",
    "details": {},
    "code": 422,
}
EXTRA = (
    'clusterroles.rbac.authorization.k8s.io "dcos.calico%looks" is forbidden: attempt to grant extra privileges: [PolicyRule{APIGroups:[""], '
    'Resources:["pods"], Verbs:["get"]}] user=&{system:serviceaccount:kube-system:bootstrapper uid2 [system:authenticated] map[]} ownerrules=[]'
)
FORBIDDEN = {
    "kind": "Status",
    "reason": "Forbidden",
    "message": EXTRA,
    "details": {"name": "dcos.calico%looks"},
    "code": 403,
}
CONFLICT = {"failed": True, "msg": "Failed to replace object: the object has been modified", "reason": "Conflict"}


class Run:
    """Runs the action against an API that has `there`; `written` is what the other module was called with.

    :ivar says: what the other module does, one after the other, the last for ever: an answer, or something that changes what is there and returns one.
    """

    def __init__(
        self, api: Any, there: dict[str, Any] | None = None, allowed: bool = True, grants: bool = True
    ) -> None:
        self.written: list[tuple[str, dict[str, Any]]] = []
        self.there = there
        self.says: list[Any] = [self.write]
        self.api = api
        answer = api.Answer
        api.on("GET", PATH, lambda _request: self.there if self.there is not None else answer(GONE, 404))
        api.on(
            "POST", _rights.REVIEWS, answer({"kind": "SelfSubjectAccessReview", "status": {"allowed": allowed}}, 201)
        )
        api.on("POST", COLLECTION, answer(NO_SUCH_NAME, 422) if grants else answer(FORBIDDEN, 403))

    def write(self, item: dict[str, Any]) -> dict[str, Any]:
        self.there = {**item, "metadata": {**item["metadata"], "resourceVersion": "6", "uid": "u"}}
        return {"changed": True, "method": "create", "result": self.there}

    def __call__(self, check: bool = False, diff: bool = True, **args: Any) -> dict[str, Any]:
        task = Task()
        task.action = "dcos.calico.kubernetes_objects"
        task.args, task.check_mode, task.diff = {"host": self.api.url, "objects": [ROLE], **args}, check, diff
        action = plugin.ActionModule(task, SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)), None, None, None, None)

        def execute(module_name: str, module_args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
            self.written.append((module_name, module_args))
            says = self.says.pop(0) if len(self.says) > 1 else self.says[0]
            return says(module_args["resource_definition"][0]) if callable(says) else says

        action._execute_module = execute
        result = action.run(task_vars={})
        assert (
            result.get("failed") or returns.faults_of_result(yaml.safe_load(documented.RETURN), result, task.args) == []
        )
        return result

    @property
    def definition(self) -> dict[str, Any]:
        return self.written[-1][1]["resource_definition"][0]


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KUBECONFIG", "HOST", "API_KEY"):
        monkeypatch.delenv(f"K8S_AUTH_{name}", raising=False)


def test_writes_what_is_not_there(dcos_api) -> None:
    run = Run(dcos_api)
    result = run(token="abc")
    assert result["changed"] and result["written"] == ["ClusterRole r"] and result["diff"][0]["before"] == ""
    [(module, args)] = run.written
    assert module == "kubernetes.core.k8s" and run.definition["rules"] == ROLE["rules"]
    assert args == {
        "host": dcos_api.url,
        "validate_certs": True,
        "api_key": "abc",
        "force": True,
        "resource_definition": [run.definition],
    }
    assert not run(token="abc")["changed"] and len(run.written) == 1


def test_leaves_what_is_as_desired_and_asks_for_no_rights(dcos_api) -> None:
    run = Run(dcos_api, STORED, allowed=False, grants=False)
    result = run()
    assert not result["changed"] and result["diff"] == [] and run.written == [] and dcos_api.writes == []


def test_puts_drift_right_for_the_version_it_saw(dcos_api) -> None:
    run = Run(dcos_api, {**STORED, "rules": []})
    assert run()["changed"]
    assert run.definition["metadata"].items() >= {"name": "r", "resourceVersion": "5", "uid": "u"}.items()
    [cluster] = run.written[0][1]["kubeconfig"]["clusters"]
    assert cluster["cluster"] == {"server": dcos_api.url} and "api_key" not in run.written[0][1], (
        "a token would be looked at"
    )


@pytest.mark.parametrize("there", [True, False])
def test_check_mode_writes_nothing_and_needs_no_api(dcos_api, there: bool) -> None:
    run = Run(dcos_api)
    result = run(check=True, **({} if there else {"host": "http://127.0.0.1:9"}))
    assert result["changed"] and result["written"] == ["ClusterRole r"] and run.written == []
    if not there:
        assert "cannot be reached" in run(host="http://127.0.0.1:9", wait_timeout=0)["msg"]


# -- rights -----------------------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    "there, rights, words",
    [
        (None, {"allowed": False}, "the account may not create clusterroles"),
        ({**STORED, "rules": []}, {"allowed": False}, "the account may not update clusterroles"),
        # AlwaysAllow, for an account outside system:masters
        (
            None,
            {"grants": False},
            "clusterroles.rbac.authorization.k8s.io is forbidden: attempt to grant extra privileges.",
        ),
    ],
)
def test_what_the_account_may_not_write_is_told_before_anything_is(
    dcos_api, there, rights, words: str, check: bool
) -> None:
    run = Run(dcos_api, there, **rights)
    result = run(check=check)
    assert result["failed"] and f"ClusterRole r: {words}" in result["msg"] and run.written == []
    assert "cluster-admin" in result["msg"] and "AlwaysAllow" in result["msg"] and "uid2" not in result["msg"]


def test_the_look_at_rights_leaves_nothing(dcos_api) -> None:
    """A review is not kept, and no server takes a role of that name: 1.7.5, 1.8.0 and 1.10.0 answered 422, or 403."""
    run = Run(dcos_api)
    run(check=True)
    bodies = [json.loads(request.body) for request in dcos_api.writes]
    assert [item["kind"] for item in bodies] == ["SelfSubjectAccessReview", "SelfSubjectAccessReview", "ClusterRole"]
    assert bodies[0]["spec"]["resourceAttributes"] == {
        "verb": "create",
        "group": "rbac.authorization.k8s.io",
        "resource": "clusterroles",
        "namespace": "",
    }
    assert "%" in bodies[2]["metadata"]["name"] and bodies[2]["rules"] == ROLE["rules"]


def test_an_api_that_reviews_nothing_is_written_to(dcos_api) -> None:
    run = Run(dcos_api)
    dcos_api.on("POST", _rights.REVIEWS, dcos_api.Answer(NOT_SERVED, 404))
    assert run()["changed"]


# -- what somebody else does in the same moment -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin, "TRY_EVERY", 0.01)


def changed_meanwhile(run: Run, **changes: Any) -> Any:
    def conflict(_item: dict[str, Any]) -> dict[str, Any]:
        run.there = {
            **STORED,
            "metadata": {"name": "r", "resourceVersion": "77", "uid": "u", "labels": {"theirs": "1"}},
            **changes,
        }
        return CONFLICT

    return conflict


@pytest.mark.usefixtures("quick")
def test_a_conflict_is_read_again_compared_and_tried_again(dcos_api) -> None:
    run = Run(dcos_api, {**STORED, "rules": []})
    run.says = [changed_meanwhile(run, rules=[]), run.write]
    result = run()
    assert result["changed"] and len(run.written) == 2
    assert (
        run.definition["metadata"].items() >= {"resourceVersion": "77", "labels": {"theirs": "1"}}.items()
        and run.definition["rules"] == ROLE["rules"]
    )


@pytest.mark.usefixtures("quick")
def test_a_conflict_with_who_wants_the_same_is_none(dcos_api) -> None:
    run = Run(dcos_api, {**STORED, "rules": []})
    run.says = [changed_meanwhile(run)]
    assert run()["changed"] and len(run.written) == 1


@pytest.mark.usefixtures("quick")
def test_one_that_was_made_meanwhile_is_no_success(dcos_api) -> None:
    """kubernetes.core is content with the 409, and says so by an empty result."""

    def made(_item: dict[str, Any]) -> dict[str, Any]:
        run.there = {**STORED, "rules": []}
        return {"changed": True, "method": "create", "result": {}}

    run = Run(dcos_api)
    run.says = [made, run.write]
    assert run()["changed"] and len(run.written) == 2 and run.definition["metadata"]["resourceVersion"] == "5"


@pytest.mark.usefixtures("quick")
def test_a_conflict_without_end_ends_with_the_deadline(dcos_api) -> None:
    run = Run(dcos_api, {**STORED, "rules": []})
    run.says = [CONFLICT]
    result = run(wait_timeout=0.1)
    assert (
        result["failed"]
        and "could not write ClusterRole r: Failed to replace object: the object has been modified" in result["msg"]
    )


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    "page",
    [
        ("down for maintenance", 503, "text/html"),
        ("Error: dial tcp 10.0.0.1:6443: connection refused", 500, "text/plain"),
    ],
)
def test_a_proxy_whose_api_is_down_is_waited_for(dcos_api, page) -> None:
    run = Run(dcos_api, STORED)
    dcos_api.on("GET", PATH, dcos_api.Answer(*page), dcos_api.Answer(*page), STORED)
    assert run()["changed"] is False


# -- failures ---------------------------------------------------------------------------------------------------------------------------------------------


def test_what_the_other_module_says_of_its_failure(dcos_api) -> None:
    run = Run(dcos_api)
    run.says = [{"failed": True, "msg": "Failed to create object: quota"}]
    result = run()
    assert result["failed"] and not result["changed"] and "diff" not in result and len(run.written) == 1
    assert result["msg"].startswith(
        "kubernetes.core.k8s could not write ClusterRole r: Failed to create object: quota."
    )
    assert "no object of Kubernetes" in run(objects=[{"kind": "Secret"}])["msg"]


def test_what_the_server_did_not_keep_is_no_success(dcos_api) -> None:
    def drops(item: dict[str, Any]) -> dict[str, Any]:
        run.write(item)
        del run.there["frob"]
        return {"changed": True, "method": "create", "result": run.there}

    run = Run(dcos_api)
    run.says = [drops]
    result = run(objects=[{**ROLE, "frob": 1}])
    assert (
        result["failed"]
        and "took ClusterRole r, and did not keep all of it: ClusterRole r: frob." in result["msg"]
        and len(run.written) == 1
    )


def test_kinds_that_the_api_does_not_have(dcos_api) -> None:
    """Not that there is no such object: 1.8 does not serve apps/v1, and no version serves a group of ours."""
    run = Run(dcos_api)
    for page in (
        dcos_api.Answer(NOT_SERVED, 404),
        dcos_api.Answer("404 page not found\n", 404, "text/plain; charset=utf-8"),
    ):
        dcos_api.on("GET", PATH, page)
        result = run(check=True)
        assert result["failed"] and "has no such objects" in result["msg"] and "kubectl api-versions" in result["msg"]


def test_a_field_that_cannot_be_changed_is_told_in_check_mode_too(dcos_api) -> None:
    binding = {**ROLE, "kind": "ClusterRoleBinding", "roleRef": {"name": "r"}}
    dcos_api.on(
        "GET", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/r", {**binding, "roleRef": {"name": "x"}}
    )
    run = Run(dcos_api)
    for check in (True, False):
        result = run(check=check, objects=[binding])
        assert result["failed"] and "kubectl delete clusterrolebinding r" in result["msg"] and run.written == []


def test_an_api_without_a_login() -> None:
    args = {"host": "https://h", "ca_file": "/ca", "validate_certs": False}
    [cluster] = plugin.writer_options(args)["kubeconfig"]["clusters"]
    assert cluster["cluster"] == {
        "server": "https://h",
        "certificate-authority": "/ca",
        "insecure-skip-tls-verify": True,
    }


@pytest.mark.parametrize(
    "args, expected",
    [
        ({"kubeconfig": "/k", "validate_certs": True}, {"kubeconfig": "/k"}),
        (
            {"kubeconfig": "/k", "context": "c", "validate_certs": False},
            {"kubeconfig": "/k", "context": "c", "validate_certs": False},
        ),
        (
            {
                "host": "https://h",
                "client_cert_file": "/c",
                "client_key_file": "/key",
                "ca_file": "/ca",
                "validate_certs": True,
            },
            {"host": "https://h", "client_cert": "/c", "client_key": "/key", "ca_cert": "/ca", "validate_certs": True},
        ),
    ],
)
def test_the_same_api_in_the_others_words(args: dict[str, Any], expected: dict[str, Any]) -> None:
    assert plugin.writer_options(args) == expected
