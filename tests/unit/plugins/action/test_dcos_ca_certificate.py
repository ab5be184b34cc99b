from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.action import dcos_ca_certificate


@pytest.mark.parametrize(
    ("result", "hidden"),
    [
        ({"certificates": [{"private_key": "secret"}], "changed": True}, True),
        ({"certificates": [{"private_key": None}, {"private_key": "secret"}]}, True),
        ({"certificates": [{"private_key": None}]}, False),
        ({"failed": True, "msg": "no CA"}, False),
    ],
)
def test_a_result_with_a_key_is_shown_nowhere(
    monkeypatch: pytest.MonkeyPatch, result: dict[str, Any], hidden: bool
) -> None:
    """Core hides what has this mark from callbacks, whatever the task says."""
    monkeypatch.setattr(dcos_ca_certificate.ActionBase, "run", lambda self, tmp, task_vars: {})
    monkeypatch.setattr(dcos_ca_certificate.ActionBase, "_execute_module", lambda self, task_vars: dict(result))
    monkeypatch.setattr(dcos_ca_certificate.ActionModule, "__init__", lambda self: None)
    found = dcos_ca_certificate.ActionModule().run(None, {})
    assert found.pop("_ansible_no_log", False) is hidden and found == result
