from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.action import agent_key as plugin

ARGS = {
    "name": "agent1",
    "key_file": "/k",
    "certificate_file": "/c",
    "common_name": "calico",
    "hosts": ["A1", "10.0.0.21"],
    "subject": {"organization": ""},
}
DESIRED = {
    "name": "agent1",
    "common_name": "calico",
    "hosts": ["10.0.0.21", "a1"],
    "subject": {},
    "key_type": "rsa",
    "key_size": 2048,
}


def run(monkeypatch: pytest.MonkeyPatch, answer: Any, **more: Any) -> dict[str, Any]:
    monkeypatch.setattr(plugin.ActionBase, "run", lambda self, tmp, task_vars: {})
    monkeypatch.setattr(plugin.ActionBase, "_execute_module", lambda self, task_vars: answer)
    monkeypatch.setattr(
        plugin.ActionModule, "__init__", lambda self: setattr(self, "_task", SimpleNamespace(args={**ARGS, **more}))
    )
    return plugin.ActionModule().run(None, {})


def test_a_host_says_its_key_and_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that calls itself a master, and asks for the masters' names."""
    said = {
        "name": "master1",
        "common_name": "admin",
        "hosts": ["master1"],
        "subject": {"organization": "system:masters"},
        "key_type": "ecdsa",
        "key_size": 1,
    }
    key = {"csr": "CSR", "public_key_sha256": "ab", "certificate": None}
    result = run(monkeypatch, {"changed": True, "request": {**said, **key, "more": 1}})
    assert result == {"changed": True, "request": {**DESIRED, **key}}


def test_what_is_no_text_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(monkeypatch, {"request": {"csr": ["CSR"], "certificate": {"a": 1}}})
    assert result["request"] == {**DESIRED, "csr": None, "public_key_sha256": None, "certificate": None}


def test_types_of_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(
        monkeypatch,
        {"request": {}},
        hosts="b1,10.0.0.2",
        key_type="ecdsa",
        key_size="384",
        subject="{'organization': 'A'}",
    )
    desired = {"hosts": ["10.0.0.2", "b1"], "subject": {"organization": "A"}, "key_type": "ecdsa", "key_size": 384}
    assert {name: result["request"][name] for name in desired} == desired


@pytest.mark.parametrize("answer", [{"failed": True, "msg": "no"}, {"changed": False, "public_key_sha256": None}])
def test_other_results_stay(monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any]) -> None:
    assert run(monkeypatch, answer) == answer


def test_arguments_that_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(monkeypatch, {"request": {}}, hosts=["a b"])
    assert result["failed"] and "cannot stand in a certificate" in result["msg"]
